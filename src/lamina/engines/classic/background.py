"""Finds the background: the region behind everything else, and its colours where it is covered."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.engines.classic.fill import fill, polynomial_trend
from lamina.engines.classic.raster import (
    Components,
    Labels,
    Mask,
    Rgb,
    Values,
    channel_max,
    components,
    grow,
    lab,
    labels_mask,
    levels,
    means_by_label,
    open_mask,
    share_by_label,
    shrink,
    steps,
    take_by_label,
)
from lamina.engines.classic.texture import foreground_on_texture

_CLEAN_LEVELS = 0.04  # mean fine noise; drawings have 0.01
_UNEVEN_LEVELS = 4.0  # noise around objects on a flat background
_STEP_LAB = 2.0  # neighbours with a smaller difference belong to one smooth region
_GROUP_LAB = 16.0  # border regions with closer mean colours are parts of one background
_MIN_REGION_SHARE = 0.002
_MIN_CORNER_SHARE = 0.0001  # of a region in a corner: what is left beside a card with rounded corners
_CORNER_SHARE = 0.01  # of the longer side: the squares in which corners are looked at
_MOST_CORNERS = 3
_WHITE_LAB, _SAME_LAB = (100.0, 0.0, 0.0), 3.0
_MIN_AREA_SHARE = 0.03
_FITTING_LEVELS, _DEPARTURE_LEVELS = 1.6, 12
_MIN_ISLAND_SHARE = 0.0004
_MAX_CHANCE = 0.2  # an island whose colour covers a larger share of a gradient may match it by chance
_MIN_TEXTURE_BORDER, _MIN_TEXTURE_SHARE = 0.75, 0.3  # shares of the border and of the image that a texture must fill


@dataclass(frozen=True, eq=False, kw_only=True)
class Background:
    """The background of an image.

    `mask`: (h, w), where it is visible. `model`: (h, w, 3), its colour everywhere, covered or not; None if it is
    transparent. `is_smooth`: it is one flat colour or gradient. `areas`: other large regions along the image border.
    `noise`: scatter of its pixels about the model, in levels. `is_uneven`: fine noise covers the whole image.
    """

    mask: Mask
    model: Rgb | None
    is_smooth: bool
    areas: tuple[Mask, ...]
    noise: float
    is_uneven: bool = False


def find_background(rgb: Rgb, colours: Values, smooth: Mask, has_artifacts_removed: bool = False) -> Background:
    """The background of `rgb` (h, w, 3). `colours`: the same in CIE L*a*b*. `smooth`: see `smooth_parts`.

    `has_artifacts_removed`: `rgb` is cleaned.
    """
    regions = components(smooth, connectivity=4)
    groups = _border_groups(colours, regions)
    main = labels_mask(regions.labels, groups[0] if groups else [])
    trend, noise = _trend(rgb, main) if groups else (None, 0.0)
    is_uneven = trend is not None and not has_artifacts_removed and _fine_noise(rgb) > _CLEAN_LEVELS
    if is_uneven:
        noise = max(noise, _UNEVEN_LEVELS)
    if trend is None:
        textured = _textured(rgb)
        if textured is not None:
            return textured
        if not groups:
            return Background(mask=np.zeros(rgb.shape[:2], bool), model=rgb, is_smooth=False, areas=(), noise=0.0)
        main = (
            regions.labels == groups[0][0]
        )  # without a common surface, regions of similar colour are different objects
    model = _extend(rgb, main) if trend is None else trend
    mask = _explained(rgb, main, model, noise)
    others = [labels_mask(regions.labels, group) for group in groups[1:]]
    areas = tuple(_with_rim(area, mask) for area in others if _is_area(area, mask))
    return Background(
        mask=mask, model=model, is_smooth=trend is not None, areas=areas, noise=noise, is_uneven=is_uneven
    )


def _textured(rgb: Rgb) -> Background | None:
    """The background as a texture that runs all along the picture's border, if there is one."""
    front = foreground_on_texture(rgb)
    if _rim(front).mean() > 1 - _MIN_TEXTURE_BORDER or front.mean() > 1 - _MIN_TEXTURE_SHARE:
        return None
    calm = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 4), np.uint8)
    model = _extend(calm, ~grow(front, 6))
    noise = float(np.percentile(channel_max(np.asarray(cv2.absdiff(rgb, model)))[~front], 90))
    return Background(mask=~front, model=model, is_smooth=False, areas=(), noise=noise)


def smooth_parts(rgb: Rgb) -> Mask:
    """(h, w): where colours change by small steps only, after fine noise is removed."""
    noise = _fine_noise(rgb)
    smooth = cv2.medianBlur(rgb, 3)
    if noise > 0.3:
        smooth = cv2.bilateralFilter(smooth, 7, 12 + 4 * noise, 3)
    colours = lab(np.asarray(smooth, np.uint8))
    is_even = np.ones(colours.shape[:2], bool)
    is_even[:, :-1] &= steps(colours, 1) <= _STEP_LAB
    is_even[:-1] &= steps(colours, 0) <= _STEP_LAB
    return is_even


def _fine_noise(rgb: Rgb) -> float:
    """Mean change of a median filter in levels, robust against sparse detail."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    rest = np.asarray(cv2.absdiff(grey, cv2.medianBlur(grey, 3)))
    return float(np.minimum(rest, 8).mean() if np.median(rest) > 0 else np.minimum(rest, 1).mean())


def _border_groups(colours: Values, regions: Components) -> list[list[int]]:
    """Regions at the image border grouped by colour, the likeliest background first.

    White in three or four corners is paper behind a shape that leaves only the corners free, such as a hexagon or a
    card with rounded corners, however much of the image that shape covers.
    """
    on_border = share_by_label(_rim(regions.labels), len(regions))
    corners = _corner_counts(regions)
    shares = regions.areas / regions.labels.size
    candidates = [
        i
        for i in range(1, len(regions))
        if (on_border[i] > 0 and shares[i] > _MIN_REGION_SHARE) or (corners[i] and shares[i] > _MIN_CORNER_SHARE)
    ]
    if len(candidates) < 2:
        return [candidates] if candidates else []
    means = means_by_label(regions.labels, colours, len(regions))
    groups = _group_by_colour(sorted(candidates, key=lambda i: -shares[i]), means)

    def is_paper(group: list[int]) -> bool:
        return bool(corners[group].sum() >= _MOST_CORNERS and np.abs(means[group[0]] - _WHITE_LAB).max() < _SAME_LAB)

    return sorted(
        groups,
        key=lambda group: (not is_paper(group), -float(shares[group].sum() * np.sqrt(on_border[group].sum()))),
    )


def _corner_counts(regions: Components) -> NDArray[np.int64]:
    """(n,): in how many of the four corners each region shows: the largest one within a square there."""
    height, width = regions.labels.shape
    side = max(3, round(_CORNER_SHARE * max(height, width)))
    counts = np.zeros(len(regions), np.int64)
    for rows in (np.s_[:side], np.s_[-side:]):
        for columns in (np.s_[:side], np.s_[-side:]):
            inside = np.bincount(regions.labels[rows, columns].ravel(), minlength=len(regions))
            inside[0] = 0
            counts[int(inside.argmax())] += 1
    counts[0] = 0
    return counts


def _group_by_colour(regions: list[int], colours: Values) -> list[list[int]]:
    """The regions, largest first, grouped by colour."""
    groups: list[list[int]] = []
    for region in regions:
        near = [group for group in groups if np.linalg.norm(colours[group[0]] - colours[region]) < _GROUP_LAB]
        if near:
            near[0].append(region)
        else:
            groups.append([region])
    return groups


def _is_area(region: Mask, background: Mask) -> bool:
    """True for a large region along two or more sides of the image, such as a sky or a floor."""
    if region.mean() < _MIN_AREA_SHARE or (region & background).sum() > 0.2 * region.sum() or min(region.shape) < 4:
        return False
    sides = region[1], region[-2], region[:, 1], region[:, -2]
    return sum(float(side.mean()) > 0.1 for side in sides) >= 2


def _with_rim(area: Mask, background: Mask) -> Mask:
    """The area with its soft edge: thin pixels between the area and the background."""
    between = ~background & ~area
    return (area & ~background) | (between & grow(area, 4) & ~open_mask(between, 3))


def _rim(picture: Labels | Mask) -> Labels:
    """The second ring of pixels, because the first may be an anti-aliased frame."""
    if min(picture.shape) < 4:
        return picture.ravel().astype(np.int32)
    return np.concatenate([picture[1], picture[-2], picture[:, 1], picture[:, -2]]).astype(np.int32)


def _trend(rgb: Rgb, main: Mask) -> tuple[Rgb | None, float]:
    """The simplest surface that explains the region, if any, and the scatter of the region about it in levels."""
    values = rgb.astype(np.float32)
    best: tuple[Rgb | None, float] = None, 3.0
    for degree in (1, 3, 5):
        surface = polynomial_trend(values, main, degree)
        if surface is None:
            continue
        model = levels(surface)
        # up to a fifth may be leakage over a soft edge: the 80th percentile, scaled to the 95th of a normal
        scatter = 1.53 * float(np.percentile(channel_max(np.asarray(cv2.absdiff(rgb, model)))[main], 80))
        if (best[0] is None and scatter <= 8) or scatter < 0.7 * best[1]:
            best = model, scatter
        if best[0] is not None and best[1] <= _FITTING_LEVELS:
            break
    return best if best[0] is None else (_correct_shading(rgb, best[0], main, best[1]), best[1])


def _correct_shading(rgb: Rgb, model: Rgb, main: Mask, noise: float) -> Rgb:
    """The model corrected by the slow residual shading of the region, such as at the tip of a conical gradient."""
    rest = rgb[::4, ::4].astype(np.float32) - model[::4, ::4]
    near = (main[::4, ::4] & (channel_max(np.abs(rest)) <= _DEPARTURE_LEVELS + 3 * noise)).astype(np.float32)
    sums, weight = (np.asarray(cv2.GaussianBlur(plane, (0, 0), 3)) for plane in (rest * near[..., None], near))
    bend = np.where(weight[..., None] > 0.02, sums / np.maximum(weight, 0.02)[..., None], 0).astype(np.float32)
    if np.abs(bend).max() < 0.5:
        return model
    bend = np.asarray(cv2.resize(bend, main.shape[::-1], interpolation=cv2.INTER_LINEAR))
    return levels(model + bend)


def _extend(rgb: Rgb, main: Mask) -> Rgb:
    inner = shrink(main, 2)
    return fill(rgb, ~main, inner if inner.any() else main)


def _explained(rgb: Rgb, main: Mask, model: Rgb, noise: float) -> Mask:
    """Pixels of the model's colour that are connected to the border or visible through something.

    Enclosed pixels are background if they have the colour of a gradient at that place. On a flat background, this
    proves nothing: a white eye on white paper is an eye.
    """
    smooth = np.asarray(cv2.medianBlur(rgb, 3))
    limit = 3 + 1.5 * noise
    close = channel_max(np.asarray(cv2.absdiff(smooth, model))) <= limit
    parts = components(close, connectivity=4)
    is_sizeable = parts.areas > _MIN_ISLAND_SHARE * close.size
    is_sizeable[0] = False
    keep = is_sizeable & (np.bincount(parts.labels[main], minlength=len(parts)) > 0)
    for island in np.flatnonzero(is_sizeable & ~keep).tolist():
        window = parts.window(island)
        colour = model[window][parts.labels[window] == island].mean(0)
        alike = np.abs(model[::4, ::4] - colour).max(-1) <= limit
        keep[island] = alike.mean() < _MAX_CHANCE
    return take_by_label(keep, parts.labels)
