"""What is told to be different between two documents, and how layers are found again in files of other programs."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psd_tools
import pytest
from PIL import ImageDraw
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.api.layers import PixelLayer

from lamina.core.layers import BlendMode, Layer, LayerStack, TextLine
from lamina.core.ports import Decomposer
from lamina.imaging.saving import load, save
from lamina.stacks import operations as op
from lamina.stacks.adopting import adopted
from lamina.stacks.applying import Tools, apply
from lamina.stacks.changes import (
    Added,
    AnyChange,
    Moved,
    Regrouped,
    Removed,
    Renamed,
    Reordered,
    Repainted,
    Restyled,
    Transformed,
    render_differences,
)
from lamina.stacks.comparing import diff
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.rendering import document_of, stack_of
from stacks_drawn import drawn_stack, ellipse

BACKGROUND, SUN, CARD, PANEL, LABEL, HIDDEN_LABEL, LEAF = range(1, 8)


def no_engine() -> Decomposer:
    raise AssertionError("none of these operations needs an engine")


class Stack:
    """The drawn stack as a document, and other documents beside it."""

    def __init__(self) -> None:
        self.pixels = MemoryPixels()
        self.document = document_of(drawn_stack(), self.pixels)

    def after(self, *operations: op.Operation) -> Document:
        document = self.document
        for operation in operations:
            document = apply(document, operation, Tools(self.pixels, no_engine))
        return document

    def changes(self, after: Document) -> tuple[AnyChange, ...]:
        return diff(self.document, after, self.pixels).changes

    def uploaded(self, stack: LayerStack) -> Document:
        """The stack as the next revision, as if it came back from another program."""
        return adopted(self.document, document_of(stack, self.pixels), self.pixels)


@pytest.fixture
def drawn() -> Stack:
    return Stack()


def test_nothing_is_different_from_itself(drawn: Stack) -> None:
    differences = diff(drawn.document, drawn.document, drawn.pixels)
    assert differences.is_empty
    assert differences.kept == (BACKGROUND, SUN, PANEL, LABEL, HIDDEN_LABEL, LEAF)
    assert differences.sentences() == ["Nothing has changed."]


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        (op.Rename(node=SUN, name="Moon"), [Renamed(node=SUN, name="Sun", to="Moon")]),
        (op.Move(node=SUN, right=5, down=-3), [Moved(node=SUN, name="Sun", right=5, down=-3)]),
        (op.Move(node=SUN, right=0.5), [Moved(node=SUN, name="Sun", right=0.5, down=0)]),
        (
            op.Move(node=CARD, right=2),
            [Moved(node=PANEL, name="Panel", right=2, down=0), Moved(node=LABEL, name="Ünï Label", right=2, down=0)],
        ),
        (op.Hide(node=CARD), [Restyled(node=CARD, name="Card", attribute="hidden", before=False, after=True)]),
        (op.Lock(node=SUN), [Restyled(node=SUN, name="Sun", attribute="locked", before=False, after=True)]),
        (
            op.SetOpacity(node=LABEL, opacity=100),
            [Restyled(node=LABEL, name="Ünï Label", attribute="opacity", before=200, after=100)],
        ),
        (
            op.SetBlend(node=LEAF, blend=BlendMode.SCREEN),
            [Restyled(node=LEAF, name="Leaf", attribute="blend", before="multiply", after="screen")],
        ),
        (op.Delete(node=SUN), [Removed(node=SUN, name="Sun", is_group=False)]),
        (
            op.Delete(node=CARD),
            [
                Removed(node=CARD, name="Card", is_group=True),
                Removed(node=PANEL, name="Panel", is_group=False),
                Removed(node=LABEL, name="Ünï Label", is_group=False),
            ],
        ),
        (op.Duplicate(node=SUN), [Added(node=8, name="Sun copy", is_group=False)]),
        (op.GroupNodes(nodes=(SUN, CARD), name="Set"), [Added(node=8, name="Set", is_group=True)]),
        (op.Ungroup(node=CARD), [Removed(node=CARD, name="Card", is_group=True)]),
        (op.Reorder(node=LEAF, parent=None, position=1), [Reordered(node=LEAF, name="Leaf", above="Background")]),
        (op.Reorder(node=SUN, parent=None, position=0), [Reordered(node=SUN, name="Sun", above="")]),
        (
            op.Reorder(node=SUN, parent=CARD, position=0),
            [Regrouped(node=SUN, name="Sun", before=None, after=CARD, to="Card")],
        ),
        (
            op.Reorder(node=PANEL, parent=None, position=0),
            [Regrouped(node=PANEL, name="Panel", before=CARD, after=None, to="")],
        ),
        (
            op.Scale(node=SUN, across=2, down=0.5),
            [Transformed(node=SUN, name="Sun", before=(20, 10, 60, 60), after=(-10, 25, 120, 30))],
        ),
    ],
)
def test_an_operation_is_told_and_nothing_else(
    drawn: Stack, operation: op.Operation, changes: Sequence[AnyChange]
) -> None:
    after = drawn.after(operation)
    assert list(drawn.changes(after)) == list(changes)
    told = render_differences(diff(drawn.document, after, drawn.pixels))
    assert json.loads(json.dumps(told))["changes"][0]["name"] == changes[0].name
    assert len(told["sentences"]) == len(changes) + 1


def test_all_that_was_done_to_a_layer_is_told(drawn: Stack) -> None:
    after = drawn.after(
        op.Rename(node=SUN, name="Moon"), op.Move(node=SUN, down=4), op.Hide(node=SUN), op.Delete(node=LEAF)
    )
    assert diff(drawn.document, after, drawn.pixels).sentences()[:-1] == [
        "'Sun' was renamed to 'Moon'.",
        "'Sun' was moved by 4 px down.",
        "'Sun' was hidden.",
        "The layer 'Leaf' was removed.",
    ]


def test_the_difference_of_the_pictures_is_measured(drawn: Stack) -> None:
    is_covered = drawn_stack()[1].on_canvas(200, 120)[..., 3] > 0
    picture = diff(drawn.document, drawn.after(op.Hide(node=SUN)), drawn.pixels).picture
    assert 0 < picture.share <= is_covered.mean()
    assert picture.max_level > 100
    assert diff(drawn.document, drawn.after(op.Rename(node=SUN, name="x")), drawn.pixels).picture.max_level == 0


def test_another_crop_and_hidden_colours_are_no_change(drawn: Stack) -> None:
    stack = drawn_stack()
    layers: list[Layer] = []
    for layer in stack:
        wide = np.full((layer.height + 9, layer.width + 7, 4), (9, 200, 9, 0), np.uint8)
        wide[4:-5, 3:-4] = layer.pixels
        wide[wide[..., 3] == 0] = (1, 2, 3, 0)
        layers.append(replace(layer, pixels=wide, left=layer.left - 3, top=layer.top - 4))
    after = drawn.uploaded(replace(stack, layers=tuple(layers)))
    assert after == drawn.document


@pytest.mark.parametrize("ending", ["psd", "ora", "zip"])
def test_a_file_that_nobody_touched_is_the_same_document(drawn: Stack, ending: str, tmp_path: Path) -> None:
    flat = replace(drawn_stack(), layers=tuple(replace(layer, groups=()) for layer in drawn_stack()))
    before = document_of(flat, drawn.pixels)
    loaded = load(save(flat, tmp_path / f"stack.{ending}"))
    after = adopted(before, document_of(loaded, drawn.pixels), drawn.pixels)
    assert after == before
    assert diff(before, after, drawn.pixels).is_empty


def test_a_transformed_layer_that_comes_back_keeps_its_transform(drawn: Stack) -> None:
    turned = drawn.after(op.Rotate(node=SUN, degrees=33), op.Scale(node=LEAF, across=0.7, down=1.3))
    loaded = document_of(stack_of(turned, drawn.pixels), drawn.pixels)
    assert adopted(turned, loaded, drawn.pixels) == turned


def test_equal_layers_are_matched_where_they_are(drawn: Stack) -> None:
    stack = drawn_stack()
    twin = replace(stack[1], name="Twin", left=130, top=40)
    before = document_of(replace(stack, layers=(*stack.layers, twin)), drawn.pixels)
    moved = replace(twin, left=stack[1].left, top=90)
    after = document_of(replace(stack, layers=(*stack.layers[:1], moved, *stack.layers[1:])), drawn.pixels)
    changes = diff(before, adopted(before, after, drawn.pixels), drawn.pixels).changes
    assert [type(change) for change in changes] == [Moved, Reordered]
    assert {change.name for change in changes} == {"Twin"}


def test_a_layer_that_was_painted_and_renamed_and_moved_is_found(drawn: Stack) -> None:
    stack = drawn_stack()
    pixels = stack[1].pixels.copy()
    pixels[20:30, 20:40] = (0, 0, 255, 255)
    painted = replace(stack[1], name="Planet", pixels=pixels, left=stack[1].left + 60, top=stack[1].top + 30)
    after = drawn.uploaded(replace(stack, layers=(*stack.layers[:1], painted, *stack.layers[2:])))
    renamed, moved, repainted = drawn.changes(after)
    assert renamed == Renamed(node=SUN, name="Sun", to="Planet")
    assert moved == Moved(node=SUN, name="Sun", right=60, down=30)
    assert isinstance(repainted, Repainted)
    assert repainted.share == pytest.approx(200 / np.count_nonzero(stack[1].pixels[..., 3]))
    assert repainted.max_level > 200


def test_a_painted_text_layer_loses_its_text_and_a_moved_one_keeps_it() -> None:
    line = TextLine("Hi", ((100, 70), (140, 70), (140, 84), (100, 84)), (250, 250, 250), 14)
    stack = drawn_stack()
    with_text = [replace(layer, text=(line,)) if layer.name == "Ünï Label" else layer for layer in stack]
    pixels = MemoryPixels()
    before = document_of(replace(stack, layers=tuple(with_text)), pixels)
    foreign = [replace(layer, text=()) for layer in with_text]
    foreign[3] = replace(foreign[3], left=110)
    painted = foreign[4].pixels.copy()
    painted[:5, :5] = 255
    foreign[4] = replace(foreign[4], pixels=painted)
    after = adopted(before, document_of(replace(stack, layers=tuple(foreign)), pixels), pixels)
    moved, repainted = after.find(LABEL), after.find(HIDDEN_LABEL)
    assert isinstance(moved, LayerNode) and isinstance(repainted, LayerNode)
    assert moved.text == (line,)
    assert moved.transform.e == 10
    assert repainted.text == ()


def test_added_and_removed_layers_are_no_repainted_ones(drawn: Stack) -> None:
    stack = drawn_stack()
    other = Layer("Star", stack[1].kind, ellipse(25, 70, (10, 10, 10), 9), 150, 30)
    after = drawn.uploaded(replace(stack, layers=(*stack.layers[:1], *stack.layers[2:], other)))
    assert drawn.changes(after) == (
        Added(node=drawn.document.next_id, name="Star", is_group=False),
        Removed(node=SUN, name="Sun", is_group=False),
    )


def test_locks_that_a_program_dropped_are_kept(drawn: Stack) -> None:
    locked = drawn.after(op.Lock(node=SUN), op.Lock(node=CARD))
    loaded = document_of(drawn_stack(), drawn.pixels)
    assert adopted(locked, loaded, drawn.pixels) == locked


def test_another_size_of_the_canvas_is_told(drawn: Stack) -> None:
    after = drawn.uploaded(replace(drawn_stack(), width=180))
    differences = diff(drawn.document, after, drawn.pixels)
    assert not differences.is_empty
    assert differences.sentences()[0] == "The canvas was 200 x 120 pixels and is 180 x 120."


def _paint(layer: PsdLayer) -> None:
    """Puts a painted copy in the place of a layer."""
    group, image = layer.parent, layer.topil()
    assert group is not None and image is not None
    ImageDraw.Draw(image).rectangle((10, 10, 19, 14), fill=(255, 0, 255, 255))
    painted = PixelLayer.frompil(image, group, layer.name, top=layer.top, left=layer.left)
    group.remove(painted)
    group.insert(group.index(layer), painted)
    group.remove(layer)


def _remove(layer: PsdLayer) -> None:
    assert layer.parent is not None
    layer.parent.remove(layer)


def _raise_to_top(layer: PsdLayer) -> None:
    assert layer.parent is not None
    layer.parent.append(layer)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda layer: setattr(layer, "name", "Sol"), "'Sun' was renamed to 'Sol'."),
        (lambda layer: setattr(layer, "left", layer.left + 12), "'Sun' was moved by 12 px right."),
        (lambda layer: setattr(layer, "visible", False), "'Sun' was hidden."),
        (lambda layer: setattr(layer, "opacity", 51), "The opacity of 'Sun' was 100 % and is 20 %."),
        (_remove, "The layer 'Sun' was removed."),
        (_raise_to_top, "'Sun' was put above 'Leaf'."),
        (_paint, "'Sun' was repainted in 1.6 % of its pixels, by up to 253 levels."),
    ],
    ids=["rename", "move", "hide", "opacity", "remove", "reorder", "paint"],
)
def test_an_edit_by_psd_tools_is_told(
    drawn: Stack, edit: Callable[[PsdLayer], None], sentence: str, tmp_path: Path
) -> None:
    flat = replace(drawn_stack(), layers=tuple(replace(layer, groups=()) for layer in drawn_stack()))
    before = document_of(flat, drawn.pixels)
    psd = psd_tools.PSDImage.open(save(flat, tmp_path / "before.psd"))
    edit(next(layer for layer in psd if layer.name == "Sun"))
    psd.save(tmp_path / "after.psd")
    loaded = document_of(load(tmp_path / "after.psd"), drawn.pixels)
    told = diff(before, adopted(before, loaded, drawn.pixels), drawn.pixels).sentences()
    assert told[:-1] == [sentence]
