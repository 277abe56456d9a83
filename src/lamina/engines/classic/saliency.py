"""Computes visual saliency: robust background detection on superpixels (Zhu et al., CVPR 2014)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.raster import Labels, Rgb, Values, lab, means_by_label, share_by_label

_SUPERPIXELS = 240
_ROUNDS = 5
_COMPACTNESS = 14.0  # Lab units per width of a superpixel; m in SLIC
_COLOUR_SIGMA = 10.0  # Lab; section 3 of the paper
_REACH = 0.3  # of the larger side: standard deviation of the distance weight of contrast
_BACKGROUND_WEIGHT = 5.0


def saliency(rgb: Rgb) -> NDArray[np.float32]:
    """(h, w) float32 in 0..1: high where a region differs from the regions at the image border.

    `rgb`: (h, w, 3) uint8, meant to be 200 to 320 px, because time and memory grow with its area. A region is
    background to the degree that the area it blends into touches the border: boundary connectivity, equation 5 of
    "Saliency Optimization from Robust Background Detection". Contrast to likely background and smoothness are combined
    by least squares, equation 9.
    """
    colours = lab(rgb)
    labels = superpixels(colours)
    regions = _describe(colours, labels)
    connectivity = _boundary_connectivity(regions)
    background = 1 - np.exp(-(connectivity**2) / 2)
    contrast = _contrast(regions, background)
    values = _optimise(regions, background, contrast)
    values = (values - values.min()) / max(float(np.ptp(values)), 1e-6)
    return values.astype(np.float32)[labels]


def downscale(rgb: Rgb, longest_px: int) -> Rgb:
    """The image downscaled so that its longer side is `longest_px`; unchanged if it is not longer."""
    height, width = rgb.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(rgb)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def superpixels(colours: Values) -> Labels:
    """(h, w) int32: compact regions of similar colour, numbered from 0 without gaps.

    Grid-based SLIC (Achanta et al., 2012): k-means in Lab and position, in which a pixel chooses among the nine centres
    around its grid cell.
    """
    height, width = colours.shape[:2]
    cell = max(4.0, float(np.sqrt(height * width / _SUPERPIXELS)))
    rows, columns = max(1, round(height / cell)), max(1, round(width / cell))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    pull = np.float32(_COMPACTNESS / cell)
    samples = np.dstack([colours, x * pull, y * pull]).astype(np.float32)
    own_row = np.minimum(np.arange(height) * rows // height, rows - 1)[:, None]
    own_column = np.minimum(np.arange(width) * columns // width, columns - 1)[None]
    labels: Labels = (own_row * columns + own_column).astype(np.int32)
    for _ in range(_ROUNDS):
        centres = means_by_label(labels, samples, rows * columns).astype(np.float32)
        best = np.full((height, width), np.inf, np.float32)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                row = np.clip(own_row + down, 0, rows - 1)
                column = np.clip(own_column + right, 0, columns - 1)
                centre = (row * columns + column).astype(np.int32)
                offset = samples - centres[centre]
                distance = np.einsum("hwc,hwc->hw", offset, offset)
                labels = np.where(distance < best, centre, labels)
                best = np.minimum(best, distance)
    return np.unique(labels, return_inverse=True)[1].reshape(height, width).astype(np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Regions:
    """Properties of the n superpixels, (n,) or (n, n) each."""

    colour_distance: NDArray[np.float32]
    place_distance: NDArray[np.float32]
    is_adjacent: NDArray[np.bool_]
    is_border: NDArray[np.bool_]
    area: NDArray[np.float32]


def _describe(colours: Values, labels: Labels) -> _Regions:
    height, width = labels.shape
    count = int(labels.max()) + 1
    y, x = np.mgrid[:height, :width].astype(np.float32) / max(height, width)
    means = means_by_label(labels, np.dstack([colours, x, y]), count).astype(np.float32)
    is_adjacent = np.zeros((count, count), bool)
    for a, b in ((labels[:, 1:], labels[:, :-1]), (labels[1:], labels[:-1])):
        is_adjacent[a.ravel(), b.ravel()] = True
    is_adjacent |= is_adjacent.T
    np.fill_diagonal(is_adjacent, False)
    is_border = np.zeros(count, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        is_border[side] = True
    area = share_by_label(labels, count).astype(np.float32)
    return _Regions(
        colour_distance=_distances(means[:, :3]),
        place_distance=_distances(means[:, 3:]),
        is_adjacent=is_adjacent,
        is_border=is_border,
        area=area,
    )


def _distances(points: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.linalg.norm(points[:, None] - points[None], axis=-1).astype(np.float32)


def _boundary_connectivity(regions: _Regions) -> Values:
    linked = regions.is_adjacent | (regions.is_border[:, None] & regions.is_border[None])
    # Differences as small as that to the nearest neighbour are texture, not distance.
    nearest = np.where(regions.is_adjacent, regions.colour_distance, np.inf).min(1)
    free = float(np.median(nearest[np.isfinite(nearest)])) if np.isfinite(nearest).any() else 0.0
    steps = np.where(linked, np.maximum(regions.colour_distance - free, 0), np.inf)
    likeness = np.exp(-(_shortest_paths(steps) ** 2) / (2 * _COLOUR_SIGMA**2)) * regions.area
    return (likeness * regions.is_border).sum(1) / np.sqrt(likeness.sum(1) * np.median(regions.area))


def _shortest_paths(steps: Values) -> Values:
    """(n, n): Floyd-Warshall shortest paths, one vectorised pass per node."""
    lengths = steps.astype(np.float32)
    np.fill_diagonal(lengths, 0)
    for node in range(len(lengths)):
        np.minimum(lengths, lengths[:, node, None] + lengths[node], out=lengths)
    return lengths


def _contrast(regions: _Regions, background: Values) -> Values:
    near = np.exp(-(regions.place_distance**2) / (2 * _REACH**2))
    contrast = (regions.colour_distance * near * (background * regions.area)).sum(1)
    return contrast / max(float(contrast.max()), 1e-6)


def _optimise(regions: _Regions, background: Values, contrast: Values) -> Values:
    reachable = regions.is_adjacent.astype(np.float32)
    neighbours = (reachable + reachable @ reachable) > 0
    ties = np.where(neighbours, np.exp(-(regions.colour_distance**2) / (2 * _COLOUR_SIGMA**2)), 0) + 0.0
    np.fill_diagonal(ties, 0)
    laplacian = np.diag(ties.sum(1)) - ties
    pull = _BACKGROUND_WEIGHT * background + contrast + 1e-3
    return np.linalg.solve(laplacian + np.diag(pull), contrast)
