"""The file formats that a layer stack can be saved in, and the file extensions that select them."""

from enum import Enum
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError


class StackFormat(Enum):
    """A file format: display name, file extensions and largest side in pixels."""

    PSD = ("Photoshop", (".psd",), 30_000)
    ORA = ("OpenRaster", (".ora",), 1 << 20)
    PPTX = ("PowerPoint", (".pptx",), 1 << 20)
    SVG = ("SVG", (".svg",), 1 << 20)
    TIFF = ("multi-page TIFF", (".tif", ".tiff"), 1 << 20)
    WEBP = ("animated WebP", (".webp",), 16_383)
    ZIP = ("ZIP of PNGs", (".zip",), 1 << 20)
    FOLDER = ("folder of PNGs", ("/",), 1 << 20)
    PNG = ("flat PNG", (".png",), 1 << 20)

    def __init__(self, label: str, extensions: tuple[str, ...], max_side: int) -> None:
        self.label = label
        self.extensions = extensions
        self.max_side = max_side

    def check_fits(self, width: int, height: int) -> None:
        """Raises `LaminaError` (output_too_large) if the format does not support a canvas of that size in pixels."""
        if max(width, height) > self.max_side:
            raise LaminaError(
                ErrorCode.OUTPUT_TOO_LARGE,
                f"The format {self.label} allows at most {self.max_side} pixels per side; this canvas is "
                f"{width} x {height} pixels.",
                "Save it as .ora, as .zip or to a folder instead.",
            )


def stack_format_of(path: str | Path) -> StackFormat:
    """The format for the extension of a path; a path that ends in "/", and an existing folder, select a folder of PNGs.

    Raises `LaminaError` (output_unknown_format).
    """
    if str(path).endswith(("/", "\\")):
        return StackFormat.FOLDER
    extension = Path(path).suffix.lower()
    for stack_format in StackFormat:
        if extension in stack_format.extensions:
            return stack_format
    if str(path) and Path(path).is_dir():
        return StackFormat.FOLDER
    extensions = ", ".join(name for known_format in StackFormat for name in known_format.extensions if name != "/")
    raise LaminaError(
        ErrorCode.OUTPUT_UNKNOWN_FORMAT,
        f"{str(path)!r} has the unknown extension {extension!r}." if extension else f"{str(path)!r} has no extension.",
        f'Use {extensions}, or a path that ends in "/" for a folder of PNGs.',
    )
