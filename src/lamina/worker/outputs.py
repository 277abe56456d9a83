"""What a run has made, as files in its order's folder, with the facts that a job's result is made of."""

from pathlib import Path
from typing import Any

from lamina.core.layers import Layer, Pixels
from lamina.core.provenance import Provenance
from lamina.execution.decompose import Stack
from lamina.execution.pictures import Pictures
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.encoding import Encoding, PictureFormat, encode, picture_format_of
from lamina.imaging.png import write_png
from lamina.worker.protocol import OutputRole, RunOrder, RunOutcome, RunOutput

_STACK, _FLAT, _PAGES, _ON_WHITE = "stack.zip", "flat.png", "layers.tif", "flat.jpg"
_ZIP = "application/zip"


def check_format(order: RunOrder) -> PictureFormat:
    """What the order's pictures are to be. Raises `LaminaError` (output_unknown_format)."""
    return picture_format_of(f"0.{order.delivery.format}")


def write_pictures(pictures: Pictures, order: RunOrder) -> RunOutcome:
    """0.png, 1.png, ... in the format that is wanted; each with width, height (px), seed and is_flagged.

    Raises `LaminaError`: output_too_large, output_unwritable, task_invalid (the quality).
    """
    kind, delivery = check_format(order), order.delivery
    names = [f"{number}{kind.extensions[0]}" for number in range(len(pictures.pictures))]
    paths = [Path(order.folder) / name for name in names]
    pictures.save_each(paths, delivery.quality, delivery.is_watermarked)
    outputs = (
        RunOutput(OutputRole.PICTURE, name, kind.media_type, _picture_facts(pictures, number))
        for number, name in enumerate(names)
    )
    facts = {**_facts_of(pictures.made), "notes": list(pictures.notes), "is_flagged": any(pictures.flagged)}
    return RunOutcome(tuple(outputs), facts | {"width": pictures.width, "height": pictures.height})


def write_stack(stack: Stack, order: RunOrder) -> RunOutcome:
    """stack.zip, which keeps everything; layer-0.png, layer-1.png, ..., bottom first, each on the whole canvas, in WebP
    where that is wanted; and flat.png, what they add up to. Where they are wanted layers.tif, a page a layer, and
    flat.jpg, the flat picture on white, which counts as a picture made.

    Facts of a layer: index, name, kind, bbox ([x, y, width, height] px on the canvas), opacity (0..255), is_hidden,
    blend, and text where it shows any. Of the whole: width, height (px), engine, notes, is_flagged, and recomposition:
    {max_abs_error, mean_abs_error} as shares of 255, or None. Raises `LaminaError`: output_unwritable.
    """
    folder, size = Path(order.folder), {"width": stack.width, "height": stack.height}
    stack.save(folder / _STACK)
    outputs = [RunOutput(OutputRole.STACK, _STACK, _ZIP, size)]
    wanted = check_format(order)
    kind = PictureFormat.WEBP if wanted is PictureFormat.WEBP else PictureFormat.PNG
    for index, layer in enumerate(stack):
        name = f"layer-{index}{kind.extensions[0]}"
        _write_layer(folder / name, layer.on_canvas(stack.width, stack.height), Encoding(kind, order.delivery.quality))
        facts = {"index": index, **_layer_facts(layer), **size}
        outputs.append(RunOutput(OutputRole.LAYER, name, kind.media_type, facts))
    stack.save(folder / _FLAT)
    outputs.append(RunOutput(OutputRole.FLAT, _FLAT, PictureFormat.PNG.media_type, size))
    if order.delivery.has_pages:
        stack.save(folder / _PAGES)
        outputs.append(RunOutput(OutputRole.PAGES, _PAGES, PictureFormat.TIFF.media_type, size))
    if wanted is PictureFormat.JPEG:
        encoding = Encoding(wanted, order.delivery.quality)
        (folder / _ON_WHITE).write_bytes(encode(stack.composite(), encoding))
        facts = {**size, "is_flagged": stack.is_flagged}
        outputs.append(RunOutput(OutputRole.PICTURE, _ON_WHITE, wanted.media_type, facts))
    return RunOutcome(tuple(outputs), _stack_facts(stack) | size)


def _write_layer(path: Path, pixels: Pixels, encoding: Encoding) -> None:
    with atomic_file(path) as file:
        if encoding.format is PictureFormat.PNG:
            write_png(file, pixels)
        else:
            file.write(encode(pixels, encoding))


def _picture_facts(pictures: Pictures, number: int) -> dict[str, Any]:
    height, width = pictures.pictures[number].shape[:2]
    seed = pictures.made.seed
    return {
        "width": width,
        "height": height,
        "seed": None if seed is None else (seed + number) % 2**64,
        "is_flagged": bool(pictures.flagged and pictures.flagged[number]),
    }


def _layer_facts(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "kind": layer.kind.value,
        "bbox": list(layer.box),
        "opacity": layer.opacity,
        "is_hidden": layer.is_hidden,
        "blend": layer.blend.value,
        **({"text": layer.says} if layer.says else {}),
    }


def _stack_facts(stack: Stack) -> dict[str, Any]:
    error = stack.error
    made = stack.made or Provenance(stack.engine or "", timings_s={"decomposing": round(stack.seconds or 0.0, 3)})
    return _facts_of(made) | {
        "notes": list(stack.notes),
        "is_flagged": stack.is_flagged,
        "recomposition": error and {"max_abs_error": error.max_abs_error, "mean_abs_error": error.mean_abs_error},
    }


def _facts_of(made: Provenance) -> dict[str, Any]:
    return {
        "engine": made.engine,
        "checkpoint": made.checkpoint,
        "seed": made.seed,
        "prompt": made.prompt,
        "timings_s": dict(made.timings_s),
        "steps": made.steps,
        "skipped_steps": made.skipped_steps,
    }
