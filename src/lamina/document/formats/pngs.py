"""A PNG for each layer and a manifest.json, in a folder or in a ZIP; both can be read back."""

from pathlib import Path
from typing import BinaryIO

from lamina.core.layers import LayerStack
from lamina.document.bounds import Bounds
from lamina.document.formats.archive import Archive, add, add_picture, new_archive
from lamina.document.formats.manifest import MANIFEST, file_names, parse_layer, parse_manifest, render_manifest
from lamina.document.png import read_png, write_png

_MAX_MANIFEST_BYTES = 1 << 24


def write_zip(stack: LayerStack, file: BinaryIO) -> None:
    """Writes the stack as a ZIP that `read_zip` gives back."""
    with new_archive(file) as archive:
        add(archive, MANIFEST, render_manifest(stack), is_packed=True)
        for name, layer in zip(file_names(stack), stack, strict=True):
            add_picture(archive, name, layer.pixels)


def write_folder(stack: LayerStack, folder: Path) -> None:
    """Writes the stack into an existing empty folder that `read_folder` gives back."""
    for name, layer in zip(file_names(stack), stack, strict=True):
        with (folder / name).open("xb") as file:
            write_png(file, layer.pixels)
    (folder / MANIFEST).write_bytes(render_manifest(stack))


def read_zip(archive: Archive) -> LayerStack:
    """The stack in a ZIP of ours; the files may stand in a folder of the ZIP, as they do if a folder was packed."""
    root = min((name for name in archive.names if name.split("/")[-1] == MANIFEST), key=len)[: -len(MANIFEST)]
    manifest = parse_manifest(archive.text(root + MANIFEST))
    archive.bounds.check_canvas(manifest["width"], manifest["height"])
    layers = (parse_layer(entry, archive.picture(root + entry["file"])) for entry in manifest["layers"])
    return LayerStack(manifest["width"], manifest["height"], tuple(layers))


def read_folder(folder: Path, bounds: Bounds) -> LayerStack:
    """The stack in a folder of ours. FileNotFoundError if it has no manifest, ValueError if a file is not as told."""
    manifest = parse_manifest(_manifest_bytes(folder))
    bounds.check_canvas(manifest["width"], manifest["height"])
    layers = []
    for entry in manifest["layers"]:
        path = folder / entry["file"]
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"{entry['file']!r} is missing")
        with path.open("rb") as file:
            layers.append(parse_layer(entry, read_png(file, bounds)))
    return LayerStack(manifest["width"], manifest["height"], tuple(layers))


def holds_only_a_stack(folder: Path) -> bool:
    """True if everything in the folder was written by `write_folder`, so that nothing else is lost with it."""
    try:
        manifest = parse_manifest(_manifest_bytes(folder))
        ours = {MANIFEST, *(entry["file"] for entry in manifest["layers"])}
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return all(path.name in ours and path.is_file() for path in folder.iterdir())


def _manifest_bytes(folder: Path) -> bytes:
    path = folder / MANIFEST
    if path.is_file() and path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise ValueError(f"its {MANIFEST} is too large")
    return path.read_bytes()
