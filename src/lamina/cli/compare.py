"""`lamina compare`: the difference between the layers of a file and a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option
from lamina.cli.printing import print_json, readable, wants_json
from lamina.core.errors import ErrorCode, LaminaError

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.imaging.difference import Difference
    from lamina.imaging.metrics import RecompositionError


@click.command()
@click.argument("stack_path", metavar="STACK")
@click.argument("picture_path", metavar="PICTURE")
@click.option(
    "--to", "target", metavar="PNG", help="Output path for a picture of the differences, amplified to be visible."
)
@json_option
def compare(stack_path: str, picture_path: str, target: str | None, is_json: bool) -> int:
    """Measure the difference between PICTURE and the flattened layers of STACK.

    STACK is a PSD, ORA or ZIP file or a folder of PNG files. The exit code is 0 whatever the difference.

    \b
      lamina compare poster.psd poster.png
      lamina compare layers/ poster.png --to difference.png
    """
    if target is not None:
        _check_is_png(target)
    from lamina import settings
    from lamina.execution.decompose import load
    from lamina.imaging.difference import difference_of
    from lamina.imaging.metrics import recomposition_error
    from lamina.imaging.picture import read_picture
    from lamina.imaging.saving import check_output

    if target is not None:
        check_output(target)
    stack = load(stack_path)
    picture = read_picture(picture_path, settings.current().max_megapixels)
    error = recomposition_error(stack, picture.pixels)
    difference = difference_of(stack.composite(), picture.pixels)
    if target is not None:
        _write(difference, target)
    if wants_json(is_json):
        print_json(
            {
                "stack": stack_path,
                "picture": picture_path,
                "max_abs_error": error.max_abs_error,
                "mean_abs_error": error.mean_abs_error,
                "differing_share": difference.share_of_pixels,
                "outputs": [] if target is None else [target],
                **({"notes": list(stack.notes)} if stack.notes else {}),
            }
        )
    else:
        click.echo(readable("\n".join([_sentence(error, difference, target), *stack.notes])))
    return DONE


def _check_is_png(target: str) -> None:

    from lamina.imaging.stack_formats import StackFormat

    if Path(target).suffix.lower() not in StackFormat.PNG.extensions:
        raise LaminaError(
            ErrorCode.OUTPUT_UNKNOWN_FORMAT,
            f"The output path {target!r} does not end in .png.",
            "Use a path that ends in .png.",
        )


def _write(difference: "Difference", target: str) -> None:

    from lamina.imaging.atomic_files import atomic_file
    from lamina.imaging.png import write_png

    with atomic_file(Path(target)) as file:
        write_png(file, difference.visible())


def _sentence(error: "RecompositionError", difference: "Difference", target: str | None) -> str:
    wrote = "" if target is None else f"\nwrote {target}"
    if error.max_abs_error == 0:
        return f"The layers add up to the picture exactly.{wrote}"
    return (
        f"The layers differ from the picture in {difference.share_of_pixels:.2%} of the pixels, by at most "
        f"{error.max_abs_error * 255:.0f} of 255 levels and {error.mean_abs_error * 255:.3g} on average."
        f"{wrote and f'{wrote}, differences multiplied by {difference.amplification}'}"
    )
