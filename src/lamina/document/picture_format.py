"""Tells what kind of file some bytes are by how they begin, whatever the file is called."""

from dataclasses import dataclass

HEAD_BYTES = 512  # more than any signature below looks at


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file. `name`: Pillow's name if `is_readable`, else words for a message, with their article."""

    name: str
    is_readable: bool = True


def format_of_bytes(head: bytes) -> FileKind | None:
    """What a file that begins with `head` is; None if it is nothing known."""
    if head[4:8] == b"ftyp":
        return _format_of_brands(head)
    if head[:4] == b"RIFF":
        return FileKind("WEBP") if head[8:12] == b"WEBP" else None
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    return FileKind("an SVG drawing", is_readable=False) if b"<svg" in head[:HEAD_BYTES].lower() else None


def _format_of_brands(head: bytes) -> FileKind:
    """ISO base media files list their brands in the first box: the major one, a version, the compatible ones."""
    brands = head[8 : max(16, min(int.from_bytes(head[:4], "big"), HEAD_BYTES))]
    if b"avif" in brands or b"avis" in brands:
        return FileKind("AVIF")
    if any(brand in brands for brand in (b"heic", b"heix", b"hevc", b"mif1")):
        return FileKind("a HEIC picture", is_readable=False)
    return FileKind("a film", is_readable=False)


_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", FileKind("PNG")),
    (b"\xff\xd8\xff", FileKind("JPEG")),
    (b"GIF87a", FileKind("GIF")),
    (b"GIF89a", FileKind("GIF")),
    (b"BM", FileKind("BMP")),
    (b"II*\0", FileKind("TIFF")),
    (b"MM\0*", FileKind("TIFF")),
    (b"II+\0", FileKind("TIFF")),
    (b"MM\0+", FileKind("TIFF")),
    (b"8BPS", FileKind("a Photoshop document", is_readable=False)),
    (b"%PDF", FileKind("a PDF", is_readable=False)),
    (b"gimp xcf", FileKind("a GIMP document", is_readable=False)),
    (b"\xff\x0a", FileKind("a JPEG XL picture", is_readable=False)),
    (b"\0\0\0\x0cJXL ", FileKind("a JPEG XL picture", is_readable=False)),
    (b"\0\0\0\x0cjP  ", FileKind("a JPEG 2000 picture", is_readable=False)),
    (b"PK\x03\x04", FileKind("a ZIP archive", is_readable=False)),
)
