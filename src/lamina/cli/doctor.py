"""`lamina doctor`: a check of the installation, which decomposes a small test picture."""

import json
from dataclasses import asdict, dataclass

import click

from lamina.cli.exits import CANNOT_START, DONE
from lamina.cli.machine import Machine, this_machine
from lamina.cli.model_list import DAMAGED, HERE
from lamina.core.errors import LaminaError
from lamina.engines.registry import ENGINES
from lamina.installation import install_command, localize_commands

_REQUIRED = "classic"


@dataclass(frozen=True, slots=True)
class _Trial:
    """The decomposition of the test picture."""

    seconds: float
    layers: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class _EngineState:
    """`is_run`: the engine decomposed the test picture, or tried to; else only its requirements were checked."""

    is_run: bool
    problem: str | None = None
    trial: _Trial | None = None

    @property
    def is_ready(self) -> bool:
        return self.problem is None


@click.command()
@click.option(
    "--full", "is_full", is_flag=True, help="Test run of all engines; loading the diffusion models takes a while."
)
@click.option("--json", "is_json", is_flag=True, help="JSON output.")
def doctor(is_full: bool, is_json: bool) -> int:
    """Check the installation and the hardware of this machine. The exit code is 3 if Lamina cannot start.

    Decomposes a small test picture with the classic engine. For the other engines, only checks that their packages
    and weights are installed; --full runs them, too.
    """
    machine = this_machine()
    engines = {name: _state_of(name, is_full or name == _REQUIRED) for name in ENGINES}
    if is_json:
        states = {
            name: {
                "is_ready": state.is_ready,
                "is_run": state.is_run,
                **({} if state.problem is None else {"problem": state.problem}),
                **({} if state.trial is None else asdict(state.trial)),
            }
            for name, state in engines.items()
        }
        click.echo(json.dumps(asdict(machine) | {"engines": states}, indent=2))
    else:
        click.echo("\n".join(_lines(machine, engines)))
    return DONE if engines[_REQUIRED].is_ready else CANNOT_START


def _state_of(name: str, is_run: bool) -> _EngineState:
    missing = ENGINES[name].missing()
    if missing:
        problem = f"not installed: {', '.join(missing)}. {ENGINES[name].remedy()}"
        return _EngineState(is_run=False, problem=localize_commands(problem))
    try:
        if is_run:
            return _EngineState(is_run=True, trial=_run_trial(name))
        _check_weights(name)
        return _EngineState(is_run=False)
    except (LaminaError, ImportError) as error:
        return _EngineState(is_run=is_run, problem=localize_commands(" ".join(str(error).split())))


def _run_trial(name: str) -> _Trial:
    from lamina.execution.self_test import decompose_trial

    stack = decompose_trial(name)
    is_exact = stack.error is not None and stack.error.max_abs_error == 0
    return _Trial(seconds=round(stack.seconds or 0, 3), layers=len(stack), is_exact=is_exact)


def _check_weights(name: str) -> None:
    """Raises `LaminaError` if the weights are missing or damaged."""
    from lamina import settings
    from lamina.core.catalog import NANO, default_model
    from lamina.core.tasks import TaskKind
    from lamina.engines.weights.places import require

    require(NANO if name == "nano" else default_model(TaskKind.DECOMPOSE), settings.roots(settings.current()))


def _lines(machine: Machine, engines: dict[str, _EngineState]) -> list[str]:
    memory = f"{machine.memory_bytes / 2**30:.1f} GiB" if machine.memory_bytes else "unknown"
    return [
        f"Python      {machine.python} on {machine.system}",
        f"Packages    {_versions(machine.packages)}",
        f"CPU cores   {machine.cpu_cores or 'unknown'}",
        f"Memory      {memory}",
        f"OCR models  {', '.join(machine.ocr_models) or 'none'}",
        f"Scripts     {_scripts(machine)}",
        f"Masks       {_mask_networks(machine)}",
        *_diffusion_lines(machine),
        *(f"Engine      {name}: {_verdict(state)}" for name, state in engines.items()),
    ]


def _scripts(machine: Machine) -> str:
    """Those that Tesseract reads, besides those of the OCR models."""
    return ", ".join(machine.scripts) or "Latin, Chinese and Japanese; others with Tesseract"


def _mask_networks(machine: Machine) -> str:
    installed = _installed(machine.mask_networks)
    return ", ".join(installed) or localize_commands("those in the package; larger ones: lamina pull masks-large")


def _installed(states: dict[str, str]) -> list[str]:
    """The names of what is installed, then of what is damaged."""
    here = [name for name, state in states.items() if state == HERE]
    return here + [f"{name} (damaged)" for name, state in states.items() if state == DAMAGED]


def _diffusion_lines(machine: Machine) -> list[str]:
    if not machine.devices:
        return [f"Diffusion   not installed. To install it: {install_command('qwen')}"]
    return [
        f"Diffusion   {_versions(machine.diffusion_packages)}",
        *(
            f"Device      {device.name}: {device.title}, {device.free_bytes / 1e9:.1f} of "
            f"{device.total_bytes / 1e9:.1f} GB free"
            for device in machine.devices
        ),
        f"Models      {', '.join(_installed(machine.models)) or localize_commands('none; see lamina models')}",
    ]


def _versions(packages: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {version or 'missing'}" for name, version in packages.items())


def _verdict(state: _EngineState) -> str:
    if state.problem is not None:
        return f"cannot start: {state.problem}"
    if state.trial is None:
        return localize_commands("packages and weights are installed; to test it, run lamina doctor --full")
    exactness = "exact" if state.trial.is_exact else "not exact"
    return f"ready; decomposed a test picture into {state.trial.layers} layers in {state.trial.seconds} s ({exactness})"
