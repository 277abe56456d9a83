"""`lamina diff`: what is different between two versions of a layered file."""

import click

from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option
from lamina.cli.printing import print_json, readable, wants_json


@click.command()
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
@json_option
def diff(before: str, after: str, is_json: bool) -> int:
    """Tell what is different in the layered file AFTER, which was made of BEFORE, here or in another program.

    Layers are found again by their pixels and names, so that renamed, moved and repainted layers are told as such.

    \b
      lamina diff poster.psd poster-from-krita.psd
    """
    from lamina.execution.decompose import load
    from lamina.stacks.changes import render_differences
    from lamina.stacks.editor import StackEditor

    first, second = load(before), load(after)
    differences = StackEditor(first).adopt(second)
    if wants_json(is_json):
        notes = {"before": list(first.notes), "after": list(second.notes)}
        print_json({"before": before, "after": after, **render_differences(differences), "notes": notes})
    else:
        click.echo(readable("\n".join([*differences.sentences(), *(f"  {note}" for note in second.notes)])))
    return DONE
