"""A stack as a document: a tree of layers and groups, each with a number that lasts through all its revisions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, LayerKind, TextLine
from lamina.core.provenance import Provenance, with_editor
from lamina.core.text_styles import TextStyle
from lamina.stacks.pixels import PixelRef
from lamina.stacks.transforms import IDENTITY, Transform

MAX_LAYERS = 100
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalText:
    """What a text layer was before its text was set anew. `transform`: is followed by that of the layer."""

    pixels: PixelRef
    left: int
    top: int
    transform: Transform
    text: tuple[TextLine, ...]
    style: TextStyle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNode:
    """A layer. `left`, `top`, `text`, `style`: before `transform`, which is applied when the layer is rendered.

    `pixels`: straight alpha. `opacity`: 0..255. `is_hidden`, `is_locked`: of the layer itself. `is_guessed`: some of
    the pixels were not in the picture: `complete` has filled what was hidden. `original`: of text that was set anew.
    """

    id: int
    name: str
    kind: LayerKind
    pixels: PixelRef
    left: int = 0
    top: int = 0
    transform: Transform = IDENTITY
    opacity: int = 255
    is_hidden: bool = False
    is_locked: bool = False
    blend: BlendMode = BlendMode.NORMAL
    text: tuple[TextLine, ...] = ()
    style: TextStyle | None = None
    is_guessed: bool = False
    original: OriginalText | None = None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x, y, width and height on the canvas after the transform, in pixels."""
        return self.transform.bounds((self.left, self.top, self.pixels.width, self.pixels.height))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNode:
    """A pass-through group, which names, hides and locks its members. `members`: lowest first, at least one."""

    id: int
    name: str
    kind: LayerKind = LayerKind.OBJECT
    is_hidden: bool = False
    is_locked: bool = False
    members: "tuple[Node, ...]"


Node: TypeAlias = LayerNode | GroupNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The nodes, lowest first, on a canvas of `width` x `height` pixels. `next_id`: above every id ever given.

    `made`: how a model made the stack. `edited_by`: the models that have changed layers since.
    """

    width: int
    height: int
    members: tuple[Node, ...]
    next_id: int = 1
    made: Provenance | None = None
    edited_by: tuple[str, ...] = ()

    def find(self, node_id: int) -> Node:
        """Raises `LaminaError` (task_invalid) if there is no such layer or group."""
        return self._located(node_id)[0]

    def _located(self, node_id: int) -> tuple[Node, tuple[GroupNode, ...]]:
        for node, path in self.walk():
            if node.id == node_id:
                return node, path
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The stack has no layer or group with the id {node_id}.",
            "Read the stack again: it may have been deleted, merged or split.",
        )

    def path(self, node_id: int) -> tuple[GroupNode, ...]:
        """The groups around a node, outermost first. Raises as `find`."""
        return self._located(node_id)[1]

    def walk(self) -> Iterator[tuple[Node, tuple[GroupNode, ...]]]:
        """All nodes in painting order, a group before its members, each with the groups around it."""
        yield from _walk(self.members, ())

    def layers(self) -> Iterator[LayerNode]:
        """All layers in painting order."""
        return (node for node, _ in self.walk() if isinstance(node, LayerNode))

    def visible_layers(self) -> Iterator[LayerNode]:
        """The layers that are not hidden and in no hidden group, in painting order."""
        for node, path in self.walk():
            if isinstance(node, LayerNode) and not node.is_hidden and not any(group.is_hidden for group in path):
                yield node

    def stored_pixels(self) -> Iterator[PixelRef]:
        """All pixels that the document needs of its store, those to go back to included."""
        for layer in self.layers():
            yield layer.pixels
            if layer.original is not None:
                yield layer.original.pixels

    def siblings(self, parent_id: int | None) -> tuple[Node, ...]:
        """The members of a group, or of the document for None. Raises `LaminaError` (task_invalid) for a layer."""
        if parent_id is None:
            return self.members
        parent = self.find(parent_id)
        if isinstance(parent, LayerNode):
            raise LaminaError(
                ErrorCode.TASK_INVALID, f"{parent.name!r} (id {parent_id}) is a layer.", "Give the id of a group."
            )
        return parent.members

    def with_ids(self, nodes: Sequence[Node]) -> "tuple[Document, tuple[Node, ...]]":
        """The nodes with new ids, in this document's order of ids, and the document that has given them."""
        numbered = _Numbering(self.next_id)
        renumbered = tuple(numbered(node) for node in nodes)
        return replace(self, next_id=numbered.next_id), renumbered

    def substituted(self, node_id: int, nodes: Sequence[Node]) -> "Document":
        """The document with other nodes in place of one. A group that loses its last member is removed."""
        return self.mapped(lambda node: nodes if node.id == node_id else (node,))

    def without(self, node_ids: Sequence[int]) -> "Document":
        """The document without some nodes. A group that loses its last member is removed."""
        gone = frozenset(node_ids)
        return self.mapped(lambda node: () if node.id in gone else (node,))

    def with_node(self, node: Node, parent_id: int | None, position: int) -> "Document":
        """The document with one more node at a position, from 0 for the lowest, in a group or at the top level."""
        siblings = self.siblings(parent_id)
        members = (*siblings[:position], node, *siblings[position:])
        if parent_id is None:
            return replace(self, members=members)
        return self.mapped(
            lambda group: (
                (replace(group, members=members),)
                if isinstance(group, GroupNode) and group.id == parent_id
                else (group,)
            )
        )

    def with_editor(self, made: Provenance | None) -> "Document":
        """The document that says that a model has changed layers; None is no model."""
        return replace(self, edited_by=with_editor(self.edited_by, made))

    def mapped(self, change: "Callable[[Node], Sequence[Node]]") -> "Document":
        """The document with each node replaced by what `change` gives for it; its results are not visited."""
        return replace(self, members=_mapped(self.members, change))


def layers_in(node: Node) -> Iterator[LayerNode]:
    """The layer itself, or all layers in the group, in painting order."""
    if isinstance(node, LayerNode):
        yield node
        return
    for member in node.members:
        yield from layers_in(member)


def _walk(nodes: tuple[Node, ...], path: tuple[GroupNode, ...]) -> Iterator[tuple[Node, tuple[GroupNode, ...]]]:
    for node in nodes:
        yield node, path
        if isinstance(node, GroupNode):
            yield from _walk(node.members, (*path, node))


def _mapped(nodes: tuple[Node, ...], change: Callable[[Node], Sequence[Node]]) -> tuple[Node, ...]:
    results: list[Node] = []
    for node in nodes:
        changed = change(node)
        if len(changed) != 1 or changed[0] is not node or isinstance(node, LayerNode):
            results += changed
            continue
        members = _mapped(node.members, change)
        if members == node.members:
            results.append(node)
        elif members:
            results.append(replace(node, members=members))
    return tuple(results)


class _Numbering:
    def __init__(self, next_id: int) -> None:
        self.next_id = next_id

    def __call__(self, node: Node) -> Node:
        own, self.next_id = self.next_id, self.next_id + 1
        if isinstance(node, LayerNode):
            return replace(node, id=own)
        return replace(node, id=own, members=tuple(self(member) for member in node.members))
