"""Where each picture's layers go: the --to paths, filled in for every input and checked before any work is done."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from lamina.cli.inputs import STDIN
from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.stack_formats import StackFormat, stack_format_of

_PLACEHOLDERS = ("{stem}", "{name}")
_STDIN_NAME = "picture"


@dataclass(frozen=True, slots=True)
class Job:
    """One picture and the paths that its layers are written to; a folder's ends in "/"."""

    source: str
    outputs: tuple[str, ...]


def plan_jobs(sources: Sequence[str], targets: Sequence[str], is_many: bool) -> list[Job]:
    """`targets`: the --to paths; none means `<stem>.psd` in the current folder, which then must not exist yet.

    `{stem}` and `{name}` in a path stand for the input's name without and with its ending. With `is_many` a path must
    contain one of them, but a folder gets `{stem}/` by itself.
    Raises click.UsageError, and `LaminaError` (output_unknown_format, output_in_the_way, ...).
    """
    templates = [_template(target, is_many) for target in targets] or ["{stem}.psd"]
    jobs = [Job(source, tuple(dict.fromkeys(_filled(path, source) for path in templates))) for source in sources]
    _check_distinct(jobs)
    _check_places(jobs, may_replace=bool(targets))
    return jobs


def _template(target: str, is_many: bool) -> str:
    if not target:
        raise click.UsageError("--to is empty")
    is_folder = stack_format_of(target) is StackFormat.FOLDER
    path = target if not is_folder or target.endswith("/") else f"{target}/"
    if not is_many or any(placeholder in path for placeholder in _PLACEHOLDERS):
        return path
    if is_folder:
        return path + "{stem}/"
    ending = Path(path).suffix
    raise click.UsageError(
        f"Several pictures cannot all go to {target!r}. Put {{stem}} into the path, as in '{{stem}}{ending}', or name "
        "a folder with a / at its end."
    )


def _filled(template: str, source: str) -> str:
    path = Path(_STDIN_NAME if source == STDIN else source)
    return template.replace("{stem}", path.stem).replace("{name}", path.name)


def check_spared(outputs: Sequence[str], sources: Sequence[str]) -> None:
    """Raises `LaminaError` (output_in_the_way) where an output would replace a picture that was given."""
    places = {os.path.realpath(source) for source in sources if source != STDIN}
    for output in outputs:
        if os.path.realpath(output) in places:
            raise _in_the_way(f"{output!r} is itself one of the pictures.", "Give another name.")


def _check_distinct(jobs: Sequence[Job]) -> None:
    sources = [job.source for job in jobs]
    owners: dict[Path, Job] = {}
    for job in jobs:
        check_spared(job.outputs, sources)
        for output in job.outputs:
            place = Path(os.path.realpath(output))
            if owners.get(place) is job:
                raise _in_the_way(f"{output!r} is named twice, in two ways.", "Name it once.")
            if place in owners:
                raise _in_the_way(
                    f"{owners[place].source!r} and {job.source!r} would both be written to {output!r}.",
                    "Put {name} into the --to path, or run them one after the other.",
                )
            owners[place] = job
    for place in owners:
        outer = next((folder for folder in place.parents if folder in owners), None)
        if outer is not None:
            raise _in_the_way(f"{str(place)!r} lies in {str(outer)!r}, which is another output.", "Keep them apart.")


def _check_places(jobs: Sequence[Job], may_replace: bool) -> None:
    from lamina.imaging.saving import check_output  # loads numpy, which usage errors need not wait for

    for job in jobs:
        for output in job.outputs:
            check_output(output)
            if not may_replace and Path(output).exists():
                raise _in_the_way(
                    f"{output!r} is already there, and might be your own.",
                    f"To replace it, say so: --to {shlex.quote(output)}",
                )


def _in_the_way(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.OUTPUT_IN_THE_WAY, message, hint)
