"""Transforms one sprite: rotation, size, outline, shadow, glow. Results have the same padding on all sides."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.posters.colours import Colour
from lamina.core.composite import over
from lamina.core.layers import Pixels

Unit = NDArray[np.float32]


def trimmed(sprite: Pixels) -> Pixels:
    """The sprite cut to its pixels with alpha above 2; 1 x 1 if there are none."""
    covered = sprite[..., 3] > 2
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    if rows.size == 0:
        return np.zeros((1, 1, 4), np.uint8)
    return sprite[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def resized(sprite: Pixels, long_px: float) -> Pixels:
    """The sprite with this length of its longer side."""
    scale = long_px / max(sprite.shape[:2])
    size = max(1, round(sprite.shape[1] * scale)), max(1, round(sprite.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return _straight(np.asarray(cv2.resize(_premultiplied(sprite), size, interpolation=how), np.float32))


def turned(sprite: Pixels, degrees: float) -> Pixels:
    """The sprite turned clockwise about its middle."""
    if abs(degrees) < 0.01:
        return sprite
    height, width = sprite.shape[:2]
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    size = (
        int(np.ceil(abs(width * cos) + abs(height * sin))) + 2,
        int(np.ceil(abs(width * sin) + abs(height * cos))) + 2,
    )
    matrix = np.array([[cos, -sin], [sin, cos]])
    shift = np.array(size) / 2 - 0.5 - matrix @ (np.array([width, height]) / 2 - 0.5)
    warped = cv2.warpAffine(_premultiplied(sprite), np.column_stack([matrix, shift]), size, flags=cv2.INTER_CUBIC)
    return _straight(np.asarray(warped, np.float32))


def flipped(sprite: Pixels) -> Pixels:
    return np.ascontiguousarray(sprite[:, ::-1])


def padded(sprite: Pixels, room: int) -> Pixels:
    return np.pad(sprite, ((room, room), (room, room), (0, 0)))


def faded(sprite: Pixels, opacity: float) -> Pixels:
    result = sprite.copy()
    result[..., 3] = np.rint(sprite[..., 3] * opacity)
    return result


def tinted(sprite: Pixels, colour: Colour) -> Pixels:
    """The sprite's coverage in one colour."""
    result = sprite.copy()
    result[..., :3] = colour
    return result


def outlined(sprite: Pixels, width_px: float, colour: Colour) -> Pixels:
    """The sprite on a border around it, as a sticker has."""
    room = int(np.ceil(width_px)) + 2
    wide = padded(sprite, room)
    distance = cv2.distanceTransform((wide[..., 3] < 128).astype(np.uint8), cv2.DIST_L2, 5)
    alpha = np.clip(width_px + 0.5 - distance, 0, 1)
    return over(_plate(alpha, colour), wide)


def shadowed(
    sprite: Pixels, *, dx: float, dy: float, blur_px: float, strength: float, colour: Colour = (0, 0, 0)
) -> Pixels:
    """The sprite over its own soft shadow; a glow if it is not moved and the colour is light."""
    room = int(np.ceil(max(abs(dx), abs(dy)) + 3 * blur_px)) + 1
    wide = padded(sprite, room)
    alpha = wide[..., 3].astype(np.float32) / 255
    moved = cv2.warpAffine(alpha, np.array([[1, 0, dx], [0, 1, dy]], np.float32), (wide.shape[1], wide.shape[0]))
    if blur_px > 0.3:
        moved = cv2.GaussianBlur(moved, (0, 0), blur_px)
    return over(_plate(np.asarray(moved, np.float32) * strength, colour), wide)


def grounded(sprite: Pixels, strength: float) -> Pixels:
    """The sprite on a flat soft shadow under its foot."""
    height, width = sprite.shape[:2]
    foot = np.flatnonzero((sprite[int(height * 0.85) :, :, 3] > 128).any(0))
    if foot.size == 0:
        return sprite
    middle, half = (foot[0] + foot[-1]) / 2, max(4.0, (foot[-1] - foot[0]) / 2 * 1.15)
    room = int(max(half * 0.5, width * 0.15)) + 2
    wide = padded(sprite, room)
    y, x = np.mgrid[: wide.shape[0], : wide.shape[1]].astype(np.float32)
    thickness = max(3.0, half * 0.18)
    reach = np.hypot((x - middle - room) / half, (y - height - room + thickness * 0.3) / thickness)
    return over(_plate(np.clip(1.3 - reach, 0, 0.8) / 0.8 * strength, (0, 0, 0)), wide)


def on_plate(sprite: Pixels, plate: Pixels, dx: int = 0, dy: int = 0) -> Pixels:
    """The sprite over the middle of a plate, as one thing; what reaches over the plate's box is cut off."""
    result = plate.copy()
    top = (plate.shape[0] - sprite.shape[0]) // 2 + dy
    left = (plate.shape[1] - sprite.shape[1]) // 2 + dx
    return pasted(result, sprite, left, top)


def pasted(sheet: Pixels, sprite: Pixels, left: float, top: float) -> Pixels:
    """The sheet, changed in place, with the sprite over it; what lies outside is cut off."""
    x, y = round(left), round(top)
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(sheet.shape[1], x + sprite.shape[1]), min(sheet.shape[0], y + sprite.shape[0])
    if x0 < x1 and y0 < y1:
        part = sheet[y0:y1, x0:x1]
        part[:] = over(part, sprite[y0 - y : y1 - y, x0 - x : x1 - x])
    return sheet


def masked(pixels: Pixels, mask: Pixels) -> Pixels:
    """The picture in the shape of another sprite of the same size."""
    result = pixels.copy()
    result[..., 3] = (pixels[..., 3].astype(np.uint16) * mask[..., 3] + 127) // 255
    return result


def _plate(alpha: NDArray[np.floating], colour: Colour) -> Pixels:
    plate = np.empty((*alpha.shape, 4), np.uint8)
    plate[..., :3] = colour
    plate[..., 3] = np.rint(np.clip(alpha, 0, 1) * 255)
    plate[plate[..., 3] == 0] = 0
    return plate


def _premultiplied(sprite: Pixels) -> Unit:
    unit = sprite.astype(np.float32)
    unit[..., :3] *= unit[..., 3:] / 255
    return unit


def _straight(premultiplied: Unit) -> Pixels:
    alpha = np.clip(premultiplied[..., 3:], 0, 255)
    colour = np.where(alpha > 0.5, premultiplied[..., :3] * 255 / np.maximum(alpha, 1e-3), 0)
    return np.rint(np.clip(np.concatenate([colour, alpha], -1), 0, 255)).astype(np.uint8)
