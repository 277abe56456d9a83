"""Writes and reads folders and ZIP archives with a PNG per layer and a manifest.json."""

from pathlib import Path
from typing import BinaryIO

from lamina.core.layers import Layer, LayerStack
from lamina.imaging.formats.archive import Archive, add, add_picture, new_archive
from lamina.imaging.formats.manifest import MANIFEST, Entry, Manifest, file_names, parse_manifest, render_manifest
from lamina.imaging.formats.records import empty_group_note, empty_stack_notes, limit_notes
from lamina.imaging.layer_images import read_layer_image
from lamina.imaging.png import write_png
from lamina.imaging.read_errors import InvalidContentError
from lamina.imaging.size_limits import SizeLimits

_MAX_MANIFEST_BYTES = 1 << 24


def write_zip(stack: LayerStack, file: BinaryIO) -> None:
    """Writes the stack as a ZIP archive; `read_zip` restores it."""
    with new_archive(file) as archive:
        add(archive, MANIFEST, render_manifest(stack), is_compressed=True)
        for name, layer in zip(file_names(stack), stack, strict=True):
            add_picture(archive, name, layer.pixels)


def write_folder(stack: LayerStack, folder: Path) -> None:
    """Writes the stack to an existing empty folder; `read_folder` restores it."""
    for name, layer in zip(file_names(stack), stack, strict=True):
        with (folder / name).open("xb") as file:
            write_png(file, layer.pixels)
    (folder / MANIFEST).write_bytes(render_manifest(stack))


def read_zip(archive: Archive) -> LayerStack:
    """Reads a stack from a ZIP archive of Lamina; the files may be in a folder of the archive."""
    root = min((name for name in archive.names if name.split("/")[-1] == MANIFEST), key=len)[: -len(MANIFEST)]
    manifest = parse_manifest(archive.text(root + MANIFEST))
    archive.limits.check_canvas(manifest.width, manifest.height)
    layers = []
    for entry in manifest.entries:
        if not archive.contains(root + entry.file):
            raise _missing(entry)
        layers.append(entry.layer(archive.picture(root + entry.file, repr(entry.file))))
    return _stack(manifest, layers)


def read_folder(folder: Path, limits: SizeLimits) -> LayerStack:
    """Reads a stack from a folder of Lamina. Raises FileNotFoundError without a manifest, and `InvalidContentError`."""
    manifest = parse_manifest(_manifest_bytes(folder))
    limits.check_canvas(manifest.width, manifest.height)
    layers = []
    for entry in manifest.entries:
        path = folder / entry.file
        if path.is_symlink():
            raise InvalidContentError(f"{entry.file!r} is a symbolic link, which is not followed")
        if not path.is_file():
            raise _missing(entry)
        with path.open("rb") as file:
            layers.append(entry.layer(read_layer_image(file, limits, repr(entry.file))))
    return _stack(manifest, layers)


def _stack(manifest: Manifest, layers: list[Layer]) -> LayerStack:
    notes = limit_notes([*map(empty_group_note, manifest.empty_groups), *empty_stack_notes(layers)])
    return manifest.provenance.given_to(LayerStack(manifest.width, manifest.height, tuple(layers), notes=notes))


def _missing(entry: Entry) -> InvalidContentError:
    return InvalidContentError(f"{entry.file!r}, which its {MANIFEST} lists, is missing")


def contains_only_a_stack(folder: Path) -> bool:
    """True if the folder contains only files of `write_folder`, so that it can be replaced without loss."""
    try:
        expected = {MANIFEST, *(entry.file for entry in parse_manifest(_manifest_bytes(folder)).entries)}
    except (OSError, ValueError):
        return False
    return all(path.name in expected and path.is_file() for path in folder.iterdir())


def _manifest_bytes(folder: Path) -> bytes:
    path = folder / MANIFEST
    if path.is_file() and path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise InvalidContentError(f"its {MANIFEST} is too large")
    return path.read_bytes()
