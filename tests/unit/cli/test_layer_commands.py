"""`layers`, `split`, `separate` and `merge` change layered files and leave their picture as it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lamina.cli.layers import layers as group
from lamina.core.composite import composite
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack
from lamina.imaging.saving import load, save

Lamina = Callable[..., Any]


def square(name: str, left: int, colour: tuple[int, int, int], **facts: Any) -> Layer:
    return Layer(name, LayerKind.OBJECT, np.full((10, 10, 4), (*colour, 255), np.uint8), left, 5, **facts)


@pytest.fixture(autouse=True)
def stack(folder: Path) -> LayerStack:
    """stack.ora: on 80 x 60, a background and two squares."""
    background = Layer("Background", LayerKind.BACKGROUND, np.full((60, 80, 4), 255, np.uint8))
    made = LayerStack(80, 60, (background, square("Red", 5, (200, 0, 0)), square("Blue", 40, (0, 0, 200))))
    save(made, folder / "stack.ora")
    return made


def names(path: str) -> list[str]:
    return [layer.name for layer in load(path)]


def test_layers_are_listed(lamina: Lamina) -> None:
    done = lamina("layers", "list", "stack.ora")
    assert (done.code, done.err) == (0, "")
    listed = json.loads(done.out)
    assert (listed["width"], listed["height"]) == (80, 60)
    found = [(layer["number"], layer["name"]) for layer in listed["layers"]]
    assert found == [(1, "Background"), (2, "Red"), (3, "Blue")]
    assert listed["layers"][1] == {
        "number": 2,
        "name": "Red",
        "type": "layer",
        "kind": "object",
        "parent": None,
        "visible": True,
        "locked": False,
        "bbox": [5, 5, 10, 10],
        "opacity": 1.0,
        "blend": "normal",
        "text": "",
    }


@pytest.mark.parametrize(
    ("arguments", "facts"),
    [
        (("rename", "stack.ora", "Red", "Sun"), {"name": "Sun"}),
        (("hide", "stack.ora", "red"), {"is_hidden": True}),
        (("lock", "stack.ora", "2"), {"is_locked": True}),
        (("opacity", "stack.ora", "Red", "40"), {"opacity": 102}),
        (("blend", "stack.ora", "Red", "multiply"), {"blend": BlendMode.MULTIPLY}),
        (("move", "stack.ora", "Red", "-3,4"), {"left": 2, "top": 9}),
        (("scale", "stack.ora", "Red", "2"), {"left": 0, "width": 20, "height": 20}),
        (("scale", "stack.ora", "Red", "2,1"), {"left": 0, "width": 20, "height": 10}),
        (("rotate", "stack.ora", "Red", "-90"), {"left": 5, "width": 10}),
        (("flip", "stack.ora", "Red", "horizontal"), {"left": 5, "width": 10}),
    ],
)
def test_a_layer_is_changed(arguments: tuple[str, ...], facts: dict[str, object], lamina: Lamina) -> None:
    done = lamina("layers", *arguments, "--to", "out.ora")
    assert (done.code, done.err) == (0, "")
    changed = load("out.ora")[1]
    assert {fact: getattr(changed, fact) for fact in facts} == facts


def test_several_layers_are_shown_and_unlocked_and_deleted(lamina: Lamina) -> None:
    for command in ("hide", "lock"):
        assert lamina("layers", command, "stack.ora", "Red", "Blue", "--to", "stack.ora").code == 0
    assert [(layer.is_hidden, layer.is_locked) for layer in load("stack.ora")] == [(False, False), *[(True, True)] * 2]
    assert "locked" in lamina("layers", "delete", "stack.ora", "Red", "--to", "stack.ora").err
    for command in ("show", "unlock"):
        assert lamina("layers", command, "stack.ora", "Red", "Blue", "--to", "stack.ora").code == 0
    assert not any(layer.is_hidden or layer.is_locked for layer in load("stack.ora"))
    assert lamina("layers", "delete", "stack.ora", "Red", "Blue", "--to", "stack.ora").code == 0
    assert names("stack.ora") == ["Background"]


def test_the_order_changes(lamina: Lamina) -> None:
    assert lamina("layers", "reorder", "stack.ora", "Blue", "--below", "Red", "--to", "a.ora").code == 0
    assert names("a.ora") == ["Background", "Blue", "Red"]
    assert lamina("layers", "reorder", "a.ora", "Background", "--above", "Blue", "--to", "b.ora").code == 0
    assert names("b.ora") == ["Blue", "Background", "Red"]
    assert lamina("layers", "duplicate", "b.ora", "Blue", "--to", "c.ora").code == 0
    assert names("c.ora") == ["Blue", "Blue copy", "Background", "Red"]


def test_layers_are_grouped_and_ungrouped(lamina: Lamina, stack: LayerStack) -> None:
    assert lamina("layers", "group", "stack.ora", "Red", "Blue", "--name", "Squares", "--to", "a.zip").code == 0
    assert [[around.name for around in layer.groups] for layer in load("a.zip")] == [[], ["Squares"], ["Squares"]]
    assert lamina("layers", "ungroup", "a.zip", "Squares", "--to", "b.zip").code == 0
    assert load("b.zip").has_same_content(stack)
    assert lamina("layers", "flatten", "a.zip", "Squares", "--to", "c.zip").code == 0
    assert names("c.zip") == ["Background", "Squares"]
    assert lamina("layers", "flatten", "a.zip", "--to", "d.zip").code == 0
    assert len(load("d.zip")) == 1


def test_a_picture_replaces_pixels(lamina: Lamina, picture: Path) -> None:
    assert lamina("layers", "replace", "stack.ora", "Blue", picture, "--to", "out.ora").code == 0
    assert load("out.ora")[2].width == 10


def test_layers_are_merged(lamina: Lamina, stack: LayerStack) -> None:
    assert lamina("merge", "stack.ora", "Red", "Blue", "--name", "Squares", "--to", "out.psd").code == 0
    assert names("out.psd") == ["Background", "Squares"]
    assert np.array_equal(composite(load("out.psd")), composite(stack))


def test_a_layer_is_split_into_a_group(lamina: Lamina, stack: LayerStack) -> None:
    done = lamina("split", "stack.ora", "Red", "--to", "out.zip")
    assert (done.code, done.err) == (0, "")
    result = load("out.zip")
    assert [[around.name for around in layer.groups] for layer in result] == [[], ["Red"], ["Red"], []]
    assert np.array_equal(composite(result), composite(stack))


def test_the_hidden_part_of_a_layer_is_filled_in(lamina: Lamina, folder: Path) -> None:
    """A square that another one hides a quarter of."""
    background = Layer("Background", LayerKind.BACKGROUND, np.full((60, 80, 4), 255, np.uint8))
    below = np.full((30, 30, 4), (0, 0, 200, 255), np.uint8)
    below[15:, 15:] = 0
    above = Layer("Red", LayerKind.OBJECT, np.full((20, 20, 4), (200, 0, 0, 255), np.uint8), 35, 25)
    hidden = LayerStack(80, 60, (background, Layer("Blue", LayerKind.OBJECT, below, 20, 10), above))
    save(hidden, folder / "hidden.psd")
    assert lamina("complete", "hidden.psd", "Blue", "--to", "out.psd").code == 0
    completed = load("out.psd")
    assert (completed[1].pixels == (0, 0, 200, 255)).all()
    assert np.array_equal(composite(completed), composite(hidden))


def test_a_layer_gets_the_edge_of_the_picture(lamina: Lamina, folder: Path) -> None:
    """A square was cut out with some of the white around it; the mask is rough, too."""
    background = Layer("Background", LayerKind.BACKGROUND, np.full((60, 80, 4), 255, np.uint8))
    cutout = np.full((40, 40, 4), 255, np.uint8)
    cutout[10:30, 10:30] = (200, 0, 0, 255)
    wide = LayerStack(80, 60, (background, Layer("Red", LayerKind.OBJECT, cutout, 20, 10)))
    save(wide, folder / "wide.psd")
    mask = np.zeros((60, 80), np.uint8)
    mask[19:42, 28:51] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    assert lamina("layers", "refine", "wide.psd", "Red", "mask.png", "--to", "out.psd").code == 0
    refined = load("out.psd")
    assert refined[1].box == (30, 20, 20, 20)
    assert np.array_equal(composite(refined), composite(wide))


def test_the_differences_of_two_files_are_told(lamina: Lamina) -> None:
    assert lamina("layers", "rename", "stack.ora", "Red", "Sun", "--to", "after.psd").code == 0
    assert lamina("layers", "move", "after.psd", "Blue", "3,-2", "--to", "after.psd").code == 0
    told = json.loads(lamina("diff", "stack.ora", "after.psd").out)
    assert told["sentences"][:2] == ["'Red' was renamed to 'Sun'.", "'Blue' was moved by 3 px right and 2 px up."]
    assert [(change["type"], change["name"]) for change in told["changes"]] == [("renamed", "Red"), ("moved", "Blue")]
    same = json.loads(lamina("diff", "stack.ora", "stack.ora").out)
    assert (same["is_empty"], same["sentences"]) == (True, ["Nothing has changed."])


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("layers", "hide", "stack.ora", "Green", "--to", "a.ora"), 2, "There is no layer or group 'Green'"),
        (("layers", "hide", "stack.ora", "Red"), 2, "Missing option '--to'"),
        (("layers", "move", "stack.ora", "Red", "3", "--to", "a.ora"), 2, "not two numbers"),
        (("layers", "blend", "stack.ora", "Red", "mix", "--to", "a.ora"), 2, "'mix' is not one of normal"),
        (("layers", "reorder", "stack.ora", "Red", "--to", "a.ora"), 2, "--above or --below"),
        (("layers", "reorder", "stack.ora", "Red", "--above", "Red", "--to", "a.ora"), 2, "next to itself"),
        (("layers", "replace", "stack.ora", "Red", "none.png", "--to", "a.ora"), 1, "none.png"),
        (("merge", "stack.ora", "--to", "a.ora"), 2, "LAYER"),
        (("separate", "stack.ora", "--to", "a.ora"), 2, "Give --box or --point"),
        (("separate", "stack.ora", "--point", "90,5", "--to", "a.ora"), 2, "outside the picture"),
        (("split", "none.ora", "Red", "--to", "a.ora"), 1, "none.ora"),
        (("layers", "list", "none.ora"), 1, "none.ora"),
        (("layers", "set-text", "stack.ora", "Red", "SALE", "--to", "a.ora"), 2, "'Red'"),
        (("layers", "set-text", "stack.ora", "Red", "--to", "a.ora"), 2, "Nothing is to be changed"),
        (("layers", "set-text", "stack.ora", "Red", "--colour", "reddish", "--to", "a.ora"), 2, "'reddish'"),
        (("diff", "stack.ora", "none.ora"), 1, "none.ora"),
        (("complete", "stack.ora", "Red", "--to", "a.ora"), 2, "Red"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(
    arguments: tuple[str, ...], code: int, reason: str, lamina: Lamina, folder: Path
) -> None:
    done = lamina(*arguments)
    assert done.code == code
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["stack.ora"]


def test_each_command_says_what_it_does() -> None:
    assert all((command.help or "").strip().endswith(".") for command in group.commands.values())
