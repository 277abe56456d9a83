"""`lamina recompose`: a layered file in, the flat picture out."""

from pathlib import Path

import click

from lamina.cli.exits import DONE
from lamina.core.errors import ErrorCode, LaminaError
from lamina.document.endings import Format


@click.command()
@click.argument("stack_path", metavar="STACK")
@click.option("--to", "target", metavar="PNG", required=True, help="The PNG to write.")
def recompose(stack_path: str, target: str) -> int:
    """Put the layers of a PSD, ORA, ZIP or folder of PNGs together to one flat picture.

    \b
      lamina recompose poster.psd --to flat.png
      lamina recompose layers/ --to flat.png
    """
    check_is_png(target)
    from lamina import library
    from lamina.document.saving import check_output

    check_output(target)
    library.load(stack_path).save(target)
    return DONE


def check_is_png(target: str) -> None:
    """Raises `LaminaError` (output_unknown_format) if the path does not end in .png."""
    if Path(target).suffix.lower() not in Format.PNG.endings:
        raise LaminaError(
            ErrorCode.OUTPUT_UNKNOWN_FORMAT, f"{target!r} does not name a flat PNG.", "Use a path that ends in .png."
        )
