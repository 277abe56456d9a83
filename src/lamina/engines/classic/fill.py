"""Inpaints holes smoothly from known pixels."""

import cv2
import numpy as np

from lamina.core.layers import Pixels
from lamina.engines.classic.raster import Mask, Values, as_bytes, bounding_box, levels, window_of, zero_outside

_TREND_SAMPLES = 6_000
_TREND_DEGREE = 3
_HALVED_FROM_PX = 250_000
_TREND_MISFIT_LEVELS = 10.0  # a trend that misses a tenth of the known pixels by more is rejected


def fill(picture: Pixels, hole: Mask, known: Mask) -> Pixels:
    """`picture` (h, w, c) with the pixels of `hole` inpainted from those of `known`; all others are unchanged.

    A polynomial trend, if the known pixels follow one, is subtracted first, so that gradients continue through holes
    and beyond the image border; the rest is filled by a membrane on an image pyramid.
    """
    if not hole.any() or not known.any():
        return picture.copy()
    rows, columns = _relevant_window(hole, known)
    inside, known = hole[rows, columns], known[rows, columns]
    out = picture.copy()
    part = out[rows, columns]
    is_opaque = part.shape[-1] == 4 and bool((part[..., 3] == 255).all())
    values = (part[..., :3] if is_opaque else part).astype(np.float32)  # a constant channel needs no inpainting
    trend = polynomial_trend(values, known)
    if trend is None:
        inpainted = _inpaint(values, known)
    else:
        values -= trend
        inpainted = _inpaint(values, known)
        inpainted += trend
    inpainted = levels(inpainted)
    if is_opaque:
        inpainted = cv2.cvtColor(inpainted, cv2.COLOR_RGB2RGBA)
    cv2.copyTo(inpainted, as_bytes(inside), part)
    return out


def _relevant_window(hole: Mask, known: Mask) -> tuple[slice, slice]:
    """The bounding box of the hole expanded by its own size, if enough pixels are known in it."""
    box = bounding_box(hole)
    rows, columns = window_of(box, max(32, max(box[2:]) // 2))
    if np.count_nonzero(known[rows, columns]) < 64:
        return slice(None), slice(None)
    return rows, columns


def polynomial_trend(values: Values, known: Mask, degree: int = _TREND_DEGREE) -> Values | None:
    """(h, w, c): the robust polynomial trend in x and y of the known pixels; None if they follow none."""
    coefficients = _fit_trend(values, known, degree)
    if coefficients is None:
        return None
    height, width = known.shape
    xs = _powers(np.linspace(-1, 1, width, dtype=np.float32), degree)
    ys = _powers(np.linspace(-1, 1, height, dtype=np.float32), degree)
    grid = np.zeros((degree + 1, degree + 1, values.shape[-1]), np.float32)
    for term, (i, j) in enumerate(_terms(degree)):
        grid[i, j] = coefficients[term]
    channels = [ys @ grid[..., channel] @ xs.T for channel in range(values.shape[-1])]
    return _values(cv2.merge(channels))


def _fit_trend(values: Values, known: Mask, degree: int) -> Values | None:
    height, width = known.shape
    indices = np.flatnonzero(known)
    indices = indices[:: max(1, len(indices) // _TREND_SAMPLES)]
    rows, columns = np.divmod(indices, width)
    samples = values.reshape(-1, values.shape[-1])[indices].astype(np.float64)
    x = columns / max(1, width - 1) * 2 - 1
    y = rows / max(1, height - 1) * 2 - 1
    xs, ys = ([positions**power for power in range(degree + 1)] for positions in (x, y))
    basis = np.stack([ys[i] * xs[j] for i, j in _terms(degree)], 1)
    coefficients = np.zeros((basis.shape[1], samples.shape[1]))
    misfit = np.zeros(len(indices))
    for _ in range(4):  # iteratively reweighted least squares, Cauchy weights
        scale = max(1.0, 1.5 * float(np.median(misfit)))
        scaled = basis / (1 + (misfit / scale) ** 2)[:, None]
        normal = scaled.T @ basis + 1e-6 * np.eye(basis.shape[1]) * len(indices)
        coefficients = np.linalg.solve(normal, scaled.T @ samples)
        misfit = np.abs(basis @ coefficients - samples).max(1)
    return coefficients if np.percentile(misfit, 90) <= _TREND_MISFIT_LEVELS else None


def _terms(degree: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]


def _powers(positions: Values, degree: int) -> Values:
    return np.stack([positions**power for power in range(degree + 1)], 1)


def _inpaint(values: Values, known: Mask) -> Values:
    """`_membrane`, at half resolution for large images, because the result is smooth."""
    height, width = known.shape
    if known.size < _HALVED_FROM_PX:
        return _membrane(values, known)
    half = (width + 1) // 2, (height + 1) // 2
    weight = np.asarray(cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA))
    sums = _values(cv2.resize(zero_outside(known, values), half, interpolation=cv2.INTER_AREA))
    means = sums / _for_each_channel(np.maximum(weight, 1e-3), sums)
    return _values(cv2.resize(_membrane(means, weight > 0.4), (width, height), interpolation=cv2.INTER_LINEAR))


def _membrane(values: Values, known: Mask) -> Values:
    """Pull-push: averages the known pixels down an image pyramid, then interpolates back into the gaps."""
    weight = known.astype(np.float32)
    pyramid = [(zero_outside(known, values), weight)]
    while min(pyramid[-1][1].shape) > 2:
        sums, weight = pyramid[-1]
        pyramid.append((_values(cv2.pyrDown(sums)), _values(cv2.pyrDown(weight))))
    sums, weight = pyramid[-1]
    mean = sums.sum((0, 1)) / max(float(weight.sum()), 1e-6)
    spread = np.where(weight[..., None] > 1e-3, sums / np.maximum(weight, 1e-3)[..., None], mean).astype(np.float32)
    for sums, weight in reversed(pyramid[:-1]):
        height, width = weight.shape
        spread = _values(cv2.pyrUp(spread, dstsize=(width, height)))
        trust = _for_each_channel(np.clip(weight, 0, 1), sums)
        here = sums / _for_each_channel(np.maximum(weight, 1e-3), sums)
        spread *= 1 - trust
        here *= trust
        spread += here
        spread = _relax(spread, weight)
    return spread


def _relax(values: Values, weight: Values, sweeps: int = 3) -> Values:
    """A few Jacobi iterations of the Laplace equation in unknown pixels, against the blockiness of the pyramid."""
    free = _for_each_channel(np.clip(1 - weight, 0, 1), values)
    for _ in range(sweeps):
        change = _values(cv2.blur(values, (5, 5)))
        change -= values
        change *= free
        change += values
        values = change
    return values


def _for_each_channel(plane: Values, like: Values) -> Values:
    """`plane` (h, w) repeated for the channels of `like` (h, w, c); several times faster than broadcasting."""
    return _values(cv2.merge([plane] * like.shape[-1]))


def _values(array: object) -> Values:
    return np.asarray(array, np.float32)
