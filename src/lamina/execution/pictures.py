"""Runs text-to-image and edit tasks in this process: reading the inputs, the engine, the safety check."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina import settings
from lamina.core.layers import Pixels
from lamina.core.ports import Progress, no_progress
from lamina.core.results import Generated
from lamina.core.tasks import EditTask, GenerateTask, TaskKind
from lamina.engines.registry import stand_in_notes, start_picture_maker
from lamina.engines.safety.checking import safety_checker
from lamina.engines.safety.verdicts import judged_pictures
from lamina.execution.faults import Heard, faults_told
from lamina.execution.inputs import AnyPicture, picture_of
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.encoding import DEFAULT_QUALITY, Encoding, picture_format_of, write
from lamina.imaging.metadata import SourceType, metadata_of
from lamina.imaging.watermark import watermarked

_MODELS_SHARE = 0.98  # of the time; the rest is looking at what was made


@dataclass(frozen=True, eq=False)
class Pictures(Generated):
    """Pictures, each (height, width, 4) RGBA, that can save themselves; `made` tells how they came about.

    `source`: whether they were made anew or from other pictures, for the files' metadata.
    """

    source: SourceType = SourceType.GENERATED

    @property
    def width(self) -> int:
        return self.pictures[0].shape[1]

    @property
    def height(self) -> int:
        return self.pictures[0].shape[0]

    def save(self, path: str | os.PathLike[str], quality: int = DEFAULT_QUALITY) -> Path:
        """Write the first picture: `.png .jpg .webp .tif`, with how it was made in its metadata."""
        return self.save_each([path], quality)[0]

    def save_each(
        self, paths: Sequence[str | os.PathLike[str]], quality: int = DEFAULT_QUALITY, is_watermarked: bool = False
    ) -> list[Path]:
        """Write a picture to each path. Raises `LaminaError`: output_unknown_format, output_in_the_way, ..."""
        for number, (path, picture) in enumerate(zip(paths, self.pictures, strict=True)):
            shown = watermarked(picture) if is_watermarked else picture
            metadata = metadata_of(self.made, self.source, number=number)
            encoding = Encoding(picture_format_of(os.fspath(path)), quality)
            with atomic_file(Path(path)) as file:
                write(file, shown, encoding, metadata)
        return [Path(path) for path in paths]


def generated(
    task: GenerateTask,
    image: AnyPicture | None = None,
    mask: AnyPicture | None = None,
    engine: str | None = None,
    progress: Progress = no_progress,
    safety: str | None = None,
    may_stand_in: bool = False,
) -> Pictures:
    """The pictures of a text-to-image task. None of the options means that the settings decide.

    `image`: a picture to start from, and `mask` (white) where it may change. `engine`: its name, or "auto". `safety`:
    "auto", "on", "off". `may_stand_in`: whether nano does the work where a model is named whose weights are missing.
    Raises `LaminaError`; an engine's own fault is engine_failed.
    """
    chosen = settings.current(engine=engine, safety=safety)
    maker = start_picture_maker(
        chosen.engine, TaskKind.GENERATE, task.sampling.model, settings.wishes(chosen), may_stand_in=may_stand_in
    )
    heard = Heard(progress)
    with faults_told(maker.name, heard):
        start, where = (
            None if given is None else picture_of(given, chosen.max_megapixels).pixels for given in (image, mask)
        )
        notes = stand_in_notes(chosen.engine, maker.name, TaskKind.GENERATE, task.sampling.model)
        made = maker.generate(task, start, where, heard.part(_MODELS_SHARE))
        return _judged(made, chosen, _source_of(start), notes, heard)


def edited(
    task: EditTask,
    pictures: Sequence[AnyPicture],
    engine: str | None = None,
    progress: Progress = no_progress,
    safety: str | None = None,
    may_stand_in: bool = False,
) -> Pictures:
    """The pictures of an edit of one or several pictures; options and errors as in `generated`."""
    chosen = settings.current(engine=engine, safety=safety)
    maker = start_picture_maker(
        chosen.engine, TaskKind.EDIT, task.sampling.model, settings.wishes(chosen), may_stand_in=may_stand_in
    )
    heard = Heard(progress)
    with faults_told(maker.name, heard):
        given = [picture_of(picture, chosen.max_megapixels).pixels for picture in pictures]
        notes = stand_in_notes(chosen.engine, maker.name, TaskKind.EDIT, task.sampling.model)
        made = maker.edit(task, given, heard.part(_MODELS_SHARE))
        return _judged(made, chosen, SourceType.EDITED, notes, heard)


def _source_of(start: Pixels | None) -> SourceType:
    return SourceType.GENERATED if start is None else SourceType.EDITED


def _judged(
    made: Generated, chosen: settings.Settings, source: SourceType, notes: tuple[str, ...], progress: Heard
) -> Pictures:
    """Looked at by the safety checker, if the settings want it; `notes` come before the others."""
    progress("checking", _MODELS_SHARE)
    judged = judged_pictures(made, safety_checker(chosen.safety, chosen.safety_threshold))
    progress.end()
    return Pictures(judged.pictures, judged.made, (*notes, *judged.notes), judged.flagged, source)
