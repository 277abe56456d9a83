"""`lamina recompose`: a layered file in, the flat picture out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lamina.cli.destinations import check_spared
from lamina.cli.exits import DONE
from lamina.cli.printing import print_json, readable, wants_json

if TYPE_CHECKING:  # numpy is loaded when there is work for it
    from lamina.core.layers import Pixels

_WHITE = (255, 255, 255)


class _Colour(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]  # generic only in newer clicks
    """A colour by its name in CSS or as #rrggbb."""

    name = "colour"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int, int]:
        from PIL import ImageColor

        try:
            red, green, blue, *alpha = ImageColor.getrgb(value)
        except ValueError:
            red = green = blue = -1
            alpha = []
        if max(red, green, blue) > 255 or min(red, green, blue) < 0 or alpha not in ([], [255]):
            self.fail(f"{value!r} is not a colour such as white or #ff8800", param, ctx)
        return red, green, blue


@click.command()
@click.argument("stack_path", metavar="STACK")
@click.option("--to", "target", metavar="PATH", required=True, help="Where to write: .png, .jpg, .webp or .tif.")
@click.option("--background", type=_Colour(), metavar="COLOUR", help="What shows through where no layer is opaque.")
@click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, 95 by default, and WebP, lossless by default.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, as where stdout is not a terminal.")
@click.option("--quiet", "is_quiet", is_flag=True, help="Print nothing but errors.")
def recompose(
    stack_path: str,
    target: str,
    background: tuple[int, int, int] | None,
    quality: int | None,
    is_json: bool,
    is_quiet: bool,
) -> int:
    """Put the layers of a PSD, ORA, ZIP or folder of PNGs together to one flat picture.

    Where no layer is opaque, the picture is transparent, but for JPEG, which is on white; --background puts it on a
    colour.

    \b
      lamina recompose poster.psd --to flat.png
      lamina recompose layers/ --to flat.jpg --background '#ffeecc'
    """
    from lamina.imaging.atomic_files import atomic_file, check_file_target
    from lamina.imaging.encoding import DEFAULT_QUALITY, Encoding, PictureFormat, picture_format_of, write
    from lamina.imaging.metadata import metadata_of_stack

    kind = picture_format_of(target)
    check_spared([target], [stack_path])
    check_file_target(Path(target))
    from lamina.execution.decompose import load

    stack = load(stack_path)
    has_alpha = kind is not PictureFormat.JPEG and background is None
    picture = stack.composite() if has_alpha else _on(background or _WHITE, stack.composite())
    encoding = Encoding(kind, quality or DEFAULT_QUALITY, is_lossless=quality is None)
    with atomic_file(Path(target)) as file:
        write(file, picture, encoding, metadata_of_stack(stack))
    if not is_quiet:
        _tell(stack, stack_path, target, is_json)
    return DONE


def _on(colour: tuple[int, int, int], picture: "Pixels") -> "Pixels":
    import numpy as np

    from lamina.core.composite import over

    return over(np.full(picture.shape, (*colour, 255), np.uint8), picture)


def _tell(stack: Any, stack_path: str, target: str, is_json: bool) -> None:
    if wants_json(is_json):
        told = {
            "stack": stack_path,
            "width": stack.width,
            "height": stack.height,
            "layers": len(stack),
            "outputs": [target],
        }
        print_json(told | ({"notes": list(stack.notes)} if stack.notes else {}))
        return
    layers = "1 layer" if len(stack) == 1 else f"{len(stack)} layers"
    head = f"{stack_path}  {stack.width} x {stack.height}: {layers}"
    lines = [head, *(f"  {note}" for note in stack.notes), f"  wrote {target}"]
    click.echo(readable("\n".join(lines)))
