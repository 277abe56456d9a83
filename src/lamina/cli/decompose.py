"""`lamina decompose`: pictures in, layered files out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.destinations import Job, plan_jobs
from lamina.cli.exits import DONE, FAILED, affects_every_picture, print_error
from lamina.cli.fault_log import log_internal_error
from lamina.cli.inputs import display_name, find_pictures, is_folder
from lamina.cli.layer_count import LayerCountType
from lamina.cli.model_options import Size, model_options, sampling_of
from lamina.cli.output_options import export_options, json_option, quiet_option
from lamina.cli.printing import print_json, readable, wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.cli.selection_options import exclusions_of, selection_options
from lamina.cli.terminal_text import terminal_columns
from lamina.core.errors import LaminaError
from lamina.core.faults import fault_of
from lamina.core.selections import Selection
from lamina.core.tasks import DEFAULT_LAYERS, MAX_LAYERS, MIN_LAYERS, RESOLUTIONS_PX, DecomposeTask, LayerCount
from lamina.engines.registry import engine_names
from lamina.imaging.export_options import ExportOptions
from lamina.installation import localize_commands

if TYPE_CHECKING:  # numpy and the engines are imported when there is work for them
    from lamina.cli.export_report import Export
    from lamina.core.ports import Step
    from lamina.execution.decompose import Stack

_ENGINE_SHARE = 0.9  # of the progress; the rest is for writing the files
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """The options that apply to all pictures. `is_many`: the inputs may be several, even if a folder has only one."""

    task: DecomposeTask
    engine: str | None
    fonts: str | None
    export: ExportOptions
    is_json: bool
    is_quiet: bool
    is_many: bool


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "-n",
    "--layers",
    type=LayerCountType(),
    metavar="NUMBER",
    help=f"Maximum number of layers, {MIN_LAYERS} to {MAX_LAYERS}, a group counting as one, or auto for all that is "
    f"seen (default: {DEFAULT_LAYERS}). Diffusion models make 1 to 10 (default: 4).",
)
@click.option("--flat", "is_flat", is_flag=True, help="No groups: what is found beyond --layers is merged.")
@click.option(
    "--to",
    "targets",
    metavar="PATH",
    multiple=True,
    help="Output path; its extension selects the format (default: NAME.psd). May be repeated.",
)
@click.option(
    "--engine", type=click.Choice(engine_names()), help="Engine that decomposes the pictures (default: auto)."
)
@selection_options
@click.option(
    "--fonts",
    metavar="FOLDER",
    help="Folder of fonts whose families are recognised besides those that Lamina knows.",
)
@export_options
@json_option
@quiet_option
@click.option(
    "--prompt",
    metavar="TEXT",
    default="",
    help="Description of the whole picture, hidden parts included, for diffusion models (default: the model's own).",
)
@click.option(
    "--resolution",
    type=click.Choice([str(px) for px in RESOLUTIONS_PX]),
    help=f"Resolution in pixels at which diffusion models process the picture (default: {RESOLUTIONS_PX[0]}).",
)
@click.option(
    "--size",
    type=Size(),
    metavar="WIDTHxHEIGHT",
    help="Size in pixels to which the picture is resized first (default: no resizing).",
)
@click.option(
    "--raw",
    "is_raw",
    is_flag=True,
    help="Layers exactly as the diffusion model returns them, at its own size; they do not add up to the picture.",
)
@model_options
def decompose(
    inputs: tuple[str, ...],
    layers: LayerCount | None,
    is_flat: bool,
    targets: tuple[str, ...],
    engine: str | None,
    boxes: tuple[Selection, ...],
    points: tuple[Selection, ...],
    excluded: tuple[Selection, ...],
    fonts: str | None,
    export: ExportOptions,
    is_json: bool,
    is_quiet: bool,
    prompt: str,
    resolution: str | None,
    size: tuple[int, int] | None,
    is_raw: bool,
    **model: Any,
) -> int:
    """Decompose pictures into layers.

    INPUT is a picture file, a folder of picture files, or - for standard input.

    \b
      lamina decompose poster.png                    writes poster.psd to the current folder
      lamina decompose poster.png -n 6 --to out.ora --to layers/
      lamina decompose slide.png -n auto             everything that is seen, in groups
      lamina decompose photos/ --to 'out/{stem}.psd'
      curl -s https://example.org/p.jpg | lamina decompose - --to p.pptx --editable
      lamina decompose poster.png --box 40,60,320,200=Logo --point 50%,80%
      lamina decompose poster.png --engine qwen -n 4 --seed 7

    The extension of --to selects the format: .psd .ora .pptx .svg .tif .webp .zip, or .png for the flattened picture.
    A path that ends in / is a folder of PNG files. {stem} and {name} in the path are replaced by the input's name
    without and with its extension. With several inputs, the path must contain {stem} or {name}, or be a folder, in
    which each picture gets a subfolder.

    With --editable, --live-text or --live-shapes, the output says what each layer became in each file.

    The JSON output is one object, or one object per line for several inputs. A picture that failed has "error".
    """
    is_many = len(inputs) > 1 or any(map(is_folder, inputs))
    is_json = wants_json(is_json)
    width, height = size or (None, None)
    task = DecomposeTask(
        layers=layers,
        prompt=prompt,
        sampling=sampling_of(**model),
        resolution_px=int(resolution or RESOLUTIONS_PX[0]),
        is_raw=is_raw,
        is_flat=is_flat,
        width=width,
        height=height,
        selections=(*boxes, *points),
        exclusions=exclusions_of(excluded),
    )
    options = _Options(
        task=task,
        engine=engine,
        fonts=fonts,
        export=export,
        is_json=is_json,
        is_quiet=is_quiet,
        is_many=is_many,
    )
    sources, errors = find_pictures(inputs)
    jobs = plan_jobs(sources, targets, is_many)
    for error in errors:
        print_error(error)
    failed = _decompose_all(jobs, options)
    if failed and is_many and not is_json:
        print_error(_summary(len(jobs), failed))
    return FAILED if failed or errors else DONE


def _decompose_all(jobs: Sequence[Job], options: _Options) -> list[Job]:
    """Run the jobs and return those that failed.

    Raises `LaminaError` if it would fail every job, or if there is only one.
    """
    line = ProgressLine(not options.is_quiet)
    failed: list[Job] = []
    for number, job in enumerate(jobs, 1):
        name = display_name(job.source)
        line.begin(f"[{number}/{len(jobs)}] {name}" if len(jobs) > 1 else name)
        try:
            stack, exports = _decompose_one(job, options, line)
        except LaminaError as error:
            line.clear()
            if affects_every_picture(error) or not options.is_many:
                raise
            logged = log_internal_error(error, job.source)
            failed.append(job)
            print_error(logged)
            _print_failure(job, logged, options)
        else:
            line.clear()
            _print_stack(stack, exports, job, options)
    return failed


def _decompose_one(job: Job, options: _Options, line: ProgressLine) -> "tuple[Stack, Sequence[Export]]":
    """Raises `LaminaError` for everything that can go wrong with the picture; a broken pipe on stdout is not caught."""
    try:
        return _decompose_and_save(job, options, line)
    except (LaminaError, BrokenPipeError):
        raise
    except Exception as error:
        raise fault_of(error, "Writing the layers") from error


def _decompose_and_save(job: Job, options: _Options, line: ProgressLine) -> "tuple[Stack, Sequence[Export]]":
    line("starting", 0.0)
    from lamina.execution.decompose import decomposed

    def engine_progress(stage: str, share_done: float, step: "Step | None" = None, /) -> None:
        line(stage, share_done * _ENGINE_SHARE, step)

    stack = decomposed(options.task, job.source, options.engine, engine_progress, fonts=options.fonts)
    exports: list[Export] = []
    for number, output in enumerate(job.outputs):
        line(f"writing {output}", _ENGINE_SHARE + (1 - _ENGINE_SHARE) * number / len(job.outputs))
        exports.append((output, stack.export(output, options.export)))
    line("comparing", 1.0)
    _ = stack.error  # computed and cached here, while the progress line shows it
    return stack, exports if options.export.is_editable else []


def _print_stack(stack: "Stack", exports: "Sequence[Export]", job: Job, options: _Options) -> None:
    from lamina.cli.decomposition_report import render_json, render_table

    if options.is_quiet:
        return
    if options.is_json:
        _print_json(render_json(stack, job.source, job.outputs, exports), options)
    else:
        table = render_table(stack, job.source, job.outputs, terminal_columns(), exports)
        click.echo(readable("\n".join(table)))


def _print_failure(job: Job, error: LaminaError, options: _Options) -> None:
    if options.is_json and not options.is_quiet:
        body = {"code": error.code.value, "message": error.message, "hint": localize_commands(error.hint)}
        _print_json({"source": job.source, "error": body}, options)


def _summary(count: int, failed: Sequence[Job]) -> str:
    names = ", ".join(display_name(job.source) for job in failed[:_MAX_NAMED])
    more = f" and {len(failed) - _MAX_NAMED} more" if len(failed) > _MAX_NAMED else ""
    return f"{len(failed)} of {count} pictures failed: {names}{more}."


def _print_json(value: object, options: _Options) -> None:
    print_json(value, indent=None if options.is_many else 2)
