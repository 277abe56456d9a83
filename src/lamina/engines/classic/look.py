"""Looks at a picture: text first, then the background, then what stands in front; or one subject in a photograph."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lamina.core.composite import over
from lamina.core.layers import LayerKind, Pixels
from lamina.core.ports import Progress
from lamina.engines.classic.background import Background, find_background, smooth_parts
from lamina.engines.classic.fill import fill
from lamina.engines.classic.inpainted_plates import plates_of, without_text
from lamina.engines.classic.jpeg_artifacts import calmed, is_rippled
from lamina.engines.classic.lettering import Lettering, find_lettering
from lamina.engines.classic.photo import looks_like_photo
from lamina.engines.classic.pieces import Piece, Pieces, cut_pieces, find_cutouts
from lamina.engines.classic.plan import Scene
from lamina.engines.classic.raster import Mask, Rgb, grow
from lamina.engines.classic.subject import find_subject

_CLEAR_ALPHA = 8  # below this a pixel shows nothing
_MIN_CLEAR_SHARE = 0.002
_MIN_GROUND_SHARE = 0.5  # of a picture that background must fill to be worth cutting from, however uneven
_ROUNDING_LEVELS = 2.0  # by which a flat ground and its guess may differ without meaning anything
_RIPPLE_LEVELS = 8.0  # what JPEG leaves about things on ground that is otherwise flat
_SIMPLE_SPLIT = "This looks like a photograph: only its main subject was split from the background."
_NOTHING_FOUND = "This looks like a photograph in which nothing stands apart clearly: it stays one layer."


@dataclass(frozen=True, eq=False)
class View:
    """What was seen, and `notes`: what the user should know about it.

    `noise`: levels by which a ground and the picture may differ by chance.
    """

    scene: Scene
    noise: float
    notes: tuple[str, ...] = ()


def look_at(picture: Pixels, progress: Progress) -> View:
    """Everything that can be told apart in `picture` (h, w, 4), at most about 1280 pixels wide and high."""
    progress("reading text", 0.0)
    clear = picture[..., 3] < _CLEAR_ALPHA
    seen = _on_plain_ground(picture, clear)
    lettering = tuple(find_lettering(np.ascontiguousarray(seen[..., :3])))
    text = _pixels_of(lettering, clear.shape)
    clean = without_text(seen, text)
    nothing = clean[..., 3] < _CLEAR_ALPHA
    clean[..., 3] = np.where(clean[..., 3] < 128, 0, 255) if clear.any() else 255
    rgb = np.ascontiguousarray(clean[..., :3])
    has_ripples = is_rippled(rgb)
    calm = calmed(rgb) if has_ripples else rgb
    smooth = smooth_parts(calm)
    progress("finding the background", 0.4)
    if clear.mean() > _MIN_CLEAR_SHARE:
        background = Background(nothing, None, True, (), 0.0)
    else:
        background = find_background(calm, smooth, has_ripples)
        if _is_photo(rgb, background):
            background, pieces, notes = _look_at_photo(rgb)
            plates = plates_of(clean, background, pieces.owner > 0, [])
            return View(Scene(seen, plates, lettering, background, pieces), _ROUNDING_LEVELS, notes)
    progress("cutting out objects", 0.5)
    cutouts, panels = find_cutouts(calm, background, text, smooth)
    with ThreadPoolExecutor(1) as aside:  # what lies beneath things does not depend on how they are parted
        plates = aside.submit(plates_of, clean, background, cutouts.labels > 0, [panel.hull for panel in panels])
        pieces = cut_pieces(calm, cutouts, panels, smooth, background.is_uneven)
    noise = max(background.noise, _RIPPLE_LEVELS if has_ripples and background.is_smooth else 0)
    return View(Scene(seen, plates.result(), lettering, background, pieces), _ROUNDING_LEVELS + noise)


def _on_plain_ground(picture: Pixels, clear: Mask) -> Pixels:
    """A copy whose colours are as seen on black or white, whichever most of the picture stands out from."""
    if not clear.any():
        return picture
    visible = picture[~clear][:, :3]
    ground = np.full_like(picture, 255)
    if visible.size and np.median(visible.mean(1)) > 150:
        ground[..., :3] = 0
    seen = over(ground, picture)
    seen[..., 3] = picture[..., 3]
    return seen


def _pixels_of(lettering: tuple[Lettering, ...], shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape, bool)
    for line in lettering:
        line.paint(mask)
    return mask


def _is_photo(rgb: Rgb, background: Background) -> bool:
    """A photograph that has no ground of its own to cut things from."""
    return not background.is_smooth and background.mask.mean() < _MIN_GROUND_SHARE and looks_like_photo(rgb)


def _look_at_photo(rgb: Rgb) -> tuple[Background, Pieces, tuple[str, ...]]:
    subject = find_subject(rgb)
    if subject is None:
        nothing = np.zeros(rgb.shape[:2], np.int32)
        return Background(nothing == 0, rgb, False, (), 0.0), Pieces(nothing, ()), (_NOTHING_FOUND,)
    mask = subject.mask
    around = grow(mask, 6)
    model = fill(rgb, around, ~around)
    piece = Piece(1, LayerKind.OBJECT, int(mask.sum()))
    return Background(~mask, model, False, (), 0.0), Pieces(mask.astype(np.int32), (piece,)), (_SIMPLE_SPLIT,)
