"""Lettering: the exact pixels of every line of text in a picture, verified by reading the mask again."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Box, Point
from lamina.engine.classic.backdrop import Backdrop, backdrop_of
from lamina.engine.classic.change import changed_pixels, ripples_near, without_rim
from lamina.engine.classic.growth import grown
from lamina.engine.classic.neighbourhood import Neighbourhood, neighbourhoods
from lamina.engine.classic.ocr import Quad, Reading, read_lines, read_strips, strip
from lamina.engine.classic.raster import (
    Mask,
    Rgb,
    as_bytes,
    bounds,
    components,
    depth,
    grow,
    sums_by_label,
    without_holes,
)
from lamina.engine.classic.strokes import Palette, accompanying, candidates, palette_of
from lamina.engine.classic.threads import at_once

_SURE, _ACCEPTED = 0.9, 0.5  # of the string that the mask must say again
_BLOCK_SHARE = 0.8  # of the pixels in one part, and of its hull
_STRIP_PX = 48  # the recogniser's own height


@dataclass(frozen=True, slots=True, eq=False)
class Lettering:
    """One line of text.

    `box`: x, y, width, height in the picture; `mask`: (height, width) of the box, True on strokes, outline, sides and
    shadow. `quad`: corners clockwise from the text's own top left. `colour`: of the letters' face, sRGB 0..255.
    `size_px`: the em size. `score`: 0..1, how well the mask alone reads as `string`.
    """

    box: Box
    mask: Mask
    string: str
    quad: tuple[Point, Point, Point, Point]
    colour: tuple[int, int, int]
    size_px: float
    score: float

    def paint(self, mask: Mask) -> None:
        """Marks this line's pixels in a mask of the whole picture."""
        x, y, width, height = self.box
        mask[y : y + height, x : x + width] |= self.mask


@dataclass(slots=True, eq=False)
class _Line:
    reading: Reading
    near: Neighbourhood
    backdrop: Backdrop
    palette: Palette
    core: Mask
    string: str = ""
    score: float = 0.0


def find_lettering(rgb: Rgb) -> list[Lettering]:
    """The lines of text in `rgb` (height, width, 3), top to bottom; their masks do not overlap."""
    readings = [reading for reading in read_lines(rgb) if _is_plausible(reading)]
    lines = at_once(_line, zip(neighbourhoods(rgb, readings), readings, strict=True))
    _verify(lines, at_once(_candidates, lines))
    lines = [line for line in lines if line.score >= _ACCEPTED]
    owners = _owners(rgb.shape[:2], lines)
    groups = at_once(lambda group: [_lettering(line, owners, number) for number, line in group], _apart(owners, lines))
    found = [one for group in groups for one in group if one is not None]
    return sorted(found, key=lambda one: (one.box[1], one.box[0]))


def _is_plausible(reading: Reading) -> bool:
    """Drawings read as stray letters: unsure, or a lone sign that is no ideograph."""
    letters = [sign for sign in reading.string if unicodedata.category(sign)[0] in "LN"]
    if len(letters) >= 3:
        return reading.score > 0.6
    if len(letters) == 2:
        return reading.score > 0.95 and len(set(letters)) == 2
    is_ideograph = (
        len(letters) == 1
        and unicodedata.name(letters[0], "").startswith("CJK")
        and letters[0] not in "一二三十口日工田"
    )
    return is_ideograph and reading.score > 0.95


def _line(found: tuple[Neighbourhood, Reading]) -> _Line:
    near, reading = found
    backdrop = backdrop_of(near.rgb, near.ground(100), near.inside)
    return _Line(reading, near, backdrop, palette_of(near), np.zeros(near.shape, bool))


def _candidates(line: _Line) -> list[tuple[Mask, float]]:
    return candidates(line.near, line.palette, line.backdrop)


def _verify(lines: Sequence[_Line], choices: Sequence[list[tuple[Mask, float]]]) -> None:
    """Give each line the candidate that reads best; only where the likeliest ones fail are the others read."""
    merits = [0.0] * len(lines)
    for first, last in ((0, 1), (1, 3), (3, 9)):
        tasks = [
            (index, mask, handicap)
            for index in range(len(lines))
            if merits[index] < _SURE
            for mask, handicap in choices[index][first:last]
            if len(lines[index].reading.string) < 3 or not _is_block(mask)
        ]
        said = read_strips([_silhouette(lines[index].near, mask) for index, mask, _ in tasks])
        for (index, mask, handicap), (string, surety) in zip(tasks, said, strict=True):
            line = lines[index]
            likeness = _likeness(string, line.reading.string)
            if likeness - handicap > merits[index]:
                merits[index] = likeness - handicap
                line.core, line.score = mask, likeness
                line.string = string.strip() if surety > line.reading.score else line.reading.string


def _silhouette(near: Neighbourhood, mask: Mask) -> Rgb:
    """The mask alone, black on white, laid flat for the recogniser."""
    picture = np.where(mask, 0, 255).astype(np.uint8)
    width, height = _sides(near.quad)
    flat = strip(picture, near.quad, (max(8, round(width)), max(8, round(height))), fill=255)
    margin = max(2, round(0.08 * height))
    flat = cv2.copyMakeBorder(flat, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=255)
    size = max(8, round(flat.shape[1] * _STRIP_PX / flat.shape[0])), _STRIP_PX
    flat = cv2.resize(flat, size, interpolation=cv2.INTER_AREA if flat.shape[0] > _STRIP_PX else cv2.INTER_LINEAR)
    return np.repeat(np.asarray(flat, np.uint8)[..., None], 3, -1)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, "".join(one.casefold().split()), "".join(other.casefold().split())).ratio()


def _owners(shape: tuple[int, ...], lines: Sequence[_Line]) -> NDArray[np.int32]:
    """(height, width): the number of the line (from 1) whose core a pixel is, or 0; better verified lines win."""
    owners = np.zeros(shape[:2], np.int32)
    for number in sorted(range(1, len(lines) + 1), key=lambda number: lines[number - 1].score):
        line = lines[number - 1]
        owners[line.near.place][line.core] = number
    return owners


def _apart(owners: NDArray[np.int32], lines: Sequence[_Line]) -> list[list[tuple[int, _Line]]]:
    """The lines with their numbers (from 1), in groups whose windows do not touch those of other groups."""
    windows = np.zeros(owners.shape, bool)
    for line in lines:
        windows[line.near.place] = True
    parts = components(windows).labels
    groups: dict[int, list[tuple[int, _Line]]] = {}
    for number, line in enumerate(lines, 1):
        groups.setdefault(int(parts[line.near.top, line.near.left]), []).append((number, line))
    return list(groups.values())


def _lettering(line: _Line, owners: NDArray[np.int32], number: int) -> Lettering | None:
    here = owners[line.near.place]
    core = line.core & (here == number)
    if core.sum() < 12:
        return None
    others = (here > 0) & (here != number)
    mask = _whole(line, core, others) & ~others
    if not mask.any() or (len(line.string) >= 3 and _is_block(mask)):
        mask = core
    here[mask] = number
    left, top, width, height = bounds(mask)
    return Lettering(
        (line.near.left + left, line.near.top + top, width, height),
        mask[top : top + height, left : left + width].copy(),
        line.string,
        _points(line.reading.quad),
        _face_colour(line.near.rgb, mask, line.palette),
        _em_px(line, core),
        line.score,
    )


def _whole(line: _Line, core: Mask, others: Mask) -> Mask:
    """The core, grown to all that belongs to it, without the anti-aliased rim; `others`: other lines' cores."""
    near = line.near
    reach = round(0.35 * near.height_px) + 3
    clear = ~grow(core | others, round(0.12 * near.height_px) + 2)
    sample = near.reach & clear if (near.reach & clear).sum() >= 100 else clear
    backdrop = backdrop_of(near.rgb, sample, near.inside, grow(core, 1))
    if backdrop.is_smooth_under(core):
        ripples = ripples_near(backdrop, core)
        changed = changed_pixels(backdrop, ripples)
        return without_rim(grown(core, changed, reach), backdrop, ripples)
    return grown(core, accompanying(near, line.palette, core), reach)


def _is_block(mask: Mask) -> bool:
    """True for one compact shape, letters being holes in it: the card or ribbon that a line stands on."""
    parts = components(mask)
    if len(parts) < 2 or parts.areas[1:].max() < _BLOCK_SHARE * parts.areas[1:].sum():
        return False
    solid = without_holes(parts.labels == int(parts.areas[1:].argmax()) + 1)
    outlines, _ = cv2.findContours(as_bytes(solid), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull_px = cv2.contourArea(cv2.convexHull(np.concatenate(outlines)))
    return bool(solid.sum() > _BLOCK_SHARE * hull_px)


def _face_colour(rgb: Rgb, mask: Mask, palette: Palette) -> tuple[int, int, int]:
    """The colour that lies deepest in the letters."""
    weight = sums_by_label(palette.labels[mask], depth(mask)[mask][:, None] ** 2, len(palette.centres))[:, 0]
    face = mask & (palette.labels == weight.argmax())
    red, green, blue = np.median(rgb[face], 0)
    return int(red), int(green), int(blue)


def _em_px(line: _Line, core: Mask) -> float:
    """The em size, from the height of the letters and which parts of the em they use."""
    down = (line.near.quad[3] - line.near.quad[0]) + (line.near.quad[2] - line.near.quad[1])
    down = down / max(1e-6, float(np.linalg.norm(down)))
    rows, columns = np.nonzero(core)
    along = columns * down[0] + rows * down[1]
    low, high = np.percentile(along, [0.5, 99.5])
    return round(float(high - low + 1) / _em_share(line.string), 1)


def _em_share(string: str) -> float:
    if any(unicodedata.east_asian_width(sign) in "WF" for sign in string):
        return 0.92
    top = 0.73 if any(sign.isupper() or sign.isdigit() or sign in "bdfhijklt!?%&" for sign in string) else 0.54
    return top + (0.2 if any(sign in "gjpqy,;Q" for sign in string) else 0.0)


def _sides(quad: Quad) -> tuple[float, float]:
    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))


def _points(quad: Quad) -> tuple[Point, Point, Point, Point]:
    one, two, three, four = ((float(x), float(y)) for x, y in quad)
    return one, two, three, four
