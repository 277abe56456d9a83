"""`lamina layers set-text`: a text layer set anew, with other words or in another font, size or colour."""

from pathlib import Path
from typing import Any

import click

from lamina.cli.colours import ColourType
from lamina.cli.number_range import NumberRange
from lamina.cli.stack_editing import edit_file, editing_options, node_id

_FEWEST_PX, _MOST_PX = 1, 2_000
_FONT_ENDINGS = (".ttf", ".otf", ".woff", ".woff2", ".ttc", ".otc")


@click.command()
@editing_options
@click.argument("layer")
@click.argument("words", required=False)
@click.option(
    "--font",
    metavar="FONT",
    help="Family of an installed font, or a TTF, OTF, WOFF or WOFF2 file (default: the recognised family).",
)
@click.option("--weight", type=click.IntRange(100, 900), help="Weight, 100 to 900 as in CSS (default: unchanged).")
@click.option("--italic/--upright", "is_italic", default=None, help="Slant (default: unchanged).")
@click.option(
    "--size", "size_px", type=NumberRange(_FEWEST_PX, _MOST_PX), help="Em size in pixels (default: unchanged)."
)
@click.option("--colour", type=ColourType(), metavar="COLOUR", help="Colour, such as white or #ff8800.")
def set_text(
    layer: str,
    words: str | None,
    font: str | None,
    weight: int | None,
    is_italic: bool | None,
    size_px: float | None,
    colour: tuple[int, int, int] | None,
    **output: Any,
) -> int:
    r"""Set the text layer LAYER anew with WORDS, at its place, with any font; \n in WORDS begins a line."""
    if words is None and (font, weight, is_italic, size_px, colour) == (None,) * 5:
        raise click.UsageError("Nothing is to be changed. Give WORDS or an option such as --size")
    from lamina.stacks.operations import SetText

    is_file = font is not None and font.lower().endswith(_FONT_ENDINGS)

    def operation(node: int) -> SetText:
        return SetText(
            node=node,
            words=None if words is None else words.replace("\\n", "\n"),
            family=None if is_file else font,
            font=Path(font) if font is not None and is_file else None,
            weight=weight,
            is_italic=is_italic,
            size_px=size_px,
            colour=colour,
        )

    return edit_file(lambda editor: [operation(node_id(editor, layer))], **output)
