"""`lamina doctor`: what is here, what is missing, and a small picture taken apart to see that it works."""

import json
from typing import Any

import click

from lamina.cli.exits import CANNOT_START, DONE
from lamina.cli.machine import describe_machine
from lamina.core.errors import LaminaError
from lamina.engines.registry import ENGINES
from lamina.installation import as_typed_here, install_command

_REQUIRED = "classic"


@click.command()
@click.option("--full", "is_full", is_flag=True, help="Run all engines: the diffusion models take a while to load.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def doctor(is_full: bool, is_json: bool) -> int:
    """Show what Lamina finds on this machine and whether it works; exit code 3 if it cannot start.

    Takes a small picture apart with the classic engine. Of the others it looks whether their packages and weights are
    here; --full runs them, too.
    """
    states = {name: _state_of(name, is_full or name == _REQUIRED) for name in ENGINES}
    report = describe_machine() | {"engines": states}
    click.echo(json.dumps(report, indent=2) if is_json else "\n".join(_lines(report)))
    return DONE if report["engines"][_REQUIRED]["is_ready"] else CANNOT_START


def _state_of(name: str, is_run: bool) -> dict[str, Any]:
    """`is_run`: whether it was tried; else only what it needs was looked for."""
    missing = ENGINES[name].missing()
    if missing:
        problem = f"not installed: {', '.join(missing)}. {ENGINES[name].remedy()}"
        return {"is_ready": False, "is_run": False, "problem": as_typed_here(problem)}
    try:
        return {"is_ready": True, "is_run": is_run} | (_tried(name) if is_run else _weighed(name))
    except (LaminaError, ImportError) as error:
        return {"is_ready": False, "is_run": is_run, "problem": as_typed_here(" ".join(str(error).split()))}


def _tried(name: str) -> dict[str, Any]:
    from lamina.execution.trial import decompose_trial

    stack = decompose_trial(name)
    is_exact = stack.error is not None and stack.error.max_abs_error == 0
    return {"seconds": round(stack.seconds or 0, 3), "layers": len(stack), "is_exact": is_exact}


def _weighed(name: str) -> dict[str, Any]:
    """Nothing, where the weights are whole."""
    from lamina import settings
    from lamina.core.catalog import NANO, default_model
    from lamina.core.tasks import TaskKind
    from lamina.engines.weights.places import require

    require(NANO if name == "nano" else default_model(TaskKind.DECOMPOSE), settings.roots(settings.current()))
    return {}


def _lines(report: dict[str, Any]) -> list[str]:
    memory = report["memory_bytes"]
    packages = ", ".join(f"{name} {version or 'missing'}" for name, version in report["packages"].items())
    return [
        f"Python      {report['python']} on {report['system']}",
        f"Packages    {packages}",
        f"CPU cores   {report['cpu_cores'] or 'unknown'}",
        f"Memory      {f'{memory / 2**30:.1f} GiB' if memory else 'unknown'}",
        f"OCR models  {', '.join(report['ocr_models']) or 'none'}",
        *_diffusion_lines(report),
        *(f"Engine      {name}: {_verdict(state)}" for name, state in report["engines"].items()),
    ]


def _diffusion_lines(report: dict[str, Any]) -> list[str]:
    versions = report["diffusion_packages"]
    if not report["devices"]:
        return [f"Diffusion   not installed: {install_command('qwen')}"]
    here = [name for name, state in report["models"].items() if state == "here"]
    damaged = [f"{name} (damaged)" for name, state in report["models"].items() if state == "damaged"]
    packages = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    return [
        f"Diffusion   {packages}",
        *(
            f"Device      {device['name']}: {device['title']}, {device['free_bytes'] / 1e9:.1f} of "
            f"{device['total_bytes'] / 1e9:.1f} GB free"
            for device in report["devices"]
        ),
        f"Models      {', '.join(here + damaged) or as_typed_here('none here; see lamina models')}",
    ]


def _verdict(state: dict[str, Any]) -> str:
    if not state["is_ready"]:
        return f"cannot start: {state['problem']}"
    if not state["is_run"]:
        return as_typed_here("its packages and weights are here; lamina doctor --full runs it")
    exactness = "exactly" if state["is_exact"] else "not exactly"
    return f"ready; a test picture came apart into {state['layers']} layers in {state['seconds']} s, {exactness}"
