"""Gives a layer the edge that the picture has near that of a rough mask; the picture stays the same in every sample."""

from dataclasses import replace

import numpy as np

from lamina.core.composite import over
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, Pixels
from lamina.engines.classic.raster import Mask, Values, bounding_box, grow
from lamina.stacks.completion.colours import coloured
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.edges import edge_alpha, reach_of, unmixed
from lamina.stacks.operations import Refine
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import check_count, layer_node, rendered
from lamina.stacks.verbs.checks import is_locked, layer_of
from lamina.stacks.verbs.exact_covers import painted
from lamina.stacks.verbs.exact_layers import exact_layer
from lamina.stacks.verbs.merging import canvas_below

_MIN_OPAQUE_SHARE = 0.9  # of what changes, for the layer below to take or give the pixels
_NONE = 0.02  # alpha
_MARGIN_PX = 8


def refine(document: Document, operation: Refine, pixels: PixelStore) -> Document:
    node = layer_of(document, operation.node)
    _check_can_be_refined(document, node)
    canvas = (0, 0, document.width, document.height)
    own = rendered(node, pixels).on_canvas(*canvas[2:])
    rough = _rough_mask(document, node, operation, pixels)
    below = canvas_below(document, node.id, canvas, pixels)
    picture = over(below, own)
    alpha = _new_alpha(picture, rough)
    if not (alpha > _NONE).any():
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The mask leaves nothing of the layer {node.name!r}.",
            "White is what belongs to the layer; or delete the layer.",
        )
    changed = np.abs(alpha - own[..., 3] / np.float32(255)) > _NONE
    taker = _layer_below(document, node, changed, pixels)
    lower = np.zeros_like(own) if taker is None else rendered(taker, pixels).on_canvas(*canvas[2:])
    new_lower = _exchanged(lower, picture, own, alpha, changed)
    upper_below = canvas_below(_with_lower(document, node, (taker, new_lower), pixels), node.id, canvas, pixels)
    guess = np.where(changed[..., None], unmixed(picture, upper_below, alpha), own)
    new_own, _ = exact_layer(upper_below, picture, guess)
    is_wrong = (over(upper_below, new_own) != picture).any(-1)
    new_own[is_wrong], new_lower[is_wrong] = own[is_wrong], lower[is_wrong]
    after = document.substituted(node.id, [painted(node, new_own, pixels)])
    return _with_lower(after, node, (taker, new_lower), pixels)


def _check_can_be_refined(document: Document, node: LayerNode) -> None:
    if node.opacity != 255 or node.blend is not BlendMode.NORMAL:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The layer {node.name!r} is translucent or blends, so that no pixels can leave it unseen.",
            "Set its opacity to 255 and its blend mode to normal first.",
        )
    if node not in document.visible_layers():
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The layer {node.name!r} is hidden: its edge is not in the picture.",
            "Show it first.",
        )


def _rough_mask(document: Document, node: LayerNode, operation: Refine, pixels: PixelStore) -> Values:
    """(height, width) in 0..1, on the canvas. Raises `LaminaError` (task_invalid) for another size."""
    layer, mask = rendered(node, pixels), pixels.get(operation.mask)
    values = mask[..., :3].astype(np.float32).mean(-1) * mask[..., 3] / 255**2
    size = operation.mask.width, operation.mask.height
    if size == (document.width, document.height):
        return values
    if size == (layer.width, layer.height):
        grey = np.zeros((*values.shape, 4), np.uint8)
        grey[..., 3] = np.rint(values * 255)
        return replace(layer, pixels=grey).on_canvas(document.width, document.height)[..., 3] / np.float32(255)
    raise LaminaError(
        ErrorCode.TASK_INVALID,
        f"The mask is {size[0]} x {size[1]} pixels.",
        f"Give one of the size of the canvas, {document.width} x {document.height}, or of the layer, "
        f"{layer.width} x {layer.height}.",
    )


def _new_alpha(picture: Pixels, rough: Values) -> Values:
    """(height, width) in 0..1, looked for only around the mask."""
    alpha = np.zeros_like(rough)
    mask = rough >= 0.5
    if not mask.any():
        return alpha
    x, y, width, height = bounding_box(mask)
    margin = 2 * reach_of(mask) + _MARGIN_PX
    window = np.s_[max(0, y - margin) : y + height + margin, max(0, x - margin) : x + width + margin]
    alpha[window] = edge_alpha(picture[window], rough[window])
    return alpha * (picture[..., 3] > 0)


def _layer_below(document: Document, node: LayerNode, changed: Mask, pixels: PixelStore) -> LayerNode | None:
    """The topmost visible layer that overlaps what changes, if it can take and give pixels; else None."""
    found: tuple[LayerNode, Mask] | None = None
    for layer in document.visible_layers():
        if layer.id == node.id:
            break
        alpha = rendered(layer, pixels).on_canvas(document.width, document.height)[..., 3]
        if (alpha[changed] > 0).any():
            found = layer, alpha == 255
    if found is None:
        return None
    layer, opaque = found
    is_plain = layer.opacity == 255 and layer.blend is BlendMode.NORMAL and not is_locked(document, layer.id)
    return layer if is_plain and opaque[changed].mean() >= _MIN_OPAQUE_SHARE else None


def _exchanged(lower: Pixels, picture: Pixels, own: Pixels, alpha: Values, changed: Mask) -> Pixels:
    """The layer below with the pixels that leave the layer above, and filled where pixels have joined that."""
    new = lower.copy()
    leaving = changed & (alpha <= _NONE) & (own[..., 3] > 0)
    new[leaving] = picture[leaving]
    # under the new, soft edge and what has joined, the colours of what is around go on
    mixed = changed & (alpha > _NONE)
    base = np.maximum(lower[..., 3], own[..., 3])
    known = (new[..., 3] == 255) & ~mixed & ~(grow(alpha > _NONE, 1))
    if mixed.any() and known.any():
        filled = coloured(new, known, mixed)
        new[mixed] = filled[mixed]
        new[..., 3][mixed] = base[mixed]
    return new


def _with_lower(
    document: Document, node: LayerNode, lower: tuple[LayerNode | None, Pixels], pixels: PixelStore
) -> Document:
    """The document with other pixels in the layer below, or with a new layer right below the refined one."""
    taker, canvas = lower
    if taker is not None:
        return document.substituted(taker.id, [painted(taker, canvas, pixels)])
    if not canvas[..., 3].any():
        return document
    check_count(sum(1 for _ in document.layers()) + 1)
    remainder = Layer(f"Rest of {node.name}"[:200], LayerKind.OBJECT, canvas.copy()).cropped()
    numbered, (made,) = document.with_ids([layer_node(remainder, 0, pixels)])
    return numbered.substituted(node.id, [made, numbered.find(node.id)])
