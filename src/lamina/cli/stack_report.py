"""Report of the commands that read a layered file and write it in another form."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lamina.cli.export_report import export_columns, render_exports
from lamina.cli.printing import print_json, readable
from lamina.cli.terminal_text import aligned, shortened

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.cli.export_report import Export
    from lamina.execution.decompose import Stack

_NAME_COLUMNS = 40


def print_stack_report(
    stack: "Stack", path: str, outputs: Sequence[str], *, is_json: bool, exports: "Sequence[Export]" = ()
) -> None:
    """Prints what was read from `path`, with the notes of its reader, and what was written.

    `exports`: what the layers became, in files in which that is not a picture for all of them.
    """
    if is_json:
        report = {
            "stack": path,
            "width": stack.width,
            "height": stack.height,
            "layers": len(stack),
            "outputs": list(outputs),
            **({"exports": render_exports(exports)} if exports else {}),
            **({"notes": list(stack.notes)} if stack.notes else {}),
        }
        print_json(report)
        return
    layers = "1 layer" if len(stack) == 1 else f"{len(stack)} layers"
    head = f"{path}  {stack.width} x {stack.height}: {layers}"
    columns = export_columns(exports)
    rows = [["", "layer", *(column[0] for column in columns)]]
    rows += [
        [str(index), shortened(layer.name, _NAME_COLUMNS), *(column[index + 1] for column in columns)]
        for index, layer in reversed(list(enumerate(stack)))
    ]
    table = aligned([tuple(row) for row in rows], (True, *[False] * (len(columns) + 1))) if columns else []
    notes = [*(f"  {line}" for line in table), *(f"  {note}" for note in stack.notes)]
    lines = [head, *notes, *(f"  wrote {output}" for output in outputs)]
    click.echo(readable("\n".join(lines)))
