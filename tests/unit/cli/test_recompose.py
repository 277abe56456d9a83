"""`recompose` writes every kind of picture, with or without what shows through, and says what it did."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.saving import save

Lamina = Callable[..., Any]
PixelsOf = Callable[[Path], np.ndarray]

CLEAR, BLUE, FAINT = (0, 0), (3, 3), (6, 6)  # places on the canvas


@pytest.fixture(autouse=True)
def stack(folder: Path) -> Path:
    """stack.ora: on 8 x 8, an opaque and a half-transparent square."""
    blue, faint = (np.full((3, 3, 4), (0, 0, 200, alpha), np.uint8) for alpha in (255, 128))
    layers = (Layer("Blue", LayerKind.OBJECT, blue, 2, 2), Layer("Faint", LayerKind.OBJECT, faint, 5, 5))
    return save(LayerStack(8, 8, layers), folder / "stack.ora")


@pytest.mark.parametrize("target", ["flat.png", "flat.webp", "flat.tif", "FLAT.TIFF"])
def test_what_no_layer_covers_is_transparent(target: str, lamina: Lamina, pixels_of: PixelsOf) -> None:
    assert lamina("recompose", "stack.ora", "--to", target).code == 0
    shown = pixels_of(Path(target))
    assert [shown[place].tolist() for place in (CLEAR, BLUE, FAINT)] == [
        [0, 0, 0, 0],
        [0, 0, 200, 255],
        [0, 0, 200, 128],
    ]


def test_jpeg_is_on_white(lamina: Lamina, pixels_of: PixelsOf) -> None:
    assert lamina("recompose", "stack.ora", "--to", "flat.jpg", "--quality", "100").code == 0
    shown = pixels_of(Path("flat.jpg")).astype(int)
    for place, colour in ((CLEAR, (255, 255, 255)), (BLUE, (0, 0, 200)), (FAINT, (127, 127, 227))):
        assert np.abs(shown[place][:3] - colour).max() <= 12


@pytest.mark.parametrize("target", ["flat.png", "flat.webp", "flat.tif"])
def test_a_background_leaves_nothing_transparent(target: str, lamina: Lamina, pixels_of: PixelsOf) -> None:
    assert lamina("recompose", "stack.ora", "--to", target, "--background", "#ff8800").code == 0
    shown = pixels_of(Path(target))
    assert [shown[place].tolist() for place in (CLEAR, FAINT)] == [[255, 136, 0, 255], [127, 68, 100, 255]]


def test_the_quality_of_webp(lamina: Lamina) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 4), np.uint8)
    save(LayerStack(64, 64, (Layer("Noise", LayerKind.OBJECT, noise),)), Path("noise.ora"))
    lamina("recompose", "noise.ora", "--to", "whole.webp")
    lamina("recompose", "noise.ora", "--to", "small.webp", "--quality", "10", "--background", "white")
    assert Path("small.webp").stat().st_size < Path("whole.webp").stat().st_size / 4


def test_it_says_what_it_did(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"stack": "stack.ora", "width": 8, "height": 8, "layers": 2, "outputs": ["flat.png"]}
    assert json.loads(lamina("recompose", "stack.ora", "--to", "flat.png").out) == told
    monkeypatch.setattr("lamina.cli.recompose.wants_json", lambda _: False)
    assert lamina("recompose", "stack.ora", "--to", "flat.png").out == "stack.ora  8 x 8: 2 layers\n  wrote flat.png\n"
    assert lamina("recompose", "stack.ora", "--to", "flat.png", "--quiet").out == ""


def test_notes_on_the_file_are_told(lamina: Lamina) -> None:
    save(LayerStack(3, 3, ()), Path("empty.zip"))
    told = json.loads(lamina("recompose", "empty.zip", "--to", "flat.png").out)
    assert (told["layers"], told["notes"]) == (0, ["The file contains no layers."])


def test_the_stack_itself_is_spared(lamina: Lamina) -> None:
    Path("stack.ora").rename("stack.png")
    before = Path("stack.png").read_bytes()
    result = lamina("recompose", "stack.png", "--to", "./stack.png")
    assert result.code == 1
    assert "The output './stack.png' is also an input." in result.err
    assert Path("stack.png").read_bytes() == before
