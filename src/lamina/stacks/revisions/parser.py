"""Reads one untrusted file in a process of its own, `python -m lamina.stacks.revisions.parser`.

The working folder has the file `content`. The stack that it holds, or a stack of one layer for a picture, is written
there as `document.json` and a PNG file for each layer. What went wrong is printed as JSON.
"""

import json
import resource
import sys
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.file_signatures import HEAD_BYTES, detect_file_type
from lamina.imaging.picture import read_picture
from lamina.imaging.saving import load
from lamina.installation import hide_local_paths
from lamina.stacks.records import render_document
from lamina.stacks.rendering import document_of
from lamina.stacks.revisions.pixels import FolderPixels

CONTENT, DOCUMENT = "content", "document.json"
_MEMORY_BYTES = 12 << 30  # of addresses: libraries reserve more than they use
_PROCESSOR_S = 300


def main() -> None:
    """Ends with 0 if the stack was written, else with 1 and the error on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))
    hide_local_paths()
    try:
        document = document_of(_stack(Path(CONTENT), float(sys.argv[1])), FolderPixels(Path()))
    except MemoryError:
        error = LaminaError(ErrorCode.INPUT_TOO_LARGE, "The file does not fit into memory.", "Reduce its size.")
        _fail(error)
    except LaminaError as error:
        _fail(error)
    else:
        Path(DOCUMENT).write_text(render_document(document), "utf-8")


def _stack(path: Path, max_megapixels: float) -> LayerStack:
    with path.open("rb") as file:
        kind = detect_file_type(file.read(HEAD_BYTES))
    if kind is None or not kind.is_supported:
        return load(path, max_megapixels)
    picture = read_picture(path, max_megapixels)
    layer = Layer("Picture", LayerKind.BACKGROUND, picture.pixels)
    return LayerStack(picture.width, picture.height, (layer,))


def _fail(error: LaminaError) -> None:
    json.dump({"code": error.code.value, "message": error.message, "hint": error.hint}, sys.stdout)
    sys.exit(1)


if __name__ == "__main__":
    main()
