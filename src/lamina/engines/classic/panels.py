"""Panels: the plain rectangles and ellipses that posters put text and things on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.fill import trend_of
from lamina.engines.classic.raster import (
    Mask,
    Rgb,
    as_bytes,
    bounds,
    components,
    grow,
    largest,
    of_labels,
    opened,
    shrink,
)

_Frame = tuple[tuple[float, float], tuple[float, float], float]
"""Centre, size and angle in degrees."""

_MIN_SHARE, _MIN_SHARE_WITH_TEXT = 0.04, 0.012  # of the picture
_MIN_ELLIPSE_SHARE = 0.15  # a plain disc is rather a thing than a panel
_MIN_OUTLINE_SEEN = 0.4  # share of the shape's outline that nothing covers
_MAX_OPEN = 0.02  # share of the shape through which the background is seen: a flower has gaps, a panel none
_MIN_FILL = 0.88  # of its bounding rectangle: corners may be rounded
_OUTLINE_PX = 2.5
_SAME_LEVELS = 8  # parts of one panel that something cuts in two
_MAX_BORDER_SHARE = 0.08  # of the panel's shorter side


@dataclass(frozen=True, eq=False)
class Panel:
    """`hull` (h, w): the whole shape, covered or not, border included. `seen`: where nothing stands in front of it."""

    hull: Mask
    seen: Mask


def find_panels(rgb: Rgb, smooth: Mask, front: Mask, text: Mask) -> list[Panel]:
    """Panels in `rgb` (h, w, 3), largest first. `smooth`, `front`, `text`: (h, w), smooth parts, all that is not
    background, and where lettering was taken away."""
    found: list[Panel] = []
    for region in _plain_regions(rgb, smooth & front):
        if any((region & panel.hull).sum() > 0.5 * region.sum() for panel in found):
            continue
        shape = _shape_of(region, 0.0 if _carries(region, text) else float(region.mean()))
        if shape is not None and (shape.hull & ~front).sum() <= _MAX_OPEN * shape.hull.sum():
            found.append(_panel(rgb, region, shape, front))
    return found


def _plain_regions(rgb: Rgb, mask: Mask) -> list[Mask]:
    """Large regions of one colour, whole or in several parts, largest first."""
    regions = components(mask, connectivity=4)
    large = [i for i in range(1, len(regions)) if regions.areas[i] > 0.25 * _MIN_SHARE_WITH_TEXT * mask.size]
    large.sort(key=lambda i: -int(regions.areas[i]))
    colours = {i: np.median(rgb[regions.window(i)][regions.labels[regions.window(i)] == i], 0) for i in large}
    groups: list[list[int]] = []
    for label in large:
        alike = [group for group in groups if np.abs(colours[group[0]] - colours[label]).max() <= _SAME_LEVELS]
        if alike:
            alike[0].append(label)
        else:
            groups.append([label])
    singles = [[group[0]] for group in groups if len(group) > 1]
    masks = [of_labels(regions.labels, group) for group in groups + singles]
    return sorted((m for m in masks if m.mean() > _MIN_SHARE_WITH_TEXT), key=lambda m: -int(m.sum()))


def _carries(region: Mask, text: Mask) -> bool:
    """True if lettering stood within the region."""
    x, y, width, height = bounds(region)
    window = np.s_[y : y + height, x : x + width]
    touching = grow(text[window], 6) & region[window]
    return bool(touching.sum() > 0.25 * text[window].sum() > 10)


@dataclass(frozen=True, eq=False)
class _Outline:
    """A panel's ideal shape (centre, size, angle as OpenCV gives them) and the hull (h, w) of what is seen of it."""

    hull: Mask
    ideal: _Frame
    is_ellipse: bool

    def wider(self, px: int, front: Mask) -> Mask:
        """(h, w): the shape grown all around by `px`. Where only a covered part can tell, the ideal shape does."""
        polygon = _polygon(self.ideal, self.is_ellipse, px)
        ideal = cv2.fillPoly(np.zeros(self.hull.shape, np.uint8), [np.rint(polygon).astype(np.int32)], 1)
        return grow(self.hull, px) | (np.asarray(ideal).view(np.bool_) & front)


def _polygon(frame: _Frame, is_ellipse: bool, px: int = 0) -> NDArray[np.float32]:
    (x, y), (across, down), angle = frame
    if not is_ellipse:
        return np.asarray(cv2.boxPoints(((x, y), (across + 2 * px, down + 2 * px), angle)), np.float32)
    axes = max(1, round(across / 2) + px), max(1, round(down / 2) + px)
    return np.asarray(cv2.ellipse2Poly((round(x), round(y)), axes, round(angle), 0, 360, 3), np.float32)


def _shape_of(region: Mask, plain_share: float) -> _Outline | None:
    """The rectangle (corners rounded or not) or ellipse that the region is the visible part of, if it is one.

    `plain_share`: of the picture, if nothing says that the region is a panel but its shape; else 0.
    """
    outlines, _ = cv2.findContours(as_bytes(region), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.asarray(cv2.convexHull(np.concatenate(outlines)), np.int32)
    frame = _frame(cv2.minAreaRect(points))
    is_rectangle = cv2.contourArea(points) >= _MIN_FILL * max(1.0, frame[1][0] * frame[1][1])
    if not is_rectangle or not (plain_share == 0 or plain_share > _MIN_SHARE):
        if len(points) < 12 or 0 < plain_share < _MIN_ELLIPSE_SHARE:
            return None
        frame, is_rectangle = _frame(cv2.fitEllipse(points)), False
        if not _all_lie_on(points, _polygon(frame, is_ellipse=True)):
            return None
    hull = np.asarray(cv2.fillConvexPoly(np.zeros(region.shape, np.uint8), points, 1)).view(np.bool_)
    rim = hull & ~shrink(hull, 1)
    seen = rim & grow(region, round(_OUTLINE_PX))
    return _Outline(hull, frame, not is_rectangle) if seen.sum() >= _MIN_OUTLINE_SEEN * rim.sum() else None


def _frame(found: Sequence[Any]) -> _Frame:
    (x, y), (across, down), angle = found
    return (float(x), float(y)), (float(across), float(down)), float(angle)


def _all_lie_on(points: NDArray[np.int32], polygon: NDArray[np.float32]) -> bool:
    """True if nearly all of the hull's corners lie on the polygon."""
    away = [abs(cv2.pointPolygonTest(polygon[:, None], (float(x), float(y)), True)) for x, y in points[:, 0]]
    return bool(np.mean(np.array(away) <= _OUTLINE_PX) > 0.8)


def _panel(rgb: Rgb, region: Mask, shape: _Outline, front: Mask) -> Panel:
    bordered, like_border = _with_border(rgb, shape, front, min(bounds(region)[2:]))
    plain = bordered & _like(rgb, region)
    border = bordered & ~shape.wider(0, front) & like_border
    # the soft rim belongs to the panel but where something thick crosses it
    rim = grow(bordered, 3) & ~shrink(bordered, 3) & front
    covering = opened(front & grow(bordered, 8) & ~plain & ~border, 3)
    seen = (plain | border | rim) & ~(grow(covering, 3) & ~plain & ~border)
    return Panel(bordered | (rim & seen), seen)


def _like(rgb: Rgb, region: Mask) -> Mask:
    """The region, and what has the colour that it has or would have there."""
    x, y, width, height = bounds(grow(region, 2))
    window = np.s_[y : y + height, x : x + width]
    own, values = region[window], rgb[window].astype(np.float32)
    model = trend_of(values, own)
    if model is None:
        model = np.broadcast_to(np.median(values[own], 0), values.shape)
    misfit = largest(np.abs(values - model))
    like = region.copy()
    like[window] |= misfit <= 4 + 1.5 * float(np.percentile(misfit[own], 95))
    return like


def _with_border(rgb: Rgb, shape: _Outline, front: Mask, side: int) -> tuple[Mask, Mask]:
    """The shape and the even frame around it, if it has one; and (h, w) what has the frame's colour."""
    plain, inner = shape.wider(0, front), shape.wider(2, front)
    none = np.zeros_like(plain)
    ring = shape.wider(4, front) & ~inner
    if (ring & front).sum() < 0.7 * max(1, ring.sum()):
        return plain, none
    colour = np.median(rgb[ring & front].astype(np.int16), 0)
    alike = (largest(np.abs(rgb.astype(np.int16) - colour)) <= 24) & front
    if (ring & alike).sum() < 0.6 * ring.sum():
        return plain, none
    frame = inner
    for px in range(3, max(5, round(_MAX_BORDER_SHARE * side)) + 3):
        wider = shape.wider(px, front)
        added = wider & ~frame
        if (added & alike).sum() < 0.5 * added.sum():
            return frame, alike
        frame = wider
    return plain, none
