"""Sets text with the fonts that users upload: no font of a user is opened in the process of the server."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Self

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import FILE
from lamina.core.records import encode
from lamina.files.storage import fetch_content, own_file
from lamina.imaging.png import encode_png
from lamina.service.service import Service
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.operations import SetText
from lamina.stacks.pixels import PixelStore
from lamina.stacks.records import parse_document, render_document
from lamina.stacks.revisions.parsing import error_of
from lamina.stacks.revisions.pixels import FolderPixels, is_key
from lamina.stacks.revisions.text_setter import AFTER, BEFORE, FONT, OPERATION
from lamina.stacks.verbs import text_setting
from lamina.stacks.verbs.checks import layer_of
from lamina.typesetting.font_files import check_size

_LONGEST_S = 60.0
_MOST = 10


class FontImports:
    """Brings uploaded fonts into a folder, which is made for the first and deleted at the end of a `with` block.

    At most ten operations of a request may use one: each runs a process.
    """

    def __init__(self, service: Service, key_id: str) -> None:
        self._service, self._key_id = service, key_id
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    async def __call__(self, source: str) -> Path:
        """`source`: `file:ID`. Raises `LaminaError`: not_found, input_too_large, task_invalid (too many)."""
        self._count += 1
        if self._count > _MOST:
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"More than {_MOST} operations set text with an uploaded font.",
                "Send them in several requests.",
            )
        record = await own_file(self._service, self._key_id, source.removeprefix(FILE))
        check_size(record.size)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="lamina-fonts-")
        path = Path(self._folder.name) / record.sha256
        if not path.exists():
            await fetch_content(self._service, record, path)
        return path


def set_text_apart(document: Document, operation: SetText, pixels: PixelStore) -> Document:
    """As `set_text`; with a font file, in a process of its own, whose memory and time are bounded.

    Raises `LaminaError` as `set_text` does; input_corrupt if the process ends unexpectedly.
    """
    if operation.font is None:
        return text_setting.set_text(document, operation, pixels)
    node = layer_of(document, operation.node)
    with tempfile.TemporaryDirectory(prefix="lamina-text-") as name:
        folder = Path(name)
        shutil.copyfile(operation.font, folder / FONT)
        (folder / f"{node.pixels.key}.png").write_bytes(encode_png(pixels.get(node.pixels)))
        (folder / BEFORE).write_text(render_document(replace(document, members=(node,))), "utf-8")
        (folder / OPERATION).write_text(json.dumps(encode(replace(operation, font=None))), "utf-8")
        _run(folder)
        made = parse_document((folder / AFTER).read_text("utf-8")).find(node.id)
        return document.substituted(node.id, [_checked(node, made, folder, pixels)])


def _run(folder: Path) -> None:
    command = (sys.executable, "-m", "lamina.stacks.revisions.text_setter")
    try:
        child = subprocess.run(  # noqa: S603  (our own program)
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _unusable(f"Setting the text with this font took longer than {_LONGEST_S:g} seconds.") from None
    if child.returncode != 0:
        raise error_of(child.stdout) or _unusable("The program that sets text ended unexpectedly with this font.")


def _checked(before: LayerNode, made: object, folder: Path, pixels: PixelStore) -> LayerNode:
    """Of the process that has opened the font, only the new pixels and the text are taken."""
    if not isinstance(made, LayerNode) or made.original is None or not is_key(made.pixels.key):
        raise _unusable("The program that sets text has returned no layer.")
    old = before.pixels if before.original is None else before.original.pixels
    return replace(
        before,
        pixels=pixels.put(FolderPixels(folder).get(made.pixels).copy()),
        left=made.left,
        top=made.top,
        transform=made.transform,
        text=made.text,
        style=made.style,
        is_guessed=made.is_guessed,
        original=replace(made.original, pixels=old),
    )


def _unusable(message: str) -> LaminaError:
    return LaminaError(ErrorCode.INPUT_CORRUPT, message, "Export the font again, or give another one.")
