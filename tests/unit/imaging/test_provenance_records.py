"""How models made and edited a stack is kept by every format that can be read, and told by every picture."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_stacks import full_stack
from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerStack
from lamina.core.provenance import MAX_EDITORS, Provenance, together, with_editor
from lamina.imaging.formats.provenance_records import StackProvenance, parse_provenance, render_provenance
from lamina.imaging.read_errors import InvalidContentError
from lamina.imaging.saving import load, save

MADE = Provenance("qwen", "Qwen/Qwen-Image-Layered@1a2b", 2**64 - 1, 'A "poster" <of> a café\n\x0b')
EDITORS = ("Qwen/Qwen-Image-Edit-2511@3c4d", "nano@5e6f")


def known(stack: LayerStack) -> LayerStack:
    return replace(stack, made=MADE, edited_by=EDITORS)


@pytest.mark.parametrize("name", ["stack.psd", "stack.ora", "stack.zip", "stack/"])
@pytest.mark.parametrize(
    ("made", "edited_by"), [(MADE, EDITORS), (MADE, ()), (None, EDITORS), (Provenance("nano"), ()), (None, ())]
)
def test_a_file_that_is_saved_again_still_says_it(
    name: str, made: Provenance | None, edited_by: tuple[str, ...], tmp_path: Path
) -> None:
    stack = replace(full_stack(), made=made, edited_by=edited_by)
    save(stack, f"{tmp_path}/{name}")
    loaded = load(f"{tmp_path}/{name}")
    save(loaded, f"{tmp_path}/again-{name}")
    again = load(f"{tmp_path}/again-{name}")
    assert (again.made, again.edited_by) == (made, edited_by)
    assert again.has_same_content(stack)
    assert again.notes == ()


def test_a_picture_of_a_loaded_stack_says_it(tmp_path: Path) -> None:
    save(known(full_stack()), tmp_path / "stack.ora")
    save(load(tmp_path / "stack.ora"), tmp_path / "flat.png")
    with Image.open(tmp_path / "flat.png") as picture:
        told, packet = json.loads(picture.info["lamina"]), picture.info["XML:com.adobe.xmp"]
    assert (told["checkpoint"], told["edited_by"]) == (MADE.checkpoint, list(EDITORS))
    assert "compositeWithTrainedAlgorithmicMedia" in packet
    assert f"<made:editedBy>{EDITORS[0]}, {EDITORS[1]}</made:editedBy>" in packet


def test_a_stack_without_models_that_was_edited_by_one_is_an_edited_picture(tmp_path: Path) -> None:
    save(replace(full_stack(), edited_by=("nano@5e6f",)), tmp_path / "flat.png")
    with Image.open(tmp_path / "flat.png") as picture:
        assert "compositeWithTrainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]
    save(full_stack(), tmp_path / "plain.png")
    with Image.open(tmp_path / "plain.png") as picture:
        assert "DigitalSourceType" not in picture.info["XML:com.adobe.xmp"]


def test_models_are_named_once_and_at_most_a_hundred() -> None:
    named = with_editor(("a",), Provenance("nano", "b"))
    assert (named, with_editor(named, Provenance("b")), with_editor(named, None)) == (("a", "b"),) * 3
    assert len(together(tuple(map(str, range(80))), tuple(map(str, range(40, 140))))) == MAX_EDITORS


@pytest.mark.parametrize(
    "record",
    [[], "nano", {"made": []}, {"made": {"seed": -1}}, {"made": {"seed": True}}, {"made": {"engine": 1}},
     {"edited_by": 1}, {"edited_by": [None]}, {"edited_by": ["x" * 100_001]}, {"edited_by": ["x"] * 101}],
)  # fmt: skip
def test_damaged_provenance_is_an_error(record: object, tmp_path: Path) -> None:
    with pytest.raises(InvalidContentError):
        parse_provenance(record)
    folder = save(full_stack(), f"{tmp_path}/stack/")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "provenance": record}))
    with pytest.raises(LaminaError) as caught:
        load(folder)
    assert caught.value.code is ErrorCode.INPUT_CORRUPT


def test_what_is_not_known_is_not_written() -> None:
    assert render_provenance(None, ()) is None
    assert parse_provenance(None) == StackProvenance()
    assert parse_provenance({}) == StackProvenance()
