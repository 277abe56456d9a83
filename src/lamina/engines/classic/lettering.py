"""Lettering: the exact pixels of every line of text in a picture, and what it says where it could be read."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Box, Point
from lamina.engines.classic.backdrop import backdrop_of
from lamina.engines.classic.change import changed_pixels, ripples_near, without_rim
from lamina.engines.classic.growth import grown
from lamina.engines.classic.legibility import is_believable, is_plausible, may_be_of_another_script, may_be_text
from lamina.engines.classic.neighbourhood import Neighbourhood, neighbourhoods
from lamina.engines.classic.ocr import Quad, Reading, read_lines
from lamina.engines.classic.plain import plain_letters
from lamina.engines.classic.raster import Mask, Rgb, bounds, components, depth, grow, sums_by_label
from lamina.engines.classic.strokes import Palette, accompanying, candidates
from lamina.engines.classic.threads import at_once
from lamina.engines.classic.verifying import Line, find_letters, is_block, line_of, missed_by

Colour = tuple[int, int, int]
"""sRGB, 0..255."""

_LEAST_CORE_PX = 12
_MOST_LINES = 40  # that are looked into one by one, the tallest; the others are taken off their ground plainly


@dataclass(frozen=True, slots=True, eq=False)
class Lettering:
    """One line of text.

    `box`: x, y, width, height in the picture; `mask`: (height, width) of the box, True on strokes, outline, sides and
    shadow. `string`: what it says, empty if it is text that was not read. `quad`: corners clockwise from the text's own
    top left. `colour`: of the letters' face. `size_px`: the em size. `score`: 0..1, how surely the mask is this text.
    """

    box: Box
    mask: Mask
    string: str
    quad: tuple[Point, Point, Point, Point]
    colour: Colour
    size_px: float
    score: float

    def paint(self, mask: Mask) -> None:
        """Marks this line's pixels in a mask of the whole picture."""
        x, y, width, height = self.box
        mask[y : y + height, x : x + width] |= self.mask


def find_lettering(rgb: Rgb) -> list[Lettering]:
    """The lines of text in `rgb` (height, width, 3), top to bottom; their masks do not overlap."""
    readings = [one for one in read_lines(rgb) if is_plausible(one.string, one.score) or may_be_text(one)]
    windows = list(zip(neighbourhoods(rgb, readings), readings, strict=True))
    tallest = sorted(range(len(windows)), key=lambda index: -windows[index][0].height_px)
    closely = set(tallest[:_MOST_LINES])
    lines = at_once(lambda window: line_of(*window), [windows[index] for index in sorted(closely)])
    find_letters(lines, at_once(lambda line: candidates(line.near, line.palette, line.backdrop), lines))
    lines = [line for line in lines if line.is_found]
    owners = _owners(rgb.shape[:2], lines)
    groups = at_once(lambda group: [_lettering(line, owners, number) for number, line in group], _apart(owners, lines))
    found = [one for group in groups for one in group if one is not None]
    rest = [_plain_lettering(*windows[index], owners) for index in range(len(windows)) if index not in closely]
    found = _in_scripts_that_are_read([*found, *(one for one in rest if one is not None)])
    return sorted(found, key=lambda one: (one.box[1], one.box[0]))


def _in_scripts_that_are_read(found: list[Lettering]) -> list[Lettering]:
    """The same, without what lines seem to say whose letters are also those of a script that is not read.

    "TEATP" among lines that could not be read is not English.
    """
    shared = [bool(one.string) and may_be_of_another_script(one.string) for one in found]
    unread = sum(not one.string for one in found)
    if unread <= len(found) - unread - sum(shared):
        return found
    return [replace(one, string="") if is_shared else one for one, is_shared in zip(found, shared, strict=True)]


def _owners(shape: tuple[int, ...], lines: Sequence[Line]) -> NDArray[np.int32]:
    """(height, width): the number of the line (from 1) whose core a pixel is, or 0; better verified lines win."""
    owners = np.zeros(shape[:2], np.int32)
    for number in sorted(range(1, len(lines) + 1), key=lambda number: lines[number - 1].score):
        line = lines[number - 1]
        owners[line.near.place][line.core] = number
    return owners


def _apart(owners: NDArray[np.int32], lines: Sequence[Line]) -> list[list[tuple[int, Line]]]:
    """The lines with their numbers (from 1), in groups whose windows do not touch those of other groups."""
    windows = np.zeros(owners.shape, bool)
    for line in lines:
        windows[line.near.place] = True
    parts = components(windows).labels
    groups: dict[int, list[tuple[int, Line]]] = {}
    for number, line in enumerate(lines, 1):
        groups.setdefault(int(parts[line.near.top, line.near.left]), []).append((number, line))
    return list(groups.values())


def _lettering(line: Line, owners: NDArray[np.int32], number: int) -> Lettering | None:
    here = owners[line.near.place]
    core = line.core & (here == number)
    if core.sum() < _LEAST_CORE_PX:
        return None
    others = (here > 0) & (here != number)
    mask = _whole(line, core, others) & ~others
    if not mask.any() or (len(line.string) >= 3 and is_block(mask)):
        mask = core
    here[mask] = number
    colour = _face_colour(line.near.rgb, mask, line.palette)
    return _described(line.near, line.reading, mask, core, line.string, line.score, colour)


def _plain_lettering(near: Neighbourhood, reading: Reading, owners: NDArray[np.int32]) -> Lettering | None:
    """A line that is not looked into: its letters by contrast alone."""
    here = owners[near.place]
    mask = plain_letters(near) & (here == 0)
    if mask.sum() < _LEAST_CORE_PX:
        return None
    here[mask] = -1
    missed = missed_by(reading, near.quad, mask)
    string = reading.string if is_believable(reading.string, reading.score, missed) else ""
    red, green, blue = np.median(near.rgb[mask], 0)
    return _described(near, reading, mask, mask, string, reading.score, (int(red), int(green), int(blue)))


def _described(
    near: Neighbourhood, reading: Reading, mask: Mask, core: Mask, string: str, score: float, colour: Colour
) -> Lettering:
    left, top, width, height = bounds(mask)
    return Lettering(
        box=(near.left + left, near.top + top, width, height),
        mask=mask[top : top + height, left : left + width].copy(),
        string=string,
        quad=_points(reading.quad),
        colour=colour,
        size_px=_em_px(near.quad, core, string),
        score=score,
    )


def _whole(line: Line, core: Mask, others: Mask) -> Mask:
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


def _face_colour(rgb: Rgb, mask: Mask, palette: Palette) -> Colour:
    """The colour that lies deepest in the letters."""
    weight = sums_by_label(palette.labels[mask], depth(mask)[mask][:, None] ** 2, len(palette.centres))[:, 0]
    face = mask & (palette.labels == weight.argmax())
    red, green, blue = np.median(rgb[face], 0)
    return int(red), int(green), int(blue)


def _em_px(quad: Quad, core: Mask, string: str) -> float:
    """The em size, from the height of the letters in the line's window and which parts of the em they use."""
    down = (quad[3] - quad[0]) + (quad[2] - quad[1])
    down = down / max(1e-6, float(np.linalg.norm(down)))
    rows, columns = np.nonzero(core)
    along = columns * down[0] + rows * down[1]
    low, high = np.percentile(along, [0.5, 99.5])
    return round(float(high - low + 1) / _em_share(string), 1)


def _em_share(string: str) -> float:
    if any(unicodedata.east_asian_width(sign) in "WF" for sign in string):
        return 0.92
    if not string:
        return 0.85
    top = 0.73 if any(sign.isupper() or sign.isdigit() or sign in "bdfhijklt!?%&" for sign in string) else 0.54
    return top + (0.2 if any(sign in "gjpqy,;Q" for sign in string) else 0.0)


def _points(quad: Quad) -> tuple[Point, Point, Point, Point]:
    one, two, three, four = ((float(x), float(y)) for x, y in quad)
    return one, two, three, four
