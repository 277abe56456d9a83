"""Draws contact sheets: a picture, its true layers and an engine's layers, on a chequered ground."""

import cv2
import numpy as np

from lamina.core.layers import LayerStack, Pixels

_CELL_PX, _GAP_PX, _LABEL_PX = 200, 6, 14
_LIGHT, _DARK, _SQUARE_PX = 235, 205, 10


def contact_sheet(picture: Pixels, truth: LayerStack | None, result: LayerStack) -> Pixels:
    """(height, width, 3): the picture first in both rows, then the true layers above and the engine's layers below."""
    rows = [[("picture", picture), *_cells(stack)] for stack in (truth, result) if stack is not None]
    columns = max(map(len, rows))
    height, width = _CELL_PX + _LABEL_PX + _GAP_PX, _CELL_PX + _GAP_PX
    sheet = np.full((len(rows) * height, columns * width, 3), 255, np.uint8)
    for down, row in enumerate(rows):
        for across, (label, pixels) in enumerate(row):
            cell = _on_squares(pixels)
            top, left = down * height + _LABEL_PX, across * width
            sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
            place = left, top - 3
            ascii_label = label.encode("ascii", "replace").decode()[:32]
            cv2.putText(sheet, ascii_label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return sheet


def _cells(stack: LayerStack) -> list[tuple[str, Pixels]]:
    return [(layer.name, layer.on_canvas(stack.width, stack.height)) for layer in stack]


def _on_squares(pixels: Pixels) -> Pixels:
    """(h, w, 3): the picture scaled into a cell, composited on grey squares."""
    scale = _CELL_PX / max(pixels.shape[:2])
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    alpha = pixels[..., 3:].astype(np.float32) / 255
    premultiplied = np.dstack([pixels[..., :3] * alpha, alpha])
    small = np.asarray(cv2.resize(premultiplied, size, interpolation=cv2.INTER_AREA))
    rows, columns = np.indices(small.shape[:2]) // _SQUARE_PX
    squares = np.where((rows + columns) % 2, _DARK, _LIGHT)[..., None]
    return np.clip(np.rint(small[..., :3] + squares * (1 - small[..., 3:])), 0, 255).astype(np.uint8)
