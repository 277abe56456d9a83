"""The file formats that a stack can be written to, and how a path says which one is meant."""

from enum import Enum
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError


class Format(Enum):
    """A file format: its name for people, its endings, and the most pixels that a side may have."""

    PSD = ("Photoshop", (".psd",), 30_000)
    ORA = ("OpenRaster", (".ora",), 1 << 20)
    PPTX = ("PowerPoint", (".pptx",), 1 << 20)
    SVG = ("SVG", (".svg",), 1 << 20)
    TIFF = ("multi-page TIFF", (".tif", ".tiff"), 1 << 20)
    WEBP = ("animated WebP", (".webp",), 16_383)
    ZIP = ("ZIP of PNGs", (".zip",), 1 << 20)
    FOLDER = ("folder of PNGs", ("/",), 1 << 20)
    PNG = ("flat PNG", (".png",), 1 << 20)

    def __init__(self, label: str, endings: tuple[str, ...], longest_side: int) -> None:
        self.label = label
        self.endings = endings
        self.longest_side = longest_side

    def check_fits(self, width: int, height: int) -> None:
        """Raises `LaminaError` (output_too_large) if the format cannot hold a canvas of that size in pixels."""
        if max(width, height) > self.longest_side:
            raise LaminaError(
                ErrorCode.OUTPUT_TOO_LARGE,
                f"A {self.label} file holds {self.longest_side} pixels a side, and these are {width} x {height}.",
                "Write .ora, .zip or a folder instead.",
            )


def format_of(path: str | Path) -> Format:
    """What a path asks for by its ending; one that ends in "/", or an existing folder, is a folder of PNGs.

    Raises `LaminaError` (output_unknown_format) that lists the endings.
    """
    if str(path).endswith(("/", "\\")):
        return Format.FOLDER
    ending = Path(path).suffix.lower()
    for known in Format:
        if ending in known.endings:
            return known
    if str(path) and Path(path).is_dir():
        return Format.FOLDER
    raise LaminaError(
        ErrorCode.OUTPUT_UNKNOWN_FORMAT,
        f"{str(path)!r} ends in {ending!r}, which is no known format." if ending else f"{str(path)!r} has no ending.",
        f"Use {', '.join(ending for known in Format for ending in known.endings if ending != '/')}, "
        'or a path that ends in "/" for a folder of PNGs.',
    )
