"""Report of the commands that read a layered file and write it in another form."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lamina.cli.export_report import export_columns, render_exports
from lamina.cli.layer_rows import layer_rows
from lamina.cli.printing import print_json, readable
from lamina.cli.terminal_text import aligned

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
    from lamina.core.layer_tree import tree_of
    from lamina.imaging.formats.records import render_groups

    groups, group_of_layer = render_groups(stack.layers)
    if is_json:
        report = {
            "stack": path,
            "width": stack.width,
            "height": stack.height,
            "layers": len(stack),
            **({"groups": groups, "group_of_layer": group_of_layer} if groups else {}),
            "outputs": list(outputs),
            **({"exports": render_exports(exports)} if exports else {}),
            **({"notes": list(stack.notes)} if stack.notes else {}),
        }
        print_json(report)
        return
    layers = "1 layer" if len(stack) == 1 else f"{len(stack)} layers"
    head = f"{path}  {stack.width} x {stack.height}: {layers}"
    columns = export_columns(exports)
    rows: list[tuple[str, ...]] = [("", "layer", *(column[0] for column in columns))]
    rows += layer_rows(
        tree_of(stack),
        _NAME_COLUMNS,
        lambda index, layer: ["" if layer is None else column[index + 1] for column in columns],
    )
    table = aligned(rows, (True, *[False] * (len(columns) + 1))) if columns or groups else []
    notes = [*(f"  {line}" for line in table), *(f"  {note}" for note in stack.notes)]
    lines = [head, *notes, *(f"  wrote {output}" for output in outputs)]
    click.echo(readable("\n".join(lines)))
