"""Which pictures the INPUT arguments mean: files, the pictures in a folder, standard input."""

from collections.abc import Sequence
from pathlib import Path

from lamina.cli.printing import readable
from lamina.core.errors import ErrorCode, LaminaError

STDIN = "-"
PICTURE_ENDINGS = frozenset(
    (".apng", ".avif", ".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
)


def find_pictures(arguments: Sequence[str]) -> tuple[list[str], list[LaminaError]]:
    """The pictures, each once, in the order of the arguments; and the errors of folders that give none.

    Of a folder those files whose ending is a picture's, sorted by name; not those in sub-folders, not hidden ones.
    """
    found: dict[str, str] = {}
    errors: list[LaminaError] = []
    for argument in arguments:
        try:
            pictures = _pictures_in(Path(argument)) if is_folder(argument) else [argument]
        except LaminaError as error:
            errors.append(error)
            continue
        for picture in pictures:
            found.setdefault(picture if picture == STDIN else str(Path(picture).absolute()), picture)
    return list(found.values()), errors


def shown_source(source: str) -> str:
    """The input as people read it."""
    return "standard input" if source == STDIN else readable(source)


def is_folder(argument: str) -> bool:
    try:
        return argument not in ("", STDIN) and Path(argument).is_dir()
    except (OSError, ValueError):  # a name that no file can have: reading it will say so
        return False


def _pictures_in(folder: Path) -> list[str]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE,
            f"The folder {str(folder)!r} cannot be read: {error.strerror}.",
            "Check your permission to read it.",
        ) from None
    pictures = [
        str(entry)
        for entry in entries
        if entry.suffix.lower() in PICTURE_ENDINGS and not entry.name.startswith(".") and _is_to_be_read(entry)
    ]
    if not pictures:
        raise LaminaError(
            ErrorCode.INPUT_NOT_FOUND,
            f"The folder {str(folder)!r} holds no pictures.",
            "Name a folder with PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF files; sub-folders are not searched.",
        )
    return pictures


def _is_to_be_read(entry: Path) -> bool:
    """Files, and links that lead nowhere: reading those says so."""
    return entry.is_file() or (entry.is_symlink() and not entry.exists())
