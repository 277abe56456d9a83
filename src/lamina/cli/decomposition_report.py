"""What `lamina decompose` tells about a picture: as JSON for programs, as a table for people."""

from collections.abc import Sequence
from typing import Any

from lamina.cli.inputs import shown_source
from lamina.cli.terminal_text import aligned, shortened
from lamina.core.layers import Layer
from lamina.core.provenance import Provenance
from lamina.execution.decompose import Stack
from lamina.installation import as_typed_here

_NAME_COLUMNS = 48
_OTHER_COLUMNS = 44  # what a row of the table takes without the name


def render_json(stack: Stack, source: str, outputs: Sequence[str]) -> dict[str, Any]:
    """Layers bottom first; boxes in pixels; errors as fractions of 255."""
    error = stack.error
    return {
        "source": source,
        "engine": stack.engine,
        "width": stack.width,
        "height": stack.height,
        "seconds": round(stack.seconds or 0, 3),
        "layers": [_render_layer(index, layer) for index, layer in enumerate(stack)],
        "recomposition": error and {"max_abs_error": error.max_abs_error, "mean_abs_error": error.mean_abs_error},
        "outputs": list(outputs),
        **({"is_flagged": True} if stack.is_flagged else {}),
        **({"notes": list(map(as_typed_here, stack.notes))} if stack.notes else {}),
        **({"made": _render_made(stack.made)} if stack.made else {}),
    }


def _render_made(made: Provenance) -> dict[str, Any]:
    return {
        "checkpoint": made.checkpoint,
        "prompt": made.prompt,
        "seed": made.seed,
        "steps": made.steps,
        "skipped_steps": made.skipped_steps,
        "timings": dict(made.timings_s),
    }


def _render_layer(index: int, layer: Layer) -> dict[str, Any]:
    rendered = {"index": index, "name": layer.name, "kind": layer.kind.value, "bbox": list(layer.box)}
    return rendered | ({"text": layer.says} if layer.says else {})


def render_table(stack: Stack, source: str, outputs: Sequence[str], columns: int) -> list[str]:
    """Lines for a terminal: the picture, its layers with the uppermost first as in a layer panel, the outputs."""
    room = max(8, min(_NAME_COLUMNS, columns - _OTHER_COLUMNS))
    rows = [("", "layer", "kind", "size", "at", "covers")]
    rows += [_row(index, layer, stack, room) for index, layer in reversed(list(enumerate(stack)))]
    lines = [f"  {line}" for line in aligned(rows, (True, False, False, True, True, True))]
    notes = [f"  {as_typed_here(note)}" for note in stack.notes]
    written = [f"  wrote {output}" for output in outputs]
    return [_headline(stack, source), *lines, _exactness(stack), *notes, *written]


def _headline(stack: Stack, source: str) -> str:
    frame_count = 1 if stack.picture is None else stack.picture.frame_count
    frames = f", the first of {frame_count} frames" if frame_count > 1 else ""
    seconds = stack.seconds or 0
    name = shortened(shown_source(source), 200)
    return f"{name}  {stack.width} x {stack.height}{frames}: {_counted(len(stack))} in {seconds:.1f} s ({stack.engine})"


def _counted(layers: int) -> str:
    return "1 layer" if layers == 1 else f"{layers} layers"


def _row(index: int, layer: Layer, stack: Stack, room: int) -> tuple[str, ...]:
    covered = int((layer.pixels[..., 3] > 0).sum()) / (stack.width * stack.height)
    share = "< 0.1 %" if 0 < covered < 0.001 else f"{100 * covered:.1f} %"
    place = f"{layer.left},{layer.top}"
    return str(index), shortened(layer.name, room), layer.kind.value, f"{layer.width} x {layer.height}", place, share


def _exactness(stack: Stack) -> str:
    if stack.is_flagged:
        return "  The layers are black and do not add up to the picture."
    if stack.error is None:
        return "  The layers are as the model made them, and do not add up to the picture."
    levels = round(stack.error.max_abs_error * 255)
    if levels == 0:
        return "  The layers add up to the picture exactly."
    return f"  The layers add up to the picture within {levels} of 255 levels."
