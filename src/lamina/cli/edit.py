"""`lamina edit`: pictures edited as a text prompt describes."""

from typing import TYPE_CHECKING, Any

import click

from lamina.cli.inputs import STDIN
from lamina.cli.model_options import Size, model_options, sampling_of
from lamina.cli.picture_jobs import PictureOptions, picture_options, run_picture_job
from lamina.core.tasks import EditTask

if TYPE_CHECKING:  # numpy and the engines are imported when there is work for them
    from lamina.core.ports import Progress
    from lamina.execution.pictures import Pictures


@click.command()
@click.argument("images", metavar="IMAGE...", nargs=-1)
@click.argument("prompt")
@click.option(
    "--size",
    type=Size(),
    metavar="WIDTHxHEIGHT",
    help="Size of the result in pixels, multiples of 16 (default: about the size of the first picture).",
)
@picture_options
@model_options
def edit(
    images: tuple[str, ...], prompt: str, size: tuple[int, int] | None, picture: PictureOptions, **options: Any
) -> int:
    """Edit a picture as PROMPT describes. With several pictures, the prompt can refer to "picture 1" and so on.

    \b
      lamina edit poster.png "make the circle green"
      lamina edit room.jpg chair.png "put the chair of picture 2 into picture 1" --to room2.png

    IMAGE is a picture file, or - for standard input. Without --to, the result is written to edited.png in the current
    folder; an existing file is an error. With --count, each file name gets a number before the extension.
    """
    if not images:
        raise click.UsageError(f"Only one argument was given, {prompt!r}. Give at least one picture and a prompt")
    if images.count(STDIN) > 1:
        raise click.UsageError("Standard input (-) can be given only once")
    width, height = size or (None, None)
    task = EditTask(
        prompt=prompt,
        sampling=sampling_of(**options),
        width=width,
        height=height,
        count=picture.count,
        is_expanded=picture.is_expanded,
    )

    def work(progress: "Progress") -> "Pictures":
        from lamina.execution.pictures import edited

        return edited(task, images, picture.engine, progress)

    return run_picture_job(work, picture, "edited", images)
