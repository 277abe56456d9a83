"""Reads one untrusted file in a process of its own, `python -m lamina.stacks.revisions.parser`.

The working folder has the file `content`. The stack that it holds, or a stack of one layer for a picture, is written
there as `document.json` and a PNG file for each layer. What went wrong is printed as JSON.
"""

import sys
from pathlib import Path

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.file_signatures import HEAD_BYTES, detect_file_type
from lamina.imaging.picture import read_picture
from lamina.imaging.saving import load
from lamina.stacks.records import render_document
from lamina.stacks.rendering import document_of
from lamina.stacks.revisions.pixels import FolderPixels
from lamina.stacks.revisions.untrusted import run_bounded

CONTENT, DOCUMENT = "content", "document.json"
_MEMORY_BYTES, _PROCESSOR_S = 12 << 30, 300


def _parse() -> None:
    document = document_of(_stack(Path(CONTENT), float(sys.argv[1])), FolderPixels(Path()))
    Path(DOCUMENT).write_text(render_document(document), "utf-8")


def _stack(path: Path, max_megapixels: float) -> LayerStack:
    with path.open("rb") as file:
        kind = detect_file_type(file.read(HEAD_BYTES))
    if kind is None or not kind.is_supported:
        return load(path, max_megapixels)
    picture = read_picture(path, max_megapixels)
    layer = Layer("Picture", LayerKind.BACKGROUND, picture.pixels)
    return LayerStack(picture.width, picture.height, (layer,))


if __name__ == "__main__":
    run_bounded(_parse, memory_bytes=_MEMORY_BYTES, processor_s=_PROCESSOR_S)
