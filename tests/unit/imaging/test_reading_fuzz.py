"""Layered files that say odd things: seeded changes to what they hold give a stack or one error in words, never more.

`LAMINA_TEST_FUZZ_ROUNDS` makes the runs longer.
"""

import io
import json
import os
import random
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_stacks import full_stack, noise
from PIL import Image

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.png import encode_png
from lamina.imaging.saving import load, save

ROUNDS = int(os.environ.get("LAMINA_TEST_FUZZ_ROUNDS", "120"))

VALUES = (
    "", " ", "nan", "NaN", "inf", "-inf", "1e400", "-1e400", "1e-400", "-0.5", "0", "0.5", "1", "1.0000001", "2", "0,5",
    "٣", "６", "1_0", "0x10", "+1", "--1", "1e3", "99999999999999999999", "-16777217", "16777216", "1.5", "true",
    "null", "hidden", "visible", "HIDDEN", "auto", "isolate", "isolated", "svg:plus", "svg:dst-in", "svg:dst-out",
    "svg:multiply", "svg:src-atop", "svg:dst-atop", "svg:hue", "svg:xor", "krita:erase", "data/a.png", "data/b.png",
    "/data/a.png", "data\\a.png", "./data/a.png", "../data/a.png", "data/../a.png", "data", "stack.xml", "\U0001f389",
    "\u202e", "a" * 70_000,
)  # fmt: skip
NAMES = (
    "w", "h", "version", "name", "x", "y", "opacity", "visibility", "composite-op", "isolation", "edit-locked", "src",
    "glow", "selected", "{urn:lamina:layers:1}kind", "{urn:lamina:layers:1}text", "{urn:lamina:layers:1}name",
    "{urn:x}y",
)  # fmt: skip
TAGS = ("layer", "stack", "text", "filter", "image", "{urn:x}note")


def _told(path: Path) -> None:
    """Loads and composites, or one error with a hint, on one line, without words of a library."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            stack = load(path, max_megapixels=1)
        except LaminaError as error:
            assert error.code in (ErrorCode.INPUT_CORRUPT, ErrorCode.INPUT_NOT_A_STACK, ErrorCode.INPUT_TOO_LARGE)
            assert error.hint and "\n" not in str(error)
            if "is corrupt" not in error.message:  # otherwise the text may come from a decoder
                assert not re.search(r"object at 0x|subscriptable|unpack|argument|NoneType|codec", error.message)
            assert len(error.message) < 600 + len(str(path))
        else:
            assert composite(stack).shape == (stack.height, stack.width, 4)
            assert all(len(note) < 300 for note in stack.notes)


def _element(chance: random.Random, depth: int) -> Any:
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    tag = chance.choice(TAGS) if chance.random() < 0.1 else chance.choice(("layer", "layer", "stack"))
    element = etree.Element(tag)
    if tag == "layer":
        element.set("src", chance.choice(("data/a.png", "data/b.png", "data/c.png")))
    if chance.random() < 0.3:
        element.set("isolation", chance.choice(("auto", "isolate")))
    if chance.random() < 0.4:
        element.set("opacity", str(chance.random()))
    if chance.random() < 0.4:
        element.set("composite-op", f"svg:{chance.choice(('plus', 'dst-in', 'dst-out', 'src-atop', 'hue', 'screen'))}")
    if chance.random() < 0.2:
        element.set(chance.choice(NAMES), chance.choice(VALUES))
    if depth and tag == "stack":
        element.extend([_element(chance, depth - 1) for _ in range(chance.randrange(4))])
    return element


def _stack_xml(chance: random.Random) -> bytes:
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    image = etree.Element("image", {"w": "12", "h": "9"})
    if chance.random() < 0.2:
        image.set(chance.choice(NAMES), chance.choice(VALUES))
    root = etree.SubElement(image, "stack")
    root.extend([_element(chance, 3) for _ in range(chance.randrange(6))])
    data = bytearray(etree.tostring(image, encoding=chance.choice(("UTF-8", "UTF-16", "ISO-8859-1", "ASCII"))))
    if chance.random() < 0.1:
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _pictures(chance: random.Random) -> dict[str, bytes]:
    deep = io.BytesIO()
    Image.fromarray(np.full((5, 4), 30_000, np.uint16)).save(deep, "PNG")
    pictures = {"a": encode_png(noise(5, 6)), "b": encode_png(noise(9, 12, 1)), "c": deep.getvalue()}
    name = chance.choice(("a", "b", "c"))
    data = bytearray(pictures[name])
    if chance.random() < 0.2:
        data[chance.randrange(len(data))] = chance.randrange(256)
    if chance.random() < 0.1:
        del data[chance.randrange(len(data)) :]
    return pictures | {name: bytes(data)}


@pytest.mark.parametrize("part", range(4))
def test_an_openraster_file_that_says_odd_things(part: int, tmp_path: Path) -> None:
    for number in range(part * ROUNDS, (part + 1) * ROUNDS):
        chance = random.Random(number)  # noqa: S311
        path = tmp_path / f"{number}.ora"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("stack.xml", _stack_xml(chance))
            for name, data in _pictures(chance).items():
                archive.writestr(f"data/{name}.png", data)
            if chance.random() < 0.5:
                archive.writestr("mergedimage.png", encode_png(noise(9, 12 + (chance.random() < 0.1))))
        _told(path)
        path.unlink()


JSON_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 7, 1 << 70, -(10**400), 0.5, 1e300, float("nan"), float("inf"), "", "a", "\ud800", "normal",
    "text", [], [1], [0, 0, 6, 5], [None] * 4, {}, {"a": 1}, "x" * 70_000, [[]] * 50,
)  # fmt: skip


@pytest.mark.parametrize("name", ["a.zip", "a/"])
def test_a_manifest_that_says_odd_things(name: str, tmp_path: Path) -> None:
    whole = save(full_stack(), f"{tmp_path}/{name}")
    for number in range(ROUNDS):
        chance = random.Random(number)  # noqa: S311
        manifest = json.loads(_manifest_of(whole))
        place: Any = chance.choice([manifest, *manifest["layers"], *manifest["groups"], *manifest["layers"][4]["text"]])
        place[chance.choice([*place, "other"])] = chance.choice(JSON_VALUES)
        data = json.dumps(manifest).encode()
        _told(_with_manifest(whole, data[: chance.randrange(len(data))] if chance.random() < 0.05 else data))


def _manifest_of(whole: Path) -> bytes:
    if whole.is_dir():
        return (whole / "whole.json").read_bytes() if (whole / "whole.json").exists() else _kept(whole)
    with zipfile.ZipFile(whole) as archive:
        return archive.read("manifest.json")


def _kept(folder: Path) -> bytes:
    data = (folder / "manifest.json").read_bytes()
    (folder / "whole.json").write_bytes(data)
    return data


def _with_manifest(whole: Path, data: bytes) -> Path:
    if whole.is_dir():
        (whole / "manifest.json").write_bytes(data)
        return whole
    changed = whole.with_name("changed.zip")
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, data if entry == "manifest.json" else old.read(entry))
    return changed
