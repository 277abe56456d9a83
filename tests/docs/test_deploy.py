"""What is in deploy/ says nothing that Lamina does not know: commands, options, settings, times that fit together."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from documents import ROOT, blocks

from lamina.cli.main import COMMANDS, main
from lamina.settings import Settings

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
OF_THE_PROGRAM = {"LAMINA_SETTINGS"}  # names the file that settings come from


def calls() -> Iterator[tuple[str, list[str]]]:
    """(where, arguments) of every `lamina …` that deploy/ runs or tells to run."""
    yield "Dockerfile", re.findall(r'"([^"]+)"', instruction("CMD"))
    for name, service in COMPOSE["services"].items():
        if service.get("image") == "lamina":
            yield f"compose.yaml, {name}", service["command"]
    for path in FILES:
        text = path.read_text("utf-8")
        if path.suffix == ".md":
            text = "\n".join(blocks(text, r"(?:sh|bash|ini)"))
        for call in re.findall(r"(?:^|[\s/=])lamina ((?:serve|work|[a-z]+) ?[^\n#|]*)$", text, re.MULTILINE):
            yield path.name, shlex.split(call)


def instruction(name: str) -> str:
    """The last of that name in the Dockerfile."""
    return re.findall(rf"^{name} (.+)$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)[-1]


@pytest.mark.parametrize(("place", "arguments"), list(calls()), ids=lambda value: " ".join(value)[:40])
def test_every_command_is_one_and_takes_its_options(place: str, arguments: list[str]) -> None:
    command: click.Command | None = main
    words = list(arguments)
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None, f"{place}: lamina has no command {arguments[0]!r}"
    command.make_parser(click.Context(command)).parse_args(words)


def test_there_are_commands() -> None:
    assert {"serve", "work", "backup"} <= {arguments[0] for _, arguments in calls()} <= set(COMMANDS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_is_a_setting(path: Path) -> None:
    known = {f"LAMINA_{field.name.upper()}" for field in fields(Settings)} | OF_THE_PROGRAM
    assert set(re.findall(r"\bLAMINA_[A-Z_]+\b", path.read_text("utf-8"))) - known == set()


def test_jobs_have_time_to_end_before_anything_is_killed() -> None:
    unit = (DEPLOY / "lamina.service").read_text("utf-8")
    stop_s = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert stop_s
    assert int(stop_s[1]) > Settings().drain_s
    assert "KillMode=mixed" in unit, "engines that get SIGTERM, too, cannot end their jobs"
    assert int(COMPOSE["x-lamina"]["stop_grace_period"].removesuffix("s")) > Settings().drain_s


def test_nothing_is_open_to_the_network_unless_somebody_opens_it() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:8080:8080"]
    assert {service["networks"][0] for service in COMPOSE["services"].values()} == {"inside"}
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_no_secret_has_a_value() -> None:
    settings = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "env.example").read_text("utf-8"), re.MULTILINE))
    secrets = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text("utf-8")))
    assert secrets <= set(settings)
    assert {settings[name] for name in secrets} == {""}


def test_the_image_is_built_from_what_it_may_see() -> None:
    seen = set(re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8"), re.MULTILINE))
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert {name for names in copied for name in names.split()} == seen
    assert all((ROOT / name).exists() for name in seen)


def test_the_service_does_not_run_as_root() -> None:
    assert instruction("USER") == "lamina"
    assert "DynamicUser=yes" in (DEPLOY / "lamina.service").read_text("utf-8")
