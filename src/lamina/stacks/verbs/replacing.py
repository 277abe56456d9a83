"""Puts other pixels into a layer."""

from dataclasses import replace

from lamina.stacks.document import Document
from lamina.stacks.operations import Replace
from lamina.stacks.transforms import Transform
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.warping import check_size


def replace_pixels(document: Document, operation: Replace) -> Document:
    """The picture keeps its aspect, fits within the layer's box and has the same centre."""
    node = layer_of(document, operation.node)
    x, y, width, height = node.bounds
    own = operation.pixels
    factor = min(width / own.width, height / own.height)
    left, top = x + (width - factor * own.width) / 2, y + (height - factor * own.height) / 2
    if factor == 1:
        transform = Transform.shift(round(left), round(top))
    else:
        transform = Transform.scale(factor, factor, (0, 0)).then(Transform.shift(left, top))
    check_size(transform, (0, 0, own.width, own.height), node.name)
    replaced = replace(node, pixels=own, left=0, top=0, transform=transform, text=(), style=None, is_guessed=False)
    return document.substituted(node.id, [replaced])
