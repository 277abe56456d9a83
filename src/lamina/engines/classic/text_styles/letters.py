"""Separates the faces of letters from the outline and the shadow in the same layer, by colour."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lamina.core.text_styles import Colour
from lamina.engines.classic.raster import Labels, Values
from lamina.engines.classic.text_styles.fills import Fill

_OTHER_LEVELS = 60.0  # distance in RGB from which on a pixel is not of the face
_MIN_OTHER = 0.06  # share of the layer from which on something else than faces is in it
_MIN_ALPHA = 0.04  # the colour of fainter pixels says nothing
_MIN_CLUSTER = 0.15  # of the other pixels
_MAX_SAMPLES = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """`faces`: (h, w), 0..1, coverage of the letters' faces. `others`: (h, w), of everything else in the layer.

    `colours`: of what else there is, sRGB 0..255; empty if there are only faces.
    """

    faces: Values
    others: Values
    colours: tuple[Colour, ...] = ()


def separate_letters(pixels: Values, owners: Labels, fills: Sequence[Fill]) -> Letters:
    """Separates the letters in `pixels` (h, w, 4), premultiplied 0..1. `fills`: of each line in `owners`."""
    alpha = pixels[..., 3]
    colours = straight_colours(pixels)
    away = np.full(alpha.shape, np.inf, np.float32)  # distance from the face's colour
    for index, fill in enumerate(fills):
        is_own = owners == index
        distance = np.linalg.norm(colours - fill.at(alpha.shape), axis=-1)
        away[is_own] = distance[is_own]
    nobodys = owners < 0
    if nobodys.any():  # faint edges and shadows: the nearest of the faces
        distances = [np.linalg.norm(colours - fill.at(alpha.shape), axis=-1) for fill in _distinct(fills)]
        away[nobodys] = np.min(distances, 0)[nobodys]
    weight = np.where((alpha > _MIN_ALPHA) & (away > _OTHER_LEVELS), alpha, 0)
    if weight.sum() < _MIN_OTHER * alpha.sum():
        return Letters(alpha, np.zeros_like(alpha))
    centres = _centres(colours, weight)
    to_other = np.min([np.linalg.norm(colours - np.array(centre, np.float32), axis=-1) for centre in centres], 0)
    share = np.where(alpha > _MIN_ALPHA, to_other / np.maximum(to_other + away, 1e-6), 0)
    faces = (alpha * share).astype(np.float32)
    return Letters(faces, alpha - faces, centres)


def straight_colours(pixels: Values) -> Values:
    """(h, w, 3): the colours in levels, without alpha."""
    return np.asarray(np.clip(pixels[..., :3] * 255 / np.maximum(pixels[..., 3:], 1e-3), 0, 255), np.float32)


def _distinct(fills: Sequence[Fill]) -> list[Fill]:
    """A fill of each colour: a page has hundreds of lines in one."""
    return list({fill.colour if fill.gradient is None else id(fill): fill for fill in fills}.values())


def _centres(colours: Values, weight: Values) -> tuple[Colour, ...]:
    """One colour, or two if they are clearly different: an outline and a shadow."""
    flat, mass = colours.reshape(-1, 3), weight.ravel()
    order = np.flatnonzero(mass > 0.3 * mass.max())
    sample = np.ascontiguousarray(flat[order[:: max(1, len(order) // _MAX_SAMPLES)]])
    if len(sample) >= 8:
        cv2.setRNGSeed(1)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 0.5)
        _, labels, centres = cv2.kmeans(
            data=sample,
            K=2,
            bestLabels=np.empty(0, np.int32),
            criteria=stop,
            attempts=2,
            flags=cv2.KMEANS_PP_CENTERS,
        )
        shares = np.bincount(np.asarray(labels).ravel(), minlength=2) / len(sample)
        if shares.min() >= _MIN_CLUSTER and np.linalg.norm(centres[0] - centres[1]) > _OTHER_LEVELS:
            return tuple(_median(sample[np.asarray(labels).ravel() == index]) for index in (0, 1))
    return (_median(sample),)


def _median(samples: Values) -> Colour:
    red, green, blue = np.median(samples, 0)
    return round(float(red)), round(float(green)), round(float(blue))
