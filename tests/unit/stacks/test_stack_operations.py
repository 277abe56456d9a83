"""Random sequences of operations: the picture stays the same where it should, ids are unique, and undo goes back."""

import os

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack, Pixels, TextLine
from lamina.core.ports import Progress, no_progress
from lamina.core.selections import Place
from lamina.core.tasks import DecomposeTask
from lamina.core.text_styles import TextStyle, Typeface, TypefaceClass
from lamina.stacks import operations as op
from lamina.stacks.applying import Tools, apply
from lamina.stacks.document import Document, GroupNode, LayerNode
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.records import parse_document, render_document
from lamina.stacks.rendering import composite_of, document_of, stack_of

WIDTH, HEIGHT = 24, 18
FACE = Typeface(family="DejaVu Sans", confidence=1.0, weight=400, is_italic=False, type_class=TypefaceClass.SANS)
STYLE = TextStyle(size_px=8.0, colour=(9, 9, 9), rotation_degrees=7.0, typeface=FACE)


class Halves:
    """A `Decomposer` that cuts a picture at random columns, with parts that overlap and are translucent."""

    name, is_exact, follows_selections = "halves", True, True

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress = no_progress) -> LayerStack:  # noqa: ARG002
        height, width = picture.shape[:2]
        layers: list[Layer] = []
        for number in range(2 if task.selections else min(task.layers or 2, width)):
            x0 = int(self._random.integers(0, width))
            pixels = picture[:, x0:].copy() if number else picture.copy()
            pixels[..., 3] = pixels[..., 3] * self._random.integers(0, 2, pixels.shape[:2])
            pixels[::3, ::3, 3] //= 2
            name = task.selections[0].name if task.selections and number else f"Part {number}"
            layers.append(Layer(name, LayerKind.OBJECT, pixels, left=x0 if number else 0))
        return LayerStack(width, height, tuple(layers))


def random_stack(random: np.random.Generator, *, is_opaque: bool) -> LayerStack:
    card = Group("Card")
    layers: list[Layer] = []
    for index in range(5):
        if index == 0 and is_opaque:
            pixels = np.full((HEIGHT, WIDTH, 4), (200, 180, 90, 255), np.uint8)
            layers.append(Layer("Background", LayerKind.BACKGROUND, pixels))
            continue
        width, height = (int(side) for side in random.integers(1, 16, 2))
        pixels = random.integers(0, 256, (height, width, 4), np.uint8)
        pixels[..., 3] = np.where(random.random((height, width)) < 0.6, 255, pixels[..., 3])
        pixels[..., 3] = np.where(random.random((height, width)) < 0.2, 0, pixels[..., 3])
        left, top = (int(corner) for corner in random.integers(-4, 16, 2))
        groups = (card,) if index in (2, 3) else ()
        kind, text, style = LayerKind.OBJECT, (), None
        if index == 4:
            quad = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
            kind, text, style = LayerKind.TEXT, (TextLine("ab", quad, (9, 9, 9), 8.0),), STYLE
        layers.append(Layer(f"Layer {index}", kind, pixels, left, top, groups=groups, text=text, style=style))
    return LayerStack(WIDTH, HEIGHT, tuple(layers))


def picture_of(document: Document, pixels: MemoryPixels) -> Pixels:
    canvas = np.zeros((document.height, document.width, 4), np.uint8)
    composite_of(document, pixels, canvas)
    return canvas


class Editing(RuleBasedStateMachine):
    """Keeps the composite after each operation that must not change it."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = MemoryPixels()

    @initialize(seed=st.integers(0, 2**32 - 1), is_opaque=st.booleans())
    def start(self, seed: int, is_opaque: bool) -> None:
        self.random = np.random.default_rng(seed)
        self.stack = random_stack(self.random, is_opaque=is_opaque)
        self.document = document_of(self.stack, self.pixels)
        self.revisions = [self.document]
        self.tools = Tools(self.pixels, lambda: Halves(self.random))

    def _apply(self, operation: op.Operation, *, keeps_picture: bool) -> None:
        try:
            after = apply(self.document, operation, self.tools)
        except LaminaError as error:
            assert error.code is ErrorCode.TASK_INVALID
            return
        if keeps_picture:
            before, now = picture_of(self.document, self.pixels), picture_of(after, self.pixels)
            assert np.array_equal(before, now), f"{operation}: {int((before != now).any(-1).sum())} pixels"
        self.document = after
        self.revisions.append(after)

    def _nodes(self, count: int) -> tuple[int, ...]:
        ids = [node.id for node, _ in self.document.walk()]
        return tuple(int(chosen) for chosen in self.random.choice(ids, min(count, len(ids)), replace=False))

    def _node(self) -> int:
        return self._nodes(1)[0] if self.document.members else 1

    @rule()
    def rename(self) -> None:
        self._apply(op.Rename(node=self._node(), name="New"), keeps_picture=True)

    @rule(is_hidden=st.booleans())
    def hide(self, is_hidden: bool) -> None:
        self._apply(op.Hide(node=self._node(), is_hidden=is_hidden), keeps_picture=False)

    @rule(is_locked=st.booleans())
    def lock(self, is_locked: bool) -> None:
        self._apply(op.Lock(node=self._node(), is_locked=is_locked and self.random.random() < 0.2), keeps_picture=True)

    @rule(opacity=st.integers(-1, 256))
    def fade(self, opacity: int) -> None:
        self._apply(op.SetOpacity(node=self._node(), opacity=opacity), keeps_picture=False)

    @rule(blend=st.sampled_from(BlendMode))
    def blend(self, blend: BlendMode) -> None:
        self._apply(op.SetBlend(node=self._node(), blend=blend), keeps_picture=False)

    @rule(count=st.integers(1, 3))
    def group(self, count: int) -> None:
        self._apply(op.GroupNodes(nodes=self._nodes(count), name="Set"), keeps_picture=True)

    @rule()
    def ungroup(self) -> None:
        self._apply(op.Ungroup(node=self._node()), keeps_picture=True)

    @rule(count=st.integers(1, 3))
    def merge(self, count: int) -> None:
        self._apply(op.Merge(nodes=self._nodes(count)), keeps_picture=True)

    @rule(is_whole=st.booleans())
    def flatten(self, is_whole: bool) -> None:
        node = None if is_whole and self.random.random() < 0.2 else self._node()
        self._apply(op.Flatten(node=node), keeps_picture=True)

    @rule(layers=st.integers(2, 4))
    def split(self, layers: int) -> None:
        self._apply(op.Split(node=self._node(), layers=layers), keeps_picture=True)

    @rule(x=st.integers(0, WIDTH), y=st.integers(0, HEIGHT))
    def separate(self, x: int, y: int) -> None:
        self._apply(op.Separate(node=self._node(), place=Place(x=x, y=y)), keeps_picture=True)

    @rule()
    def complete(self) -> None:
        self._apply(op.Complete(node=self._node()), keeps_picture=True)

    @rule(left=st.integers(-4, 20), top=st.integers(-4, 14), is_on_canvas=st.booleans())
    def refine(self, left: int, top: int, is_on_canvas: bool) -> None:
        node = self.document.find(self._node()) if self.document.members else None
        size = (HEIGHT, WIDTH)
        if isinstance(node, LayerNode) and not is_on_canvas:
            size = (node.pixels.height, node.pixels.width)
        mask = np.zeros((*size, 4), np.uint8)
        mask[max(0, top) : top + 9, max(0, left) : left + 9] = self.random.integers(0, 256, dtype=np.uint8)
        mask[..., 3] = 255
        self._apply(op.Refine(node=self._node(), mask=self.pixels.put(mask)), keeps_picture=True)

    @rule(size_px=st.floats(4, 14), is_restored=st.booleans())
    def set_text(self, size_px: float, is_restored: bool) -> None:
        texts = [layer.id for layer in self.document.layers() if layer.text]
        node = int(self.random.choice(texts)) if texts else self._node()
        before = self.document
        self._apply(op.SetText(node=node, words="Ab", size_px=size_px), keeps_picture=False)
        if is_restored and self.document is not before:
            self._apply(op.RestoreText(node=node), keeps_picture=False)

    @rule()
    def duplicate(self) -> None:
        self._apply(op.Duplicate(node=self._node()), keeps_picture=False)

    @rule()
    def delete(self) -> None:
        if self.random.random() < 0.3:
            self._apply(op.Delete(node=self._node()), keeps_picture=False)

    @rule(position=st.integers(0, 5))
    def reorder(self, position: int) -> None:
        groups = [node.id for node, _ in self.document.walk() if isinstance(node, GroupNode)]
        parent = None if not groups or self.random.random() < 0.5 else int(self.random.choice(groups))
        self._apply(op.Reorder(node=self._node(), parent=parent, position=position), keeps_picture=False)

    @rule(right=st.integers(-9, 9) | st.floats(-9, 9), down=st.integers(-9, 9))
    def move(self, right: float, down: float) -> None:
        self._apply(op.Move(node=self._node(), right=right, down=down), keeps_picture=False)

    @rule(across=st.floats(-1, 2), down=st.floats(0.3, 2))
    def scale(self, across: float, down: float) -> None:
        self._apply(op.Scale(node=self._node(), across=across, down=down), keeps_picture=False)

    @rule(degrees=st.sampled_from((90, 180, -90, 33.3)))
    def rotate(self, degrees: float) -> None:
        self._apply(op.Rotate(node=self._node(), degrees=degrees), keeps_picture=False)

    @rule(axis=st.sampled_from(op.Axis))
    def flip(self, axis: op.Axis) -> None:
        self._apply(op.Flip(node=self._node(), axis=axis), keeps_picture=False)

    @rule(steps=st.integers(1, 3))
    def undo(self, steps: int) -> None:
        del self.revisions[max(1, len(self.revisions) - steps) :]
        self.document = self.revisions[-1]

    @invariant()
    def document_is_valid(self) -> None:
        if not hasattr(self, "document"):
            return
        nodes = [node for node, _ in self.document.walk()]
        ids = [node.id for node in nodes]
        assert len(set(ids)) == len(ids)
        assert all(node_id < self.document.next_id for node_id in ids)
        assert all(node.members for node in nodes if isinstance(node, GroupNode))
        assert parse_document(render_document(self.document)) == self.document
        assert np.array_equal(composite(stack_of(self.document, self.pixels)), picture_of(self.document, self.pixels))

    def teardown(self) -> None:
        if hasattr(self, "revisions"):
            assert stack_of(self.revisions[0], self.pixels).has_same_content(self.stack)


# The runs of docs/reference/reliability.md are longer.
Editing.TestCase.settings = settings(
    max_examples=int(os.environ.get("LAMINA_TEST_SEQUENCES", "30")),
    stateful_step_count=int(os.environ.get("LAMINA_TEST_OPERATIONS", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestEditing = Editing.TestCase
