"""Measures the global errors of raw layers: a subpixel shift, colour offsets and alpha noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.imaging.finish.resampling import Placement, Values, downscale_image, limit_size
from lamina.imaging.metrics import visible_alphas

_SIDE_PX = 1024  # shift and colour offsets are measured on copies of at most this size
_NOISE_SAMPLES = 1 << 20
_MIN_SHIFT_PX, _MAX_SHIFT_PX = 0.1, 4.0  # smaller shifts are negligible; larger ones are no registration error
_MAX_RESIDUAL_RATIO = 0.9  # a shift is accepted if it reduces the difference to the image to this share
_MIN_SIDE_PX = 16
_MIN_VISIBLE = 0.97
_MIN_PIXELS = 64  # fewer pixels give no reliable colour offset
_NOISE_OF_MEDIAN = 0.5  # median roughness of noise clipped at 0, as a share of its standard deviation (simulated)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The global errors of a raw stack.

    `placement`: maps pixels of the image to the raw canvas. `offsets`: (layers, 3), to be added to the colours.
    `noises`: per layer, the standard deviation of the noise of alpha, 0..1.
    """

    placement: Placement
    offsets: NDArray[np.float32]
    noises: tuple[float, ...]


def calibrate(raw: LayerStack, source: Pixels) -> Calibration:
    """Measures `raw`, whose opacities are applied and whose canvas is no larger than `source` (height, width, 4)."""
    height, width = source.shape[:2]
    small = limit_size(raw, _SIDE_PX, _SIDE_PX)
    picture = downscale_image(source, small.width, small.height)
    visible = visible_alphas(small)
    right, down = _estimate_shift(_premultiplied_composite(small, visible), picture)
    picture = _translate(picture, -right, -down)
    offsets = [_colour_offset(layer, alpha, picture) for layer, alpha in zip(small, visible, strict=True)]
    shift = right * raw.width / small.width, down * raw.height / small.height
    return Calibration(
        Placement(raw.width / width, raw.height / height, *shift),
        np.array(offsets, np.float32).reshape(-1, 3),
        tuple(_alpha_noise(layer) for layer in raw),
    )


def _premultiplied_composite(stack: LayerStack, visible: list[NDArray[np.float32]]) -> Values:
    total = np.zeros((stack.height, stack.width, 4), np.float32)
    for layer, alpha in zip(stack, visible, strict=True):
        total[..., :3] += alpha[..., None] * layer.on_canvas(stack.width, stack.height)[..., :3]
        total[..., 3] += 255 * alpha
    return total


def _estimate_shift(layers: Values, picture: Values) -> tuple[float, float]:
    """The shift of the layers to the right and down, in pixels; (0, 0) unless it clearly reduces the difference.

    Uses phase correlation (Kuglin and Hines 1975).
    """
    height, width = picture.shape[:2]
    if min(width, height) < _MIN_SIDE_PX:
        return 0.0, 0.0
    layer_detail, picture_detail = _detail(layers), _detail(picture)
    (right, down), _ = cv2.phaseCorrelate(
        picture_detail, layer_detail, cv2.createHanningWindow((width, height), cv2.CV_32F)
    )
    if not _MIN_SHIFT_PX < max(abs(right), abs(down)) <= _MAX_SHIFT_PX:
        return 0.0, 0.0
    moved = _translate(layer_detail, right, down)
    # A shift by half a pixel blurs, and blur alone reduces the difference of noisy layers to the image.
    before = np.abs(cv2.GaussianBlur(layer_detail, (0, 0), 0.5) - picture_detail).mean()
    is_better = np.abs(moved - picture_detail).mean() < _MAX_RESIDUAL_RATIO * before
    return (float(right), float(down)) if is_better else (0.0, 0.0)


def _translate(values: Values, right: float, down: float) -> Values:
    """Translates by (-right, -down) pixels with linear interpolation; the border is replicated."""
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (values.shape[1], values.shape[0])
    moved = cv2.warpAffine(values, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _detail(values: Values) -> Values:
    grey = values.mean(-1)
    return grey - cv2.GaussianBlur(grey, (0, 0), 8)


def _colour_offset(layer: Layer, visible: NDArray[np.float32], picture: Values) -> Values:
    """(3,): the median difference of the image and the layer where only this layer is visible."""
    rows, columns = np.nonzero((visible > _MIN_VISIBLE) & (picture[..., 3] > 254))
    if rows.size < _MIN_PIXELS:
        return np.zeros(3, np.float32)
    own = layer.pixels[rows - layer.top, columns - layer.left, :3]
    return np.median(picture[rows, columns, :3] - own, axis=0)


def _alpha_noise(layer: Layer) -> float:
    """Standard deviation from the median roughness along rows; alpha is mostly 0 or 1, where noise is clipped."""
    if layer.width < 3:
        return 0.0
    step = max(1, layer.width * layer.height // _NOISE_SAMPLES)
    alpha = layer.pixels[::step, :, 3].astype(np.float32)
    rough = np.abs(alpha[:, 1:-1] - (alpha[:, :-2] + alpha[:, 2:]) / 2)
    return float(np.median(rough)) / 255 / _NOISE_OF_MEDIAN
