"""`lamina generate`: pictures from a text prompt."""

from typing import TYPE_CHECKING, Any

import click

from lamina.cli.model_options import Size, model_options, sampling_of
from lamina.cli.number_range import NumberRange
from lamina.cli.picture_jobs import PictureOptions, picture_options, run_picture_job
from lamina.core.tasks import DEFAULT_STRENGTH, GenerateTask

if TYPE_CHECKING:  # numpy and the engines are imported when there is work for them
    from lamina.core.ports import Progress
    from lamina.execution.pictures import Pictures


@click.command()
@click.argument("prompt")
@click.option(
    "--size",
    type=Size(),
    metavar="WIDTHxHEIGHT",
    help="Size of the picture in pixels, multiples of 16 (default: the model's own).",
)
@click.option("--image", metavar="PATH", help="Picture to start from.")
@click.option(
    "--mask",
    metavar="PATH",
    help="Mask of the size of --image: white areas may change, the rest is kept (default: all may change).",
)
@click.option(
    "--strength",
    type=NumberRange(0, 1),
    help=f"Strength of the change to --image, 0 to 1 (default: {DEFAULT_STRENGTH}).",
)
@picture_options
@model_options
def generate(
    prompt: str,
    size: tuple[int, int] | None,
    image: str | None,
    mask: str | None,
    strength: float | None,
    picture: PictureOptions,
    **options: Any,
) -> int:
    """Generate pictures from a text prompt.

    \b
      lamina generate "a red circle on a white background"
      lamina generate "a lighthouse at dusk" --size 1664x928 --seed 7 --to dusk.png
      lamina generate "the same in winter" --image summer.jpg --strength 0.7

    Without --to, the picture is written to generated.png in the current folder; an existing file is an error. With
    --count, each file name gets a number before the extension.
    """
    if mask is not None and image is None:
        raise click.UsageError("--mask needs --image, the picture that it applies to")
    if strength is not None and image is None:
        raise click.UsageError("--strength needs --image, the picture that it applies to")
    width, height = size or (None, None)
    task = GenerateTask(
        prompt=prompt,
        sampling=sampling_of(**options),
        width=width,
        height=height,
        count=picture.count,
        strength=DEFAULT_STRENGTH if strength is None else strength,
        is_expanded=picture.is_expanded,
    )

    def work(progress: "Progress") -> "Pictures":
        from lamina.execution.pictures import generated

        return generated(task, image, mask, picture.engine, progress)

    return run_picture_job(work, picture, "generated", [path for path in (image, mask) if path is not None])
