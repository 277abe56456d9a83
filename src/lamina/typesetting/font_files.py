"""Opens a font file that a user gives, which is not installed: TrueType, OpenType, WOFF and WOFF2."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.selections import MAX_NAME_LENGTH
from lamina.typesetting.installed import FontFile, NamedFace, weight_axis

MAX_BYTES = 20 << 20
_MAX_UNPACKED_BYTES = 100 << 20
_PLAIN, _PACKED, _COLLECTION = (b"\0\1\0\0", b"OTTO", b"true"), (b"wOFF", b"wOF2"), b"ttcf"
_HEAD_BYTES = 20
_USUAL_PX = 16
_FORMATS = "Give a TrueType, OpenType, WOFF or WOFF2 file."
_FAULTS = (
    OSError,
    ValueError,
    OverflowError,
    MemoryError,
    SystemError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow and FreeType raise for damaged fonts, and for letters of absurd sizes."""


@dataclass(frozen=True, slots=True)
class GivenFont:
    """A font of a user. `weights`: the lowest and the highest of a variable font with such an axis, else None."""

    face: NamedFace
    weights: tuple[int, int] | None

    @property
    def family(self) -> str:
        return self.face.family

    def at_weight(self, weight: int) -> FontFile:
        """The font at a weight as in CSS, if it has a weight axis, else as it is."""
        return replace(self.face.file, weight=weight) if self.weights is not None else self.face.file


def open_font(path: Path) -> GivenFont:
    """Raises `LaminaError`: input_too_large, input_corrupt, task_invalid (a collection, not a font)."""
    _check_head(path)
    file = FontFile(path, 0)
    with font_faults():
        font = file.at(_USUAL_PX)
        family, style = font.getname()
        axis = weight_axis(font)
    face = NamedFace(file, _printable(family) or "Font", _printable(style), is_variable=axis is not None)
    return GivenFont(face, axis)


@contextmanager
def font_faults() -> Generator[None]:
    """Turns what a damaged font raises where it is opened and drawn with into input_corrupt."""
    try:
        yield
    except _FAULTS as error:
        raise LaminaError(
            ErrorCode.INPUT_CORRUPT,
            "The font cannot be used: it is damaged, or has no outlines that can be scaled.",
            "Export or download it again, or give another font.",
        ) from error


def check_size(size: int) -> None:
    """Raises `LaminaError` (input_too_large). `size`: bytes."""
    if size > MAX_BYTES:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"The font has {size:,} bytes; the limit is {MAX_BYTES:,}.",
            "Give a font with fewer letters, such as a subset of it.",
        )


def _check_head(path: Path) -> None:
    try:
        check_size(path.stat().st_size)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise LaminaError(ErrorCode.INPUT_NOT_FOUND, f"There is no font {str(path)!r}.", "Check the name.") from None
    except OSError as error:
        raise LaminaError(
            ErrorCode.INPUT_UNREADABLE, f"The font {str(path)!r} cannot be read: {error.strerror}.", "Check it."
        ) from error
    kind = head[4:8] if head[:4] in _PACKED else head[:4]
    if kind == _COLLECTION:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            "The font file is a collection of several fonts.",
            "Extract one of them, and give that file.",
        )
    if kind not in _PLAIN:
        raise LaminaError(ErrorCode.TASK_INVALID, "The file is not a font that can be scaled.", _FORMATS)
    if head[:4] in _PACKED and int.from_bytes(head[16:20], "big") > _MAX_UNPACKED_BYTES:
        raise LaminaError(
            ErrorCode.INPUT_TOO_LARGE,
            f"The font has more than {_MAX_UNPACKED_BYTES:,} bytes when it is unpacked.",
            "Give a font with fewer letters, such as a subset of it.",
        )


def _printable(name: str | None) -> str:
    return "".join(letter for letter in name or "" if letter.isprintable()).strip()[:MAX_NAME_LENGTH]
