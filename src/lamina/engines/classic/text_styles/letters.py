"""Separates the faces of letters from the outline and the shadow in the same layer, by colour."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lamina.core.text_styles import Colour
from lamina.engines.classic.raster import Labels, Values, shrink
from lamina.engines.classic.text_styles.fills import Fill
from lamina.engines.classic.text_styles.ink import windows_of_lines

_OTHER_LEVELS = 60.0  # distance in RGB from which on a pixel is not of the face
_MIN_OTHER = 0.06  # share of the layer from which on something else than faces is in it
_SOLID = 0.9
_MIN_ALPHA = 0.04  # the colour of fainter pixels says nothing
_MIXTURE_LEVELS = 30.0  # distance in RGB from the line between two colours
_MIN_CLUSTER = 0.15  # of the other pixels
_MAX_SAMPLES, _MAX_QUICK_SAMPLES = 4000, 40_000
_MOST_COMMON = 3  # colours of faces that faint pixels are compared with


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """`faces`: (h, w), 0..1, coverage of the letters' faces. `others`: (h, w), of everything else in the layer.

    `colours`: of what else there is, sRGB 0..255; empty if there are only faces.
    """

    faces: Values
    others: Values
    colours: tuple[Colour, ...] = ()

    def within(self, window: tuple[slice, slice]) -> "Letters":
        """The same in a part of the picture."""
        return Letters(self.faces[window], self.others[window], self.colours)


def separate_letters(pixels: Values, owners: Labels, fills: Sequence[Fill]) -> Letters:
    """Separates the letters in `pixels` (h, w, 4), premultiplied 0..1. `fills`: of each line in `owners`."""
    alpha = pixels[..., 3]
    if not _shows_more_than_faces(pixels, owners, fills):
        return Letters(alpha, np.zeros_like(alpha))
    colours = straight_colours(pixels)
    away = _distance_from_faces(colours, owners, fills)
    weight = np.where((alpha > _MIN_ALPHA) & (away > _OTHER_LEVELS), alpha, 0)
    if weight.sum() <= _MIN_OTHER * alpha.sum():
        return Letters(alpha, np.zeros_like(alpha))
    centres = _centres(colours, weight, _common_colours(fills)[0])
    to_other = np.min([_distance(colours, np.array(centre, np.float32)) for centre in centres], 0)
    share = np.where(alpha > _MIN_ALPHA, to_other / np.maximum(to_other + away, 1e-6), 0)
    faces = (alpha * share).astype(np.float32)
    return Letters(faces, alpha - faces, centres)


def _shows_more_than_faces(pixels: Values, owners: Labels, fills: Sequence[Fill]) -> bool:
    """True if, in a sample of the letters, enough is of other colours than the faces: most text has no effects.

    Opaque pixels at the edge do not count: in scans they are mixed with the paper.
    """
    if any(fill.gradient is not None for fill in fills):
        return True
    solid = pixels[..., 3] > _SOLID
    places = np.flatnonzero(((pixels[..., 3] > _MIN_ALPHA) & ~solid) | shrink(solid, 1))
    if not places.size:
        return False
    places = places[:: max(1, len(places) // _MAX_QUICK_SAMPLES)]
    sample = pixels.reshape(-1, 4)[places][:, None]
    common = _common_colours(fills)
    faces = np.array([*(fill.colour for fill in fills), common[0]], np.float32)[owners.ravel()[places]]
    away = _distance(straight_colours(sample)[:, 0], faces)
    away = np.min([away, *(_distance(straight_colours(sample)[:, 0], np.array(each)) for each in common)], 0)
    weights = sample[:, 0, 3]
    return bool(weights[away > _OTHER_LEVELS].sum() > _MIN_OTHER / 2 * weights.sum())


def _distance_from_faces(colours: Values, owners: Labels, fills: Sequence[Fill]) -> Values:
    """(h, w): from the colour of the line's faces; elsewhere, on faint edges, from the nearest of common ones."""
    shape = owners.shape[0], owners.shape[1]
    by_colour = {fill.colour: fill for fill in fills}
    away = np.min([_distance(colours, by_colour[colour].at(shape)) for colour in _common_colours(fills)], 0)
    for index, window in windows_of_lines(owners, len(fills)).items():
        is_own = owners[window] == index
        face = fills[index].at(shape)
        face = face if face.shape[:2] == (1, 1) else face[window]
        away[window] = np.where(is_own, _distance(colours[window], face), away[window])
    return away


def _common_colours(fills: Sequence[Fill]) -> list[Colour]:
    return [colour for colour, _ in Counter(fill.colour for fill in fills).most_common(_MOST_COMMON)]


def _distance(colours: Values, others: Values) -> Values:
    difference = colours - others
    return np.sqrt(np.einsum("...i,...i", difference, difference))


def nearest_colour(colours: Values, choices: Sequence[Colour]) -> Labels:
    """(h, w): the index of the most similar of some colours. `colours`: (h, w, 3) in levels."""
    distances = [_distance(colours, np.array(choice, np.float32)) for choice in choices]
    return np.argmin(distances, 0).astype(np.int32)


def straight_colours(pixels: Values) -> Values:
    """(h, w, 3): the colours in levels, without alpha."""
    return np.asarray(np.clip(pixels[..., :3] * 255 / np.maximum(pixels[..., 3:], 1e-3), 0, 255), np.float32)


def _centres(colours: Values, weight: Values, face: Colour) -> tuple[Colour, ...]:
    """One colour, or two if they are clearly different: an outline and a shadow. `face`: the usual colour of faces."""
    flat, mass = colours.reshape(-1, 3), weight.ravel()
    order = np.flatnonzero(mass > 0.3 * mass.max())
    sample = np.ascontiguousarray(flat[order[:: max(1, len(order) // _MAX_SAMPLES)]])
    if len(sample) >= 8:
        cv2.setRNGSeed(1)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 0.5)
        _, labels, _ = cv2.kmeans(
            data=sample,
            K=2,
            bestLabels=np.empty(0, np.int32),
            criteria=stop,
            attempts=2,
            flags=cv2.KMEANS_PP_CENTERS,
        )
        members = [sample[np.asarray(labels).ravel() == index] for index in (0, 1)]
        both = [_median(group) for group in members if len(group) >= _MIN_CLUSTER * len(sample)]
        both.sort(key=lambda colour: -math.dist(colour, face))
        if len(both) == 2 and math.dist(*both) > _OTHER_LEVELS and not _is_mixture(both[1], both[0], face):
            return tuple(both)
        return (both[0],)
    return (_median(sample),)


def _is_mixture(colour: Colour, first: Colour, second: Colour) -> bool:
    """True if the colour is about between two others, as pixels at the edge of both are."""
    direction = np.subtract(second, first).astype(float)
    offset = np.subtract(colour, first).astype(float)
    position = float(offset @ direction) / max(1.0, float(direction @ direction))
    return 0 < position < 1 and float(np.linalg.norm(offset - position * direction)) < _MIXTURE_LEVELS


def _median(samples: Values) -> Colour:
    red, green, blue = np.median(samples, 0)
    return round(float(red)), round(float(green)), round(float(blue))
