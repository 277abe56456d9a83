"""Writes the results of a run as files into the folder of its order, and describes them as a job's result."""

from dataclasses import asdict, replace
from pathlib import Path

from lamina.core.job_results import (
    LayerFile,
    LayerGroup,
    PictureFile,
    PicturesResult,
    Recomposition,
    ResultFile,
    StackResult,
)
from lamina.core.layer_tree import groups_of
from lamina.core.layers import Layer, Pixels
from lamina.core.provenance import Provenance
from lamina.execution.decompose import Stack
from lamina.execution.pictures import Pictures
from lamina.imaging.atomic_files import atomic_file
from lamina.imaging.encoding import Encoding, PictureFormat, encode, picture_format_of
from lamina.imaging.png import write_png
from lamina.worker.protocol import RunOrder, RunOutcome

_STACK, _FLAT, _PAGES, _ON_WHITE = "stack.zip", "flat.png", "layers.tif", "flat.jpg"
_ZIP = "application/zip"


def check_format(order: RunOrder) -> PictureFormat:
    """The format of the order's pictures. Raises `LaminaError` (output_unknown_format)."""
    return picture_format_of(f"0.{order.delivery.format}")


def write_pictures(pictures: Pictures, order: RunOrder) -> RunOutcome:
    """Writes 0.png, 1.png, ... in the format of the order; the outcome is a `PicturesResult`.

    Raises `LaminaError`: output_too_large, output_unwritable, task_invalid (the quality).
    """
    kind, delivery, made = check_format(order), order.delivery, pictures.made
    names = [f"{number}{kind.extensions[0]}" for number in range(len(pictures.pictures))]
    paths = [Path(order.folder) / name for name in names]
    pictures.save_each(paths, delivery.quality, delivery.is_watermarked)
    result = PicturesResult(
        **asdict(made),
        notes=pictures.notes,
        is_flagged=any(pictures.flagged),
        width=pictures.width,
        height=pictures.height,
        pictures=tuple(_picture_file(pictures, number, name, kind) for number, name in enumerate(names)),
    )
    return RunOutcome(result=result)


def write_stack(stack: Stack, order: RunOrder) -> RunOutcome:
    """Writes the files of a `StackResult`, which is the outcome.

    stack.zip keeps everything; layer-0.png, layer-1.png, ..., bottom first, are each on the whole canvas, in WebP if
    the order says so; flat.png is what they add up to. If asked for, layers.tif has a page per layer, and flat.jpg is
    the flat picture on white, which counts as a picture made. Raises `LaminaError`: output_unwritable.
    """
    folder, width, height = Path(order.folder), stack.width, stack.height
    wanted, quality = check_format(order), order.delivery.quality
    made = stack.made or Provenance(stack.engine or "", timings_s={"decomposing": round(stack.seconds or 0.0, 3)})

    def saved(name: str, content_type: str) -> ResultFile:
        stack.save(folder / name)
        return ResultFile(file=name, content_type=content_type, width=width, height=height)

    whole = saved(_STACK, _ZIP)
    layers = _write_layers(
        stack, folder, PictureFormat.WEBP if wanted is PictureFormat.WEBP else PictureFormat.PNG, quality
    )
    flat = saved(_FLAT, PictureFormat.PNG.media_type)
    pages = saved(_PAGES, PictureFormat.TIFF.media_type) if order.delivery.has_pages else None
    on_white = (_write_on_white(stack, folder, quality),) if wanted is PictureFormat.JPEG else ()
    error = stack.error
    result = StackResult(
        **asdict(made),
        notes=stack.notes,
        is_flagged=stack.is_flagged,
        width=width,
        height=height,
        recomposition=error and Recomposition(max_abs_error=error.max_abs_error, mean_abs_error=error.mean_abs_error),
        stack=whole,
        layers=layers,
        groups=_groups(stack),
        flat=flat,
        pages=pages,
        pictures=on_white,
    )
    return RunOutcome(result=result)


def _groups(stack: Stack) -> tuple[LayerGroup, ...]:
    parents = groups_of(stack)
    indices = {group: index for index, group in enumerate(parents)}
    return tuple(
        LayerGroup(
            name=group.name,
            kind=group.kind.value,
            is_hidden=group.is_hidden,
            is_locked=group.is_locked,
            parent=None if parent is None else indices[parent],
        )
        for group, parent in parents.items()
    )


def _write_layers(stack: Stack, folder: Path, kind: PictureFormat, quality: int) -> tuple[LayerFile, ...]:
    files: list[LayerFile] = []
    group_indices = {group: index for index, group in enumerate(groups_of(stack))}
    for index, layer in enumerate(stack):
        name = f"layer-{index}{kind.extensions[0]}"
        _write_layer(folder / name, layer.on_canvas(stack.width, stack.height), Encoding(kind, quality))
        file = _layer_file(layer, index, name, kind, stack)
        files.append(replace(file, group=group_indices[layer.groups[-1]] if layer.groups else None))
    return tuple(files)


def _write_layer(path: Path, pixels: Pixels, encoding: Encoding) -> None:
    with atomic_file(path) as file:
        if encoding.format is PictureFormat.PNG:
            write_png(file, pixels)
        else:
            file.write(encode(pixels, encoding))


def _write_on_white(stack: Stack, folder: Path, quality: int) -> PictureFile:
    kind = PictureFormat.JPEG
    (folder / _ON_WHITE).write_bytes(encode(stack.composite(), Encoding(kind, quality)))
    return PictureFile(
        file=_ON_WHITE,
        content_type=kind.media_type,
        width=stack.width,
        height=stack.height,
        is_flagged=stack.is_flagged,
    )


def _picture_file(pictures: Pictures, number: int, name: str, kind: PictureFormat) -> PictureFile:
    height, width = pictures.pictures[number].shape[:2]
    seed = pictures.made.seed
    return PictureFile(
        file=name,
        content_type=kind.media_type,
        width=width,
        height=height,
        seed=None if seed is None else (seed + number) % 2**64,
        is_flagged=bool(pictures.flagged and pictures.flagged[number]),
    )


def _layer_file(layer: Layer, index: int, name: str, kind: PictureFormat, stack: Stack) -> LayerFile:
    return LayerFile(
        file=name,
        content_type=kind.media_type,
        width=stack.width,
        height=stack.height,
        index=index,
        name=layer.name,
        kind=layer.kind.value,
        bbox=layer.box,
        opacity=layer.opacity,
        is_hidden=layer.is_hidden,
        blend=layer.blend.value,
        text=layer.says or None,
        style=layer.style,
    )
