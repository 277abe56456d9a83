"""Words into pictures, and pictures and words into changed pictures."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from lamina import settings
from lamina.core.acceleration import Acceleration, AccelerationLevel
from lamina.core.layers import Pixels
from lamina.core.ports import Progress, no_progress
from lamina.core.results import Generated
from lamina.core.tasks import DEFAULT_SCHEDULER, DEFAULT_STRENGTH, EditTask, GenerateTask, Lora, Sampling, TaskKind
from lamina.document.encoding import DEFAULT_QUALITY, Encoding, picture_format_of, write
from lamina.document.files import file_beside
from lamina.document.metadata import SourceType, making_of
from lamina.document.watermark import watermarked
from lamina.engine.choice import stand_in_notes, start_picture_maker
from lamina.engine.safety.checking import safety_checker
from lamina.engine.safety.verdicts import judged_pictures
from lamina.library.faults import Heard, faults_told
from lamina.library.given import AnyPicture, picture_of

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
            making = making_of(self.made, self.source, number=number)
            encoding = Encoding(picture_format_of(os.fspath(path)), quality)
            with file_beside(Path(path)) as file:
                write(file, shown, encoding, making)
        return [Path(path) for path in paths]


def generate(
    prompt: str,
    *,
    size: tuple[int, int] | None = None,
    count: int = 1,
    image: AnyPicture | None = None,
    mask: AnyPicture | None = None,
    strength: float = DEFAULT_STRENGTH,
    engine: str | None = None,
    progress: Progress = no_progress,
    **sampling: Any,
) -> Pictures:
    """Make pictures from words.

    `size`: width and height in pixels, multiples of 16. `image`: a picture to start from, of which `strength` (0..1)
    says how much may change, and `mask` (white) where. `engine`: its name, or "auto". `sampling`: `model`, `seed`,
    `steps`, `guidance`, `negative`, `loras`, `scheduler`, `acceleration`; see `lamina generate --help`.
    Raises `LaminaError`.
    """
    width, height = size or (None, None)
    task = GenerateTask(prompt, _sampling(**sampling), width, height, count, strength)
    return generated(task, image, mask, engine, progress)


def edit(
    pictures: AnyPicture | Sequence[AnyPicture],
    prompt: str,
    *,
    size: tuple[int, int] | None = None,
    count: int = 1,
    engine: str | None = None,
    progress: Progress = no_progress,
    **sampling: Any,
) -> Pictures:
    """Change a picture as words say, or bring several into one; otherwise as `generate`."""
    given: list[AnyPicture] = [*pictures] if isinstance(pictures, list | tuple) else [cast("AnyPicture", pictures)]
    width, height = size or (None, None)
    return edited(EditTask(prompt, _sampling(**sampling), width, height, count), given, engine, progress)


def generated(
    task: GenerateTask,
    image: AnyPicture | None = None,
    mask: AnyPicture | None = None,
    engine: str | None = None,
    progress: Progress = no_progress,
    safety: str | None = None,
    may_stand_in: bool = False,
) -> Pictures:
    """As `generate`, for a task that is there already. `safety`: "auto", "on", "off"; None is as the settings say.

    `may_stand_in`: whether nano does the work where a model is named whose weights are not here.
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
    """As `edit`, for a task that is there already; `safety` and `may_stand_in` as in `generated`."""
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


def _sampling(
    model: str | None = None,
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    negative: str = "",
    loras: Sequence[Lora] = (),
    scheduler: str = DEFAULT_SCHEDULER,
    acceleration: str = AccelerationLevel.NONE,
) -> Sampling:
    level = Acceleration(AccelerationLevel(acceleration))
    return Sampling(model, seed, steps, guidance, negative, tuple(loras), scheduler, level)
