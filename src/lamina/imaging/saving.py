"""Saves a layer stack to any format and loads it from those that keep everything."""

import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerStack
from lamina.imaging.bounds import MAX_MEGAPIXELS, Bounds
from lamina.imaging.damage import Damaged
from lamina.imaging.endings import Format, format_of
from lamina.imaging.files import check_file_place, check_folder_place, file_beside, folder_beside
from lamina.imaging.invalid_content import InvalidContentError

# What the readers below, and the libraries that they call, raise for files that are damaged or made with ill will.
# The text is told of `Damaged` alone: those of libraries are for programmers.
_SIGNS_OF_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def save(stack: LayerStack, path: str | Path, *, live_text: bool = False) -> Path:
    """Writes the stack in the format that the path's ending names, whole or not at all, and returns the path.

    `live_text`: PowerPoint and SVG get text that can be edited instead of pictures of it.
    Missing parent folders are created; an existing file, or folder of ours, is replaced.
    Raises `LaminaError`: output_unknown_format, output_too_large, output_in_the_way, output_unwritable.
    """
    kind = format_of(path)
    kind.check_fits(stack.width, stack.height)
    target = Path(path)
    if kind is Format.FOLDER:
        from lamina.imaging.formats.pngs import holds_only_a_stack, write_folder

        with folder_beside(target, holds_only_a_stack) as folder:
            write_folder(stack, folder)
    else:
        with file_beside(target) as file:
            _write(stack, kind, file, live_text)
    return target


def check_output(path: str | Path) -> Format:
    """The format that `save` would write to the path; raises now what can be seen now of what `save` would raise."""
    kind = format_of(path)
    if kind is Format.FOLDER:
        from lamina.imaging.formats.pngs import holds_only_a_stack

        check_folder_place(Path(path), holds_only_a_stack)
    else:
        check_file_place(Path(path))
    return kind


def load(path: str | Path, max_megapixels: float = MAX_MEGAPIXELS) -> LayerStack:
    """The stack in a PSD, ORA or ZIP file, told by its content, or in a folder of PNGs.

    `max_megapixels`: the largest canvas that is read.

    Raises `LaminaError`: input_not_found, input_unreadable, input_empty, input_not_a_stack, input_too_large,
    input_corrupt.
    """
    source, bounds = Path(path), Bounds(max_megapixels)
    try:
        if source.is_dir():
            return _load_folder(source, bounds)
        with _opened(source) as file:
            return _read(file, source, bounds)
    except InvalidContentError as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            f"{str(path)!r} is not a valid layered file: {error}.",
            "Mend that in the program that made it, and export it again.",
        ) from error
    except PermissionError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE, f"A part of {str(path)!r} may not be read.", "Check the permissions."
        ) from error
    except _SIGNS_OF_DAMAGE as error:
        why = str(error) if isinstance(error, Damaged) else "something in it is not as its format has it"
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            f"{str(path)!r} is damaged: {why}.",
            "Get another copy of it.",
        ) from error


def _write(stack: LayerStack, kind: Format, file: BinaryIO, live_text: bool) -> None:
    # Each format brings its own library: only the one that is asked for is loaded.
    match kind:
        case Format.PSD:
            from lamina.imaging.formats import psd

            psd.write(stack, file)
        case Format.ORA:
            from lamina.imaging.formats import ora

            ora.write(stack, file)
        case Format.PPTX:
            from lamina.imaging.formats import pptx

            pptx.write(stack, file, live_text=live_text)
        case Format.SVG:
            from lamina.imaging.formats import svg

            svg.write(stack, file, live_text=live_text)
        case Format.TIFF:
            from lamina.imaging.formats import tiff

            tiff.write(stack, file)
        case Format.WEBP:
            from lamina.imaging.formats import webp

            webp.write(stack, file)
        case Format.ZIP:
            from lamina.imaging.formats import pngs

            pngs.write_zip(stack, file)
        case Format.PNG:
            from lamina.imaging.metadata import making_of_stack, png_texts
            from lamina.imaging.png import write_png

            write_png(file, composite(stack), png_texts(making_of_stack(stack)))
        case Format.FOLDER:
            raise ValueError("a folder is no file")


def _opened(path: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise LaminaError(ErrorCode.INPUT_UNREADABLE, f"{str(path)!r} is not a file.", "Give a file or a folder.")
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        raise LaminaError(ErrorCode.INPUT_NOT_FOUND, f"{str(path)!r} does not exist.", "Check the name.") from None
    except OSError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE, f"{str(path)!r} cannot be read: {error.strerror}.", "Check the permissions."
        ) from error


def _load_folder(folder: Path, bounds: Bounds) -> LayerStack:
    from lamina.imaging.formats.manifest import MANIFEST
    from lamina.imaging.formats.pngs import read_folder

    if not (folder / MANIFEST).is_file():
        raise _not_a_stack(folder, f"it holds no {MANIFEST}")
    return read_folder(folder, bounds)


def _read(file: BinaryIO, path: Path, bounds: Bounds) -> LayerStack:
    head = file.read(4)
    file.seek(0)
    if not head:
        raise LaminaError(ErrorCode.INPUT_EMPTY, f"{str(path)!r} is empty.", "Get another copy of it.")
    if head == b"8BPS":
        from lamina.imaging.formats import psd_reading

        return psd_reading.read(file, bounds)
    if head[:2] == b"PK":
        return _read_archive(file, path, bounds)
    raise _not_a_stack(path, "its content is neither PSD nor ORA nor ZIP")


def _read_archive(file: BinaryIO, path: Path, bounds: Bounds) -> LayerStack:
    from lamina.imaging.formats import ora_reading, pngs
    from lamina.imaging.formats.archive import Archive
    from lamina.imaging.formats.manifest import MANIFEST

    try:
        archive = Archive(file, bounds)
        if archive.holds("stack.xml"):
            return ora_reading.read(archive)
        if any(name.split("/")[-1] == MANIFEST for name in archive.names):
            return pngs.read_zip(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            f"{str(path)!r} is damaged or cut short: what is packed in it does not unpack.",
            "Get another copy of it.",
        ) from error
    raise _not_a_stack(path, f"it holds neither stack.xml nor {MANIFEST}")


def _not_a_stack(path: Path, why: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"{str(path)!r} is not a layer stack that can be read: {why}.",
        "Give a .psd, .ora or .zip file, or a folder that Lamina wrote.",
    )
