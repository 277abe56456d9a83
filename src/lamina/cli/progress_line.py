"""The one line on a terminal that says what is being done now."""

import sys

import click

from lamina.cli.terminal_text import shortened, terminal_columns


class ProgressLine:
    """A `Progress` on stderr; silent where stderr is not a terminal."""

    def __init__(self, is_wanted: bool = True) -> None:
        self._is_shown = is_wanted and sys.stderr is not None and sys.stderr.isatty()
        self._title = ""

    def begin(self, title: str) -> None:
        """`title`: what the line starts with from now on."""
        self._title = title

    def __call__(self, stage: str, share_done: float) -> None:
        if self._is_shown:
            text = f"{self._title}  {share_done:4.0%}  {stage}"
            click.echo(f"\r\x1b[2K{shortened(text, terminal_columns() - 1)}", nl=False, err=True)

    def clear(self) -> None:
        if self._is_shown:
            click.echo("\r\x1b[2K", nl=False, err=True)
