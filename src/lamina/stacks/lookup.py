"""Finds layers and groups of a document by what a user calls them, or by where they are."""

import numpy as np

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.selections import Place
from lamina.stacks.document import Document, LayerNode, Node
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import rendered

_MAX_NAMES = 12


def node_named(document: Document, text: str) -> Node:
    """The layer or group with that name, or else with that id.

    Raises `LaminaError` (task_invalid) if there is none, or more than one of that name.
    """
    nodes = [node for node, _ in document.walk()]
    matches = [node for node in nodes if node.name == text]
    if not matches and text.isascii() and text.isdigit():
        matches = [node for node in nodes if node.id == int(text)]
    matches = matches or [node for node in nodes if node.name.casefold() == text.casefold()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        ids = ", ".join(str(node.id) for node in matches)
        raise LaminaError(ErrorCode.TASK_INVALID, f"{len(matches)} layers are named {text!r}.", f"Give an id: {ids}.")
    names = ", ".join(f"{node.name!r}" for node in nodes[:_MAX_NAMES])
    more = f" and {len(nodes) - _MAX_NAMES} more" if len(nodes) > _MAX_NAMES else ""
    raise LaminaError(ErrorCode.TASK_INVALID, f"There is no layer or group {text!r}.", f"The stack has {names}{more}.")


def layer_at(document: Document, place: Place, pixels: PixelStore) -> LayerNode:
    """The topmost visible layer at a point, or the one of which most is seen in a box. `place`: in pixels.

    Raises `LaminaError` (task_invalid) if nothing is visible there.
    """
    x0, y0 = int(place.x), int(place.y)
    x1, y1 = max(x0 + 1, round(place.x + place.width)), max(y0 + 1, round(place.y + place.height))
    best: tuple[float, LayerNode] | None = None
    passing = np.ones((y1 - y0, x1 - x0), np.float32)
    for node in reversed(list(document.visible_layers())):
        layer = rendered(node, pixels)
        alpha = _shifted_alpha(layer.pixels, layer.left - x0, layer.top - y0, passing.shape) * layer.opacity
        seen = float((passing * alpha).sum())
        if seen > 0 and (best is None or seen > best[0]):
            best = seen, node
        passing *= 1 - alpha / 255**2
    if best is None:
        raise LaminaError(ErrorCode.TASK_INVALID, f"Nothing is visible at {place}.", "Give a place on a layer.")
    return best[1]


def _shifted_alpha(pixels: np.ndarray, left: int, top: int, shape: tuple[int, ...]) -> np.ndarray:
    """(height, width) float32: the alpha of pixels, placed at `left`, `top` of a window of that shape."""
    window = np.zeros(shape, np.float32)
    y0, x0 = max(0, top), max(0, left)
    y1, x1 = min(shape[0], top + pixels.shape[0]), min(shape[1], left + pixels.shape[1])
    if y0 < y1 and x0 < x1:
        window[y0:y1, x0:x1] = pixels[y0 - top : y1 - top, x0 - left : x1 - left, 3]
    return window
