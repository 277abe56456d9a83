"""What single operations do to layers, and what they refuse."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack, TextLine
from lamina.core.selections import Place
from lamina.core.text_styles import TextStyle
from lamina.engines.classic.engine import ClassicEngine
from lamina.stacks import operations as op
from lamina.stacks.document import GroupNode, LayerNode
from lamina.stacks.editor import StackEditor
from lamina.stacks.lookup import layer_at, node_named

LINE = TextLine("Open", ((4.0, 4.0), (24.0, 4.0), (24.0, 10.0), (4.0, 10.0)), (0, 0, 0), 8.0)


def square(name: str, left: int, top: int, side: int = 10, alpha: int = 255, **facts: object) -> Layer:
    pixels = np.full((side, side, 4), (200, 40, 40, alpha), np.uint8)
    pixels[0, 0] = (1, 2, 3, alpha)
    return replace(Layer(name, LayerKind.OBJECT, pixels, left, top), **facts)  # pyright: ignore[reportArgumentType]


def an_editor(*layers: Layer) -> StackEditor:
    background = Layer("Sky", LayerKind.BACKGROUND, np.full((40, 60, 4), (0, 90, 200, 255), np.uint8))
    return StackEditor(LayerStack(60, 40, (background, *layers)), ClassicEngine)


def node(editor: StackEditor, name: str) -> int:
    return node_named(editor.document, name).id


def layer(editor: StackEditor, name: str) -> LayerNode:
    found = node_named(editor.document, name)
    assert isinstance(found, LayerNode)
    return found


def tree(editor: StackEditor) -> list[str]:
    return ["/".join([*(group.name for group in path), node.name]) for node, path in editor.document.walk()]


def test_a_revision_is_undone_and_done_again() -> None:
    editor = an_editor(square("A", 1, 1))
    first = editor.document
    assert (editor.undo(), editor.redo()) == (False, False)
    editor.apply(op.Rename(node=2, name="B"), op.Hide(node=2))
    second = editor.document
    assert (editor.undo(), editor.document) == (True, first)
    assert (editor.redo(), editor.document) == (True, second)
    assert editor.undo()
    editor.apply(op.Hide(node=1))
    assert not editor.redo()


def test_all_operations_are_applied_or_none() -> None:
    editor = an_editor(square("A", 1, 1))
    before = editor.document
    with pytest.raises(LaminaError):
        editor.apply(op.Rename(node=2, name="B"), op.Rename(node=9, name="C"))
    assert (editor.document, editor.undo()) == (before, False)


def test_groups_are_made_and_taken_apart() -> None:
    editor = an_editor(square("A", 1, 1), square("B", 20, 1), square("C", 40, 1))
    editor.apply(op.GroupNodes(nodes=(node(editor, "A"), node(editor, "C")), name="Pair"))
    assert tree(editor) == ["Sky", "B", "Pair", "Pair/A", "Pair/C"]
    editor.apply(op.Hide(node=node(editor, "Pair")), op.Ungroup(node=node(editor, "Pair")))
    assert tree(editor) == ["Sky", "B", "A", "C"]
    assert [layer(editor, name).is_hidden for name in "ABC"] == [True, False, True]


def test_layers_are_not_grouped_past_one_that_overlaps_them() -> None:
    editor = an_editor(square("A", 1, 1), square("B", 5, 1), square("C", 40, 1))
    with pytest.raises(LaminaError, match=r"'B' .* lies between and overlaps 'A'") as refused:
        editor.apply(op.GroupNodes(nodes=(node(editor, "A"), node(editor, "C"))))
    assert refused.value.code is ErrorCode.TASK_INVALID


def test_a_layer_moves_to_another_group_and_an_empty_group_goes() -> None:
    editor = an_editor(square("A", 1, 1, groups=(Group("One"),)), square("B", 5, 1, groups=(Group("Two"),)))
    editor.apply(op.Reorder(node=node(editor, "A"), parent=node(editor, "Two"), position=1))
    assert tree(editor) == ["Sky", "Two", "Two/B", "Two/A"]
    editor.apply(op.Reorder(node=node(editor, "A"), parent=None, position=0))
    assert tree(editor) == ["A", "Sky", "Two", "Two/B"]


@pytest.mark.parametrize(("position", "order"), [(0, "ASBC"), (1, "SABC"), (2, "SABC"), (3, "SBAC"), (4, "SBCA")])
def test_the_last_member_of_a_group_goes_where_it_is_put(position: int, order: str) -> None:
    editor = an_editor(square("A", 1, 1, groups=(Group("One"),)), square("B", 5, 1), square("C", 9, 1))
    editor.apply(op.Rename(node=node(editor, "Sky"), name="S"))
    assert tree(editor) == ["S", "One", "One/A", "B", "C"]
    editor.apply(op.Reorder(node=node(editor, "A"), parent=None, position=position))
    assert tree(editor) == list(order)


def test_the_only_layer_of_nested_groups_goes_into_the_outer_one() -> None:
    editor = an_editor(square("A", 1, 1, groups=(Group("One"), Group("Two"))))
    editor.apply(op.Reorder(node=node(editor, "A"), parent=node(editor, "One"), position=1))
    assert tree(editor) == ["Sky", "One", "One/A"]


def test_a_group_cannot_be_put_into_itself() -> None:
    editor = an_editor(square("A", 1, 1, groups=(Group("One"), Group("Two"))))
    for parent in ("One", "Two"):
        with pytest.raises(LaminaError, match="into itself"):
            editor.apply(op.Reorder(node=node(editor, "One"), parent=node(editor, parent), position=0))


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_a_merged_layer_keeps_any_name_that_a_file_has_given(name: str) -> None:
    editor = an_editor(square("A", 1, 1), square(name, 20, 1))
    editor.apply(op.Merge(nodes=(2, 3)))
    assert tree(editor) == ["Sky", name]


@pytest.mark.parametrize("alpha", [255, 120, 3])
@pytest.mark.parametrize("blend", [BlendMode.NORMAL, BlendMode.MULTIPLY])
def test_merged_layers_look_the_same(alpha: int, blend: BlendMode) -> None:
    layers = square("A", 1, 1, alpha=alpha, blend=blend), square("B", 5, 4, alpha=alpha, opacity=99)
    editor = an_editor(*layers)
    before = editor.stack().composite()
    editor.apply(op.Merge(nodes=(2, 3), name="Both"))
    assert tree(editor) == ["Sky", "Both"]
    assert np.array_equal(editor.stack().composite(), before)


def test_hidden_layers_are_lost_when_a_group_is_flattened() -> None:
    card = Group("Card", LayerKind.PANEL)
    editor = an_editor(square("A", 1, 1, groups=(card,)), square("B", 5, 1, groups=(card,), is_hidden=True))
    editor.apply(op.Flatten(node=node(editor, "Card")))
    flat = layer(editor, "Card")
    assert (flat.kind, flat.left, flat.pixels.width) == (LayerKind.OBJECT, 1, 10)
    editor.apply(op.Flatten())
    assert tree(editor) == ["Picture"]


def test_a_thing_becomes_a_layer_of_its_own() -> None:
    """A disc is taken out of a layer that shows it on a panel; the panel is filled behind it."""
    panel = np.zeros((120, 160, 4), np.uint8)
    panel[10:110, 10:150] = (240, 240, 230, 255)
    rows, columns = np.mgrid[:120, :160]
    disc = (rows - 60) ** 2 + (columns - 80) ** 2 < 30**2
    panel[disc] = (20, 120, 60, 255)
    backdrop = Layer("Sky", LayerKind.BACKGROUND, np.full((160, 200, 4), (0, 90, 200, 255), np.uint8))
    panel_layer = Layer("Panel", LayerKind.PANEL, panel, 20, 20)
    editor = StackEditor(LayerStack(200, 160, (backdrop, panel_layer)), ClassicEngine)
    before = editor.stack().composite()
    editor.apply(op.Separate(node=2, place=Place(x=65, y=45, width=70, height=70), name="Disc"))
    assert tree(editor) == ["Sky", "Panel", "Disc"]
    assert np.array_equal(editor.stack().composite(), before)
    *_, rest, thing = editor.stack()
    own = thing.on_canvas(200, 160)[20:140, 20:180, 3] > 0
    assert (own & disc).sum() / (own | disc).sum() > 0.98
    assert (rest.on_canvas(200, 160)[20:140, 20:180][disc] == (240, 240, 230, 255)).all()


def test_a_layer_is_split_into_a_group_with_its_opacity() -> None:
    drawing = np.zeros((100, 200, 4), np.uint8)
    drawing[20:80, 20:80] = (200, 30, 30, 255)
    drawing[20:80, 120:180] = (30, 30, 200, 255)
    backdrop = Layer("Sky", LayerKind.BACKGROUND, np.full((100, 200, 4), (0, 90, 200, 255), np.uint8))
    two = Layer("Two", LayerKind.OBJECT, drawing, opacity=128)
    editor = StackEditor(LayerStack(200, 100, (backdrop, two)), ClassicEngine)
    before = editor.stack().composite()
    editor.apply(op.Split(node=2, layers=5))
    assert len({node.name for node, _ in editor.document.walk()}) == 4
    group = node_named(editor.document, "2")
    assert isinstance(group, GroupNode)
    assert (group.name, group.id) == ("Two", 2)
    assert [member.pixels.width for member in group.members if isinstance(member, LayerNode)] == [60, 60]
    assert np.array_equal(editor.stack().composite(), before)


def test_what_cannot_be_told_apart_is_refused() -> None:
    editor = an_editor(replace(square("A", 1, 1), pixels=np.full((20, 20, 4), (200, 40, 40, 255), np.uint8)))
    for operation in (op.Split(node=2, layers=4), op.Separate(node=2, place=Place(x=5, y=5))):
        with pytest.raises(LaminaError, match="told apart") as refused:
            editor.apply(operation)
        assert refused.value.code is ErrorCode.TASK_INVALID


def test_text_follows_its_layer() -> None:
    style = TextStyle(size_px=8.0, colour=(0, 0, 0))
    editor = an_editor(square("T", 4, 4, side=20, kind=LayerKind.TEXT, text=(LINE,), style=style))
    editor.apply(op.Move(node=2, right=3, down=-2), op.Scale(node=2, across=2, down=2), op.Rotate(node=2, degrees=90))
    moved = editor.stack()[1]
    assert moved.box == (-3, -8, 40, 40)
    assert moved.text[0].quad[0] == pytest.approx((37, -8))
    assert moved.text[0].size_px == 16
    assert moved.style is not None
    assert (moved.style.size_px, moved.style.rotation_degrees) == (16, 90)


@pytest.mark.parametrize("turns", [[op.Rotate(node=2, degrees=90)] * 4, [op.Flip(node=2, axis=op.Axis.VERTICAL)] * 2])
def test_turns_and_mirroring_are_exact(turns: list[op.Operation]) -> None:
    editor = an_editor(square("A", 3, 4, side=7))
    before = editor.stack()
    editor.apply(turns[0])
    assert not editor.stack().has_same_content(before)
    editor.apply(*turns[1:])
    assert editor.stack().has_same_content(before)


def test_a_picture_is_scaled_into_the_box_of_a_layer() -> None:
    editor = an_editor(square("A", 10, 10))
    pixels = editor.pixels.put(np.full((20, 40, 4), (9, 8, 7, 255), np.uint8))
    editor.apply(op.Replace(node=2, pixels=pixels))
    replaced = editor.stack()[1]
    assert (replaced.left, replaced.width) == (10, 10)
    assert replaced.pixels[replaced.height // 2, 5].tolist() == [9, 8, 7, 255]


REFUSED: list[tuple[str, Callable[[], op.Operation]]] = [
    ("no layer or group with the id 9", lambda: op.Hide(node=9)),
    ("name is empty", lambda: op.Rename(node=2, name=" ")),
    ("name has 201", lambda: op.Rename(node=2, name="a" * 201)),
    ("out of range", lambda: op.SetOpacity(node=2, opacity=256)),
    ("thinner than a pixel", lambda: op.Scale(node=2, across=0.01, down=1)),
    ("not above 0", lambda: op.Scale(node=2, across=0, down=1)),
    ("would be 1000", lambda: op.Scale(node=2, across=100_000, down=1)),
    ("not finite", lambda: op.Move(node=2, right=float("nan"))),
    ("not finite", lambda: op.Rotate(node=2, degrees=float("inf"))),
    ("position 7", lambda: op.Reorder(node=2, parent=None, position=7)),
    ("is a layer", lambda: op.Ungroup(node=2)),
    ("is a layer", lambda: op.Reorder(node=2, parent=1, position=0)),
    ("No layers", lambda: op.Merge(nodes=())),
    ("outside the layer", lambda: op.Separate(node=2, place=Place(x=50, y=30))),
    ("outside the picture", lambda: op.Separate(node=2, place=Place(x=90, y=30))),
]


@pytest.mark.parametrize(("reason", "operation"), REFUSED)
def test_what_is_wrong_is_refused(reason: str, operation: Callable[[], op.Operation]) -> None:
    editor = an_editor(square("A", 1, 1))
    with pytest.raises(LaminaError, match=reason) as refused:
        editor.apply(operation())
    assert refused.value.code is ErrorCode.TASK_INVALID
    assert refused.value.hint


def test_layers_that_move_far_away_are_refused() -> None:
    editor = an_editor(square("A", 1, 1), square("B", 1, 1))
    editor.apply(op.Move(node=3, right=900_000, down=900_000))
    with pytest.raises(LaminaError, match="pixels away"):
        editor.apply(op.Move(node=3, right=900_000))
    with pytest.raises(LaminaError, match="merged layer would be"):
        editor.apply(op.Merge(nodes=(2, 3)))


def test_locked_layers_are_not_changed() -> None:
    editor = an_editor(square("A", 1, 1, groups=(Group("Card"),)))
    card, a = node(editor, "Card"), node(editor, "A")
    editor.apply(op.Lock(node=a))
    for operation in (op.Move(node=a, right=1), op.Move(node=card, right=1), op.Delete(node=card)):
        with pytest.raises(LaminaError, match=r"'A' .* is locked"):
            editor.apply(operation)
    editor.apply(op.Hide(node=a), op.Lock(node=a, is_locked=False), op.Lock(node=card))
    with pytest.raises(LaminaError, match=r"'Card' .* is locked"):
        editor.apply(op.Rename(node=a, name="B"))


def test_a_stack_has_at_most_100_layers() -> None:
    editor = an_editor(*(square(f"L{index}", 0, 0) for index in range(99)))
    with pytest.raises(LaminaError, match="101 layers"):
        editor.apply(op.Duplicate(node=5))
    with pytest.raises(LaminaError, match="101 layers"):
        an_editor(*(square(f"L{index}", 0, 0) for index in range(100)))


def test_layers_are_found_by_what_they_are_called() -> None:
    editor = an_editor(square("3", 1, 1), square("B", 1, 1), square("b", 1, 1), square("Big", 1, 1))
    found = [node_named(editor.document, text).id for text in ("3", "2", "B", "b", "big")]
    assert found == [2, 2, 3, 4, 5]
    for text, reason in (("8", "no layer or group '8'"), ("C", "The stack has 'Sky', '3'")):
        with pytest.raises(LaminaError) as refused:
            node_named(editor.document, text)
        assert reason in str(refused.value)
    editor.apply(op.Rename(node=3, name="b"))
    with pytest.raises(LaminaError, match="2 layers are named"):
        node_named(editor.document, "b")


def test_the_layer_that_is_seen_at_a_place_is_found() -> None:
    editor = an_editor(square("A", 1, 1), square("B", 4, 4), square("C", 4, 4, is_hidden=True))
    at = [Place(x=2, y=2), Place(x=5, y=5), Place(x=50, y=30), Place(x=0, y=0, width=13, height=11)]
    assert [layer_at(editor.document, place, editor.pixels).name for place in at] == ["A", "B", "Sky", "B"]
