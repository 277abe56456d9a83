"""What the commands that edit a layered file share: they read it, apply operations, write it and report."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option, quiet_option
from lamina.cli.printing import wants_json
from lamina.cli.stack_report import print_stack_report

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.stacks.editor import StackEditor
    from lamina.stacks.operations import Operation

Operations = Callable[["StackEditor"], "Iterable[Operation]"]
"""What to do with a file. Each operation is applied before the next is asked for, which may depend on the result.
It may also change the editor itself, and return no operations.
"""

_TARGETS = click.option(
    "--to",
    "targets",
    metavar="PATH",
    multiple=True,
    required=True,
    help="Output path; its extension selects the format. May be repeated, and may be STACK itself.",
)


def editing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the argument STACK and the options of the output, which go to `edit_file`."""
    decorated = quiet_option(command)
    for decorate in (json_option, _TARGETS, click.argument("stack_path", metavar="STACK")):
        decorated = decorate(decorated)
    return decorated


def edit_file(
    operations: Operations,
    *,
    stack_path: str,
    targets: Sequence[str],
    is_json: bool,
    is_quiet: bool,
) -> int:
    """Applies operations to a layered file, and writes the result to all targets."""
    from lamina.imaging.saving import check_output

    outputs = tuple(dict.fromkeys(targets))
    for output in outputs:
        check_output(output)
    from lamina.execution.decompose import load
    from lamina.stacks.editor import StackEditor

    editor = StackEditor(load(stack_path))
    for operation in operations(editor):
        editor.apply(operation)
    stack = editor.stack()
    for output in outputs:
        stack.save(output)
    if not is_quiet:
        print_stack_report(stack, stack_path, outputs, is_json=wants_json(is_json))
    return DONE


def node_id(editor: "StackEditor", name: str) -> int:
    """The id of the layer or group that the user calls by its name or id."""
    from lamina.stacks.lookup import node_named

    return node_named(editor.document, name).id
