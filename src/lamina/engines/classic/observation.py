"""Observes an image: its text, its background, its cut-outs and its panels, on which everything else is based."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from lamina.core.composite import over
from lamina.core.layers import Pixels
from lamina.core.ports import Progress
from lamina.engines.classic.background import Background, find_background, smooth_parts
from lamina.engines.classic.cutouts import find_cutouts
from lamina.engines.classic.jpeg_artifacts import has_jpeg_artifacts, remove_jpeg_artifacts
from lamina.engines.classic.lettering import Lettering, find_lettering
from lamina.engines.classic.panels import Panel
from lamina.engines.classic.photo import looks_like_photo
from lamina.engines.classic.raster import Components, Mask, Rgb, Values, components, lab
from lamina.engines.classic.text_removal import remove_text

_CLEAR_ALPHA = 8  # pixels below this alpha count as transparent
_MIN_CLEAR_SHARE = 0.002
_ROUNDING_LEVELS = 2.0  # insignificant difference between a flat background and its inpainting
_ARTIFACT_LEVELS = 8.0  # JPEG artifacts around objects on a flat background


@dataclass(frozen=True, eq=False, kw_only=True)
class Observation:
    """What is known of an image before it is divided into layers; all maps are (h, w) at working size.

    `visible`: (h, w, 4), the image, transparent parts on a contrasting colour. `clean`: the same without text. `rgb`:
    (h, w, 3), `clean` without JPEG artifacts; `colours`: the same in CIE L*a*b*. `smooth`: see
    `background.smooth_parts`. `text`: pixels of the lettering.
    `has_clear_ground`: the background is transparent. `noise`: difference of background and image by chance, in levels.
    """

    visible: Pixels
    clean: Pixels
    rgb: Rgb
    colours: Values
    smooth: Mask
    lettering: tuple[Lettering, ...]
    text: Mask
    background: Background
    cutouts: Components
    panels: tuple[Panel, ...]
    has_clear_ground: bool
    is_photo: bool
    noise: float

    @cached_property
    def denoised(self) -> Rgb:
        """(h, w, 3): `rgb` with its edges, but without fine noise."""
        return np.asarray(cv2.bilateralFilter(self.rgb, 5, 20, 3), np.uint8)


def observe(picture: Pixels, progress: Progress, lettering: tuple[Lettering, ...] | None = None) -> Observation:
    """Observes `picture` (h, w, 4), which should have at most about 1280 pixels per side.

    `lettering`: the lines of text, if they are known already.
    """
    progress("reading text", 0.0)
    clear = picture[..., 3] < _CLEAR_ALPHA
    visible = _on_contrasting_background(picture, clear)
    if lettering is None:
        lettering = tuple(find_lettering(_rgb(visible)))
    text = _pixels_of(lettering, clear.shape)
    clean = remove_text(visible, text)
    transparent = clean[..., 3] < _CLEAR_ALPHA
    clean[..., 3] = np.where(clean[..., 3] < 128, 0, 255) if clear.any() else 255
    rgb = _rgb(clean)
    has_artifacts = has_jpeg_artifacts(rgb)
    cleaned = remove_jpeg_artifacts(rgb) if has_artifacts else rgb
    colours, smooth = lab(cleaned), smooth_parts(cleaned)
    progress("finding the background", 0.4)
    has_clear_ground = bool(clear.mean() > _MIN_CLEAR_SHARE)
    is_photo = not has_clear_ground and looks_like_photo(rgb)
    nothing = np.zeros(clear.shape, bool)
    cutouts, panels = components(nothing), []
    if is_photo:
        background = Background(mask=nothing, model=None, is_smooth=False, areas=(), noise=0.0)
    else:
        if has_clear_ground:
            background = Background(mask=transparent, model=None, is_smooth=True, areas=(), noise=0.0)
        else:
            background = find_background(cleaned, colours, smooth, has_artifacts)
        cutouts, panels = find_cutouts(cleaned, background, text, smooth)
    noise = max(background.noise, _ARTIFACT_LEVELS if has_artifacts and background.is_smooth else 0)
    return Observation(
        visible=visible,
        clean=clean,
        rgb=cleaned,
        colours=colours,
        smooth=smooth,
        lettering=lettering,
        text=text,
        background=background,
        cutouts=cutouts,
        panels=tuple(panels),
        has_clear_ground=has_clear_ground,
        is_photo=is_photo,
        noise=_ROUNDING_LEVELS + noise,
    )


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


def _rgb(picture: Pixels) -> Rgb:
    """(h, w, 3): the colours, without alpha."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), np.uint8)


def _pixels_of(lettering: tuple[Lettering, ...], shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape, bool)
    for line in lettering:
        line.paint(mask)
    return mask
