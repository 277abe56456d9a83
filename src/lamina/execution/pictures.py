"""Runs text-to-image and edit tasks in this process: reading the inputs, engine, safety check."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lamina import settings
from lamina.core.engine_results import Generated
from lamina.core.layers import Pixels
from lamina.core.ports import Progress, no_progress
from lamina.core.tasks import EditTask, GenerateTask, TaskKind
from lamina.engines.registry import stand_in_notes, start_picture_maker
from lamina.engines.safety.checking import safety_checker
from lamina.engines.safety.verdicts import judged_pictures
from lamina.execution.faults import TrackedProgress, engine_faults
from lamina.execution.inputs import AnyPicture, picture_of
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.encoding import DEFAULT_QUALITY, Encoding, picture_format_of, write
from lamina.imaging.metadata import SourceType, metadata_of
from lamina.imaging.watermark import watermarked

_ENGINE_SHARE = 0.98  # of the progress; the rest is the safety check


@dataclass(frozen=True, eq=False)
class Pictures(Generated):
    """Pictures, each (height, width, 4) RGBA, that can save themselves; `made` is their provenance.

    `source`: whether they were generated or edited, for the metadata of files.
    """

    source: SourceType = SourceType.GENERATED

    @property
    def width(self) -> int:
        return self.pictures[0].shape[1]

    @property
    def height(self) -> int:
        return self.pictures[0].shape[0]

    def save(self, path: str | os.PathLike[str], quality: int = DEFAULT_QUALITY) -> Path:
        """Save the first picture as `.png .jpg .webp .tif`, with its provenance in the metadata."""
        return self.save_each([path], quality)[0]

    def save_each(
        self, paths: Sequence[str | os.PathLike[str]], quality: int = DEFAULT_QUALITY, is_watermarked: bool = False
    ) -> list[Path]:
        """Save one picture to each path. Raises `LaminaError`: output_unknown_format, output_in_the_way, ..."""
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
    """Generates pictures from text. Options that are None come from the settings.

    `image`: a start image, and `mask`, whose white pixels may change. `engine`: its name, or "auto". `safety`: "auto",
    "on", "off". `may_stand_in`: whether nano may be used if the weights of the requested model are missing.
    Raises `LaminaError`; unexpected exceptions of the engine become engine_failed.
    """
    options = settings.current(engine=engine, safety=safety)
    maker = start_picture_maker(
        options.engine,
        TaskKind.GENERATE,
        task.sampling.model,
        settings.engine_config(options),
        may_stand_in=may_stand_in,
    )
    tracked = TrackedProgress(progress)
    with engine_faults(maker.name, tracked):
        start, mask_pixels = (
            None if source is None else picture_of(source, options.max_megapixels).pixels for source in (image, mask)
        )
        notes = stand_in_notes(options.engine, maker.name, TaskKind.GENERATE, task.sampling.model)
        made = maker.generate(task, start, mask_pixels, tracked.part(_ENGINE_SHARE))
        return _checked(made, options, _source_of(start), notes, tracked)


def edited(
    task: EditTask,
    pictures: Sequence[AnyPicture],
    engine: str | None = None,
    progress: Progress = no_progress,
    safety: str | None = None,
    may_stand_in: bool = False,
) -> Pictures:
    """Edits one or several pictures; options and errors as in `generated`."""
    options = settings.current(engine=engine, safety=safety)
    maker = start_picture_maker(
        options.engine, TaskKind.EDIT, task.sampling.model, settings.engine_config(options), may_stand_in=may_stand_in
    )
    tracked = TrackedProgress(progress)
    with engine_faults(maker.name, tracked):
        references = [picture_of(picture, options.max_megapixels).pixels for picture in pictures]
        notes = stand_in_notes(options.engine, maker.name, TaskKind.EDIT, task.sampling.model)
        made = maker.edit(task, references, tracked.part(_ENGINE_SHARE))
        return _checked(made, options, SourceType.EDITED, notes, tracked)


def _source_of(start: Pixels | None) -> SourceType:
    return SourceType.GENERATED if start is None else SourceType.EDITED


def _checked(
    made: Generated, options: settings.Settings, source: SourceType, notes: tuple[str, ...], progress: TrackedProgress
) -> Pictures:
    """Runs the safety checker that the settings select; `notes` come before those of the engine."""
    progress("checking", _ENGINE_SHARE)
    checked = judged_pictures(made, safety_checker(options.safety, options.safety_threshold))
    progress.end()
    return Pictures(checked.pictures, checked.made, (*notes, *checked.notes), checked.flagged, source)
