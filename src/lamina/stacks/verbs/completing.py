"""Fills what layers above hide of a layer; the picture stays the same in every sample."""

from dataclasses import replace

import numpy as np

from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks.completion.completing import completed
from lamina.stacks.document import Document
from lamina.stacks.operations import Complete
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import rendered
from lamina.stacks.verbs.checks import layer_of
from lamina.stacks.verbs.exact_covers import covers_above, with_pixels


def complete(document: Document, operation: Complete, pixels: PixelStore) -> Document:
    node = layer_of(document, operation.node)
    own = rendered(node, pixels).on_canvas(document.width, document.height)
    through = np.ones((document.height, document.width), np.float32)
    for cover in covers_above(document, node.id):
        through *= 1 - rendered(cover, pixels).on_canvas(document.width, document.height)[..., 3] / np.float32(255)
    if not ((through == 0) & (own[..., 3] < 255)).any():
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Nothing of the layer {node.name!r} is hidden by layers above it.",
            "Give a layer that opaque layers cover; hidden and translucent ones, and those that blend, cover nothing.",
        )
    whole = completed(own, through)
    if whole is None:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Nothing tells how the layer {node.name!r} goes on where it is hidden.",
            "It may end there, or go on there already. To give it other pixels, replace them.",
        )
    return with_pixels(document, replace(node, is_guessed=True), whole, pixels)
