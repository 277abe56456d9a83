"""`lamina complete`: the hidden part of a layer of a file filled in."""

from typing import Any

import click

from lamina.cli.stack_editing import edit_file, editing_options, node_id


@click.command()
@editing_options
@click.argument("layers", nargs=-1, required=True, metavar="LAYER...")
def complete(layers: tuple[str, ...], **output: Any) -> int:
    """Fill in what other layers hide of LAYER..., by symmetry, by its outline and by its own texture.

    The picture stays the same: the filled part shows when the layers above are moved or hidden.

    \b
      lamina complete poster.psd Ball --to poster.psd
    """
    from lamina.stacks.operations import Complete

    return edit_file(lambda editor: (Complete(node=node_id(editor, layer)) for layer in layers), **output)
