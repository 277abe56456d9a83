"""OpenRaster as the specification asks for it, read by pyora, and files of other programs read by us."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyora
import pytest
from drawn_stacks import full_stack, noise
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
from PIL import Image

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layer_tree import grouped
from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack
from lamina.imaging.png import encode_png
from lamina.imaging.saving import load, save


def test_the_container_is_as_the_specification_says(tmp_path: Path) -> None:
    with zipfile.ZipFile(save(full_stack(), tmp_path / "a.ora")) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
        assert archive.read("mimetype") == b"image/openraster"
        with archive.open("mergedimage.png") as file, Image.open(file) as image:
            assert np.array_equal(np.asarray(image), composite(full_stack()))
        with archive.open("Thumbnails/thumbnail.png") as file, Image.open(file) as image:
            assert max(image.size) <= 256
    assert (tmp_path / "a.ora").read_bytes()[38:54] == b"image/openraster"


def test_pyora_reads_names_places_switches_and_pixels(tmp_path: Path) -> None:
    project = pyora.Project.load(str(save(full_stack(), tmp_path / "a.ora")))
    assert project.dimensions == (60, 40)
    theirs = list(project.iter_layers)
    assert [layer.name for layer in theirs] == [layer.name for layer in full_stack()]
    for layer, source in zip(full_stack(), theirs, strict=True):
        assert source.offsets == (layer.left, layer.top)
        assert source.visible is not layer.is_hidden
        assert source.opacity == pytest.approx(layer.opacity / 255, abs=1e-5)
        assert np.array_equal(np.asarray(source.get_image_data(raw=True)), layer.pixels)


def _write_ora(path: Path, stack_xml: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", stack_xml)
        archive.writestr("data/a.png", encode_png(np.full((4, 5, 4), 255, np.uint8)))
    return path


def test_pyora_reads_groups_as_they_are_nested(tmp_path: Path) -> None:
    project = pyora.Project.load(str(save(full_stack(), tmp_path / "a.ora")))
    (card,) = [child for child in project.children if child.name == "Card <1>"]
    text, *others = card.children
    assert [child.name for child in (*others[::-1], text)] == ["Hidden & <secret>", "Faint", "Text"]
    assert [child.name for child in text.children] == ["Line: sale", "Headline: SUMMER 夏"]


def test_groups_are_stacks_that_pass_through(tmp_path: Path) -> None:
    hidden = Group("Karte\n卡", LayerKind.PANEL, is_hidden=True, is_locked=True)
    stack = LayerStack(4, 4, grouped([Layer("A", LayerKind.OBJECT, noise(4, 4))], hidden))
    with zipfile.ZipFile(save(stack, tmp_path / "a.ora")) as archive:
        element = etree.fromstring(archive.read("stack.xml"))[0][0]
    assert element.tag == "stack"
    assert {key: value for key, value in element.items() if not key.startswith("{")} == {
        "name": "Karte 卡",
        "isolation": "auto",
        "visibility": "hidden",
        "edit-locked": "true",
    }
    assert [child.get("visibility") for child in element] == ["visible"]


def test_nested_stacks_of_other_programs_pass_through(tmp_path: Path) -> None:
    path = _write_ora(
        tmp_path / "b.ora",
        '<image w="5" h="4"><stack><stack opacity="0.5" visibility="hidden">'
        '<layer name="Top" src="/data/a.png" x="1" y="-2" opacity="0.4"'
        ' composite-op="svg:multiply"/></stack><layer src="data/a.png"/></stack></image>',
    )
    lower, upper = load(path)
    assert (lower.name, lower.kind, lower.box) == ("Background", LayerKind.BACKGROUND, (0, 0, 5, 4))
    assert (upper.name, upper.kind, upper.box) == ("Top", LayerKind.OBJECT, (1, -2, 5, 4))
    assert (upper.opacity, upper.is_hidden, upper.blend) == (51, False, BlendMode.MULTIPLY)
    assert [(group.name, group.kind, group.is_hidden) for group in upper.groups] == [("Group", LayerKind.OBJECT, True)]


@pytest.mark.parametrize(
    ("stack_xml", "code"),
    [
        (
            '<image w="5" h="4"><stack><layer src="data/a.png" composite-op="krita:linear_burn"/></stack></image>',
            "input_not_a_stack",
        ),
        ('<image w="99999" h="99999"><stack/></image>', "input_too_large"),
        ('<image w="0" h="4"><stack/></image>', "input_corrupt"),
        ('<image w="5" h="4"/>', "input_corrupt"),
        ('<image w="5" h="4"><stack><layer src="data/b.png"/></stack></image>', "input_corrupt"),
        ('<image w="5" h="4"><stack><layer src="../../etc/passwd"/></stack></image>', "input_corrupt"),
        ('<image w="5" h="4"><stack><layer src="data/a.png" opacity="NaN"/></stack></image>', "input_corrupt"),
        ("<image", "input_corrupt"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><image w="5" h="4">&x;</image>', "input_corrupt"),
    ],
)
def test_what_cannot_be_read_is_told(stack_xml: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(LaminaError) as caught:
        load(_write_ora(tmp_path / "b.ora", stack_xml))
    assert caught.value.code is ErrorCode(code)


def test_layers_and_groups_renamed_elsewhere_keep_their_new_names(tmp_path: Path) -> None:
    long_named = grouped(full_stack().layers[4:], Group("Card\n1"))
    save(replace(full_stack(), layers=(*full_stack().layers[:2], *long_named)), tmp_path / "a.ora")
    with zipfile.ZipFile(tmp_path / "a.ora") as old, zipfile.ZipFile(tmp_path / "b.ora", "w") as new:
        for entry in old.namelist():
            changed = old.read(entry).replace(b"Headline: SUMMER", b"Title:").replace(b'name="Card 1"', b'name="Box"')
            new.writestr(entry, changed)
    title = load(tmp_path / "b.ora")[2]
    assert title.name == "Title: 夏"
    assert [group.name for group in title.groups] == ["Box", "Card <1>", "Text"]


def test_the_manifest_of_a_zip_is_as_documented(tmp_path: Path) -> None:
    with zipfile.ZipFile(save(full_stack(), tmp_path / "a.zip")) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["width"], manifest["height"]) == (60, 40)
    assert [entry["file"] for entry in manifest["layers"]] == [
        "00-background.png",
        "01-object-1-red.png",
        "02-hidden-secret.png",
        "03-faint.png",
        "04-headline-summer.png",
        "05-line-sale.png",
    ]
    assert manifest["layers"][3]["bbox"] == [30, 2, 14, 12]
    assert manifest["layers"][3]["opacity"] == pytest.approx(100 / 255, abs=1e-6)
    assert [entry["visible"] for entry in manifest["layers"]] == [True, True, False, True, True, True]
    assert manifest["version"] == 2
    assert [entry["group"] for entry in manifest["layers"]] == [None, None, 0, 0, 1, 1]
    assert manifest["groups"] == [
        {"name": "Card <1>", "kind": "panel", "visible": True, "locked": True, "parent": None},
        {"name": "Text", "kind": "text", "visible": True, "locked": False, "parent": 0},
    ]
    assert manifest["layers"][4]["text"][0]["string"] == "SUMMER 夏"
