"""The classic engine: one picture in, exact layers out, on any CPU."""

import cv2
import numpy as np

from lamina.core.layers import LayerStack, Pixels
from lamina.core.ports import Progress, no_progress
from lamina.core.tasks import MAX_LAYERS, DecomposeTask, Sampling
from lamina.engines.classic.look import look_at
from lamina.engines.classic.plan import plan_layers
from lamina.engines.classic.solve import solve

_FOR_MODELS = ("model", "steps", "guidance", "negative", "loras", "scheduler", "acceleration")
_WORKING_SIDE_PX = 1280  # finding things is done on a copy of at most this size


class ClassicEngine:
    """Takes designs apart by colour, text and shape; a `Decomposer`."""

    name = "classic"
    is_exact = True

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress = no_progress) -> LayerStack:
        """The layers of `picture` (height, width, 4), bottom first; their composite is the picture, every sample."""
        height, width = picture.shape[:2]
        limit = (task.layers or MAX_LAYERS) - 1
        view = look_at(_working_copy(picture), progress)
        progress("separating", 0.6)
        elements = plan_layers(view.scene, limit)
        progress("solving edges", 0.8)
        layers = solve(picture, elements, view.noise)
        progress("done", 1.0)
        return LayerStack(width, height, tuple(layers), (*_unused(task), *view.notes))


def _unused(task: DecomposeTask) -> tuple[str, ...]:
    """A note that names what somebody asked for and only a model could heed; the seed is not missed."""
    plain, asked = Sampling(), task.sampling
    heeded = (name for name in _FOR_MODELS if name not in asked.unasked)
    names = [name for name in heeded if getattr(asked, name) != getattr(plain, name)]
    if task.prompt:
        names.insert(0, "prompt")
    if not names:
        return ()
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return (f"The classic engine has no use for {listed}: only models have.",)


def _working_copy(picture: Pixels) -> Pixels:
    scale = _WORKING_SIDE_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
