"""Output paths: the --to options expanded for every input, and checked before any work starts."""

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
    """One picture and the paths its layers are written to; the path of a folder ends in "/"."""

    source: str
    outputs: tuple[str, ...]


def plan_jobs(sources: Sequence[str], targets: Sequence[str], is_many: bool) -> list[Job]:
    """Expand the --to paths `targets`; without any, the output is `<stem>.psd` in the current folder, if it is new.

    `{stem}` and `{name}` in a path are replaced by the input's name without and with its extension. If `is_many`, a
    path must contain one of them; `{stem}/` is appended to a folder without either.
    Raises click.UsageError and `LaminaError`: output_unknown_format, output_in_the_way, output_unwritable.
    """
    templates = [_template(target, is_many) for target in targets] or ["{stem}.psd"]
    jobs = [Job(source, tuple(dict.fromkeys(_expanded(path, source) for path in templates))) for source in sources]
    _check_distinct(jobs)
    _check_writable(jobs, may_replace=bool(targets))
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
    extension = Path(path).suffix
    raise click.UsageError(
        f"Several pictures cannot be written to one file, {target!r}. Use {{stem}} in the path, as in "
        f"'{{stem}}{extension}', or a folder, with a trailing /."
    )


def _expanded(template: str, source: str) -> str:
    path = Path(_STDIN_NAME if source == STDIN else source)
    return template.replace("{stem}", path.stem).replace("{name}", path.name)


def check_not_inputs(outputs: Sequence[str], sources: Sequence[str]) -> None:
    """Raises `LaminaError` (output_in_the_way) if an output would overwrite one of the inputs."""
    inputs = {os.path.realpath(source) for source in sources if source != STDIN}
    for output in outputs:
        if os.path.realpath(output) in inputs:
            raise _conflict(f"The output {output!r} is also an input.", "Use another output path.")


def _check_distinct(jobs: Sequence[Job]) -> None:
    sources = [job.source for job in jobs]
    job_of_path: dict[Path, Job] = {}
    for job in jobs:
        check_not_inputs(job.outputs, sources)
        for output in job.outputs:
            path = Path(os.path.realpath(output))
            if job_of_path.get(path) is job:
                raise _conflict(f"{output!r} is given twice, with two spellings.", "Give each output once.")
            if path in job_of_path:
                raise _conflict(
                    f"{job_of_path[path].source!r} and {job.source!r} would both be written to {output!r}.",
                    "Use {name} in the --to path, or process the pictures one at a time.",
                )
            job_of_path[path] = job
    for path in job_of_path:
        parent = next((folder for folder in path.parents if folder in job_of_path), None)
        if parent is not None:
            raise _conflict(
                f"The output {str(path)!r} is inside the output {str(parent)!r}.", "Use separate output paths."
            )


def _check_writable(jobs: Sequence[Job], may_replace: bool) -> None:
    from lamina.imaging.saving import check_output  # imports numpy, which would delay usage errors

    for job in jobs:
        for output in job.outputs:
            check_output(output)
            if not may_replace and Path(output).exists():
                raise file_exists(output, shlex.quote(output))


def file_exists(path: str, argument: str) -> LaminaError:
    """The error for a default output path that exists. `argument`: the --to path that replaces it."""
    return _conflict(f"{path!r} already exists.", f"To replace it, pass --to {argument}")


def _conflict(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.OUTPUT_IN_THE_WAY, message, hint)
