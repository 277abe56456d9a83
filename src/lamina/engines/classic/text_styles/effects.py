"""Measures the outline and the shadow of letters."""

import itertools
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from lamina.core.text_styles import Colour, TextOutline, TextShadow
from lamina.engines.classic.raster import Mask, Values, as_bytes, grow
from lamina.engines.classic.text_styles.letters import Letters, nearest_colour

_MAX_OUTLINE_EM = 0.3
_LINED = 0.7  # share of the letters' surroundings that an outline covers at least: a shadow covers about a half
_BEGINS, _ENDS = 0.5, 0.35  # shares of the pixels beside the letters from which on, and of others up to which, it goes
_LEAST_SIDE, _MIN_OUTLINE_PX = 0.6, 0.6
_MIN_SHADOW = 0.05  # of the area of the letters
_MAX_OFFSET_EM = 0.24
_BLURS_EM = (0.0, 0.025, 0.06, 0.12)
_MIN_SWAPPED = 0.3  # area of what is not faces, in areas of the faces, from which on it may be the faces
_CLEARLY = 0.7
_MAX_LEFT = 0.5  # share of what is not letters that a shadow may leave unexplained
_MIN_OPACITY = 0.1
_COARSE_EM_PX, _FINE_EM_PX = 24.0, 64.0


@dataclass(frozen=True, slots=True)
class FoundEffects:
    """The effects of letters, in pixels of these and along the text. `is_swapped`: what seemed to be faces is not."""

    outline: TextOutline | None = None
    shadow: TextShadow | None = None
    is_swapped: bool = False


def find_effects(letters: Letters, colours: Values, em_px: float) -> FoundEffects:
    """The outline and the shadow. `colours`: (h, w, 3) in levels; `em_px`: em size in pixels of these.

    If faces and shadow have been mistaken for each other, the shadow that is cast by what seems to be the faces
    explains less: it is not whole, because the true faces lie on it.
    """
    outline = find_outline(letters, colours, em_px)
    shadow, unexplained = find_shadow(letters, outline.width_px if outline else 0.0, colours, em_px)
    if outline is None and letters.others.sum() > _MIN_SWAPPED * letters.faces.sum():
        swapped = Letters(letters.others, letters.faces, letters.colours)
        other_outline = find_outline(swapped, colours, em_px)
        other_shadow, remaining = find_shadow(swapped, other_outline.width_px if other_outline else 0.0, colours, em_px)
        if (other_outline or other_shadow) and remaining < _CLEARLY * unexplained:
            return FoundEffects(other_outline, other_shadow, is_swapped=True)
    return FoundEffects(outline, shadow)


def find_outline(letters: Letters, colours: Values, em_px: float) -> TextOutline | None:
    """The line of even width and one colour around the letters; None without. Units as in `find_effects`."""
    faces = letters.faces > 0.5
    if not letters.colours or not faces.any():
        return None
    distance = np.asarray(cv2.distanceTransform(as_bytes(~faces), cv2.DIST_L2, 5), np.float32)
    nearest = nearest_colour(colours, letters.colours)
    candidates = [np.where(nearest == index, letters.others, 0) for index in range(len(letters.colours))]
    widths = [_outline_width(ring, distance, em_px) for ring in candidates]
    best = max(range(len(widths)), key=widths.__getitem__)
    width, ring = widths[best], candidates[best]
    within = (distance > 0) & (distance <= max(1.0, width)) & (ring > 0.7)
    if width < _MIN_OUTLINE_PX or not within.any() or not _surrounds(ring, faces, distance, width):
        return None
    red, green, blue = np.median(colours[within], 0)
    return TextOutline(colour=(round(float(red)), round(float(green)), round(float(blue))), width_px=width)


def _outline_width(ring: Values, distance: Values, em_px: float) -> float:
    """The width in pixels of what surrounds the letters evenly; 0 if nothing does. `distance`: from the letters."""
    width = 0.0
    for shell in range(max(2, int(_MAX_OUTLINE_EM * em_px))):
        pixels = ring[(distance > shell) & (distance <= shell + 1)]
        share = float(pixels.mean()) if pixels.size else 0.0
        if share < (_ENDS if shell else _BEGINS) or (shell == 1 and share < _LINED and width < 0.9):
            break
        width += share
    return width


def _surrounds(ring: Values, faces: Mask, distance: Values, width: float) -> bool:
    """True if the outline covers all four sides of the letters."""
    near = (distance > 0) & (distance <= max(1.0, 0.7 * width))
    step = max(1, round(0.7 * width))
    for down, right in ((0, step), (0, -step), (step, 0), (-step, 0)):
        side = near & np.roll(faces, (down, right), (0, 1))
        if side.any() and ring[side].mean() < _LEAST_SIDE:
            return False
    return True


class _ShadowTask:
    """The search of a shadow at one scale.

    `shape`: (h, w), what casts it; `seen`: (h, w), what is visible of it, 0 elsewhere; `outside`: (h, w), 1 where it
    would be visible, else 0.
    """

    def __init__(self, shape: Values, seen: Values, outside: Values, em_px: float) -> None:
        self._outside, self._em_px = outside, em_px
        self._seen = seen * outside
        self.total = float((self._seen**2).sum())
        self._blurred = lru_cache(maxsize=8)(lambda blur: self._blur(shape, blur))

    def _blur(self, shape: Values, blur: float) -> Values:
        sigma = blur * self._em_px
        return shape if sigma <= 0.3 else np.asarray(cv2.GaussianBlur(shape, (0, 0), sigma), np.float32)

    def best_whole_offset(self) -> tuple[float, float, float]:
        """The offset, of whole pixels, and the blur, in em, that leave least unexplained, all tried at once."""
        reach = max(1, round(_MAX_OFFSET_EM * self._em_px))
        seen, outside = (np.pad(plane, reach) for plane in (self._seen, self._outside))
        best, lowest = (0.0, 0.0, 0.0), np.inf
        for blur in _BLURS_EM:
            cast = self._blurred(blur)
            common = cv2.matchTemplate(seen, cast, cv2.TM_CCORR)
            own = cv2.matchTemplate(outside, cast**2, cv2.TM_CCORR)
            opacity = np.clip(common / np.maximum(own, 1e-6), 0, 1)
            left = self.total - 2 * opacity * common + opacity**2 * own
            down, right = np.unravel_index(int(left.argmin()), left.shape)
            if left[down, right] < lowest:
                best = (int(right) - reach) / self._em_px, (int(down) - reach) / self._em_px, blur
                lowest = float(left[down, right])
        return best

    def fit(self, right: float, down: float, blur: float) -> tuple[float, float]:
        """What a shadow with this offset and blur, in em, leaves unexplained, and its opacity 0..1."""
        cast = self._blurred(blur)
        shift = np.array([[1, 0, right * self._em_px], [0, 1, down * self._em_px]], np.float32)
        cast = np.asarray(cv2.warpAffine(cast, shift, (cast.shape[1], cast.shape[0])), np.float32) * self._outside
        common, own = float(np.vdot(cast, self._seen)), float(np.vdot(cast, cast))
        opacity = min(1.0, common / max(1e-6, own))
        return self.total - 2 * opacity * common + opacity**2 * own, opacity


def find_shadow(letters: Letters, outline_px: float, colours: Values, em_px: float) -> tuple[TextShadow | None, float]:
    """The shadow of the letters, in pixels of these and along the text, or None; and the share, 0..1, of what is not
    letters or outline that remains unexplained. `outline_px`: the width of the outline.
    """
    faces = letters.faces > 0.5
    outside = ~grow(faces, round(outline_px + 0.5) + 1)
    seen = np.where(outside, letters.others, 0)
    if not letters.colours or seen.sum() < _MIN_SHADOW * letters.faces.sum():
        return None, 0.0
    shape = grow(faces, round(outline_px)) if outline_px else faces
    coarse = _reduced(shape, seen, outside, em_px, _COARSE_EM_PX)
    fine = _reduced(shape, seen, outside, em_px, _FINE_EM_PX)
    best = _refined(fine, coarse.best_whole_offset())
    left, opacity = fine.fit(*best)
    unexplained = left / max(1e-6, fine.total)
    if opacity < _MIN_OPACITY or unexplained > _MAX_LEFT:
        return None, unexplained
    right, down, blur = best
    shadow = TextShadow(
        colour=_colour(colours, seen),
        offset_px=(right * em_px, down * em_px),
        blur_px=blur * em_px,
        opacity=round(opacity, 2),
    )
    return shadow, unexplained


def _refined(task: _ShadowTask, start: tuple[float, float, float]) -> tuple[float, float, float]:
    """The best offset and blur near `start`, by halving steps along each axis."""
    best, lowest = start, task.fit(*start)[0]
    step = _MAX_OFFSET_EM / 12
    for _ in range(4):
        for axis, sign in itertools.product(range(3), (-1, 1)):
            values = list(best)
            values[axis] += sign * step
            values[2] = max(0.0, values[2])
            right, down, blur = values
            left = task.fit(right, down, blur)[0]
            if left < lowest:
                best, lowest = (right, down, blur), left
        step /= 2
    return best


def _reduced(shape: Mask, seen: Values, outside: Mask, em_px: float, target_px: float) -> _ShadowTask:
    scale = min(1.0, target_px / max(1.0, em_px))
    size = max(4, round(shape.shape[1] * scale)), max(4, round(shape.shape[0] * scale))

    def small(plane: Values) -> Values:
        return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)

    is_outside = (small(outside.astype(np.float32)) > 0.9).astype(np.float32)
    return _ShadowTask(small(shape.astype(np.float32)), small(seen.astype(np.float32)), is_outside, em_px * scale)


def _colour(colours: Values, seen: Values) -> Colour:
    strong = seen >= 0.5 * seen.max()
    red, green, blue = np.median(colours[strong], 0)
    return round(float(red)), round(float(green)), round(float(blue))
