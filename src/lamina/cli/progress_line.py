"""The progress line on a terminal."""

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from lamina.cli.printing import readable
from lamina.cli.terminal_text import can_rewrite_lines, shortened, terminal_columns
from lamina.core.eta import Countdown

if TYPE_CHECKING:
    from lamina.core.ports import Step


class ProgressLine:
    """A `Progress` that prints to stderr; silent if stderr is not a terminal that can rewrite a line."""

    def __init__(self, is_enabled: bool = True) -> None:
        self._is_shown = is_enabled and sys.stderr is not None and can_rewrite_lines(sys.stderr)
        self._title, self._countdown = "", Countdown()

    def begin(self, title: str) -> None:
        """Start a new task; `title` is the beginning of the line."""
        self._title, self._countdown = title, Countdown()

    def __call__(self, stage: str, share_done: float, step: "Step | None" = None, /) -> None:
        eta_s = self._countdown.remaining_s(None if step is None else step.eta_s)
        if self._is_shown:
            remaining = f", {eta_s:.0f} s left" if eta_s else ""
            text = f"{self._title}  {share_done:4.0%}  {stage}{remaining}"
            _show(shortened(readable(text), terminal_columns() - 1))

    def clear(self) -> None:
        if self._is_shown:
            _show("")


def _show(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal was closed; SIGHUP or the next write to stdout reports it
        click.echo(f"\r\x1b[2K{text}", nl=False, err=True)
