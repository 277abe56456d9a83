"""Shared parts of `lamina generate` and `lamina edit`: output options, running with progress, and the report."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.destinations import check_not_inputs, file_exists
from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option, quiet_option
from lamina.cli.printing import print_json, readable, wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.core.tasks import MAX_PICTURES, TaskKind
from lamina.engines.registry import engine_names
from lamina.installation import localize_commands

if TYPE_CHECKING:  # numpy and the engines are imported when there is work for them
    from lamina.core.ports import Progress
    from lamina.execution.pictures import Pictures

_DEFAULT_EXTENSION = ".png"


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOptions:
    """`to`: the output path, None for the default; `count`: number of pictures; `quality`: 1..100, of lossy formats."""

    to: str | None
    count: int
    quality: int
    engine: str | None
    is_expanded: bool
    is_watermarked: bool
    is_json: bool
    is_quiet: bool


_OPTIONS = (
    click.option("--to", metavar="PATH", help="Output path, ending in .png, .jpg, .webp or .tif."),
    click.option(
        "-n",
        "--count",
        type=click.IntRange(1, MAX_PICTURES),
        default=1,
        help=f"Number of pictures, 1 to {MAX_PICTURES}, with consecutive seeds (default: 1).",
    ),
    click.option(
        "--quality",
        type=click.IntRange(1, 100),
        default=95,
        help="Quality of JPEG and WebP files, 1 to 100 (default: 95).",
    ),
    click.option(
        "--engine",
        type=click.Choice(engine_names(TaskKind.GENERATE)),
        help="Engine that makes the pictures (default: auto).",
    ),
    click.option(
        "--expand", "is_expanded", is_flag=True, help="Prompt expansion: a language model adds detail to the prompt."
    ),
    click.option("--watermark", "is_watermarked", is_flag=True, help="Visible watermark, small, in every picture."),
    json_option,
    quiet_option,
)


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, whose function receives them as one `PictureOptions`, `picture`."""

    @functools.wraps(command)
    def with_picture_options(**arguments: Any) -> Any:
        names = PictureOptions.__dataclass_fields__
        picture = PictureOptions(**{name: arguments.pop(name) for name in names})
        return command(picture=picture, **arguments)

    for option in reversed(_OPTIONS):
        with_picture_options = option(with_picture_options)
    return with_picture_options


def run_picture_job(
    work: "Callable[[Progress], Pictures]", options: PictureOptions, stem: str, sources: Sequence[str] = ()
) -> int:
    """Check the output paths, run `work` and write its pictures. `sources`: input paths, which are not overwritten.

    Raises `LaminaError`: output_unknown_format, output_in_the_way, output_unwritable, and the errors of `work`.
    """
    outputs = _outputs(options, stem)
    check_not_inputs(outputs, sources)
    line = ProgressLine(not options.is_quiet)
    line.begin(stem)
    try:
        line("starting", 0.0)
        pictures = work(line)
        pictures.save_each(outputs, quality=options.quality, is_watermarked=options.is_watermarked)
    finally:
        line.clear()
    _print_report(pictures, outputs, options)
    return DONE


def _outputs(options: PictureOptions, stem: str) -> list[str]:
    from lamina.imaging.atomic_files import check_file_target
    from lamina.imaging.encoding import picture_format_of

    path = Path(options.to or f"{stem}{_DEFAULT_EXTENSION}")
    numbered = [path.with_stem(f"{path.stem}-{number}") for number in range(1, options.count + 1)]
    outputs = [str(output) for output in (numbered if options.count > 1 else [path])]
    for output in outputs:
        picture_format_of(output)
        check_file_target(Path(output))
        if options.to is None and Path(output).exists():
            raise file_exists(output, str(path))
    return outputs


def _print_report(pictures: "Pictures", outputs: Sequence[str], options: PictureOptions) -> None:
    if options.is_quiet:
        return
    if wants_json(options.is_json):
        _print_json(pictures, outputs)
    else:
        click.echo(readable("\n".join(_lines(pictures, outputs))))


def _print_json(pictures: "Pictures", outputs: Sequence[str]) -> None:
    made = pictures.made
    report = {
        "engine": made.engine,
        "checkpoint": made.checkpoint,
        "prompt": made.prompt,
        "seed": made.seed,
        "width": pictures.width,
        "height": pictures.height,
        "steps": made.steps,
        "skipped_steps": made.skipped_steps,
        "seconds": round(sum(made.timings_s.values()), 3),
        "timings": dict(made.timings_s),
        "flagged": list(pictures.flagged),
        "outputs": list(outputs),
        **({"notes": list(map(localize_commands, pictures.notes))} if pictures.notes else {}),
    }
    print_json(report)


def _lines(pictures: "Pictures", outputs: Sequence[str]) -> list[str]:
    made, count = pictures.made, len(outputs)
    seconds = sum(made.timings_s.values())
    noun = "1 picture" if count == 1 else f"{count} pictures"
    skipped = f", {made.skipped_steps} skipped" if made.skipped_steps else ""
    details = f"{made.checkpoint}, seed {made.seed}, {made.steps} steps{skipped}"
    flagged = ["  The safety checker replaced unsafe pictures by black ones."] if any(pictures.flagged) else []
    return [
        f"{noun} of {pictures.width} x {pictures.height} in {seconds:.1f} s ({details})",
        *(f"  {localize_commands(note)}" for note in pictures.notes),
        *flagged,
        *(f"  wrote {output}" for output in outputs),
    ]
