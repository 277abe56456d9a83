"""Report of `lamina decompose` about one picture, as JSON or as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.cli.export_report import export_columns, render_exports
from lamina.cli.inputs import display_name
from lamina.cli.layer_rows import layer_rows
from lamina.cli.terminal_text import aligned, shortened
from lamina.core.layer_tree import tree_of
from lamina.core.layers import Layer
from lamina.execution.decompose import Stack
from lamina.imaging.formats.records import render_groups
from lamina.imaging.formats.style_records import render_style
from lamina.installation import localize_commands

if TYPE_CHECKING:
    from lamina.cli.export_report import Export

_NAME_COLUMNS = 48
_OTHER_COLUMNS = 46  # width of a table row without the name


def render_json(stack: Stack, source: str, outputs: Sequence[str], exports: "Sequence[Export]" = ()) -> dict[str, Any]:
    """Layers are bottom first, boxes in pixels, errors fractions of 255. `exports`: of editable files."""
    error, made = stack.error, stack.made
    provenance = made and {
        "checkpoint": made.checkpoint,
        "prompt": made.prompt,
        "seed": made.seed,
        "steps": made.steps,
        "skipped_steps": made.skipped_steps,
        "timings": dict(made.timings_s),
    }
    groups, group_of_layer = render_groups(stack.layers)
    return {
        "source": source,
        "engine": stack.engine,
        "width": stack.width,
        "height": stack.height,
        "seconds": round(stack.seconds or 0, 3),
        "layers": [
            {
                "index": index,
                "name": layer.name,
                "kind": layer.kind.value,
                "bbox": list(layer.box),
                **({} if group is None else {"group": group}),
                **({"text": layer.says} if layer.says else {}),
                **({} if layer.style is None else {"style": render_style(layer.style)}),
            }
            for index, (layer, group) in enumerate(zip(stack, group_of_layer, strict=True))
        ],
        **({"groups": groups} if groups else {}),
        "recomposition": error and {"max_abs_error": error.max_abs_error, "mean_abs_error": error.mean_abs_error},
        "outputs": list(outputs),
        **({"exports": render_exports(exports)} if exports else {}),
        **({"is_flagged": True} if stack.is_flagged else {}),
        **({"notes": list(map(localize_commands, stack.notes))} if stack.notes else {}),
        **({"made": provenance} if provenance else {}),
    }


def render_table(
    stack: Stack, source: str, outputs: Sequence[str], columns: int, exports: "Sequence[Export]" = ()
) -> list[str]:
    """Lines for a terminal: the picture, its layers and groups with the topmost first, and the output paths.

    `exports`: what the layers became in editable files.
    """
    became = export_columns(exports)
    others = _OTHER_COLUMNS + sum(2 + max(map(len, column)) for column in became)
    name_columns = max(8, min(_NAME_COLUMNS, columns - others))
    rows: list[tuple[str, ...]] = [
        ("", "layer", "kind", "size", "position", "coverage", *(column[0] for column in became))
    ]

    def cells(index: int, layer: Layer | None) -> tuple[str, ...]:
        if layer is None:
            return ("group", "", "", "", *("" for _ in became))
        return (*_cells(layer, stack), *(column[index + 1] for column in became))

    rows += layer_rows(tree_of(stack), name_columns, cells)
    lines = [f"  {line}" for line in aligned(rows, (True, False, False, True, True, True, *[False] * len(became)))]
    notes = [f"  {localize_commands(note)}" for note in stack.notes]
    written = [f"  wrote {output}" for output in outputs]
    return [_headline(stack, source), *lines, _exactness(stack), *notes, *written]


def _headline(stack: Stack, source: str) -> str:
    frame_count = 1 if stack.picture is None else stack.picture.frame_count
    frames = f", first of {frame_count} frames" if frame_count > 1 else ""
    seconds = stack.seconds or 0
    name = shortened(display_name(source), 200)
    layers = "1 layer" if len(stack) == 1 else f"{len(stack)} layers"
    return f"{name}  {stack.width} x {stack.height}{frames}: {layers} in {seconds:.1f} s ({stack.engine})"


def _cells(layer: Layer, stack: Stack) -> tuple[str, ...]:
    covered = int((layer.pixels[..., 3] > 0).sum()) / (stack.width * stack.height)
    return (
        layer.kind.value,
        f"{layer.width} x {layer.height}",
        f"{layer.left},{layer.top}",
        "< 0.1 %" if 0 < covered < 0.001 else f"{100 * covered:.1f} %",
    )


def _exactness(stack: Stack) -> str:
    if stack.is_flagged:
        return "  The safety checker flagged the picture: all layers are black."
    if stack.error is None:
        return "  These are the model's own layers; they do not add up to the picture."
    levels = round(stack.error.max_abs_error * 255)
    if levels == 0:
        return "  The layers add up to the picture exactly."
    return f"  The layers add up to the picture within {levels} of 255 levels."
