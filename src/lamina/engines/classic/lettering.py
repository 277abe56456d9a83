"""Finds the exact pixels of every line of text in an image, and its string if it is readable."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Box, Point
from lamina.engines.classic.backdrop import fit_backdrop
from lamina.engines.classic.change_detection import artifact_level_near, changed_pixels, remove_rim
from lamina.engines.classic.contrast_letters import contrast_letters
from lamina.engines.classic.growth import grow_letters
from lamina.engines.classic.legibility import is_believable, is_plausible, may_be_of_another_script, may_be_text
from lamina.engines.classic.letter_selection import (
    LineCandidate,
    is_block,
    prepare_line,
    select_letters,
    unexplained_share_of,
)
from lamina.engines.classic.ocr import OcrLine, Quad, read_lines
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Mask, Rgb, bounding_box, components, depth, grow, sums_by_label
from lamina.engines.classic.strokes import Palette, letter_candidates, outline_pixels
from lamina.engines.classic.text_window import TextWindow, text_windows

Colour = tuple[int, int, int]
"""sRGB, 0..255."""

_MIN_CORE_PX = 12
_MAX_DETAILED_LINES = 40  # the tallest, which are analysed in detail; the others are segmented by contrast


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Lettering:
    """One line of text.

    `box`: x, y, width, height in the image; `mask`: (height, width) of the box, True on strokes, outline, extrusion and
    shadow. `string`: the recognised text, empty if unreadable. `quad`: corners clockwise from the top left of the text.
    `colour`: of the letter faces. `size_px`: the em size. `score`: 0..1, confidence that the mask is this text.
    """

    box: Box
    mask: Mask
    string: str
    quad: tuple[Point, Point, Point, Point]
    colour: Colour
    size_px: float
    score: float

    def paint(self, mask: Mask) -> None:
        """Marks the pixels of this line in a mask of the whole image."""
        x, y, width, height = self.box
        mask[y : y + height, x : x + width] |= self.mask


def find_lettering(rgb: Rgb) -> list[Lettering]:
    """The lines of text in `rgb` (height, width, 3), top to bottom; their masks do not overlap."""
    ocr_lines = [line for line in read_lines(rgb) if is_plausible(line.string, line.score) or may_be_text(line)]
    pairs = list(zip(text_windows(rgb, ocr_lines), ocr_lines, strict=True))
    tallest = sorted(range(len(pairs)), key=lambda index: -pairs[index][0].height_px)
    detailed = set(tallest[:_MAX_DETAILED_LINES])
    lines = map_in_threads(lambda pair: prepare_line(*pair), [pairs[index] for index in sorted(detailed)])
    select_letters(
        lines, map_in_threads(lambda line: letter_candidates(line.window, line.palette, line.backdrop), lines)
    )
    lines = [line for line in lines if line.is_found]
    owners = _owners(rgb.shape[:2], lines)
    groups = map_in_threads(
        lambda group: [_lettering(line, owners, number) for number, line in group], _group_by_windows(owners, lines)
    )
    letterings = [lettering for group in groups for lettering in group if lettering is not None]
    rest = [_lettering_by_contrast(*pairs[index], owners) for index in range(len(pairs)) if index not in detailed]
    letterings = _without_unsupported_scripts(
        [*letterings, *(lettering for lettering in rest if lettering is not None)]
    )
    return sorted(letterings, key=lambda lettering: (lettering.box[1], lettering.box[0]))


def _without_unsupported_scripts(letterings: list[Lettering]) -> list[Lettering]:
    """The lines without strings that may belong to a script that the recogniser does not support.

    For example, "TEATP" among unreadable lines is not English.
    """
    shared = [bool(lettering.string) and may_be_of_another_script(lettering.string) for lettering in letterings]
    unread = sum(not lettering.string for lettering in letterings)
    if unread <= len(letterings) - unread - sum(shared):
        return letterings
    return [
        replace(lettering, string="") if is_shared else lettering
        for lettering, is_shared in zip(letterings, shared, strict=True)
    ]


def _owners(shape: tuple[int, ...], lines: Sequence[LineCandidate]) -> NDArray[np.int32]:
    """(height, width): number (from 1) of the line whose core contains the pixel, or 0; better verified lines win."""
    owners = np.zeros(shape[:2], np.int32)
    for number in sorted(range(1, len(lines) + 1), key=lambda number: lines[number - 1].score):
        line = lines[number - 1]
        owners[line.window.slices][line.core] = number
    return owners


def _group_by_windows(
    owners: NDArray[np.int32], lines: Sequence[LineCandidate]
) -> list[list[tuple[int, LineCandidate]]]:
    """The lines with their numbers (from 1), grouped so that the windows of different groups do not touch."""
    windows = np.zeros(owners.shape, bool)
    for line in lines:
        windows[line.window.slices] = True
    parts = components(windows).labels
    groups: dict[int, list[tuple[int, LineCandidate]]] = {}
    for number, line in enumerate(lines, 1):
        groups.setdefault(int(parts[line.window.top, line.window.left]), []).append((number, line))
    return list(groups.values())


def _lettering(line: LineCandidate, owners: NDArray[np.int32], number: int) -> Lettering | None:
    window_owners = owners[line.window.slices]
    core = line.core & (window_owners == number)
    if core.sum() < _MIN_CORE_PX:
        return None
    others = (window_owners > 0) & (window_owners != number)
    mask = _extend_core(line, core, others) & ~others
    if not mask.any() or (len(line.string) >= 3 and is_block(mask)):
        mask = core
    window_owners[mask] = number
    colour = _face_colour(line.window.rgb, mask, line.palette)
    return _create_lettering(
        line.window, line.ocr_line, mask=mask, core=core, string=line.string, score=line.score, colour=colour
    )


def _lettering_by_contrast(window: TextWindow, ocr_line: OcrLine, owners: NDArray[np.int32]) -> Lettering | None:
    """A line that is not analysed in detail: its letters are segmented by contrast."""
    window_owners = owners[window.slices]
    mask = contrast_letters(window) & (window_owners == 0)
    if mask.sum() < _MIN_CORE_PX:
        return None
    window_owners[mask] = -1
    unexplained_share = unexplained_share_of(ocr_line, window.quad, mask)
    string = ocr_line.string if is_believable(ocr_line.string, ocr_line.score, unexplained_share) else ""
    red, green, blue = np.median(window.rgb[mask], 0)
    colour = int(red), int(green), int(blue)
    return _create_lettering(window, ocr_line, mask=mask, core=mask, string=string, score=ocr_line.score, colour=colour)


def _create_lettering(
    window: TextWindow, ocr_line: OcrLine, *, mask: Mask, core: Mask, string: str, score: float, colour: Colour
) -> Lettering:
    left, top, width, height = bounding_box(mask)
    return Lettering(
        box=(window.left + left, window.top + top, width, height),
        mask=mask[top : top + height, left : left + width].copy(),
        string=string,
        quad=_points(ocr_line.quad),
        colour=colour,
        size_px=_em_px(window.quad, core, string),
        score=score,
    )


def _extend_core(line: LineCandidate, core: Mask, others: Mask) -> Mask:
    """The core with outlines and shadows, without the anti-aliased rim; `others`: the cores of other lines."""
    window = line.window
    reach = round(0.35 * window.height_px) + 3
    clear = ~grow(core | others, round(0.12 * window.height_px) + 2)
    sample = window.reach & clear if (window.reach & clear).sum() >= 100 else clear
    backdrop = fit_backdrop(window.rgb, sample, window.inside, grow(core, 1))
    if backdrop.is_smooth_under(core):
        artifact_level = artifact_level_near(backdrop, core)
        changed = changed_pixels(backdrop, artifact_level)
        return remove_rim(grow_letters(core, changed, reach), backdrop, artifact_level)
    return grow_letters(core, outline_pixels(window, line.palette, core), reach)


def _face_colour(rgb: Rgb, mask: Mask, palette: Palette) -> Colour:
    """The colour of the innermost pixels of the letters."""
    weight = sums_by_label(palette.labels[mask], depth(mask)[mask][:, None] ** 2, len(palette.centres))[:, 0]
    face = mask & (palette.labels == weight.argmax())
    red, green, blue = np.median(rgb[face], 0)
    return int(red), int(green), int(blue)


def _em_px(quad: Quad, core: Mask, string: str) -> float:
    """The em size, estimated from the height of the letters and the parts of the em that they use."""
    down = (quad[3] - quad[0]) + (quad[2] - quad[1])
    down = down / max(1e-6, float(np.linalg.norm(down)))
    rows, columns = np.nonzero(core)
    along = columns * down[0] + rows * down[1]
    low, high = np.percentile(along, [0.5, 99.5])
    return round(float(high - low + 1) / _em_share(string), 1)


def _em_share(string: str) -> float:
    if any(unicodedata.east_asian_width(character) in "WF" for character in string):
        return 0.92
    if not string:
        return 0.85
    top = (
        0.73
        if any(character.isupper() or character.isdigit() or character in "bdfhijklt!?%&" for character in string)
        else 0.54
    )
    return top + (0.2 if any(character in "gjpqy,;Q" for character in string) else 0.0)


def _points(quad: Quad) -> tuple[Point, Point, Point, Point]:
    top_left, top_right, bottom_right, bottom_left = ((float(x), float(y)) for x, y in quad)
    return top_left, top_right, bottom_right, bottom_left
