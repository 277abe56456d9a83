"""Makes a file that another program has edited the next revision of a document."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from lamina.core.provenance import together
from lamina.stacks.canvases import canvas_origin
from lamina.stacks.content import Content, Shift, content_of
from lamina.stacks.document import Document, LayerNode, Node
from lamina.stacks.matching import matched_groups, matched_layers, same_name
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import rendered
from lamina.stacks.transforms import Transform


def adopted(before: Document, loaded: Document, pixels: PixelStore) -> Document:
    """`loaded` with the ids of `before` for the layers and groups that are found again, and new ids for the others.

    A layer with equal pixels, where alpha > 0, keeps its stored pixels, text and style, wherever it was moved; one that
    was repainted loses text and style, since they may not be right any more. Kinds and locks, which other programs
    drop, are kept, and so are names that programs have only padded or numbered, and what is known of models. If the
    canvas was cropped or enlarged, layers are looked for where they are on the old one.
    """
    side = max(before.width, before.height, loaded.width, loaded.height)
    contents, after_contents = (contents_of(document, side, pixels) for document in (before, loaded))
    origin = canvas_origin(before, loaded, _shifts(contents, after_contents), pixels)
    layers = matched_layers(before, loaded, contents, _on_canvas(after_contents, origin or (0, 0)))
    ids = layers | matched_groups(before, loaded, layers)
    adopting = _Adopting(before, ids, contents, after_contents, before.next_id)
    members = tuple(adopting.node(node) for node in loaded.members)
    return Document(
        width=loaded.width,
        height=loaded.height,
        members=members,
        next_id=adopting.next_id,
        made=before.made or loaded.made,
        edited_by=together(before.edited_by, loaded.edited_by),
    )


def _shifts(before: Mapping[int, Content], after: Mapping[int, Content]) -> Iterator[Shift]:
    for mine, theirs in product(before.values(), after.values()):
        if mine.key == theirs.key and not mine.is_empty:
            yield theirs.left - mine.left, theirs.top - mine.top


def _on_canvas(contents: Mapping[int, Content], origin: Shift) -> dict[int, Content]:
    """The contents as they are on the canvas on which theirs begins at `origin`."""
    x, y = origin
    return {key: replace(content, left=content.left + x, top=content.top + y) for key, content in contents.items()}


def contents_of(document: Document, side: int, pixels: PixelStore) -> dict[int, Content]:
    """The contents of all layers by their ids. `side`: the longer side of the canvas."""
    return {node.id: content_of(rendered(node, pixels), side) for node in document.layers()}


@dataclass(slots=True)
class _Adopting:
    before: Document
    ids: Mapping[int, int]
    contents: Mapping[int, Content]
    after_contents: Mapping[int, Content]
    next_id: int

    def node(self, node: Node) -> Node:
        if isinstance(node, LayerNode):
            return self._layer(node)
        own = self._id_of(node)
        members = tuple(self.node(member) for member in node.members)
        if node.id not in self.ids:
            return replace(node, id=own, members=members)
        old = self.before.find(own)
        kept = replace(node, id=own, kind=old.kind, is_locked=node.is_locked or old.is_locked, members=members)
        return replace(kept, name=old.name if same_name(old.name, node.name) else node.name)

    def _layer(self, node: LayerNode) -> LayerNode:
        own = self._id_of(node)
        if node.id not in self.ids:
            return replace(node, id=own)
        old = self.before.find(own)
        assert isinstance(old, LayerNode)  # noqa: S101  (layers are matched with layers)
        kept = replace(
            node,
            id=own,
            name=old.name if same_name(old.name, node.name) else node.name,
            kind=old.kind,
            is_locked=node.is_locked or old.is_locked,
            is_guessed=old.is_guessed,
        )
        mine, theirs = self.contents[own], self.after_contents[node.id]
        if mine.key != theirs.key:
            return replace(kept, text=(), style=None)
        shift = (0, 0) if mine.is_empty else (theirs.left - mine.left, theirs.top - mine.top)
        transform = old.transform if shift == (0, 0) else old.transform.then(Transform.shift(*shift))
        return replace(
            kept,
            pixels=old.pixels,
            left=old.left,
            top=old.top,
            transform=transform,
            text=old.text,
            style=old.style,
            original=old.original,
        )

    def _id_of(self, node: Node) -> int:
        if node.id in self.ids:
            return self.ids[node.id]
        own, self.next_id = self.next_id, self.next_id + 1
        return own
