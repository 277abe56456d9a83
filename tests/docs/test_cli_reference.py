"""docs/reference/cli.md lists every command with every option as `--help` knows them."""

import re
import subprocess
import sys

import click
import pytest
from documents import REFERENCE, is_updating, rewrite_table, rows, section

from lamina.cli.exits import CANNOT_START, DONE, FAILED, HUNG_UP, INTERRUPTED, TERMINATED, USAGE
from lamina.cli.main import COMMANDS, main

PAGE = REFERENCE / "cli.md"


def command_named(name: str) -> click.Command:
    """By its words: "keys create" is within "keys"."""
    command: click.Command | None = main
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    return command


def names_of(command: click.Command, name: str) -> list[str]:
    """A command without others in it, or the others."""
    if not isinstance(command, click.Group):
        return [name]
    within = command.list_commands(click.Context(command))
    return [found for word in within for found in names_of(command_named(f"{name} {word}"), f"{name} {word}")]


NAMES = [found for name in COMMANDS for found in names_of(command_named(name), name)]


def option_rows(command: click.Command) -> list[list[str]]:
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return [
        [", ".join(f"`{name}`" for name in option.opts), _takes(option), " ".join((option.help or "").split())]
        for option in options
    ]


def _takes(option: click.Option) -> str:
    if option.is_flag:
        return ""
    match option.type:
        case click.Choice(choices=choices):
            takes = " or ".join(f"`{choice}`" for choice in choices)
        case click.FloatRange(min=least, max=most):
            takes = f"a number from {least:g} to {most:g}"
        case click.IntRange(min=least, max=None):
            takes = f"a number from {least}"
        case click.IntRange(min=least, max=most):
            takes = f"a number from {least} to {most}"
        case _:
            takes = f"`{option.metavar}`"
    if option.required:
        takes += ", required"
    if option.multiple:
        takes += ", may be repeated"
    return takes + (f"; {option.default} by default" if option.show_default else "")


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_there_with_all_its_options(name: str) -> None:
    expected = option_rows(command_named(name))
    if is_updating():
        rewrite_table(PAGE, f"lamina {name}", expected)
    assert rows(section(PAGE, f"lamina {name}")) == expected, "LAMINA_TEST_UPDATE_DOCS=1 scripts/test tests/docs"


def test_no_command_is_there_that_is_not() -> None:
    headings = re.findall(r"^## lamina ([\w -]+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert headings == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_usage_line_is_that_of_help(name: str) -> None:
    usage = command_named(name).get_usage(click.Context(command_named(name), info_name=f"lamina {name}"))
    assert usage.removeprefix("Usage: ") in section(PAGE, f"lamina {name}")


def test_help_as_it_is_printed_shows_every_option_of_the_page() -> None:
    for name in NAMES:
        run = subprocess.run(
            [sys.executable, "-m", "lamina", *name.split(), "--help"], capture_output=True, text=True, timeout=120
        )
        assert run.returncode == 0
        for option, *_ in rows(section(PAGE, f"lamina {name}")):
            for spelling in re.findall(r"`(-[^`]*)`", option):
                assert spelling in run.stdout


def test_the_exit_codes_are_those_of_the_program() -> None:
    told = {int(code) for code, _ in rows(section(PAGE, "Exit codes"))}
    assert told == {DONE, FAILED, USAGE, CANNOT_START, HUNG_UP, INTERRUPTED, TERMINATED}
