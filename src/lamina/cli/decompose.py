"""`lamina decompose`: pictures in, layered files out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.destinations import Job, plan_jobs
from lamina.cli.exits import DONE, FAILED, keeps_all_from_starting, print_error
from lamina.cli.fault_log import kept_fault
from lamina.cli.inputs import find_pictures, is_folder, shown_source
from lamina.cli.model_options import Size, model_options, sampling_of
from lamina.cli.printing import print_json, readable, wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.cli.terminal_text import terminal_columns
from lamina.core.errors import LaminaError
from lamina.core.faults import fault_of
from lamina.core.tasks import MAX_LAYERS, MIN_LAYERS, RESOLUTIONS_PX, DecomposeTask
from lamina.engines.registry import engine_names
from lamina.installation import as_typed_here

if TYPE_CHECKING:  # numpy and the engines are loaded when there is work for them
    from lamina.core.ports import Step
    from lamina.execution.decompose import Stack

_ENGINE_SHARE = 0.9  # of the time; the rest is writing
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Options:
    """What all pictures of one call share. `is_many`: several pictures may come, even if a folder holds only one."""

    task: DecomposeTask
    engine: str | None
    live_text: bool
    is_json: bool
    is_quiet: bool
    is_many: bool


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("-n", "--layers", type=click.IntRange(MIN_LAYERS, MAX_LAYERS), help="At most so many layers.")
@click.option("--to", "targets", metavar="PATH", multiple=True, help="Where to write; may be repeated.")
@click.option("--engine", type=click.Choice(engine_names()), help="What takes the picture apart; auto by default.")
@click.option("--live-text", is_flag=True, help="PowerPoint and SVG get text to edit instead of pictures of it.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
@click.option("--quiet", "is_quiet", is_flag=True, help="Print nothing but errors.")
@click.option(
    "--prompt", metavar="TEXT", default="", help="For models: what the whole picture shows, hidden parts too."
)
@click.option(
    "--resolution", type=click.Choice([str(px) for px in RESOLUTIONS_PX]), help="For models: at how many px they look."
)
@click.option("--size", type=Size(), metavar="WIDTHxHEIGHT", help="Bring the picture to that size first, in pixels.")
@click.option("--raw", "is_raw", is_flag=True, help="For models: their layers as they come, at the size they come in.")
@model_options
def decompose(
    inputs: tuple[str, ...],
    layers: int | None,
    targets: tuple[str, ...],
    engine: str | None,
    live_text: bool,
    is_json: bool,
    is_quiet: bool,
    prompt: str,
    resolution: str | None,
    size: tuple[int, int] | None,
    is_raw: bool,
    **model: Any,
) -> int:
    """Take pictures apart into layers.

    INPUT is a picture, a folder (the pictures in it), or - for standard input.

    \b
      lamina decompose poster.png                    writes poster.psd here
      lamina decompose poster.png -n 6 --to out.ora --to layers/
      lamina decompose photos/ --to 'out/{stem}.psd'
      curl -s https://example.org/p.jpg | lamina decompose - --to p.pptx --live-text
      lamina decompose poster.png --engine qwen -n 4 --seed 7

    --to takes the format from the ending: .psd .ora .pptx .svg .tif .webp .zip, .png for the flat picture; a path
    that ends in / becomes a folder of PNGs. {stem} and {name} in it stand for the input's name without and with its
    ending. Of several pictures each gets a sub-folder of its own, or the path must contain {stem} or {name}.

    JSON is one object, or for several inputs one a line; what failed has "error" there.
    """
    is_many = len(inputs) > 1 or any(map(is_folder, inputs))
    is_json = wants_json(is_json)
    width, height = size or (None, None)
    resolution_px = int(resolution or RESOLUTIONS_PX[0])
    task = DecomposeTask(layers, prompt, sampling_of(**model), resolution_px, is_raw, width, height)
    options = _Options(task, engine, live_text, is_json, is_quiet, is_many)
    sources, errors = find_pictures(inputs)
    jobs = plan_jobs(sources, targets, is_many)
    for error in errors:
        print_error(error)
    failed = _decompose_all(jobs, options)
    if failed and is_many and not is_json:
        print_error(_summary(len(jobs), failed))
    return FAILED if failed or errors else DONE


def _decompose_all(jobs: Sequence[Job], options: _Options) -> list[Job]:
    """Those that failed. Raises `LaminaError` where no other picture could be started either, or there is no other."""
    line = ProgressLine(not options.is_quiet)
    failed: list[Job] = []
    for number, job in enumerate(jobs, 1):
        line.begin(f"[{number}/{len(jobs)}] {shown_source(job.source)}" if len(jobs) > 1 else shown_source(job.source))
        try:
            stack = _decompose_one(job, options, line)
        except LaminaError as error:
            line.clear()
            if keeps_all_from_starting(error) or not options.is_many:
                raise
            told = kept_fault(error, job.source)
            failed.append(job)
            print_error(told)
            _tell_failure(job, told, options)
        else:
            line.clear()
            _tell(stack, job, options)
    return failed


def _decompose_one(job: Job, options: _Options, line: ProgressLine) -> "Stack":
    """Raises `LaminaError`, whatever goes wrong with the picture; what keeps this line from being shown passes."""
    try:
        return _decomposed(job, options, line)
    except (LaminaError, BrokenPipeError):
        raise
    except Exception as error:
        raise fault_of(error, "Writing the layers") from error


def _decomposed(job: Job, options: _Options, line: ProgressLine) -> "Stack":
    line("starting", 0.0)
    from lamina.execution.decompose import decomposed

    def engine_progress(stage: str, share_done: float, step: "Step | None" = None, /) -> None:
        line(stage, share_done * _ENGINE_SHARE, step)

    stack = decomposed(options.task, job.source, options.engine, engine_progress)
    for number, output in enumerate(job.outputs):
        line(f"writing {output}", _ENGINE_SHARE + (1 - _ENGINE_SHARE) * number / len(job.outputs))
        stack.save(output, live_text=options.live_text)
    line("comparing", 1.0)
    _ = stack.error  # computed once, here, where the line says so
    return stack


def _tell(stack: "Stack", job: Job, options: _Options) -> None:
    from lamina.cli.decomposition_report import render_json, render_table

    if options.is_quiet:
        return
    if options.is_json:
        _print_json(render_json(stack, job.source, job.outputs), options)
    else:
        click.echo(readable("\n".join(render_table(stack, job.source, job.outputs, terminal_columns()))))


def _tell_failure(job: Job, error: LaminaError, options: _Options) -> None:
    if options.is_json and not options.is_quiet:
        told = {"code": error.code.value, "message": error.message, "hint": as_typed_here(error.hint)}
        _print_json({"source": job.source, "error": told}, options)


def _summary(count: int, failed: Sequence[Job]) -> str:
    names = ", ".join(shown_source(job.source) for job in failed[:_MOST_NAMED])
    more = f" and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
    return f"{len(failed)} of {count} pictures failed: {names}{more}."


def _print_json(value: object, options: _Options) -> None:
    print_json(value, indent=None if options.is_many else 2)
