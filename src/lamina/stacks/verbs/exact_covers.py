"""Changes the pixels of a layer, and those of the layers above it so that the picture stays the same."""

from dataclasses import replace

import numpy as np

from lamina.core.composite import over
from lamina.core.layers import BlendMode, Layer, Pixels
from lamina.engines.classic.raster import Mask, bounding_box
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import composite_of, rendered
from lamina.stacks.transforms import IDENTITY
from lamina.stacks.verbs.checks import is_locked
from lamina.stacks.verbs.exact_layers import exact_layer
from lamina.stacks.verbs.merging import Box, canvas_below, shifted
from lamina.stacks.warping import check_pixels


def covers_above(document: Document, node_id: int) -> list[LayerNode]:
    """The visible layers above a layer that hide it where their alpha is 255, lowest first."""
    is_above = False
    covers: list[LayerNode] = []
    visible = frozenset(layer.id for layer in document.visible_layers())
    for layer in document.layers():
        if is_above and layer.id in visible and layer.opacity == 255 and layer.blend is BlendMode.NORMAL:
            covers.append(layer)
        is_above |= layer.id == node_id
    return covers


def with_pixels(document: Document, node: LayerNode, changed: Pixels, pixels: PixelStore) -> Document:
    """The document with other pixels, (height, width, 4) on the canvas, in a layer, and the same composite.

    `node`: the layer with its new attributes. Where the composite would change, the layer above that covers most
    there is solved anew; where that is impossible, or it is locked, the layer keeps its pixels.
    """
    own = rendered(node, pixels)
    before = own.on_canvas(document.width, document.height)
    after = document.substituted(node.id, [painted(node, changed, pixels)])
    differs = (_composite(document, pixels) != _composite(after, pixels)).any(-1)
    if differs.any():
        solved, differs = _solved_covers(document, after, node.id, differs, pixels)
        kept = np.where(differs[..., None], before, changed)
        after = solved.substituted(node.id, [painted(node, kept, pixels)])
    return after


def painted(node: LayerNode, canvas: Pixels, pixels: PixelStore) -> LayerNode:
    """The node with other pixels, (height, width, 4) on the canvas, in place of its own and its transform.

    What is beyond the canvas stays as it is.
    """
    layer = rendered(node, pixels)
    height, width = canvas.shape[:2]
    left, top = min(0, layer.left), min(0, layer.top)
    right, bottom = max(width, layer.left + layer.width), max(height, layer.top + layer.height)
    check_pixels(f"The layer {node.name!r}", right - left, bottom - top)
    whole = replace(layer, left=layer.left - left, top=layer.top - top).on_canvas(right - left, bottom - top)
    whole[-top : height - top, -left : width - left] = canvas
    return _with_rendered(node, replace(layer, pixels=whole, left=left, top=top).cropped(), pixels)


def _solved_covers(
    before: Document, after: Document, node_id: int, differs: Mask, pixels: PixelStore
) -> tuple[Document, Mask]:
    """`after` with other pixels in the covers, and where they could not be found."""
    box = bounding_box(differs)
    window = np.s_[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
    open_pixels = differs[window]
    covers = [cover for cover in covers_above(after, node_id) if not is_locked(after, cover.id)]
    alphas = [shifted(rendered(cover, pixels), box).on_canvas(box[2], box[3])[..., 3] for cover in covers]
    most = np.max(alphas, 0) if alphas else np.zeros_like(open_pixels, np.uint8)
    is_solved = np.zeros_like(open_pixels)
    for cover, alpha in zip(covers, alphas, strict=True):
        wanted = open_pixels & ~is_solved & (alpha == most) & (alpha > 0)
        if not wanted.any():
            continue
        guess = shifted(rendered(cover, pixels), box).on_canvas(box[2], box[3])
        old = over(canvas_below(before, cover.id, box, pixels), guess)
        below = canvas_below(after, cover.id, box, pixels)
        target = np.where(wanted[..., None], old, over(below, guess))
        found, _ = exact_layer(below, target, guess)
        is_right = wanted & (over(below, found) == target).all(-1)
        is_solved |= is_right
        part = np.where(is_right[..., None], found, guess)
        after = after.substituted(cover.id, [_patched(cover, part, box, pixels)])
    unsolved = differs.copy()
    unsolved[window] = open_pixels & ~is_solved
    return after, unsolved


def _patched(cover: LayerNode, part: Pixels, box: Box, pixels: PixelStore) -> LayerNode:
    """The cover with other pixels within a box of the canvas; it covers every pixel that is changed."""
    layer = rendered(cover, pixels)
    own = layer.pixels.copy()
    x0, y0 = max(layer.left, box[0]), max(layer.top, box[1])
    x1, y1 = min(layer.left + layer.width, box[0] + box[2]), min(layer.top + layer.height, box[1] + box[3])
    own[y0 - layer.top : y1 - layer.top, x0 - layer.left : x1 - layer.left] = part[
        y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]
    ]
    return _with_rendered(cover, replace(layer, pixels=own), pixels)


def _with_rendered(node: LayerNode, layer: Layer, pixels: PixelStore) -> LayerNode:
    """The node with the pixels, text and style of a rendered layer in place of its own and its transform."""
    return replace(
        node,
        pixels=pixels.put(layer.pixels),
        left=layer.left,
        top=layer.top,
        transform=IDENTITY,
        text=layer.text,
        style=layer.style,
        original=None,
    )


def _composite(document: Document, pixels: PixelStore) -> Pixels:
    canvas = np.zeros((document.height, document.width, 4), np.uint8)
    composite_of(document, pixels, canvas)
    return canvas
