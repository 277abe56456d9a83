"""Analyses an image: text, then the background, then foreground elements; or the subject of a photograph."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lamina.core.composite import over
from lamina.core.layers import LayerKind, Pixels
from lamina.core.ports import Progress
from lamina.engines.classic.background import Background, find_background, smooth_parts
from lamina.engines.classic.fill import fill
from lamina.engines.classic.inpainted_plates import inpaint_plates, remove_text
from lamina.engines.classic.jpeg_artifacts import has_jpeg_artifacts, remove_jpeg_artifacts
from lamina.engines.classic.lettering import Lettering, find_lettering
from lamina.engines.classic.photo import looks_like_photo
from lamina.engines.classic.pieces import Piece, Pieces, cut_pieces, find_cutouts
from lamina.engines.classic.plan import Scene
from lamina.engines.classic.raster import Mask, Rgb, grow
from lamina.engines.classic.subject import find_subject

_CLEAR_ALPHA = 8  # pixels below this alpha count as transparent
_MIN_CLEAR_SHARE = 0.002
_MIN_BACKGROUND_SHARE = 0.5  # share of the image from which on an uneven background is used
_ROUNDING_LEVELS = 2.0  # insignificant difference between a flat background and its inpainting
_ARTIFACT_LEVELS = 8.0  # JPEG artifacts around objects on a flat background
_SUBJECT_ONLY = "This looks like a photograph: only its main subject was separated from the background."
_NO_SUBJECT = "This looks like a photograph without a distinct subject: it was kept as one layer."


@dataclass(frozen=True, eq=False)
class Analysis:
    """The detected scene. `noise`: difference of backdrop and image by chance, in levels; `notes`: for the user."""

    scene: Scene
    noise: float
    notes: tuple[str, ...] = ()


def analyse(picture: Pixels, progress: Progress) -> Analysis:
    """Detects all elements of `picture` (h, w, 4), which should have at most about 1280 pixels per side."""
    progress("reading text", 0.0)
    clear = picture[..., 3] < _CLEAR_ALPHA
    visible = _on_contrasting_background(picture, clear)
    lettering = tuple(find_lettering(np.ascontiguousarray(visible[..., :3])))
    text = _pixels_of(lettering, clear.shape)
    clean = remove_text(visible, text)
    transparent = clean[..., 3] < _CLEAR_ALPHA
    clean[..., 3] = np.where(clean[..., 3] < 128, 0, 255) if clear.any() else 255
    rgb = np.ascontiguousarray(clean[..., :3])
    has_artifacts = has_jpeg_artifacts(rgb)
    cleaned = remove_jpeg_artifacts(rgb) if has_artifacts else rgb
    smooth = smooth_parts(cleaned)
    progress("finding the background", 0.4)
    if clear.mean() > _MIN_CLEAR_SHARE:
        background = Background(mask=transparent, model=None, is_smooth=True, areas=(), noise=0.0)
    else:
        background = find_background(cleaned, smooth, has_artifacts)
        if _is_photo(rgb, background):
            background, pieces, notes = _analyse_photo(rgb)
            plates = inpaint_plates(clean, background, pieces.owner > 0, [])
            scene = Scene(visible=visible, plates=plates, lettering=lettering, background=background, pieces=pieces)
            return Analysis(scene, _ROUNDING_LEVELS, notes)
    progress("cutting out objects", 0.5)
    cutouts, panels = find_cutouts(cleaned, background, text, smooth)
    with ThreadPoolExecutor(1) as executor:  # inpainting does not depend on how cut-outs are split
        plates = executor.submit(
            inpaint_plates, clean, background, cutouts.labels > 0, [panel.hull for panel in panels]
        )
        pieces = cut_pieces(cleaned, cutouts, panels, smooth, background.is_uneven)
    noise = max(background.noise, _ARTIFACT_LEVELS if has_artifacts and background.is_smooth else 0)
    scene = Scene(visible=visible, plates=plates.result(), lettering=lettering, background=background, pieces=pieces)
    return Analysis(scene, _ROUNDING_LEVELS + noise)


def _on_contrasting_background(picture: Pixels, clear: Mask) -> Pixels:
    """A copy composited on black or white, whichever contrasts more with the image."""
    if not clear.any():
        return picture
    samples = picture[~clear][:, :3]
    backdrop = np.full_like(picture, 255)
    if samples.size and np.median(samples.mean(1)) > 150:
        backdrop[..., :3] = 0
    visible = over(backdrop, picture)
    visible[..., 3] = picture[..., 3]
    return visible


def _pixels_of(lettering: tuple[Lettering, ...], shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape, bool)
    for line in lettering:
        line.paint(mask)
    return mask


def _is_photo(rgb: Rgb, background: Background) -> bool:
    """True for a photograph without a uniform background."""
    return not background.is_smooth and background.mask.mean() < _MIN_BACKGROUND_SHARE and looks_like_photo(rgb)


def _analyse_photo(rgb: Rgb) -> tuple[Background, Pieces, tuple[str, ...]]:
    subject = find_subject(rgb)
    if subject is None:
        owner = np.zeros(rgb.shape[:2], np.int32)
        background = Background(mask=owner == 0, model=rgb, is_smooth=False, areas=(), noise=0.0)
        return background, Pieces(owner, ()), (_NO_SUBJECT,)
    mask = subject.mask
    around = grow(mask, 6)
    model = fill(rgb, around, ~around)
    piece = Piece(label=1, kind=LayerKind.OBJECT, area=int(mask.sum()))
    background = Background(mask=~mask, model=model, is_smooth=False, areas=(), noise=0.0)
    return background, Pieces(mask.astype(np.int32), (piece,)), (_SUBJECT_ONLY,)
