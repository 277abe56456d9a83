"""Expansion of the INPUT arguments into pictures: files, the picture files of a folder, standard input."""

from collections.abc import Sequence
from pathlib import Path

from lamina.cli.printing import readable
from lamina.core.errors import ErrorCode, LaminaError

STDIN = "-"
PICTURE_EXTENSIONS = frozenset(
    (".apng", ".avif", ".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
)


def find_pictures(arguments: Sequence[str]) -> tuple[list[str], list[LaminaError]]:
    """The distinct pictures in the order of the arguments, and the errors of folders without pictures.

    A folder stands for the files in it with the extension of a picture, sorted by name, without subfolders and
    hidden files.
    """
    by_path: dict[str, str] = {}
    errors: list[LaminaError] = []
    for argument in arguments:
        try:
            pictures = _pictures_in(Path(argument)) if is_folder(argument) else [argument]
        except LaminaError as error:
            errors.append(error)
            continue
        for picture in pictures:
            by_path.setdefault(picture if picture == STDIN else str(Path(picture).absolute()), picture)
    return list(by_path.values()), errors


def display_name(source: str) -> str:
    """The name of an input in messages."""
    return "standard input" if source == STDIN else readable(source)


def is_folder(argument: str) -> bool:
    try:
        return argument not in ("", STDIN) and Path(argument).is_dir()
    except (OSError, ValueError):  # an invalid file name; reading the file reports it
        return False


def _pictures_in(folder: Path) -> list[str]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE,
            f"The folder {str(folder)!r} cannot be read: {error.strerror}.",
            "Check the permissions of the folder.",
        ) from None
    pictures = [
        str(entry)
        for entry in entries
        if entry.suffix.lower() in PICTURE_EXTENSIONS and not entry.name.startswith(".") and _is_file_or_broken(entry)
    ]
    if not pictures:
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND,
            f"The folder {str(folder)!r} contains no pictures.",
            "Use a folder with PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF files. Subfolders are not searched.",
        )
    return pictures


def _is_file_or_broken(entry: Path) -> bool:
    """True for files and for broken links, which are reported when they are read."""
    return entry.is_file() or (entry.is_symlink() and not entry.exists())
