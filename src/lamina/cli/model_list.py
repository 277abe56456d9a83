"""`lamina models`: the models, their requirements, and which are installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE, FAILED
from lamina.cli.output_options import json_option
from lamina.cli.printing import print_json, wants_json
from lamina.cli.terminal_text import aligned
from lamina.core.catalog import MODELS, Model
from lamina.installation import localize_commands, reinstall_command

if TYPE_CHECKING:
    from lamina.engines.weights.places import Place, Roots

HERE, DAMAGED, MISSING = "here", "damaged", "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """Whether a model is installed: `state` is HERE, DAMAGED or MISSING; `problem` says what is damaged."""

    model: Model
    place: "Place | None"
    state: str
    problem: str | None = None


@click.command()
@click.option("--verify", "is_verifying", is_flag=True, help="Full check: read all files and compare their checksums.")
@json_option
def models(is_verifying: bool, is_json: bool) -> int:
    """List the models, their requirements, and which are installed.

    The exit code is 1 if an installed model is damaged.

    \b
      lamina models
      lamina models --verify
    """
    from lamina import settings

    statuses = model_statuses(settings.roots(settings.current()), is_verifying)
    if wants_json(is_json):
        _print_json(statuses)
    else:
        click.echo("\n".join(_lines(statuses)))
    return FAILED if any(status.state == DAMAGED for status in statuses) else DONE


def model_statuses(roots: "Roots", is_verifying: bool = False) -> list[ModelStatus]:
    """The status of every model, in the order of the catalog. `is_verifying`: compare the checksums of all files."""
    from lamina.core.errors import LaminaError
    from lamina.engines.weights.places import check_transformer, find

    statuses: list[ModelStatus] = []
    for model in MODELS.values():
        place = find(model, roots)
        try:
            check_transformer(model, roots)  # if a configured transformer is missing, the model cannot be used at all
            if place is not None:
                _check(place, is_verifying)
        except LaminaError as error:
            statuses.append(ModelStatus(model=model, place=place, state=DAMAGED, problem=str(error)))
        else:
            statuses.append(ModelStatus(model=model, place=place, state=MISSING if place is None else HERE))
    return statuses


def _check(place: "Place", is_verifying: bool) -> None:
    from lamina.engines.weights.record import RECORD, verify

    place.check()
    if is_verifying and (place.folder / RECORD).is_file():
        verify(place.folder)


def _gpu_bytes(model: Model) -> tuple[int, int]:
    """GPU memory that the model needs: with everything on the GPU, and with maximum offloading."""
    from lamina.engines.qwen.needs import NANO, RELEASED
    from lamina.engines.qwen.placement import most_and_least_bytes

    return most_and_least_bytes(RELEASED if model.checkpoint.repository else NANO)


def _print_json(statuses: Sequence[ModelStatus]) -> None:
    from lamina.engines.weights.record import read_record

    reports: list[object] = []
    for status in statuses:
        model, place = status.model, status.place
        all_at_once, offloaded = _gpu_bytes(model)
        record = read_record(place.folder) if place is not None else None
        report = {
            "name": model.name,
            "title": model.title,
            "aliases": list(model.aliases),
            "tasks": sorted(model.tasks),
            "defaults": {
                kind.value: {"steps": model.default_steps(kind), "guidance": model.default_guidance(kind)}
                for kind in sorted(model.tasks)
            },
            "repository": model.checkpoint.repository or None,
            "revision": model.checkpoint.revision or None,
            "licence": model.checkpoint.licence,
            "size_bytes": model.checkpoint.size_bytes,
            "gpu_bytes": {"all_at_once": all_at_once, "offloaded": offloaded},
            "state": status.state,
            "problem": status.problem,
            "folder": str(place.folder) if place is not None else None,
            "origin": place.origin if place is not None else None,
            "transformer_file": str(place.transformer_file) if place is not None and place.transformer_file else None,
            "commit": (record.commit or None) if record is not None else None,
        }
        reports.append(report)
    print_json(reports)


def _lines(statuses: list[ModelStatus]) -> list[str]:
    rows = [("model", "tasks", "size", "GPU memory", "licence", "state"), *map(_row, statuses)]
    problems = [f"{status.model.name}: {status.problem}" for status in statuses if status.problem]
    return [*aligned(rows, (False, False, True, True, False, False)), *problems]


def _row(status: ModelStatus) -> tuple[str, ...]:
    model = status.model
    most, least = (f"{count / 1e9:.0f}" for count in _gpu_bytes(model))
    count = model.checkpoint.size_bytes
    return (
        model.name,
        ", ".join(sorted(model.tasks)),
        f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB",
        f"{least} to {most} GB" if least != most else f"{most} GB",
        model.checkpoint.licence,
        _state_text(status),
    )


def _state_text(status: ModelStatus) -> str:
    if status.state == HERE and status.place is not None:
        return f"installed: {status.place.folder}"
    if status.state == DAMAGED:
        return "damaged"
    if status.model.checkpoint.repository:
        return localize_commands(f"missing: lamina pull {status.model.name}")
    return f"missing: {reinstall_command()}"
