"""Panels: the plain rectangles and ellipses that posters put text and things on."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engine.classic.fill import trend_of
from lamina.engine.classic.raster import Mask, Rgb, as_bytes, bounds, components, grow, opened, shrink

_MIN_SHARE, _MIN_SHARE_WITH_TEXT = 0.04, 0.012  # of the picture
_MIN_ELLIPSE_SHARE = 0.08
_MIN_OUTLINE_SEEN = 0.5  # share of the shape's outline that nothing covers
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
        hull = _shape_of(region, 0.0 if _carries(region, text) else float(region.mean()))
        if hull is not None:
            found.append(_panel(rgb, region, hull, front))
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
    masks = [np.isin(regions.labels, group) for group in groups + singles]
    return sorted((m for m in masks if m.mean() > _MIN_SHARE_WITH_TEXT), key=lambda m: -int(m.sum()))


def _carries(region: Mask, text: Mask) -> bool:
    """True if lettering stood within the region."""
    x, y, width, height = bounds(region)
    window = np.s_[y : y + height, x : x + width]
    touching = grow(text[window], 6) & region[window]
    return bool(touching.sum() > 0.25 * text[window].sum() > 10)


def _shape_of(region: Mask, plain_share: float) -> Mask | None:
    """The rectangle (corners rounded or not) or ellipse that the region is the visible part of, if it is one.

    `plain_share`: of the picture, if nothing says that the region is a panel but its shape; else 0.
    """
    outlines, _ = cv2.findContours(as_bytes(region), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.asarray(cv2.convexHull(np.concatenate(outlines)), np.int32)
    fill = cv2.contourArea(points) / max(1.0, float(np.prod(cv2.minAreaRect(points)[1])))
    is_rectangle = fill >= _MIN_FILL and (plain_share == 0 or plain_share > _MIN_SHARE)
    is_ellipse = _is_ellipse(points) and (plain_share == 0 or plain_share > _MIN_ELLIPSE_SHARE)
    if not is_rectangle and not is_ellipse:
        return None
    hull = np.asarray(cv2.fillConvexPoly(np.zeros(region.shape, np.uint8), points, 1)).view(np.bool_)
    rim = hull & ~shrink(hull, 1)
    seen = rim & grow(region, round(_OUTLINE_PX))
    return hull if seen.sum() >= _MIN_OUTLINE_SEEN * rim.sum() else None


def _is_ellipse(points: NDArray[np.int32]) -> bool:
    """True if nearly all corners of the hull lie on one ellipse."""
    if len(points) < 12:
        return False
    (cx, cy), (across, down), angle = cv2.fitEllipse(points)
    ellipse = cv2.ellipse2Poly((round(cx), round(cy)), (round(across / 2), round(down / 2)), round(angle), 0, 360, 3)
    shape = np.asarray(ellipse, np.float32).reshape(-1, 1, 2)
    away = [abs(cv2.pointPolygonTest(shape, (float(x), float(y)), True)) for x, y in points[:, 0]]
    return bool(np.mean(np.array(away) <= _OUTLINE_PX) > 0.8)


def _panel(rgb: Rgb, region: Mask, hull: Mask, front: Mask) -> Panel:
    values = rgb.astype(np.float32)
    x, y, width, height = bounds(region)
    window = np.s_[y : y + height, x : x + width]
    own = region[window]
    model = trend_of(values[window], own)
    if model is None:
        model = np.broadcast_to(np.median(values[window][own], 0), (height, width, 3))
    close = np.zeros_like(region)
    misfit = np.abs(values[window] - model).max(-1)
    close[window] = misfit <= 4 + 1.5 * float(np.percentile(misfit[own], 95))
    plain = hull & (region | close)
    bordered = _with_border(rgb, hull, front, min(width, height))
    border = bordered & ~hull
    # the soft rim belongs to the panel but where something thick crosses it
    rim = grow(bordered, 3) & ~opened(bordered, 3) & front
    covered = opened(front & grow(bordered, 8) & ~plain & ~border, 3)
    seen = (plain | border | rim) & ~(grow(covered, 3) & ~plain & ~border)
    return Panel(bordered | (rim & seen), seen)


def _with_border(rgb: Rgb, hull: Mask, front: Mask, side: int) -> Mask:
    """The hull and the even frame around it, if it has one."""
    inner = grow(hull, 2)
    ring = grow(inner, 2) & ~inner
    if not ring.any() or (ring & front).sum() < 0.7 * ring.sum():
        return hull
    colour = np.median(rgb[ring & front].astype(np.int16), 0)
    alike = np.abs(rgb.astype(np.int16) - colour).max(-1) <= 24
    if (ring & alike).sum() < 0.6 * ring.sum():
        return hull
    frame = hull
    for _ in range(max(3, round(_MAX_BORDER_SHARE * side))):
        wider = grow(frame, 1)
        added = wider & ~frame
        if frame is not hull and frame.sum() > grow(hull, 3).sum() and (added & alike).sum() < 0.5 * added.sum():
            return frame
        frame = wider
    return hull
