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
    text = head[:HEAD_BYTES].lower()
    if text.lstrip().startswith((b"<!doctype html", b"<html")):
        return _not_read("a web page")
    return _not_read("an SVG drawing") if b"<svg" in text else None


def _format_of_brands(head: bytes) -> FileKind:
    """ISO base media files list their brands in the first box: the major one, a version, the compatible ones."""
    brands = head[8 : max(16, min(int.from_bytes(head[:4], "big"), HEAD_BYTES))]
    if b"avif" in brands or b"avis" in brands:
        return FileKind("AVIF")
    if any(brand in brands for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")):
        return _not_read("a HEIC picture")
    return _not_read("a camera's raw file") if b"crx " in brands else _not_read("a film")


def _not_read(name: str) -> FileKind:
    return FileKind(name, is_readable=False)


_PNG = b"\x89PNG\r\n\x1a\n"
_SIGNATURES = (
    (_PNG + b"\0\0\0\x04CgBI", _not_read("a PNG in Apple's own variant (CgBI)")),
    (_PNG, FileKind("PNG")),
    (b"\xff\xd8\xff", FileKind("JPEG")),
    (b"GIF87a", FileKind("GIF")),
    (b"GIF89a", FileKind("GIF")),
    (b"BM", FileKind("BMP")),
    (b"II*\0", FileKind("TIFF")),
    (b"MM\0*", FileKind("TIFF")),
    (b"II+\0", FileKind("TIFF")),
    (b"MM\0+", FileKind("TIFF")),
    (b"8BPS", _not_read("a Photoshop document")),
    (b"%PDF", _not_read("a PDF")),
    (b"gimp xcf", _not_read("a GIMP document")),
    (b"\xff\x0a", _not_read("a JPEG XL picture")),
    (b"\0\0\0\x0cJXL ", _not_read("a JPEG XL picture")),
    (b"\0\0\0\x0cjP  ", _not_read("a JPEG 2000 picture")),
    (b"\xff\x4f\xff\x51", _not_read("a JPEG 2000 picture")),
    (b"II\xbc\x01", _not_read("a JPEG XR picture")),
    (b"\x8aMNG", _not_read("an MNG animation")),
    (b"\x8bJNG", _not_read("a JNG picture")),
    (b"\0\0\1\0", _not_read("a Windows icon")),
    (b"\0\0\2\0", _not_read("a Windows cursor")),
    (b"icns", _not_read("a macOS icon")),
    (b"\x76\x2f\x31\x01", _not_read("an OpenEXR picture")),
    (b"#?RADIANCE", _not_read("a Radiance HDR picture")),
    (b"DDS ", _not_read("a DirectDraw surface")),
    (b"qoif", _not_read("a QOI picture")),
    (b"\xc5\xd0\xd3\xc6", _not_read("an Encapsulated PostScript document")),
    (b"%!PS", _not_read("a PostScript document")),
    (b"SIMPLE  =", _not_read("a FITS picture")),
    *((f"P{number}{end}".encode(), _not_read("a Netpbm picture")) for number in range(1, 8) for end in "\n\r\t #"),
    (b"IIRO", _not_read("a camera's raw file")),
    (b"IIU\0", _not_read("a camera's raw file")),
    (b"FUJIFILMCCD-RAW", _not_read("a camera's raw file")),
    (b"\x1f\x8b", _not_read("a gzip archive")),
    (b"Rar!\x1a\x07", _not_read("a RAR archive")),
    (b"7z\xbc\xaf\x27\x1c", _not_read("a 7-Zip archive")),
    (b"PK\x03\x04", _not_read("a ZIP archive")),
)
