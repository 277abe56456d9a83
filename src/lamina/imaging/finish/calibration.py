"""Measures what is wrong with raw layers as a whole: moved by a fraction of a pixel, off in colour, noisy in alpha."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.imaging.finish.resampling import Placement, Values, no_larger_than, shrunk_picture
from lamina.imaging.metrics import visible_alphas

_SIDE_PX = 1024  # shift and colour are measured on copies no larger than this
_NOISE_SAMPLES = 1 << 20
_LEAST_PX, _FARTHEST_PX = 0.1, 4.0  # less is not worth while; more is not a small misregistration
_GAIN = 0.9  # a shift is believed if it lowers the difference from the picture to this share
_SMALLEST_PX = 16
_SURELY_SEEN = 0.97
_FEW = 64  # on fewer pixels no colour offset is told
_NOISE_OF_MEDIAN = 0.5  # median roughness of noise that is cut at 0, as a share of its standard deviation (simulated)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`placement`: where the picture's pixels lie on the raw canvas. `offsets`: (layers, 3), what to add to colours.

    `noises`: for every layer the standard deviation of the noise on its alpha, 0..1.
    """

    placement: Placement
    offsets: NDArray[np.float32]
    noises: tuple[float, ...]


def calibrated(raw: LayerStack, source: Pixels) -> Calibration:
    """`raw`: opacity applied, on a canvas no larger than `source` (height, width, 4)."""
    height, width = source.shape[:2]
    small = no_larger_than(raw, _SIDE_PX, _SIDE_PX)
    picture = shrunk_picture(source, small.width, small.height)
    seen = visible_alphas(small)
    right, down = _shift(_premultiplied_composite(small, seen), picture)
    picture = _moved(picture, -right, -down)
    offsets = [_offset(layer, alpha, picture) for layer, alpha in zip(small, seen, strict=True)]
    shift = right * raw.width / small.width, down * raw.height / small.height
    return Calibration(
        Placement(raw.width / width, raw.height / height, *shift),
        np.array(offsets, np.float32).reshape(-1, 3),
        tuple(_alpha_noise(layer) for layer in raw),
    )


def _premultiplied_composite(stack: LayerStack, seen: list[NDArray[np.float32]]) -> Values:
    total = np.zeros((stack.height, stack.width, 4), np.float32)
    for layer, alpha in zip(stack, seen, strict=True):
        total[..., :3] += alpha[..., None] * layer.on_canvas(stack.width, stack.height)[..., :3]
        total[..., 3] += 255 * alpha
    return total


def _shift(layers: Values, picture: Values) -> tuple[float, float]:
    """How far right and down of the picture the layers lie as a whole; (0, 0) unless that clearly explains them.

    Phase correlation (Kuglin and Hines 1975).
    """
    height, width = picture.shape[:2]
    if min(width, height) < _SMALLEST_PX:
        return 0.0, 0.0
    mine, theirs = _detail(layers), _detail(picture)
    (right, down), _ = cv2.phaseCorrelate(theirs, mine, cv2.createHanningWindow((width, height), cv2.CV_32F))
    if not _LEAST_PX < max(abs(right), abs(down)) <= _FARTHEST_PX:
        return 0.0, 0.0
    moved = _moved(mine, right, down)
    # Moving by half a pixel blurs, and a blur alone brings noisy layers nearer to the picture.
    before = np.abs(cv2.GaussianBlur(mine, (0, 0), 0.5) - theirs).mean()
    is_better = np.abs(moved - theirs).mean() < _GAIN * before
    return (float(right), float(down)) if is_better else (0.0, 0.0)


def _moved(values: Values, right: float, down: float) -> Values:
    """What lies `right` and `down` pixels away, brought here; the border is repeated."""
    to_there = np.array([[1, 0, right], [0, 1, down]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (values.shape[1], values.shape[0])
    moved = cv2.warpAffine(values, to_there, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _detail(values: Values) -> Values:
    grey = values.mean(-1)
    return grey - cv2.GaussianBlur(grey, (0, 0), 8)


def _offset(layer: Layer, seen: NDArray[np.float32], picture: Values) -> Values:
    """(3,): how much lighter the picture is, in the median, where this layer is surely all that is seen."""
    rows, columns = np.nonzero((seen > _SURELY_SEEN) & (picture[..., 3] > 254))
    if rows.size < _FEW:
        return np.zeros(3, np.float32)
    own = layer.pixels[rows - layer.top, columns - layer.left, :3]
    return np.median(picture[rows, columns, :3] - own, axis=0)


def _alpha_noise(layer: Layer) -> float:
    """From the median roughness along rows: layers are mostly flat, at 0 or 1, where noise is cut on one side."""
    if layer.width < 3:
        return 0.0
    step = max(1, layer.width * layer.height // _NOISE_SAMPLES)
    alpha = layer.pixels[::step, :, 3].astype(np.float32)
    rough = np.abs(alpha[:, 1:-1] - (alpha[:, :-2] + alpha[:, 2:]) / 2)
    return float(np.median(rough)) / 255 / _NOISE_OF_MEDIAN
