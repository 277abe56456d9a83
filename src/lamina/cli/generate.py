"""`lamina generate`: words in, pictures out."""

from typing import Any

import click

from lamina.cli.model_options import Size, model_options, sampling_of
from lamina.cli.picture_jobs import PictureOptions, picture_options, run_picture_job
from lamina.core.tasks import DEFAULT_STRENGTH, GenerateTask


@click.command()
@click.argument("prompt")
@click.option(
    "--size", type=Size(), metavar="WIDTHxHEIGHT", help="Of the picture, in pixels; the model's own by default."
)
@click.option("--image", metavar="PATH", help="A picture to start from.")
@click.option("--mask", metavar="PATH", help="Where --image may change: white; as large as it. The rest stays.")
@click.option(
    "--strength", type=click.FloatRange(0, 1), help=f"How much of --image may change; {DEFAULT_STRENGTH} by default."
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
    """Make pictures from words.

    \b
      lamina generate "a red circle on a white background"
      lamina generate "a lighthouse at dusk" --size 1664x928 --seed 7 --to dusk.png
      lamina generate "the same in winter" --image summer.jpg --strength 0.7

    Without --to the picture goes to generated.png here, which then must not exist yet. Of several pictures each gets
    a number before the ending.
    """
    if mask is not None and image is None:
        raise click.UsageError("--mask says where --image may change; give both")
    if strength is not None and image is None:
        raise click.UsageError("--strength says how much of --image may change; give both")
    width, height = size or (None, None)
    strength = DEFAULT_STRENGTH if strength is None else strength
    task = GenerateTask(
        prompt, sampling_of(**options), width, height, picture.count, strength, is_expanded=picture.is_expanded
    )

    def work(progress: Any) -> Any:
        from lamina.execution.pictures import generated

        return generated(task, image, mask, picture.engine, progress)

    return run_picture_job(work, picture, "generated", [one for one in (image, mask) if one is not None])
