"""The manifest of a ZIP or folder: its first version, and groups that cannot be."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from drawn_stacks import full_stack

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import MAX_GROUP_DEPTH, LayerKind
from lamina.imaging.saving import load, save

FROM_0_3 = Path(__file__).parent / "lamina_0_3"


def test_the_first_version_is_read() -> None:
    """The file was written by Lamina 0.3."""
    stack = load(FROM_0_3 / "folders.zip")
    assert [(layer.name, layer.kind, layer.is_hidden, layer.is_locked, layer.groups) for layer in stack] == [
        ("Background", LayerKind.BACKGROUND, False, False, ()),
        ("Headline", LayerKind.TEXT, False, False, ()),
        ("Price", LayerKind.TEXT, True, False, ()),
        ("Panel", LayerKind.PANEL, False, True, ()),
    ]
    assert stack.notes == ()


def _changed(folder: Path, **changes: Any) -> Path:
    """A ZIP whose manifest has these values; `layers` are the groups of the layers."""
    whole = save(full_stack(), folder / "whole.zip")
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(folder / "changed.zip", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "manifest.json":
                manifest = json.loads(data)
                for entry, group in zip(manifest["layers"], changes.pop("layers", []), strict=False):
                    entry["group"] = group
                data = json.dumps(manifest | changes)
            new.writestr(name, data)
    return folder / "changed.zip"


def _group(name: str = "G", parent: int | None = None, **changes: Any) -> dict[str, Any]:
    return {"name": name, "kind": "object", "visible": True, "locked": False, "parent": parent, **changes}


def test_layers_and_groups_name_the_group_around_them(tmp_path: Path) -> None:
    groups = [_group("A"), _group("B"), _group("A", parent=1)]
    stack = load(_changed(tmp_path, groups=groups, layers=[0, 0, 1, 2, 2, None]))
    assert [[group.name for group in layer.groups] for layer in stack] == [["A"], ["A"], ["B"], *[["B", "A"]] * 2, []]


def test_an_empty_group_is_left_out_and_noted(tmp_path: Path) -> None:
    stack = load(_changed(tmp_path, groups=[_group("A"), _group("B"), _group("C", parent=1)], layers=[0] * 6))
    assert stack.notes == ("The group 'B' is empty and was omitted.", "The group 'C' is empty and was omitted.")


def test_the_deepest_nesting_comes_back(tmp_path: Path) -> None:
    groups = [_group(parent=number - 1 if number else None) for number in range(MAX_GROUP_DEPTH)]
    stack = load(_changed(tmp_path, groups=groups, layers=[MAX_GROUP_DEPTH - 1] * 6))
    assert [len(layer.groups) for layer in stack] == [MAX_GROUP_DEPTH] * 6
    for name in ("a.psd", "a.ora", "a.zip", "a/"):
        assert load(save(stack, f"{tmp_path}/{name}")).has_same_content(stack)


CHAIN = [_group(parent=number - 1 if number else None) for number in range(MAX_GROUP_DEPTH + 1)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"groups": [_group(parent=0)]}, "group 0: 0 is not the index of a group before it"),
        ({"groups": [_group(), _group(parent=1)]}, "group 1: 1 is not an integer from 0 to 0"),
        ({"groups": [_group(), _group(parent=-1)]}, "group 1: -1 is not an integer from 0 to 0"),
        ({"groups": [_group(), _group(parent=True)]}, "group 1: True is not an integer"),
        ({"groups": CHAIN}, f"group {MAX_GROUP_DEPTH}: it is in more than {MAX_GROUP_DEPTH - 1} groups"),
        ({"groups": [_group()] * 10_001}, "no list of at most 10000 groups"),
        ({"groups": {"0": _group()}}, "no list of at most 10000 groups"),
        ({"groups": [3]}, "group 0 has an invalid structure"),
        ({"groups": [{"name": "A"}]}, "group 0 lacks 'parent'"),
        ({"groups": [_group(name=3)]}, "group 0: 3 is not a string"),  # pyright: ignore[reportArgumentType]
        ({"groups": [_group(kind="round")]}, "group 0: 'round' is not one of"),
        ({"groups": [_group(visible=1)]}, "group 0: 1 is neither true nor false"),
        ({"groups": []}, "layer 2: 0 is not the index of a group before it"),
        ({"layers": [2]}, "layer 0: 2 is not an integer from 0 to 1"),
        ({"layers": ["0"]}, "layer 0: '0' is not an integer from 0 to 1"),
        ({"layers": [0, None]}, "layer 2 is not next to the other members of its group"),
        ({"layers": [None, 1, 0, 0, 0, 1]}, "layer 5 is not next to the other members of its group"),
        ({"version": 3}, "has version 3, but Lamina supports 2"),
    ],
)
def test_groups_that_cannot_be_are_refused(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(LaminaError) as caught:
        load(_changed(tmp_path, **changes))
    assert caught.value.code is ErrorCode.INPUT_CORRUPT
    assert told in str(caught.value)
