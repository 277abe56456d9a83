"""`lamina recompose`: a layered file flattened into one picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lamina.cli.colours import ColourType
from lamina.cli.destinations import check_not_inputs
from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option, quiet_option
from lamina.cli.printing import wants_json
from lamina.cli.stack_report import print_stack_report

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.core.layers import Pixels

_WHITE = (255, 255, 255)


@click.command()
@click.argument("stack_path", metavar="STACK")
@click.option("--to", "target", metavar="PATH", required=True, help="Output path, ending in .png, .jpg, .webp or .tif.")
@click.option(
    "--background",
    type=ColourType(),
    metavar="COLOUR",
    help="Background colour, such as white or #ff8800 (default: transparent; for JPEG, white).",
)
@click.option(
    "--quality",
    type=click.IntRange(1, 100),
    help="Quality of JPEG and WebP files, 1 to 100 (default: 95 for JPEG, lossless for WebP).",
)
@json_option
@quiet_option
def recompose(
    stack_path: str,
    target: str,
    background: tuple[int, int, int] | None,
    quality: int | None,
    is_json: bool,
    is_quiet: bool,
) -> int:
    """Flatten the layers of STACK, a PSD, ORA or ZIP file or a folder of PNG files, into one picture.

    The picture is transparent where no layer is opaque. A JPEG file gets a white background instead; --background sets
    a colour for any format.

    \b
      lamina recompose poster.psd --to flat.png
      lamina recompose layers/ --to flat.jpg --background '#ffeecc'
    """
    from lamina.imaging.atomic_files import atomic_file, check_file_target
    from lamina.imaging.encoding import DEFAULT_QUALITY, Encoding, PictureFormat, picture_format_of, write
    from lamina.imaging.metadata import metadata_of_stack

    kind = picture_format_of(target)
    check_not_inputs([target], [stack_path])
    check_file_target(Path(target))
    from lamina.execution.decompose import load

    stack = load(stack_path)
    has_alpha = kind is not PictureFormat.JPEG and background is None
    picture = stack.composite() if has_alpha else _on_background(background or _WHITE, stack.composite())
    encoding = Encoding(kind, quality or DEFAULT_QUALITY, is_lossless=quality is None)
    with atomic_file(Path(target)) as file:
        write(file, picture, encoding, metadata_of_stack(stack))
    if not is_quiet:
        print_stack_report(stack, stack_path, [target], is_json=wants_json(is_json))
    return DONE


def _on_background(colour: tuple[int, int, int], picture: "Pixels") -> "Pixels":
    import numpy as np

    from lamina.core.composite import over

    return over(np.full(picture.shape, (*colour, 255), np.uint8), picture)
