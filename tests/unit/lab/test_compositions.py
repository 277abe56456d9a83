"""Composed designs: their layers are the picture, each can be seen, and illustrations come apart into things."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab import compositions
from lab.compositions.composition import Composition
from lab.compositions.grounds import plain
from lab.compositions.making import Job, make
from lab.compositions.material import Material
from lab.compositions.rasters import draw, parts
from lab.compositions.sources import SOURCES
from lab.compositions.styles import STYLES
from lab.posters.colours import Colour
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels

_RED: Colour = (200, 30, 30)
_WHITE: Colour = (255, 255, 255)


@pytest.mark.parametrize("style", [style.name for style in STYLES])
def test_the_written_layers_composite_to_the_picture(style: str, tmp_path: Path) -> None:
    name = make(Job(3, style, tmp_path, cache=None))

    manifest = json.loads((tmp_path / name / "manifest.json").read_text())
    layers = [_read(tmp_path / name, entry) for entry in manifest["layers"]]
    flat = composite(LayerStack(manifest["width"], manifest["height"], tuple(layers)))
    with Image.open(tmp_path / name / "input.png") as image:
        assert np.array_equal(flat[..., :3], np.asarray(image.convert("RGB")))
    assert len(layers) >= 3
    assert layers[0].kind is LayerKind.BACKGROUND
    assert layers[0].pixels[..., 3].min() == 255
    assert 512 <= max(manifest["width"], manifest["height"]) <= 1280


def test_the_same_seed_gives_the_same_picture(tmp_path: Path) -> None:
    names = [make(Job(5, None, tmp_path / folder, cache=None)) for folder in ("one", "other")]

    one, other = ((tmp_path / folder / name) for folder, name in zip(("one", "other"), names, strict=True))
    assert (one / "input.png").read_bytes() == (other / "input.png").read_bytes()
    assert (one / "manifest.json").read_text() == (other / "manifest.json").read_text()


def test_what_would_not_be_seen_is_not_laid() -> None:
    composition = _white_canvas()

    assert not composition.add(_sheet(80, 80, (250, 250, 250)), 100, 100, LayerKind.OBJECT, "white on white")
    assert not composition.add(_sheet(80, 80, _RED), 580, 100, LayerKind.OBJECT, "mostly off the canvas")
    assert composition.add(_sheet(80, 80, _RED), 100, 100, LayerKind.OBJECT, "seen")
    assert [layer.name for layer in composition.layers] == ["background", "seen"]


def test_what_would_hide_another_layer_is_not_laid() -> None:
    composition = _white_canvas()
    composition.add(_sheet(80, 80, _RED), 100, 100, LayerKind.OBJECT, "thing")

    assert not composition.add(_sheet(200, 200, (0, 0, 90)), 50, 50, LayerKind.OBJECT, "cover")
    assert composition.add(_sheet(200, 200, (0, 0, 90)), 140, 50, LayerKind.OBJECT, "neighbour")


def test_an_illustration_comes_apart_into_its_things() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
        '<rect y="70" width="100" height="30" fill="green"/>'
        '<g><rect x="10" y="40" width="30" height="40" fill="tan"/><path d="M5 40L25 15L45 40Z" fill="brown"/></g>'
        '<circle cx="75" cy="25" r="18" fill="gold"/><circle cx="70" cy="22" r="4" fill="white"/></svg>'
    )

    things = [draw(thing, 100) for thing in parts(svg)]

    assert len(things) == 3, "the ground, the house with its roof, the sun with its shine"
    stack = LayerStack(100, 100, tuple(Layer(str(i), LayerKind.OBJECT, thing) for i, thing in enumerate(things)))
    assert np.abs(composite(stack).astype(int) - draw(svg, 100)).max() <= 2


def test_the_readme_lists_each_package_with_its_version_and_licence() -> None:
    readme = Path(compositions.__file__).with_name("README.md").read_text(encoding="utf-8")

    for source in SOURCES:
        row = f"| {source.registry} | `{source.package}` | {source.version} | {source.licence} |"
        assert row in readme, f"{source.name} is missing from the README"


def test_material_without_packages_draws_itself() -> None:
    rng = np.random.default_rng(1)
    material = Material(None)

    assert material.family(rng).draw(rng, 200)[..., 3].max() == 255
    assert material.photograph(rng, 60, 40).shape == (40, 60, 4)
    assert material.font(rng, "display").is_file()


def _white_canvas() -> Composition:
    return Composition(np.random.default_rng(0), plain(600, 400, _WHITE))


def _sheet(width: int, height: int, colour: Colour) -> Pixels:
    return plain(width, height, colour)


def _read(folder: Path, entry: dict[str, object]) -> Layer:
    left, top, width, height = np.array(entry["bbox"])
    with Image.open(folder / str(entry["file"])) as image:
        pixels = np.array(image.convert("RGBA"))
    assert pixels.shape[:2] == (height, width)
    return Layer(str(entry["name"]), LayerKind(str(entry["kind"])), pixels, int(left), int(top))
