"""Puts other pixels into a layer."""

from dataclasses import replace

from lamina.stacks.document import Document, LayerNode
from lamina.stacks.operations import Replace
from lamina.stacks.pixels import PixelRef
from lamina.stacks.transforms import Transform
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.warping import check_size


def replace_pixels(document: Document, operation: Replace) -> Document:
    """A picture that is scaled keeps its aspect. The text and the transform of the layer are gone."""
    node = layer_of(document, operation.node)
    own = operation.pixels
    transform = _fitting(node, own) if operation.corner is None else Transform.shift(*operation.corner)
    check_size(transform, (0, 0, own.width, own.height), node.name)
    replaced = replace(
        node,
        pixels=own,
        left=0,
        top=0,
        transform=transform,
        text=(),
        style=None,
        is_guessed=False,
        original=None,
    )
    return document.substituted(node.id, [replaced])


def _fitting(node: LayerNode, pixels: PixelRef) -> Transform:
    x, y, width, height = node.bounds
    factor = min(width / pixels.width, height / pixels.height)
    left, top = x + (width - factor * pixels.width) / 2, y + (height - factor * pixels.height) / 2
    if factor == 1:
        return Transform.shift(round(left), round(top))
    return Transform.scale(factor, factor, (0, 0)).then(Transform.shift(left, top))
