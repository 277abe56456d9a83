"""Reads the files that stacks are made of: untrusted ones in a process of their own, with bounds on memory and time."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.saving import load
from lamina.imaging.size_limits import MAX_MEGAPIXELS
from lamina.stacks.document import Document
from lamina.stacks.records import parse_document
from lamina.stacks.rendering import document_of
from lamina.stacks.revisions.parser import CONTENT, DOCUMENT
from lamina.stacks.revisions.pixels import FolderPixels, is_key

_LONGEST_S = 120.0


@dataclass(frozen=True, slots=True)
class Parsed:
    """A stack that was read. `folder`: its owner deletes it; `pixels`: the PNG files of the layers in it, by key."""

    folder: Path
    document: Document
    pixels: dict[str, Path]


async def parse(folder: Path) -> Parsed:
    """Reads the file `content` in a folder: a picture, or a stack as PSD, ORA or ZIP.

    Raises `LaminaError`: input_not_a_stack, input_corrupt, input_too_large, task_invalid (more than 100 layers), ...
    """
    command = (sys.executable, "-m", "lamina.stacks.revisions.parser", str(MAX_MEGAPIXELS))
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with _ended(child):
        try:
            output, _ = await asyncio.wait_for(child.communicate(), _LONGEST_S)
        except TimeoutError:
            raise _unreadable(f"Reading the file took longer than {_LONGEST_S:g} seconds.") from None
    if child.returncode != 0:
        raise error_of(output) or _unreadable("The program that reads files ended unexpectedly.")
    document = parse_document((folder / DOCUMENT).read_text("utf-8"))
    keys = {ref.key for ref in document.stored_pixels()}
    if not all(map(is_key, keys)):  # it is no process to trust, once it has read the file
        raise _unreadable("The program that reads files has named pixels wrongly.")
    return Parsed(folder, document, {key: folder / f"{key}.png" for key in keys})


async def read_own(folder: Path) -> Parsed:
    """As `parse`, of a stack that an engine of this service has written: in this process, which is faster."""
    return await asyncio.to_thread(_read_own, folder)


def _read_own(folder: Path) -> Parsed:
    document = document_of(load(folder / CONTENT), FolderPixels(folder))
    return Parsed(folder, document, {ref.key: folder / f"{ref.key}.png" for ref in document.stored_pixels()})


@asynccontextmanager
async def _ended(child: asyncio.subprocess.Process) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def error_of(output: bytes) -> LaminaError | None:
    """The error that the process of `run_bounded` has printed; None if it has not."""
    try:
        told = json.loads(output)
        return LaminaError(ErrorCode(told["code"]), told["message"].replace(f"'{CONTENT}'", "The file"), told["hint"])
    except (ValueError, KeyError):
        return None


def _unreadable(message: str) -> LaminaError:
    return LaminaError(ErrorCode.INPUT_CORRUPT, message, "Export the file again, with fewer or smaller layers.")
