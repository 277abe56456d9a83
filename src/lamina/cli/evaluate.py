"""`lamina eval`: an engine measured on posters that are drawn from seeds, so that their layers are known."""

from typing import TYPE_CHECKING

import click

from lamina.cli.exits import DONE, FAILED, print_error
from lamina.cli.fault_log import kept_fault, told_fault
from lamina.cli.printing import wants_json
from lamina.core.errors import LaminaError
from lamina.engines.registry import AUTO, engine_names

if TYPE_CHECKING:
    from lamina.imaging.evaluation import Score, Trial
    from lamina.imaging.posters import Background

# As in lamina.imaging.posters, which is not loaded for the sake of --help.
BACKGROUND_NAMES: tuple["Background", ...] = ("flat", "gradient", "textured")


@click.command()
@click.option("--seeds", "count", default=24, show_default=True, type=click.IntRange(1), help="Posters a background.")
@click.option("--first-seed", default=0, show_default=True, type=click.IntRange(0), help="The seed to begin with.")
@click.option("--background", "backgrounds", type=click.Choice(BACKGROUND_NAMES), multiple=True,
              help="Only these; may be repeated. All by default.")  # fmt: skip
@click.option("--jpeg", "jpeg_quality", metavar="Q", type=click.IntRange(1, 100), help="Give the engine JPEGs.")
@click.option("--engine", type=click.Choice(engine_names()), default=AUTO, show_default=True, help="What is measured.")
@click.option("--keep", metavar="DIR", help="Write each poster with its true and its found layers to look at.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON lines, as where stdout is not a terminal.")
def evaluate(
    count: int,
    first_seed: int,
    backgrounds: tuple["Background", ...],
    jpeg_quality: int | None,
    engine: str,
    keep: str | None,
    is_json: bool,
) -> int:
    """Measure an engine on drawn posters whose layers are known.

    A poster follows from its seed; seeds below 100000 were never used for tuning. A line for every poster, and a table
    for the kinds of background; as JSON a line for every poster and one for every kind.

    \b
      lamina eval --seeds 8
      lamina eval --seeds 24 --background flat --background gradient --jpeg 85
      lamina eval --seeds 2 --keep out/eval
    """
    from lamina import settings
    from lamina.cli.score_table import render_json_line, render_score_table
    from lamina.engines.registry import start_engine
    from lamina.imaging.evaluation import summaries, trials

    is_json = wants_json(is_json)
    scores: list[Score] = []
    failed: list[str] = []

    def note(poster: str, error: Exception) -> None:
        failed.append(poster)
        told = error if isinstance(error, LaminaError) else told_fault(error, f"On the poster {poster} the engine")
        print_error(kept_fault(told, f"lamina eval: {poster}"))

    seeds = range(first_seed, first_seed + count)
    for trial in trials(
        start_engine(engine, wishes=settings.wishes(settings.current())),
        seeds,
        backgrounds or BACKGROUND_NAMES,
        jpeg_quality,
        note,
    ):
        if keep is not None:
            _keep(trial, keep)
        scores.append(trial.score)
        click.echo(render_json_line(trial.score) if is_json else _sentence(trial.score))
    if scores:
        click.echo(
            "\n".join(map(render_json_line, summaries(scores)) if is_json else ["", *render_score_table(scores)])
        )
    return FAILED if failed else DONE


def _sentence(score: "Score") -> str:
    return (
        f"{score.background} {score.seed}: object IoU {score.object_iou:.3f}, text IoU {score.text_iou:.3f}, "
        f"hidden background L1 {score.hidden_background_l1:.4f}, {score.layers_found} of {score.layers_true} layers, "
        f"{score.seconds:.1f} s"
    )


def _keep(trial: "Trial", folder: str) -> None:
    from pathlib import Path

    from lamina.imaging.files import file_beside
    from lamina.imaging.saving import save

    place = Path(folder) / f"{trial.score.background}-{trial.score.seed}"
    ending = "png" if trial.score.jpeg_quality is None else "jpg"
    with file_beside(place / f"poster.{ending}") as file:
        file.write(trial.file)
    save(trial.poster.stack, f"{place}/true/")
    save(trial.found, f"{place}/found/")
