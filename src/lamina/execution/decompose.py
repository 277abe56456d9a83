"""Runs a decomposition in this process: reading, engine, finishing, safety check; also loads saved stacks."""

import os
import time
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

from lamina import settings
from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerStack, Pixels
from lamina.core.ports import Decomposer, Progress, no_progress
from lamina.core.tasks import DecomposeTask, TaskKind
from lamina.engines.registry import AUTO, stand_in_notes, start_engine
from lamina.engines.safety.checking import safety_checker
from lamina.engines.safety.verdicts import judged_stack
from lamina.execution.faults import TrackedProgress, engine_faults
from lamina.execution.inputs import AnyPicture, picture_of
from lamina.imaging import saving
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.export_report import ExportedLayer
from lamina.imaging.finish import finish
from lamina.imaging.finish.resampling import resize_image
from lamina.imaging.metrics import RecompositionError, recomposition_error
from lamina.imaging.picture import Picture

_STEERABLE = "classic"
_ENGINE_SHARE, _FINISHED = 0.9, 0.98  # shares of the progress after the engine and after finishing


@dataclass(frozen=True, eq=False)
class Stack(LayerStack):
    """A layer stack, bottom first, that can save itself.

    `picture`: the decomposed picture; `engine`: name of the engine; `seconds`: its time, without reading the picture.
    All three are None for a stack loaded from a file.
    """

    picture: Picture | None = None
    engine: str | None = None
    seconds: float | None = None

    def save(
        self,
        path: str | os.PathLike[str],
        live_text: bool = False,
        *,
        editable: bool = False,
        live_shapes: bool = False,
        embed_fonts: bool = False,
    ) -> Path:
        """Save to a file in the format of the path's extension, or to a folder of PNGs if the path ends with "/".

        Extensions: `.psd .ora .pptx .svg .tif .webp .zip`, and `.png` for the flat picture. An existing file is
        replaced atomically. `editable`: text and simple shapes in PowerPoint and SVG files are not pictures, and PSD
        files have type layers beside the pictures of text. `live_text`, `live_shapes`: only the text, or only the
        shapes. `embed_fonts`: an SVG file with editable text contains the letters of the installed fonts that it uses.
        Raises `LaminaError`: output_unknown_format, output_too_large, output_in_the_way, output_unwritable.
        """
        options = ExportOptions(
            editable_text=editable or live_text, native_shapes=editable or live_shapes, embeds_fonts=embed_fonts
        )
        return saving.save(self, os.fspath(path), options)

    def export(self, path: str | os.PathLike[str], options: ExportOptions) -> tuple[ExportedLayer, ...]:
        """As `save`; returns what each layer became in the file, bottom first."""
        return saving.export(self, os.fspath(path), options)

    def composite(self) -> Pixels:
        """(height, width, 4): the composite of the visible layers."""
        return composite(self)

    @cached_property
    def error(self) -> RecompositionError | None:
        """The difference between the composite and `picture`, as fractions of 255.

        None for a loaded or blackened stack, and for raw layers whose size is not the picture's.
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
    fonts: str | None = None,
) -> Stack:
    """Decomposes a picture into layers. Options that are None come from the settings.

    `engine`: its name, or "auto". `safety`: "auto", "on", "off". `may_stand_in`: whether nano may be used if the
    weights of the requested model are missing. `fonts`: a folder of fonts to be recognised. Raises `LaminaError`;
    unexpected exceptions of the engine become engine_failed.
    """
    options = settings.current(layers=task.layers, engine=engine, safety=safety, fonts_dir=fonts)
    name = _STEERABLE if task.selections and options.engine == AUTO and task.sampling.model is None else options.engine
    decomposer = start_engine(name, task.sampling.model, settings.engine_config(options), may_stand_in=may_stand_in)
    if task.selections and not decomposer.follows_selections:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The {decomposer.name} engine cannot separate selected things.",
            f"Use the engine {_STEERABLE} without a model, or leave the boxes and points out.",
        )
    tracked = TrackedProgress(progress)
    with engine_faults(decomposer.name, tracked):
        return _decomposed(decomposer, replace(task, layers=options.layers), picture, options, tracked)


def _decomposed(
    decomposer: Decomposer,
    task: DecomposeTask,
    picture: AnyPicture,
    options: settings.Settings,
    progress: TrackedProgress,
) -> Stack:
    progress("reading the picture", 0.0)
    source = picture_of(picture, options.max_megapixels)
    task = task.with_selections_in_pixels(source.width, source.height)
    if task.width is not None and task.height is not None:
        source = replace(source, pixels=resize_image(source.pixels, task.width, task.height))
    start = time.perf_counter()
    share = 1.0 if decomposer.is_exact else _ENGINE_SHARE
    stack = decomposer.decompose(source.pixels, task, progress.part(share))
    if not (task.is_raw or decomposer.is_exact):
        progress("finishing", share)
        stack = replace(finish(stack, source.pixels), notes=stack.notes, made=stack.made)
    if (
        not decomposer.is_exact
    ):  # only generated content is checked; the layers of an exact engine are the user's own picture
        progress("checking", _FINISHED)
        stack = judged_stack(stack, source.pixels, safety_checker(options.safety, options.safety_threshold))
    progress.end()
    seconds = time.perf_counter() - start
    notes = stand_in_notes(options.engine, decomposer.name, TaskKind.DECOMPOSE, task.sampling.model)
    stack = replace(stack, notes=(*notes, *stack.notes))
    own = {field.name: getattr(stack, field.name) for field in fields(LayerStack)}
    return Stack(**own, picture=source, engine=decomposer.name, seconds=seconds)


def load(path: str | os.PathLike[str]) -> Stack:
    """Loads a stack from a PSD, ORA or ZIP file, or from a folder that Lamina wrote.

    `notes` of the stack list what could not be kept from a file of another program. Raises `LaminaError`; see
    `saving.load`.
    """
    stack = saving.load(os.fspath(path))
    made, edited_by = stack.made, stack.edited_by
    return Stack(stack.width, stack.height, stack.layers, notes=stack.notes, made=made, edited_by=edited_by)
