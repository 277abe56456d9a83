"""The classic engine: one picture in, exact layers out, on any CPU."""

import cv2
import numpy as np

from lamina.core.layers import LayerStack, Pixels
from lamina.core.ports import Progress, no_progress
from lamina.core.tasks import MAX_LAYERS, DecomposeTask
from lamina.engine.classic.background import find_background
from lamina.engine.classic.lettering import Lettering, find_lettering
from lamina.engine.classic.pieces import cut_pieces
from lamina.engine.classic.plan import Scene, plan_layers
from lamina.engine.classic.plates import without_text
from lamina.engine.classic.raster import Mask
from lamina.engine.classic.solve import solve

_WORKING_SIDE_PX = 1280  # finding things is done on a copy of at most this size


class ClassicEngine:
    """Takes designs apart by colour, text and shape; a `Decomposer`."""

    name = "classic"

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress = no_progress) -> LayerStack:
        """The layers of `picture` (height, width, 4), bottom first; their composite is the picture, sample by sample."""
        height, width = picture.shape[:2]
        limit = (task.layers or MAX_LAYERS) - 1
        progress("reading text", 0.0)
        scene = _look_at(_working_copy(picture), progress)
        progress("separating", 0.6)
        elements = plan_layers(scene, limit) if limit else []
        progress("solving edges", 0.8)
        layers = solve(picture, elements, 2 + scene.background.noise)
        progress("done", 1.0)
        return LayerStack(width, height, tuple(layers))


def _working_copy(picture: Pixels) -> Pixels:
    scale = _WORKING_SIDE_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _look_at(picture: Pixels, progress: Progress) -> Scene:
    seen, alpha = np.ascontiguousarray(picture[..., :3]), picture[..., 3]
    lettering = tuple(find_lettering(seen))
    progress("finding the background", 0.4)
    text = _pixels_of(lettering, alpha.shape)
    clean = without_text(seen, text)
    background = find_background(clean)
    progress("cutting out objects", 0.5)
    pieces = cut_pieces(clean, background, text)
    return Scene(seen, clean, alpha, lettering, background, pieces)


def _pixels_of(lettering: tuple[Lettering, ...], shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape, bool)
    for line in lettering:
        x, y, width, height = line.box
        mask[y : y + height, x : x + width] |= line.mask
    return mask
