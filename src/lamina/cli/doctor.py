"""`lamina doctor`: what is here, what is missing, and a small picture taken apart to see that it works."""

import json
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import CANNOT_START, DONE
from lamina.cli.machine import describe_machine
from lamina.core.errors import LaminaError
from lamina.engine.choice import ENGINES
from lamina.origin import as_typed_here, install_command

if TYPE_CHECKING:
    from PIL import Image

_REQUIRED = "classic"


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def doctor(is_json: bool) -> int:
    """Show what Lamina finds on this machine and whether it works; exit code 3 if it cannot start."""
    report = describe_machine() | {"engines": {name: _try_engine(name) for name in ENGINES}}
    click.echo(json.dumps(report, indent=2) if is_json else "\n".join(_lines(report)))
    return DONE if report["engines"][_REQUIRED]["is_ready"] else CANNOT_START


def _try_engine(name: str) -> dict[str, Any]:
    missing = ENGINES[name].missing()
    if missing:
        return {
            "is_ready": False,
            "problem": f"not installed: {', '.join(missing)}. {as_typed_here(ENGINES[name].remedy())}",
        }
    try:
        from lamina import library

        stack = library.decompose(_test_picture(), engine=name)
    except (LaminaError, ImportError) as error:
        return {"is_ready": False, "problem": as_typed_here(" ".join(str(error).split()))}
    is_exact = stack.error is not None and stack.error.max_abs_error == 0
    return {"is_ready": True, "seconds": round(stack.seconds or 0, 3), "layers": len(stack), "is_exact": is_exact}


def _test_picture() -> "Image.Image":
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (320, 200), "#f4efe6")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((30, 70, 130, 170), fill="#d1495b")
    draw.rectangle((180, 90, 290, 170), fill="#30638e")
    draw.text((40, 20), "Lamina", fill="#222222", font_size=36)
    return picture


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
    exactness = "exactly" if state["is_exact"] else "not exactly"
    return f"ready; a test picture came apart into {state['layers']} layers in {state['seconds']} s, {exactness}"
