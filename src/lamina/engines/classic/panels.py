"""Detects panels: the plain rectangles and ellipses on which posters place text and objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.fill import polynomial_trend
from lamina.engines.classic.raster import (
    Mask,
    Rgb,
    as_bytes,
    bounding_box,
    channel_max,
    components,
    grow,
    labels_mask,
    open_mask,
    shrink,
)

_Frame = tuple[tuple[float, float], tuple[float, float], float]
"""A rotated rectangle: centre, size, and angle in degrees, as in OpenCV."""

_MIN_SHARE, _MIN_SHARE_WITH_TEXT = 0.04, 0.012  # of the image
_MIN_ELLIPSE_SHARE = 0.15  # smaller plain discs are objects rather than panels
_MIN_OUTLINE_SEEN = 0.4  # visible share of the outline
_MAX_OPEN = 0.02  # share of the shape through which the background is visible: panels have no gaps
_MIN_FILL = 0.88  # of its bounding rectangle: corners may be rounded
_OUTLINE_PX = 2.5
_SAME_LEVELS = 8  # colour difference of the parts of a divided panel
_MAX_BORDER_SHARE = 0.08  # of the panel's shorter side


@dataclass(frozen=True, eq=False)
class Panel:
    """A panel. `hull` (h, w): the whole shape, covered or not, with its border. `visible`: its visible part."""

    hull: Mask
    visible: Mask


def find_panels(rgb: Rgb, smooth: Mask, front: Mask, text: Mask) -> list[Panel]:
    """Panels in `rgb` (h, w, 3), largest first.

    `smooth`, `front`, `text`: (h, w), smooth parts, everything that is not background, and removed lettering.
    """
    panels: list[Panel] = []
    for region in _plain_regions(rgb, smooth & front):
        area = np.count_nonzero(region)
        if any(np.count_nonzero(region & panel.hull) > 0.5 * area for panel in panels):
            continue
        shape = _shape_of(region, 0.0 if _contains_text(region, text) else area / region.size)
        if shape is not None and np.count_nonzero(shape.hull & ~front) <= _MAX_OPEN * np.count_nonzero(shape.hull):
            panels.append(_panel(rgb, region, shape, front))
    return panels


def _plain_regions(rgb: Rgb, mask: Mask) -> list[Mask]:
    """Large regions of one colour, connected or in several parts, largest first."""
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
    areas = {tuple(group): int(regions.areas[group].sum()) for group in groups + singles}
    sizeable = [group for group, area in areas.items() if area / mask.size > _MIN_SHARE_WITH_TEXT]
    return [labels_mask(regions.labels, group) for group in sorted(sizeable, key=lambda group: -areas[group])]


def _contains_text(region: Mask, text: Mask) -> bool:
    """True if the region contained lettering."""
    x, y, width, height = bounding_box(region)
    window = np.s_[y : y + height, x : x + width]
    touching = grow(text[window], 6) & region[window]
    return bool(touching.sum() > 0.25 * text[window].sum() > 10)


@dataclass(frozen=True, eq=False)
class _Outline:
    """The ideal shape of a panel, and the convex hull (h, w) of its visible part."""

    hull: Mask
    ideal: _Frame
    is_ellipse: bool

    def wider(self, px: int, front: Mask) -> Mask:
        """(h, w): the shape dilated by `px`; its covered part follows the ideal shape."""
        polygon = _polygon(self.ideal, self.is_ellipse, px)
        ideal = cv2.fillPoly(np.zeros(self.hull.shape, np.uint8), [np.rint(polygon).astype(np.int32)], 1)
        return grow(self.hull, px) | (np.asarray(ideal).view(np.bool_) & front)


def _polygon(frame: _Frame, is_ellipse: bool, px: int = 0) -> NDArray[np.float32]:
    (x, y), (across, down), angle = frame
    if not is_ellipse:
        return np.asarray(cv2.boxPoints(((x, y), (across + 2 * px, down + 2 * px), angle)), np.float32)
    axes = max(1, round(across / 2) + px), max(1, round(down / 2) + px)
    return np.asarray(
        cv2.ellipse2Poly(center=(round(x), round(y)), axes=axes, angle=round(angle), arcStart=0, arcEnd=360, delta=3),
        np.float32,
    )


def _shape_of(region: Mask, plain_share: float) -> _Outline | None:
    """The rectangle (with or without rounded corners) or ellipse whose visible part the region is; None if it is
    neither.

    `plain_share`: share of the image if only the shape indicates a panel; else 0.
    """
    outlines, _ = cv2.findContours(as_bytes(region), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.asarray(cv2.convexHull(np.concatenate(outlines)), np.int32)
    frame = _frame(cv2.minAreaRect(points))
    is_rectangle = cv2.contourArea(points) >= _MIN_FILL * max(1.0, frame[1][0] * frame[1][1])
    if not is_rectangle or not (plain_share == 0 or plain_share > _MIN_SHARE):
        if len(points) < 12 or 0 < plain_share < _MIN_ELLIPSE_SHARE:
            return None
        frame, is_rectangle = _frame(cv2.fitEllipse(points)), False
        if not _all_on_polygon(points, _polygon(frame, is_ellipse=True)):
            return None
    hull = np.asarray(cv2.fillConvexPoly(np.zeros(region.shape, np.uint8), points, 1)).view(np.bool_)
    rim = hull & ~shrink(hull, 1)
    visible = rim & grow(region, round(_OUTLINE_PX))
    return _Outline(hull, frame, not is_rectangle) if visible.sum() >= _MIN_OUTLINE_SEEN * rim.sum() else None


def _frame(rotated_rect: Sequence[Any]) -> _Frame:
    (x, y), (across, down), angle = rotated_rect
    return (float(x), float(y)), (float(across), float(down)), float(angle)


def _all_on_polygon(points: NDArray[np.int32], polygon: NDArray[np.float32]) -> bool:
    """True if nearly all points of the hull are on the polygon."""
    away = [abs(cv2.pointPolygonTest(polygon[:, None], (float(x), float(y)), True)) for x, y in points[:, 0]]
    return bool(np.mean(np.array(away) <= _OUTLINE_PX) > 0.8)


def _panel(rgb: Rgb, region: Mask, shape: _Outline, front: Mask) -> Panel:
    bordered, like_border = _with_border(rgb, shape, front, min(bounding_box(region)[2:]))
    plain = bordered & _similar_pixels(rgb, region)
    border = bordered & ~shape.wider(0, front) & like_border
    # the soft rim belongs to the panel, except where something thick crosses it
    rim = grow(bordered, 3) & ~shrink(bordered, 3) & front
    covering = open_mask(front & grow(bordered, 8) & ~plain & ~border, 3)
    visible = (plain | border | rim) & ~(grow(covering, 3) & ~plain & ~border)
    return Panel(bordered | (rim & visible), visible)


def _similar_pixels(rgb: Rgb, region: Mask) -> Mask:
    """The region, and the pixels whose colour matches its extrapolated colours."""
    x, y, width, height = bounding_box(grow(region, 2))
    window = np.s_[y : y + height, x : x + width]
    own, values = region[window], rgb[window].astype(np.float32)
    model = polynomial_trend(values, own)
    if model is None:
        model = np.broadcast_to(np.median(values[own], 0), values.shape)
    misfit = channel_max(np.abs(values - model))
    like = region.copy()
    like[window] |= misfit <= 4 + 1.5 * float(np.percentile(misfit[own], 95))
    return like


def _with_border(rgb: Rgb, shape: _Outline, front: Mask, side: int) -> tuple[Mask, Mask]:
    """The shape with its uniform border, if any; and (h, w) the pixels in the colour of the border."""
    plain, inner = shape.wider(0, front), shape.wider(2, front)
    none = np.zeros_like(plain)
    ring = shape.wider(4, front) & ~inner
    if (ring & front).sum() < 0.7 * max(1, ring.sum()):
        return plain, none
    colour = np.median(rgb[ring & front].astype(np.int16), 0)
    alike = (channel_max(np.abs(rgb.astype(np.int16) - colour)) <= 24) & front
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
