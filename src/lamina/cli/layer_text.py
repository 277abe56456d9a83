"""`lamina layers set-text`: a text layer set anew, with other words or in another font, size or colour."""

from typing import Any

import click

from lamina.cli.colours import ColourType
from lamina.cli.number_range import NumberRange
from lamina.cli.stack_editing import edit_file, editing_options, node_id

_FEWEST_PX, _MOST_PX = 1, 2_000


@click.command()
@editing_options
@click.argument("layer")
@click.argument("words", required=False)
@click.option("--font", "family", metavar="FAMILY", help="Family of an installed font (default: the recognised one).")
@click.option("--weight", type=click.IntRange(100, 900), help="Weight, 100 to 900 as in CSS (default: unchanged).")
@click.option("--italic/--upright", "is_italic", default=None, help="Slant (default: unchanged).")
@click.option(
    "--size", "size_px", type=NumberRange(_FEWEST_PX, _MOST_PX), help="Em size in pixels (default: unchanged)."
)
@click.option("--colour", type=ColourType(), metavar="COLOUR", help="Colour, such as white or #ff8800.")
def set_text(
    layer: str,
    words: str | None,
    family: str | None,
    weight: int | None,
    is_italic: bool | None,
    size_px: float | None,
    colour: tuple[int, int, int] | None,
    **output: Any,
) -> int:
    r"""Set the text layer LAYER anew with WORDS, at its place, with an installed font; \n in WORDS begins a line."""
    if words is None and (family, weight, is_italic, size_px, colour) == (None,) * 5:
        raise click.UsageError("Nothing is to be changed. Give WORDS or an option such as --size")
    from lamina.stacks.operations import SetText

    def operation(node: int) -> SetText:
        return SetText(
            node=node,
            words=None if words is None else words.replace("\\n", "\n"),
            family=family,
            weight=weight,
            is_italic=is_italic,
            size_px=size_px,
            colour=colour,
        )

    return edit_file(lambda editor: [operation(node_id(editor, layer))], **output)
