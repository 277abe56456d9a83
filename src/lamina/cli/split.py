"""`lamina split` and `lamina separate`: a layer of a file taken apart, or one thing taken out of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.selection_options import place_options
from lamina.cli.stack_editing import edit_file, editing_options, node_id

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.core.selections import Selection
    from lamina.stacks.editor import StackEditor
    from lamina.stacks.operations import Operation

_DEFAULT_LAYERS = 10


@click.command()
@editing_options
@click.argument("layer")
@click.option(
    "-n",
    "--layers",
    type=click.IntRange(2, 100),
    default=_DEFAULT_LAYERS,
    help=f"Maximum number of layers in the group, 2 to 100 (default: {_DEFAULT_LAYERS}).",
)
def split(layer: str, layers: int, **output: Any) -> int:
    """Take LAYER of the layered file STACK apart into a group of layers that add up to it.

    LAYER is the name of a layer, or its number as lamina layers list shows it.

    \b
      lamina split poster.psd "Card: Pricing" --to poster.psd
    """
    from lamina.stacks.operations import Split

    return edit_file(lambda editor: [Split(node=node_id(editor, layer), layers=layers)], **output)


@click.command()
@editing_options
@click.argument("layer", required=False)
@place_options
def separate(layer: str | None, boxes: "tuple[Selection, ...]", points: "tuple[Selection, ...]", **output: Any) -> int:
    """Take a thing out of LAYER of the layered file STACK, as a layer of its own right above it.

    The picture stays the same. Without LAYER, the layer that is seen at the place is taken.

    \b
      lamina separate poster.psd Background --box 600,520,190,212=Ball --to poster.psd
      lamina separate poster.psd --point 490,480 --to out.ora
    """
    selections = (*boxes, *points)
    if not selections:
        raise click.UsageError("No thing is selected. Give --box or --point")
    from lamina.stacks.lookup import layer_at
    from lamina.stacks.operations import Separate

    def operations(editor: "StackEditor") -> "Iterator[Operation]":
        for selection in selections:
            place = selection.place.in_pixels(editor.document.width, editor.document.height)
            own = layer_at(editor.document, place, editor.pixels).id if layer is None else node_id(editor, layer)
            yield Separate(node=own, place=place, name=selection.name)

    return edit_file(operations, **output)
