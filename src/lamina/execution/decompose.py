"""Runs a decomposition in this process: reading, the engine, finishing and the safety check; loads saved stacks."""

import os
import time
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

from lamina import settings
from lamina.core.composite import composite
from lamina.core.layers import LayerStack, Pixels
from lamina.core.ports import Decomposer, Progress, no_progress
from lamina.core.tasks import DecomposeTask, TaskKind
from lamina.engines.registry import stand_in_notes, start_engine
from lamina.engines.safety.checking import safety_checker
from lamina.engines.safety.verdicts import judged_stack
from lamina.execution.faults import Heard, faults_told
from lamina.execution.inputs import AnyPicture, picture_of
from lamina.imaging import saving
from lamina.imaging.finish import finish
from lamina.imaging.finish.resampling import resized_picture
from lamina.imaging.metrics import RecompositionError, recomposition_error
from lamina.imaging.picture import Picture

_MODELS_SHARE, _FINISHED = 0.9, 0.98  # of the time, where what a model makes is finished and looked at


@dataclass(frozen=True, eq=False)
class Stack(LayerStack):
    """Layers, bottom first, that can save themselves.

    `picture`: what they were taken from, `engine`: by which engine, `seconds`: in what time, the reading of the picture
    left out; None for a stack that was loaded.
    """

    picture: Picture | None = None
    engine: str | None = None
    seconds: float | None = None

    def save(self, path: str | os.PathLike[str], live_text: bool = False) -> Path:
        """Write a file, or with "/" at its end a folder of PNGs, in the format that the path's ending names.

        `.psd .ora .pptx .svg .tif .webp .zip`, and `.png` for the flat picture. An existing one is replaced, whole or
        not at all. `live_text`: PowerPoint and SVG get text that can be edited instead of pictures of it.
        Raises `LaminaError`: output_unknown_format, output_too_large, output_in_the_way, output_unwritable.
        """
        return saving.save(self, os.fspath(path), live_text=live_text)

    def composite(self) -> Pixels:
        """(height, width, 4): the picture that the visible layers add up to."""
        return composite(self)

    @cached_property
    def error(self) -> RecompositionError | None:
        """How far the composite is from `picture`, in levels of 0..255; None if it was loaded or blackened.

        None, too, for layers that were asked for as the model made them, at another size than the picture's.
        """
        if self.picture is None or self.is_flagged:
            return None
        if (self.width, self.height) != (self.picture.width, self.picture.height):
            return None
        return recomposition_error(self, self.picture.pixels)


def decomposed(
    task: DecomposeTask,
    picture: AnyPicture,
    engine: str | None = None,
    progress: Progress = no_progress,
    safety: str | None = None,
    may_stand_in: bool = False,
) -> Stack:
    """The layers of a picture. None of the options means that the settings decide.

    `engine`: its name, or "auto". `safety`: "auto", "on", "off". `may_stand_in`: whether nano does the work where a
    model is named whose weights are missing. Raises `LaminaError`; an engine's own fault is engine_failed.
    """
    chosen = settings.current(layers=task.layers, engine=engine, safety=safety)
    decomposer = start_engine(chosen.engine, task.sampling.model, settings.wishes(chosen), may_stand_in=may_stand_in)
    heard = Heard(progress)
    with faults_told(decomposer.name, heard):
        return _decomposed(decomposer, replace(task, layers=chosen.layers), picture, chosen, heard)


def _decomposed(
    decomposer: Decomposer, task: DecomposeTask, picture: AnyPicture, chosen: settings.Settings, progress: Heard
) -> Stack:
    progress("reading the picture", 0.0)
    source = picture_of(picture, chosen.max_megapixels)
    if task.width is not None and task.height is not None:
        source = replace(source, pixels=resized_picture(source.pixels, task.width, task.height))
    start = time.perf_counter()
    share = 1.0 if decomposer.is_exact else _MODELS_SHARE
    stack = decomposer.decompose(source.pixels, task, progress.part(share))
    if not (task.is_raw or decomposer.is_exact):
        progress("finishing", share)
        stack = replace(finish(stack, source.pixels), notes=stack.notes, made=stack.made)
    if not decomposer.is_exact:  # what a model makes is judged; what was there before is the user's own
        progress("checking", _FINISHED)
        stack = judged_stack(stack, source.pixels, safety_checker(chosen.safety, chosen.safety_threshold))
    progress.end()
    seconds = time.perf_counter() - start
    notes = stand_in_notes(chosen.engine, decomposer.name, TaskKind.DECOMPOSE, task.sampling.model)
    stack = replace(stack, notes=(*notes, *stack.notes))
    own = {field.name: getattr(stack, field.name) for field in fields(LayerStack)}
    return Stack(**own, picture=source, engine=decomposer.name, seconds=seconds)


def load(path: str | os.PathLike[str]) -> Stack:
    """The stack in a PSD, ORA or ZIP file or in a folder that Lamina wrote.

    Its `notes` tell what in a file of another program is not kept as it is there. Raises `LaminaError`; see
    `saving.load`.
    """
    stack = saving.load(os.fspath(path))
    return Stack(stack.width, stack.height, stack.layers, notes=stack.notes)
