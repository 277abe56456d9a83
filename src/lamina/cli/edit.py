"""`lamina edit`: pictures and words in, changed pictures out."""

from typing import Any

import click

from lamina.cli.inputs import STDIN
from lamina.cli.model_options import Size, model_options, sampling_of
from lamina.cli.picture_jobs import PictureOptions, picture_options, run_picture_job
from lamina.core.tasks import EditTask


@click.command()
@click.argument("images", metavar="IMAGE...", nargs=-1)
@click.argument("prompt")
@click.option(
    "--size", type=Size(), metavar="WIDTHxHEIGHT", help="Of the result, in pixels; the first picture's by default."
)
@picture_options
@model_options
def edit(
    images: tuple[str, ...], prompt: str, size: tuple[int, int] | None, picture: PictureOptions, **options: Any
) -> int:
    """Change a picture as words say; with several pictures, the words may speak of picture 1, picture 2 and so on.

    \b
      lamina edit poster.png "make the circle green"
      lamina edit room.jpg chair.png "put the chair of picture 2 into picture 1" --to room2.png

    IMAGE is a picture, or - for standard input. Without --to the result goes to edited.png here, which then must not
    exist yet. Of several results each gets a number before the ending.
    """
    if not images:
        raise click.UsageError(f"{prompt!r} is all that was given: both a picture and the words are needed.")
    if images.count(STDIN) > 1:
        raise click.UsageError("standard input (-) is one picture, and can be named once")
    width, height = size or (None, None)
    task = EditTask(prompt, sampling_of(**options), width, height, picture.count, is_expanded=picture.is_expanded)

    def work(progress: Any) -> Any:
        from lamina.execution.pictures import edited

        return edited(task, images, picture.engine, progress)

    return run_picture_job(work, picture, "edited", images)
