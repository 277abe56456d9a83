"""Scores of drawn posters as lines of JSON and as a table."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from lab.evaluation.trials import Score, Summary, summaries
from lamina.cli.terminal_text import aligned

_HEADS = (
    "background", "as", "posters", "object IoU", "text IoU", "panel IoU", "hidden bg L1", "max error", "layers",
    "seconds", "RGB L1", "alpha IoU", "RGB L1 merged", "alpha IoU merged",
)  # fmt: skip


def render_json_line(score: Score | Summary) -> str:
    """One line; shares and seconds are rounded to six digits after the point."""
    return json.dumps({key: round(v, 6) if isinstance(v, float) else v for key, v in asdict(score).items()})


def render_score_table(scores: Iterable[Score]) -> list[str]:
    """A line for each kind of background. `layers`: found/true; `max error` in levels of 0..255."""
    rows = [_HEADS, *map(_cells, summaries(scores))]
    return aligned(rows, [False, False, *(True for _ in _HEADS[2:])])


def _cells(summary: Summary) -> tuple[str, ...]:
    return (
        summary.background,
        file_kind(summary.jpeg_quality),
        f"{summary.posters}",
        f"{summary.object_iou:.3f}",
        f"{summary.text_iou:.3f}",
        "-" if summary.panel_iou is None else f"{summary.panel_iou:.3f}",
        f"{summary.hidden_background_l1:.4f}",
        f"{summary.max_abs_error * 255:.0f}",
        f"{summary.layers_found:.1f}/{summary.layers_true:.1f}",
        f"{summary.seconds:.2f}",
        f"{summary.rgb_l1:.4f}",
        f"{summary.alpha_iou:.4f}",
        f"{summary.rgb_l1_merged:.4f}",
        f"{summary.alpha_iou_merged:.4f}",
    )


def file_kind(jpeg_quality: int | None) -> str:
    return "PNG" if jpeg_quality is None else f"JPEG {jpeg_quality}"
