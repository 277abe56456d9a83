"""`lamina layers`: the layers of a file listed, renamed, hidden, moved, grouped and so on, one change at a time."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.exits import DONE
from lamina.cli.layer_text import set_text
from lamina.cli.model_options import model_options, sampling_of
from lamina.cli.number_range import NumberRange
from lamina.cli.output_options import json_option
from lamina.cli.printing import wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.cli.stack_editing import edit_file, editing_options, node_id
from lamina.core.tasks import EditTask, TaskKind
from lamina.engines.registry import engine_names

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.stacks.editor import StackEditor
    from lamina.stacks.operations import Operation
    from lamina.stacks.pixels import PixelRef

_NEGATIVE_NUMBERS = {"ignore_unknown_options": True}  # "-10,5" is no option
_NUMBERS = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class _Pair(click.ParamType[tuple[float, float]]):
    """Two numbers, "10,-20". `may_be_one`: one number stands for two equal ones."""

    name = "pair"

    def __init__(self, *, may_be_one: bool = False) -> None:
        self._may_be_one = may_be_one

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        numbers = str(value).split(",")
        if self._may_be_one and len(numbers) == 1:
            numbers *= 2
        if len(numbers) != 2 or not all(_NUMBERS.fullmatch(number.strip()) for number in numbers):
            self.fail(f"{value!r} is not two numbers such as 10,-20", param, ctx)
        return float(numbers[0]), float(numbers[1])


@click.group()
def layers() -> None:
    """List the layers of a layered file, and change them one at a time.

    STACK is a PSD, ORA or ZIP file or a folder of PNG files; LAYER is the name of a layer or group, or its number as
    the command list shows it.
    """


layers.add_command(set_text)


@layers.command("list")
@click.argument("stack_path", metavar="STACK")
@json_option
def list_layers(stack_path: str, is_json: bool) -> int:
    """List the layers and groups of STACK, the topmost first."""
    from lamina.cli.layer_list import print_layers
    from lamina.execution.decompose import load
    from lamina.stacks.editor import StackEditor

    print_layers(StackEditor(load(stack_path)).document, stack_path, is_json=wants_json(is_json))
    return DONE


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("name")
def rename(layer: str, name: str, **output: Any) -> int:
    """Rename LAYER to NAME."""
    from lamina.stacks.operations import Rename

    return _change_one(layer, lambda node: Rename(node=node, name=name), output)


@layers.command()
@editing_options
@click.argument("names", nargs=-1, required=True, metavar="LAYER...")
def hide(names: tuple[str, ...], **output: Any) -> int:
    """Hide layers and groups."""
    from lamina.stacks.operations import Hide

    return _change_each(names, lambda node: Hide(node=node), output)


@layers.command()
@editing_options
@click.argument("names", nargs=-1, required=True, metavar="LAYER...")
def show(names: tuple[str, ...], **output: Any) -> int:
    """Show layers and groups that are hidden."""
    from lamina.stacks.operations import Hide

    return _change_each(names, lambda node: Hide(node=node, is_hidden=False), output)


@layers.command()
@editing_options
@click.argument("names", nargs=-1, required=True, metavar="LAYER...")
def lock(names: tuple[str, ...], **output: Any) -> int:
    """Lock layers and groups, so that they are not changed."""
    from lamina.stacks.operations import Lock

    return _change_each(names, lambda node: Lock(node=node), output)


@layers.command()
@editing_options
@click.argument("names", nargs=-1, required=True, metavar="LAYER...")
def unlock(names: tuple[str, ...], **output: Any) -> int:
    """Unlock layers and groups."""
    from lamina.stacks.operations import Lock

    return _change_each(names, lambda node: Lock(node=node, is_locked=False), output)


@layers.command()
@editing_options
@click.argument("names", nargs=-1, required=True, metavar="LAYER...")
def delete(names: tuple[str, ...], **output: Any) -> int:
    """Delete layers and groups."""
    from lamina.stacks.operations import Delete

    return _change_each(names, lambda node: Delete(node=node), output)


@layers.command()
@editing_options
@click.argument("layer")
def duplicate(layer: str, **output: Any) -> int:
    """Put a copy of LAYER right above it."""
    from lamina.stacks.operations import Duplicate

    return _change_one(layer, lambda node: Duplicate(node=node), output)


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("percent", type=NumberRange(0, 100))
def opacity(layer: str, percent: float, **output: Any) -> int:
    """Set the opacity of LAYER to PERCENT, 0 to 100."""
    from lamina.stacks.operations import SetOpacity

    return _change_one(layer, lambda node: SetOpacity(node=node, opacity=round(percent * 2.55)), output)


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("mode")
def blend(layer: str, mode: str, **output: Any) -> int:
    """Set the blend mode of LAYER: normal, multiply, screen, overlay, darken, lighten and so on."""
    from lamina.core.layers import BlendMode
    from lamina.stacks.operations import SetBlend

    if mode not in list(BlendMode):
        raise click.UsageError(f"{mode!r} is not one of {', '.join(BlendMode)}")
    return _change_one(layer, lambda node: SetBlend(node=node, blend=BlendMode(mode)), output)


@layers.command(context_settings=_NEGATIVE_NUMBERS)
@editing_options
@click.argument("layer")
@click.argument("shift", type=_Pair(), metavar="RIGHT,DOWN")
def move(layer: str, shift: tuple[float, float], **output: Any) -> int:
    """Move LAYER by pixels, right and down; negative numbers go left and up."""
    from lamina.stacks.operations import Move

    return _change_one(layer, lambda node: Move(node=node, right=shift[0], down=shift[1]), output)


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("factors", type=_Pair(may_be_one=True), metavar="FACTOR[,FACTOR]")
def scale(layer: str, factors: tuple[float, float], **output: Any) -> int:
    """Scale LAYER about its centre, by one factor or by two for width and height."""
    from lamina.stacks.operations import Scale

    return _change_one(layer, lambda node: Scale(node=node, across=factors[0], down=factors[1]), output)


@layers.command(context_settings=_NEGATIVE_NUMBERS)
@editing_options
@click.argument("layer")
@click.argument("degrees", type=float)
def rotate(layer: str, degrees: float, **output: Any) -> int:
    """Turn LAYER clockwise about its centre."""
    from lamina.stacks.operations import Rotate

    return _change_one(layer, lambda node: Rotate(node=node, degrees=degrees), output)


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("axis", type=click.Choice(("horizontal", "vertical")))
def flip(layer: str, axis: str, **output: Any) -> int:
    """Mirror LAYER within its box: left and right (horizontal), or top and bottom (vertical)."""
    from lamina.stacks.operations import Axis, Flip

    return _change_one(layer, lambda node: Flip(node=node, axis=Axis(axis)), output)


@layers.command()
@editing_options
@click.argument("layer")
@click.option("--above", metavar="LAYER", help="Layer or group right above which it goes.")
@click.option("--below", metavar="LAYER", help="Layer or group right below which it goes.")
def reorder(layer: str, above: str | None, below: str | None, **output: Any) -> int:
    """Put LAYER right above or below another layer or group, in the same group as that."""
    if (above is None) == (below is None):
        raise click.UsageError("Give --above or --below")
    from lamina.stacks.operations import Reorder

    def operation(editor: "StackEditor") -> "Operation":
        document, own = editor.document, node_id(editor, layer)
        other = node_id(editor, above or below or "")
        path = document.path(other)
        parent = path[-1].id if path else None
        siblings = [sibling.id for sibling in document.siblings(parent) if sibling.id != own]
        if other == own:
            raise click.UsageError(f"{layer!r} cannot be put next to itself")
        return Reorder(node=own, parent=parent, position=siblings.index(other) + (above is not None))

    return edit_file(lambda editor: [operation(editor)], **output)


@layers.command()
@editing_options
@click.argument("names", nargs=-1, required=True, metavar="LAYER...")
@click.option("--name", metavar="TEXT", default="", help="Name of the group (default: Group).")
def group(names: tuple[str, ...], name: str, **output: Any) -> int:
    """Put layers and groups into a new group, at the place of the topmost of them."""
    from lamina.stacks.operations import GroupNodes

    return edit_file(
        lambda editor: [GroupNodes(nodes=tuple(node_id(editor, layer) for layer in names), name=name)], **output
    )


@layers.command()
@editing_options
@click.argument("layer", metavar="GROUP")
def ungroup(layer: str, **output: Any) -> int:
    """Put the members of GROUP in its place."""
    from lamina.stacks.operations import Ungroup

    return _change_one(layer, lambda node: Ungroup(node=node), output)


@layers.command()
@editing_options
@click.argument("layer", metavar="[GROUP]", required=False)
def flatten(layer: str | None, **output: Any) -> int:
    """Make one layer of GROUP, or of the whole file; what is hidden in it is lost."""
    from lamina.stacks.operations import Flatten

    if layer is None:
        return edit_file(lambda _: [Flatten()], **output)
    return _change_one(layer, lambda node: Flatten(node=node), output)


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("picture")
def replace(layer: str, picture: str, **output: Any) -> int:
    """Put the pixels of the file PICTURE into LAYER, scaled to fit within its box."""
    from lamina.stacks.operations import Replace

    return edit_file(
        lambda editor: [Replace(node=node_id(editor, layer), pixels=_pixels_of(editor, picture))], **output
    )


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("mask")
def refine(layer: str, mask: str, **output: Any) -> int:
    """Give LAYER the edge that the picture has near that of the rough mask in the file MASK.

    White is what belongs to the layer; the mask has the size of the canvas or of the layer.
    """
    from lamina.stacks.operations import Refine

    return edit_file(lambda editor: [Refine(node=node_id(editor, layer), mask=_pixels_of(editor, mask))], **output)


@layers.command()
@editing_options
@click.argument("layer")
@click.argument("prompt")
@click.option(
    "--engine", type=click.Choice(engine_names(TaskKind.EDIT)), help="Engine that edits the layer (default: auto)."
)
@model_options
def edit(
    layer: str,
    prompt: str,
    engine: str | None,
    stack_path: str,
    targets: tuple[str, ...],
    is_json: bool,
    is_quiet: bool,
    **options: Any,
) -> int:
    """Edit the pixels of LAYER as PROMPT describes, within its outline."""
    task = EditTask(prompt=prompt, sampling=sampling_of(**options))

    def operations(editor: "StackEditor") -> "list[Operation]":
        line = ProgressLine(not is_quiet)
        line.begin(layer)
        try:
            editor.edit(node_id(editor, layer), task, engine, line)
        finally:
            line.clear()
        return []

    return edit_file(operations, stack_path=stack_path, targets=targets, is_json=is_json, is_quiet=is_quiet)


def _pixels_of(editor: "StackEditor", path: str) -> "PixelRef":
    from lamina.execution.inputs import picture_of
    from lamina.settings import current

    return editor.pixels.put(picture_of(path, current().max_megapixels).pixels)


def _change_one(layer: str, operation: "Callable[[int], Operation]", output: dict[str, Any]) -> int:
    return edit_file(lambda editor: [operation(node_id(editor, layer))], **output)


def _change_each(names: tuple[str, ...], operation: "Callable[[int], Operation]", output: dict[str, Any]) -> int:
    return edit_file(lambda editor: (operation(node_id(editor, name)) for name in names), **output)
