"""Panels: the plain rectangles and ellipses that posters put text and things on."""

from dataclasses import dataclass

import cv2
import numpy as np

from lamina.engine.classic.fill import trend_of
from lamina.engine.classic.raster import Mask, Rgb, components, grow, opened

_MIN_SHARE, _MIN_SHARE_WITH_TEXT = 0.04, 0.012
_MIN_OUTLINE_SHARE = 0.6  # of a region's outline that must lie on the fitted shape; the rest may be covered
_OUTLINE_PX = 2.5
_MAX_BORDER_SHARE = 0.08  # of the panel's shorter side


@dataclass(frozen=True, eq=False)
class Panel:
    """`hull` (h, w): the whole shape, covered or not, border included. `seen`: where nothing stands in front of it."""

    hull: Mask
    seen: Mask


def find_panels(rgb: Rgb, smooth: Mask, front: Mask, text: Mask) -> list[Panel]:
    """Panels in `rgb` (h, w, 3), largest first. `smooth`, `front`, `text`: (h, w), smooth parts, all that is not
    background, and where lettering was taken away."""
    regions = components(smooth & front, connectivity=4)
    found: list[Panel] = []
    for label in sorted(range(1, len(regions)), key=lambda i: -int(regions.areas[i])):
        share = regions.areas[label] / front.size
        if share < _MIN_SHARE_WITH_TEXT:
            break
        region = regions.labels == label
        if any((region & panel.hull).sum() > 0.5 * regions.areas[label] for panel in found):
            continue
        if share < _MIN_SHARE and not _carries(region, text):
            continue
        hull = _shape_of(region)
        if hull is not None:
            found.append(_panel(rgb, region, hull, front))
    return found


def _carries(region: Mask, text: Mask) -> bool:
    """True if lettering stood within the region."""
    x, y, width, height = cv2.boundingRect(region.view(np.uint8))
    inside = text[y : y + height, x : x + width]
    if inside.sum() < 50:
        return False
    touching = grow(inside, 4) & region[y : y + height, x : x + width]
    return bool(touching.sum() > 0.25 * inside.sum())


def _shape_of(region: Mask) -> Mask | None:
    """The rectangle (corners rounded or not) or ellipse that the region is the visible part of, if it is one."""
    outlines, _ = cv2.findContours(region.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)
    points = cv2.convexHull(outline)
    hull = np.zeros(region.shape, np.uint8)
    cv2.fillConvexPoly(hull, points, 1)
    rectangle = cv2.boxPoints(cv2.minAreaRect(points))
    box_area = cv2.contourArea(rectangle)
    if box_area == 0 or cv2.contourArea(points) < 0.75 * box_area:
        return None
    edge = outline[:, 0]
    on_hull = _share_near(edge, points[:, 0].astype(np.float32))
    if on_hull < _MIN_OUTLINE_SHARE:
        return None
    on_sides = _share_near(edge, rectangle)
    if on_sides >= 0.55 or _is_ellipse(points):
        return hull.view(np.bool_)
    return None


def _share_near(edge: np.ndarray, polygon: np.ndarray) -> float:
    """Share of the edge's points within `_OUTLINE_PX` of the closed polygon."""
    step = edge[:: max(1, len(edge) // 400)]
    shape = polygon.reshape(-1, 1, 2).astype(np.float32)
    distances = [abs(cv2.pointPolygonTest(shape, (float(x), float(y)), True)) for x, y in step]
    return float(np.mean(np.array(distances) <= _OUTLINE_PX))


def _is_ellipse(points: np.ndarray) -> bool:
    if len(points) < 12:
        return False
    (cx, cy), (major, minor), angle = cv2.fitEllipse(points)
    polygon = cv2.ellipse2Poly((round(cx), round(cy)), (round(major / 2), round(minor / 2)), round(angle), 0, 360, 3)
    return _share_near(points[:, 0], polygon.astype(np.float32)) > 0.8


def _panel(rgb: Rgb, region: Mask, hull: Mask, front: Mask) -> Panel:
    values = rgb.astype(np.float32)
    x, y, width, height = cv2.boundingRect(region.view(np.uint8))
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
