"""Runs the classic engine: decomposes an image into exact layers on any CPU."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.core.ports import Progress, no_progress
from lamina.core.tasks import AUTO_LAYERS, DEFAULT_LAYERS, DecomposeTask, Sampling
from lamina.engines.classic.grouping import grouped_layers
from lamina.engines.classic.observation import observe
from lamina.engines.classic.other_scripts import read_other_scripts
from lamina.engines.classic.plan import Scope, plan_layers
from lamina.engines.classic.solve import solve
from lamina.engines.classic.text_styles import measure_text
from lamina.engines.typefaces import index_with_fonts, match_typeface

_MODEL_OPTIONS = ("model", "steps", "guidance", "negative", "loras", "scheduler", "acceleration")
_WORKING_SIDE_PX = 1280  # the image is analysed on a copy of at most this size


class ClassicEngine:
    """A `Decomposer` that splits designs by colour, text and shape."""

    name = "classic"
    is_exact = True
    follows_selections = True

    def __init__(self, models: Path | None = None, *, fonts: Path | None = None, tesseract: str = "") -> None:
        """`models`: folder where larger networks may be installed. `fonts`: folder with fonts to be recognised.

        `tesseract`: see `EngineConfig`.
        """
        self._models, self._fonts, self._tesseract = models, fonts, tesseract

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress = no_progress) -> LayerStack:
        """The layers of `picture` (height, width, 4), bottom first; their composite equals it in every sample."""
        height, width = picture.shape[:2]
        working = working_copy(picture)
        seen = observe(working, progress)
        if self._tesseract:
            lettering = read_other_scripts(seen.visible[..., :3], seen.lettering, self._tesseract)
            seen = replace(seen, lettering=tuple(lettering))
        progress("separating", 0.5)
        across, down = working.shape[1] / width, working.shape[0] / height
        scaled = task.with_places(lambda place: place.scaled(across, down))
        limit, scope = task.layer_limit - 1, _scope(task)
        plan = plan_layers(seen, limit, self._models, scaled.selections, scaled.exclusions, scope)
        progress("solving edges", 0.8)
        solved = solve(picture, plan.elements, seen.noise)
        layers, notes = self._measured(solved.layers)
        if scope is not Scope.FLAT:
            layers = grouped_layers(
                replace(solved, layers=layers),
                plan.elements,
                seen.visible,
                task.layer_limit,
                has_all_groups=task.layers == AUTO_LAYERS,
            )
        progress("done", 1.0)
        return LayerStack(width, height, tuple(layers), (*_unused(task), *plan.notes, *notes))

    def _measured(self, layers: list[Layer]) -> tuple[list[Layer], tuple[str, ...]]:
        """The layers with the styles of their text, and notes on the fonts of the folder."""
        if not any(layer.text for layer in layers):
            return layers, ()
        typefaces = index_with_fonts(self._fonts)
        return measure_text(layers, partial(match_typeface, index=typefaces.index)), typefaces.notes


def _scope(task: DecomposeTask) -> Scope:
    if task.is_flat:
        return Scope.FLAT
    return Scope.ALL if task.layer_limit > DEFAULT_LAYERS else Scope.CHOSEN


def _unused(task: DecomposeTask) -> tuple[str, ...]:
    """A note on options that only models support; the seed is ignored silently."""
    default, sampling = Sampling(), task.sampling
    candidates = (name for name in _MODEL_OPTIONS if name not in sampling.unasked)
    names = [name for name in candidates if getattr(sampling, name) != getattr(default, name)]
    if task.prompt:
        names.insert(0, "prompt")
    if not names:
        return ()
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return (f"The classic engine ignores {listed}: only models support {'it' if len(names) == 1 else 'them'}.",)


def working_copy(picture: Pixels) -> Pixels:
    """The picture, or a smaller version of it on which it is analysed."""
    scale = _WORKING_SIDE_PX / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
