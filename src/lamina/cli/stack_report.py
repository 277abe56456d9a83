"""Report of the commands that read a layered file and write it in another form."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lamina.cli.printing import print_json, readable

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.execution.decompose import Stack


def print_stack_report(stack: "Stack", path: str, outputs: Sequence[str], *, is_json: bool) -> None:
    """Prints what was read from `path`, with the notes of its reader, and what was written."""
    if is_json:
        report = {
            "stack": path,
            "width": stack.width,
            "height": stack.height,
            "layers": len(stack),
            "outputs": list(outputs),
            **({"notes": list(stack.notes)} if stack.notes else {}),
        }
        print_json(report)
        return
    layers = "1 layer" if len(stack) == 1 else f"{len(stack)} layers"
    head = f"{path}  {stack.width} x {stack.height}: {layers}"
    lines = [head, *(f"  {note}" for note in stack.notes), *(f"  wrote {output}" for output in outputs)]
    click.echo(readable("\n".join(lines)))
