"""`lamina models`: what the models are for, what they need, and which are here."""

from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE, FAILED
from lamina.cli.printing import print_json, wants_json
from lamina.cli.terminal_text import aligned
from lamina.core.catalog import MODELS, Model
from lamina.installation import as_typed_here, reinstall_command

if TYPE_CHECKING:
    from lamina.engines.weights.places import Place, Roots


@click.command()
@click.option("--verify", "is_verifying", is_flag=True, help="Read the files in full and compare their checksums.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
def models(is_verifying: bool, is_json: bool) -> int:
    """Show the models, what each needs, and which are here.

    The exit code is 1 if a model that is here is damaged.

    \b
      lamina models
      lamina models --verify
    """
    from lamina import settings

    found = describe_models(settings.roots(settings.current()), is_verifying)
    if wants_json(is_json):
        print_json(found)
    else:
        click.echo("\n".join(_lines(found)))
    return FAILED if any(entry["state"] == "damaged" for entry in found) else DONE


def describe_models(roots: "Roots", is_verifying: bool = False) -> list[dict[str, Any]]:
    """As JSON, in the catalog's order. `state`: "here", "damaged" or "missing"."""
    from lamina.engines.weights.places import find

    described = [_described(model, find(model, roots), is_verifying) for model in MODELS.values()]
    return [{**one, **_transformer_state(MODELS[one["name"]], roots)} for one in described]


def _transformer_state(model: Model, roots: "Roots") -> dict[str, Any]:
    """Of one that is set and is not there: nothing else of the model can be used."""
    from lamina.core.errors import LaminaError
    from lamina.engines.weights.places import check_transformer

    try:
        check_transformer(model, roots)
    except LaminaError as error:
        return {"state": "damaged", "problem": str(error)}
    return {}


def _described(model: Model, place: "Place | None", is_verifying: bool) -> dict[str, Any]:
    from lamina.engines.qwen.needs import NANO, RELEASED
    from lamina.engines.qwen.placement import most_and_least_bytes
    from lamina.engines.weights.record import read_record

    most, least = most_and_least_bytes(RELEASED if model.checkpoint.repository else NANO)
    record = read_record(place.folder) if place is not None else None
    return {
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
        "gpu_bytes": {"all_at_once": most, "offloaded": least},
        **_state(place, is_verifying),
        "folder": str(place.folder) if place is not None else None,
        "origin": place.origin if place is not None else None,
        "transformer_file": str(place.transformer_file) if place is not None and place.transformer_file else None,
        "commit": (record.commit or None) if record is not None else None,
    }


def _state(place: "Place | None", is_verifying: bool) -> dict[str, Any]:
    from lamina.core.errors import LaminaError
    from lamina.engines.weights.record import RECORD, verify

    if place is None:
        return {"state": "missing", "problem": None}
    try:
        place.check()
        if is_verifying and (place.folder / RECORD).is_file():
            verify(place.folder)
    except LaminaError as error:
        return {"state": "damaged", "problem": str(error)}
    return {"state": "here", "problem": None}


def _lines(found: list[dict[str, Any]]) -> list[str]:
    rows = [("model", "does", "size", "GPU memory", "licence", "state"), *map(_row, found)]
    problems = [f"{entry['name']}: {entry['problem']}" for entry in found if entry["problem"]]
    return [*aligned(rows, (False, False, True, True, False, False)), *problems]


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    memory = entry["gpu_bytes"]
    most, least = (f"{count / 1e9:.0f}" for count in memory.values())
    needs = f"{least} to {most} GB" if least != most else f"{most} GB"
    count = entry["size_bytes"]
    size = f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
    missing = (
        as_typed_here(f"lamina pull {entry['name']}") if entry["repository"] else f"missing: {reinstall_command()}"
    )
    state = {"here": f"here: {entry['folder']}", "damaged": "damaged", "missing": missing}
    return entry["name"], ", ".join(entry["tasks"]), size, needs, entry["licence"], state[entry["state"]]
