"""Saves layer stacks in every supported format, and loads them from PSD, ORA, ZIP and folders of PNGs."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerStack
from lamina.imaging.atomic_files import atomic_file, atomic_folder, check_file_target, check_folder_target
from lamina.imaging.export_options import PICTURES_ONLY, ExportOptions
from lamina.imaging.export_report import FLATTENED, PICTURE, ExportedLayer
from lamina.imaging.read_errors import CorruptFileError, InvalidContentError
from lamina.imaging.size_limits import MAX_MEGAPIXELS, SizeLimits
from lamina.imaging.stack_formats import StackFormat, stack_format_of

# What the readers below, and the libraries that they call, raise for corrupt or malicious files. Users see the text of
# `CorruptFileError` only: the messages of libraries are for programmers.
_READER_ERRORS = (
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


def save(stack: LayerStack, path: str | Path, options: ExportOptions = PICTURES_ONLY) -> Path:
    """Writes the stack atomically, in the format of the path's extension, and returns the path.

    Missing parent folders are created; an existing file, or a folder that Lamina wrote, is replaced.
    Raises `LaminaError`: output_unknown_format, output_too_large, output_in_the_way, output_unwritable.
    """
    export(stack, path, options)
    return Path(path)


def export(stack: LayerStack, path: str | Path, options: ExportOptions = PICTURES_ONLY) -> tuple[ExportedLayer, ...]:
    """What each layer became in the file that `save` writes, bottom first. Raises the errors of `save`."""
    stack_format = stack_format_of(path)
    stack_format.check_fits(stack.width, stack.height)
    target = Path(path)
    if stack_format is StackFormat.FOLDER:
        from lamina.imaging.formats.pngs import contains_only_a_stack, write_folder

        with atomic_folder(target, contains_only_a_stack) as folder:
            write_folder(stack, folder)
        return _pictures(stack)
    with atomic_file(target) as file:
        return tuple(_write(stack, stack_format, file, options))


def check_output(path: str | Path) -> StackFormat:
    """The format that `save` would use for the path. Raises the errors of `save` that can be detected in advance."""
    stack_format = stack_format_of(path)
    if stack_format is StackFormat.FOLDER:
        from lamina.imaging.formats.pngs import contains_only_a_stack

        check_folder_target(Path(path), contains_only_a_stack)
    else:
        check_file_target(Path(path))
    return stack_format


def load(path: str | Path, max_megapixels: float = MAX_MEGAPIXELS) -> LayerStack:
    """Reads the stack in a PSD, ORA or ZIP file, which is detected by its content, or in a folder of PNGs.

    `max_megapixels`: the size limit of the canvas.

    Raises `LaminaError`: input_not_found, input_unreadable, input_empty, input_not_a_stack, input_too_large,
    input_corrupt.
    """
    source, limits = Path(path), SizeLimits(max_megapixels)
    try:
        if source.is_dir():
            return _load_folder(source, limits)
        with _open(source) as file:
            return _read(file, source, limits)
    except InvalidContentError as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            f"{str(path)!r} is not a valid layered file: {error}.",
            "Correct it in the program that made it, and export it again.",
        ) from error
    except PermissionError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE,
            f"There is no permission to read a part of {str(path)!r}.",
            "Check the permissions.",
        ) from error
    except _READER_ERRORS as error:
        reason = str(error) if isinstance(error, CorruptFileError) else "its content violates its format"
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            f"{str(path)!r} is corrupt: {reason}.",
            "Export or download it again.",
        ) from error


def _pictures(stack: LayerStack) -> tuple[ExportedLayer, ...]:
    return (ExportedLayer(PICTURE),) * len(stack)


def _write(
    stack: LayerStack, stack_format: StackFormat, file: BinaryIO, options: ExportOptions
) -> Sequence[ExportedLayer]:
    # Imported here, because each format loads libraries of its own.
    match stack_format:
        case StackFormat.PSD:
            from lamina.imaging.formats import psd

            return psd.write(stack, file, options)
        case StackFormat.ORA:
            from lamina.imaging.formats import ora

            ora.write(stack, file)
        case StackFormat.PPTX:
            from lamina.imaging.formats import pptx

            return pptx.write(stack, file, options)
        case StackFormat.SVG:
            from lamina.imaging.formats import svg

            return svg.write(stack, file, options)
        case StackFormat.TIFF:
            from lamina.imaging.formats import tiff

            tiff.write(stack, file)
        case StackFormat.WEBP:
            from lamina.imaging.formats import webp

            webp.write(stack, file)
        case StackFormat.ZIP:
            from lamina.imaging.formats import pngs

            pngs.write_zip(stack, file)
        case StackFormat.PNG:
            from lamina.imaging.metadata import metadata_of_stack, png_texts
            from lamina.imaging.png import write_png

            write_png(file, composite(stack), png_texts(metadata_of_stack(stack)))
            return (ExportedLayer(FLATTENED),) * len(stack)
        case StackFormat.FOLDER:
            raise ValueError("a folder is not written to a file object")
    return _pictures(stack)


def _open(path: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise LaminaError(
                ErrorCode.INPUT_UNREADABLE, f"{str(path)!r} is not a regular file.", "Use a file or a folder."
            )
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a null byte in the name
        raise LaminaError(ErrorCode.INPUT_NOT_FOUND, f"{str(path)!r} does not exist.", "Check the name.") from None
    except OSError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE, f"{str(path)!r} cannot be read: {error.strerror}.", "Check the permissions."
        ) from error


def _load_folder(folder: Path, limits: SizeLimits) -> LayerStack:
    from lamina.imaging.formats.manifest import MANIFEST
    from lamina.imaging.formats.pngs import read_folder

    if not (folder / MANIFEST).is_file():
        raise _not_a_stack(folder, f"it contains no {MANIFEST}")
    return read_folder(folder, limits)


def _read(file: BinaryIO, path: Path, limits: SizeLimits) -> LayerStack:
    head = file.read(4)
    file.seek(0)
    if not head:
        raise LaminaError(ErrorCode.INPUT_EMPTY, f"{str(path)!r} is empty (0 bytes).", "Export or download it again.")
    if head == b"8BPS":
        from lamina.imaging.formats import psd_reading

        return psd_reading.read(file, limits)
    if head[:2] == b"PK":
        return _read_archive(file, path, limits)
    raise _not_a_stack(path, "its content is not PSD, ORA or ZIP")


def _read_archive(file: BinaryIO, path: Path, limits: SizeLimits) -> LayerStack:
    from lamina.imaging.formats import ora_reading, pngs
    from lamina.imaging.formats.archive import Archive
    from lamina.imaging.formats.manifest import MANIFEST

    try:
        archive = Archive(file, limits)
        if archive.contains("stack.xml"):
            return ora_reading.read(archive)
        if any(name.split("/")[-1] == MANIFEST for name in archive.names):
            return pngs.read_zip(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            f"{str(path)!r} is corrupt or truncated: its compressed data cannot be unpacked.",
            "Export or download it again.",
        ) from error
    raise _not_a_stack(path, f"it contains neither stack.xml nor {MANIFEST}")


def _not_a_stack(path: Path, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"{str(path)!r} is not a layered file of a supported format: {reason}.",
        "Use a .psd, .ora or .zip file, or a folder that Lamina wrote.",
    )
