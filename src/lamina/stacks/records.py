"""Writes documents as JSON and parses them, for the database."""

import json
from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from lamina.core.layers import BlendMode, LayerKind
from lamina.core.stack_records import RevisionContent
from lamina.imaging.formats.provenance_records import parse_provenance, render_provenance
from lamina.imaging.formats.records import TextLineRecord, parse_text, render_text
from lamina.imaging.formats.style_records import parse_style, render_style
from lamina.stacks.document import Document, GroupNode, LayerNode, Node, OriginalText
from lamina.stacks.pixels import PixelRef
from lamina.stacks.transforms import IDENTITY, Transform

VERSION = 1


class OriginalRecord(TypedDict):
    """What a text layer was before its text was set anew; see `LayerRecord`."""

    pixels: list[Any]
    corner: list[int]
    transform: list[float]
    text: list[TextLineRecord]
    style: Any


class LayerRecord(TypedDict):
    """A layer. `pixels`: key, width, height; `transform`: the six numbers of `Transform`, none for the identity."""

    type: Literal["layer"]
    id: int
    name: str
    kind: str
    pixels: list[Any]
    corner: list[int]
    transform: list[float]
    opacity: int
    flags: list[str]
    blend: str
    text: list[TextLineRecord]
    style: Any
    original: NotRequired[OriginalRecord]


class GroupRecord(TypedDict):
    """A group. `members`: lowest first."""

    type: Literal["group"]
    id: int
    name: str
    kind: str
    flags: list[str]
    members: "list[NodeRecord]"


NodeRecord: TypeAlias = LayerRecord | GroupRecord


def render_document(document: Document) -> str:
    """The document as JSON; equal documents have equal JSON."""
    record: dict[str, Any] = {
        "version": VERSION,
        "size": [document.width, document.height],
        "next_id": document.next_id,
        "members": [_render_node(node) for node in document.members],
    }
    provenance = render_provenance(document.made, document.edited_by)
    if provenance is not None:
        record["provenance"] = provenance
    return json.dumps(record, separators=(",", ":"))


def revision_content(document: Document, description: str, added: Mapping[str, int]) -> RevisionContent:
    """The document as a revision to be stored. `added`: bytes by key of pixels that may be new in the stack."""
    shown = frozenset(ref.key for ref in document.stored_pixels())
    return RevisionContent(
        document=render_document(document),
        width=document.width,
        height=document.height,
        description=description,
        pixels=shown,
        sizes={key: size for key, size in added.items() if key in shown},
    )


def parse_document(text: str) -> Document:
    """The inverse of `render_document`. Raises ValueError for JSON of a later version."""
    record = json.loads(text)
    if record["version"] != VERSION:
        raise ValueError(f"a document of version {record['version']}")
    width, height = record["size"]
    members = tuple(_parse_node(node) for node in record["members"])
    provenance = parse_provenance(record.get("provenance"))
    return Document(
        width=width,
        height=height,
        members=members,
        next_id=record["next_id"],
        made=provenance.made,
        edited_by=provenance.edited_by,
    )


def _render_node(node: Node) -> NodeRecord:
    if isinstance(node, GroupNode):
        return GroupRecord(
            type="group",
            id=node.id,
            name=node.name,
            kind=node.kind.value,
            flags=_flags(hidden=node.is_hidden, locked=node.is_locked),
            members=[_render_node(member) for member in node.members],
        )
    record = LayerRecord(
        type="layer",
        id=node.id,
        name=node.name,
        kind=node.kind.value,
        pixels=_render_pixels(node.pixels),
        corner=[node.left, node.top],
        transform=_render_transform(node.transform),
        opacity=node.opacity,
        flags=_flags(hidden=node.is_hidden, locked=node.is_locked, guessed=node.is_guessed),
        blend=node.blend.value,
        text=render_text(node.text),
        style=node.style and render_style(node.style),
    )
    original = node.original
    if original is not None:
        record["original"] = OriginalRecord(
            pixels=_render_pixels(original.pixels),
            corner=[original.left, original.top],
            transform=_render_transform(original.transform),
            text=render_text(original.text),
            style=original.style and render_style(original.style),
        )
    return record


def _parse_node(record: NodeRecord) -> Node:
    flags = record["flags"]
    if record["type"] == "group":
        return GroupNode(
            id=record["id"],
            name=record["name"],
            kind=LayerKind(record["kind"]),
            is_hidden="hidden" in flags,
            is_locked="locked" in flags,
            members=tuple(_parse_node(member) for member in record["members"]),
        )
    left, top = record["corner"]
    return LayerNode(
        id=record["id"],
        name=record["name"],
        kind=LayerKind(record["kind"]),
        pixels=PixelRef(*record["pixels"]),
        left=left,
        top=top,
        transform=_parse_transform(record["transform"]),
        opacity=record["opacity"],
        is_hidden="hidden" in flags,
        is_locked="locked" in flags,
        blend=BlendMode(record["blend"]),
        text=parse_text(record["text"]),
        style=parse_style(record["style"]),
        is_guessed="guessed" in flags,
        original=_parse_original(record["original"]) if "original" in record else None,
    )


def _parse_original(record: OriginalRecord) -> OriginalText:
    left, top = record["corner"]
    return OriginalText(
        pixels=PixelRef(*record["pixels"]),
        left=left,
        top=top,
        transform=_parse_transform(record["transform"]),
        text=parse_text(record["text"]),
        style=parse_style(record["style"]),
    )


def _render_pixels(pixels: PixelRef) -> list[Any]:
    return [pixels.key, pixels.width, pixels.height]


def _render_transform(matrix: Transform) -> list[float]:
    return [] if matrix.is_identity else [matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f]


def _parse_transform(numbers: list[float]) -> Transform:
    return Transform(*numbers) if numbers else IDENTITY


def _flags(**flags: bool) -> list[str]:
    return [name for name, is_set in flags.items() if is_set]
