"""What `lamina generate` and `lamina edit` share: their output options, the run with its progress, the report."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.destinations import check_spared
from lamina.cli.exits import DONE
from lamina.cli.printing import print_json, readable, wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import MAX_PICTURES, TaskKind
from lamina.engines.registry import engine_names
from lamina.installation import as_typed_here

if TYPE_CHECKING:  # numpy and the engines are loaded when there is work for them
    from lamina.core.ports import Progress
    from lamina.execution.pictures import Pictures

_DEFAULT_ENDING = ".png"


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """`to`: where to write, None for a default name; `count`: how many pictures; `quality`: 1..100 of lossy files."""

    to: str | None
    count: int
    quality: int
    engine: str | None
    is_expanded: bool
    is_watermarked: bool
    is_json: bool
    is_quiet: bool


_OPTIONS = (
    click.option("--to", metavar="PATH", help="Where to write: .png, .jpg, .webp or .tif."),
    click.option(
        "-n", "--count", type=click.IntRange(1, MAX_PICTURES), default=1, help="How many; their seeds follow."
    ),
    click.option("--quality", type=click.IntRange(1, 100), default=95, help="Of JPEG and WebP."),
    click.option(
        "--engine", type=click.Choice(engine_names(TaskKind.GENERATE)), help="What makes the picture; auto by default."
    ),
    click.option("--expand", "is_expanded", is_flag=True, help="Let a language model enrich the prompt first."),
    click.option("--watermark", "is_watermarked", is_flag=True, help="Write a small visible mark into the picture."),
    click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal."),
    click.option("--quiet", "is_quiet", is_flag=True, help="Print nothing but errors."),
)


def picture_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, whose function takes them as `picture`, one `PictureOptions`."""

    @functools.wraps(command)
    def gathered(**arguments: Any) -> Any:
        names = PictureOptions.__dataclass_fields__
        picture = PictureOptions(**{name: arguments.pop(name) for name in names})
        return command(picture=picture, **arguments)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def run_picture_job(
    work: "Callable[[Progress], Pictures]", options: PictureOptions, stem: str, sources: Sequence[str] = ()
) -> int:
    """Do the work and write what comes of it; every output is checked before. `sources`: which none may replace.

    Raises `LaminaError`: output_unknown_format, output_in_the_way, output_unwritable, and what `work` raises.
    """
    outputs = _outputs(options, stem)
    check_spared(outputs, sources)
    line = ProgressLine(not options.is_quiet)
    line.begin(stem)
    try:
        line("starting", 0.0)
        pictures = work(line)
        pictures.save_each(outputs, quality=options.quality, is_watermarked=options.is_watermarked)
    finally:
        line.clear()
    _tell(pictures, outputs, options)
    return DONE


def _outputs(options: PictureOptions, stem: str) -> list[str]:
    from lamina.imaging.atomic_files import check_file_target
    from lamina.imaging.encoding import picture_format_of

    path = Path(options.to or f"{stem}{_DEFAULT_ENDING}")
    numbered = [path.with_stem(f"{path.stem}-{number}") for number in range(1, options.count + 1)]
    outputs = [str(one) for one in (numbered if options.count > 1 else [path])]
    for output in outputs:
        picture_format_of(output)
        check_file_target(Path(output))
        if options.to is None and Path(output).exists():
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"{output!r} is already there, and might be your own.",
                f"To replace it, say so: --to {path}",
            )
    return outputs


def _tell(pictures: "Pictures", outputs: Sequence[str], options: PictureOptions) -> None:
    if options.is_quiet:
        return
    if wants_json(options.is_json):
        print_json(_rendered(pictures, outputs))
    else:
        click.echo(readable("\n".join(_lines(pictures, outputs))))


def _rendered(pictures: "Pictures", outputs: Sequence[str]) -> dict[str, Any]:
    made = pictures.made
    return {
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
        **({"notes": list(map(as_typed_here, pictures.notes))} if pictures.notes else {}),
    }


def _lines(pictures: "Pictures", outputs: Sequence[str]) -> list[str]:
    made, count = pictures.made, len(outputs)
    seconds = sum(made.timings_s.values())
    what = "1 picture" if count == 1 else f"{count} pictures"
    skipped = f", {made.skipped_steps} skipped" if made.skipped_steps else ""
    how = f"{made.checkpoint}, seed {made.seed}, {made.steps} steps{skipped}"
    head = f"{what} of {pictures.width} x {pictures.height} in {seconds:.1f} s ({how})"
    flagged = ["  The safety checker blackened what it found unsafe."] if any(pictures.flagged) else []
    return [
        head,
        *(f"  {as_typed_here(note)}" for note in pictures.notes),
        *flagged,
        *(f"  wrote {output}" for output in outputs),
    ]
