"""Turns documents into layer stacks, with all transforms applied, and layer stacks into documents."""

import math
from dataclasses import replace
from itertools import count

from lamina.core.composite import place
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layer_tree import GroupNode as StackGroup
from lamina.core.layer_tree import Node as StackNode
from lamina.core.layer_tree import tree_of
from lamina.core.layers import Group, Layer, LayerStack, Pixels, Quad, TextLine
from lamina.core.text_styles import TextStyle
from lamina.stacks.document import MAX_LAYERS, Document, GroupNode, LayerNode, Node
from lamina.stacks.pixels import PixelStore
from lamina.stacks.transforms import Transform
from lamina.stacks.warping import warped


def document_of(stack: LayerStack, pixels: PixelStore) -> Document:
    """The document of a stack, whose layers and groups get ids from 1 in painting order.

    Raises `LaminaError` (task_invalid) if it has more than 100 layers.
    """
    check_count(len(stack))
    ids = count(1)

    def node_of(node: StackNode) -> Node:
        own = next(ids)
        if isinstance(node, StackGroup):
            group, members = node.group, tuple(node_of(member) for member in node.members)
            return GroupNode(
                id=own,
                name=group.name,
                kind=group.kind,
                is_hidden=group.is_hidden,
                is_locked=group.is_locked,
                members=members,
            )
        return layer_node(node.layer, own, pixels)

    members = tuple(node_of(node) for node in tree_of(stack))
    return Document(
        width=stack.width,
        height=stack.height,
        members=members,
        next_id=next(ids),
        made=stack.made,
        edited_by=stack.edited_by,
    )


def check_count(layers: int) -> None:
    """Raises `LaminaError` (task_invalid) if these are too many layers for a document."""
    if layers > MAX_LAYERS:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The stack would have {layers} layers.",
            f"The limit is {MAX_LAYERS}: merge or delete layers.",
        )


def layer_node(layer: Layer, node_id: int, pixels: PixelStore) -> LayerNode:
    """A layer as a node, without its groups."""
    return LayerNode(
        id=node_id,
        name=layer.name,
        kind=layer.kind,
        pixels=pixels.put(layer.pixels),
        left=layer.left,
        top=layer.top,
        opacity=layer.opacity,
        is_hidden=layer.is_hidden,
        is_locked=layer.is_locked,
        blend=layer.blend,
        text=layer.text,
        style=layer.style,
    )


def stack_of(document: Document, pixels: PixelStore) -> LayerStack:
    """The stack that a document describes, with its groups."""
    groups: dict[int, Group] = {}

    def group_of(node: GroupNode) -> Group:
        if node.id not in groups:
            groups[node.id] = Group(node.name, node.kind, node.is_hidden, node.is_locked)
        return groups[node.id]

    layers = tuple(
        replace(rendered(node, pixels), groups=tuple(group_of(group) for group in path))
        for node, path in document.walk()
        if isinstance(node, LayerNode)
    )
    return LayerStack(document.width, document.height, layers, made=document.made, edited_by=document.edited_by)


def rendered(node: LayerNode, pixels: PixelStore) -> Layer:
    """The layer with its transform applied to pixels and text."""
    own, left, top = pixels.get(node.pixels), node.left, node.top
    text, style = node.text, node.style
    if not node.transform.is_identity:
        own, left, top = warped(own, left, top, node.transform)
        text = tuple(_transformed_line(line, node.transform) for line in text)
        style = style and _transformed_style(style, node.transform)
    return Layer(
        name=node.name,
        kind=node.kind,
        pixels=own,
        left=left,
        top=top,
        opacity=node.opacity,
        is_hidden=node.is_hidden,
        is_locked=node.is_locked,
        blend=node.blend,
        text=text,
        style=style,
    )


def composite_of(document: Document, pixels: PixelStore, canvas: Pixels) -> None:
    """Composites the visible layers of a document over a canvas, (height, width, 4), in place."""
    for node in document.visible_layers():
        place(canvas, rendered(node, pixels))


def _transformed_line(line: TextLine, transform: Transform) -> TextLine:
    a, b, c, d = (transform.of(x, y) for x, y in line.quad)
    quad: Quad = (a, b, c, d)
    return replace(line, quad=quad, size_px=line.size_px * _enlargement(transform))


def _transformed_style(style: TextStyle, transform: Transform) -> TextStyle:
    scaled = style.scaled(_enlargement(transform))
    return replace(scaled, rotation_degrees=_wrapped(style.rotation_degrees + transform.degrees))


def _enlargement(transform: Transform) -> float:
    """The factor by which the transform changes lengths, on average: the root of that of areas."""
    return math.sqrt(abs(transform.a * transform.d - transform.b * transform.c))


def _wrapped(degrees: float) -> float:
    return (degrees + 180) % 360 - 180
