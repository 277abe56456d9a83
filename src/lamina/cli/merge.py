"""`lamina merge`: several layers of a file made one."""

from typing import Any

import click

from lamina.cli.stack_editing import edit_file, editing_options, node_id


@click.command()
@editing_options
@click.argument("layers", nargs=-1, required=True, metavar="LAYER...")
@click.option("--name", metavar="TEXT", default="", help="Name of the merged layer (default: that of the topmost).")
def merge(layers: tuple[str, ...], name: str, **output: Any) -> int:
    """Make one layer of the layers and groups LAYER... of the layered file STACK, at the place of the topmost.

    The picture stays the same. Layers that are hidden within a merged group are lost.

    \b
      lamina merge poster.psd "Text: Summer" "Text: Sale" --name Headline --to poster.psd
    """
    from lamina.stacks.operations import Merge

    return edit_file(
        lambda editor: [Merge(nodes=tuple(node_id(editor, layer) for layer in layers), name=name)], **output
    )
