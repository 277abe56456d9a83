"""Detects the type of a file from its signature (magic bytes), independently of its name."""

from dataclasses import dataclass

HEAD_BYTES = 512  # enough for every signature below


@dataclass(frozen=True, slots=True)
class FileType:
    """A file type. `name`: Pillow's name if `is_supported`, else a description with its article for messages."""

    name: str
    is_supported: bool = True


def detect_file_type(head: bytes) -> FileType | None:
    """The type of a file that begins with `head`; None if the signature is unknown."""
    if head[4:8] == b"ftyp":
        return _type_of_iso_media(head)
    if head[:4] == b"RIFF":
        return FileType("WEBP") if head[8:12] == b"WEBP" else None
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    text = head[:HEAD_BYTES].lower()
    if text.lstrip().startswith((b"<!doctype html", b"<html")):
        return _unsupported("a web page")
    return _unsupported("an SVG drawing") if b"<svg" in text else None


def _type_of_iso_media(head: bytes) -> FileType:
    """The type of an ISO base media file, whose first box lists a major brand, a version and compatible brands."""
    brands = head[8 : max(16, min(int.from_bytes(head[:4], "big"), HEAD_BYTES))]
    if b"avif" in brands or b"avis" in brands:
        return FileType("AVIF")
    if any(brand in brands for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")):
        return _unsupported("a HEIC image")
    return _unsupported("a camera raw file") if b"crx " in brands else _unsupported("a video")


def _unsupported(name: str) -> FileType:
    return FileType(name, is_supported=False)


_PNG = b"\x89PNG\r\n\x1a\n"
_SIGNATURES = (
    (_PNG + b"\0\0\0\x04CgBI", _unsupported("a PNG in Apple's CgBI variant")),
    (_PNG, FileType("PNG")),
    (b"\xff\xd8\xff", FileType("JPEG")),
    (b"GIF87a", FileType("GIF")),
    (b"GIF89a", FileType("GIF")),
    (b"BM", FileType("BMP")),
    (b"II*\0", FileType("TIFF")),
    (b"MM\0*", FileType("TIFF")),
    (b"II+\0", FileType("TIFF")),
    (b"MM\0+", FileType("TIFF")),
    (b"8BPS", _unsupported("a Photoshop document")),
    (b"%PDF", _unsupported("a PDF")),
    (b"gimp xcf", _unsupported("a GIMP document")),
    (b"\xff\x0a", _unsupported("a JPEG XL image")),
    (b"\0\0\0\x0cJXL ", _unsupported("a JPEG XL image")),
    (b"\0\0\0\x0cjP  ", _unsupported("a JPEG 2000 image")),
    (b"\xff\x4f\xff\x51", _unsupported("a JPEG 2000 image")),
    (b"II\xbc\x01", _unsupported("a JPEG XR image")),
    (b"\x8aMNG", _unsupported("an MNG animation")),
    (b"\x8bJNG", _unsupported("a JNG image")),
    (b"\0\0\1\0", _unsupported("a Windows icon")),
    (b"\0\0\2\0", _unsupported("a Windows cursor")),
    (b"icns", _unsupported("a macOS icon")),
    (b"\x76\x2f\x31\x01", _unsupported("an OpenEXR image")),
    (b"#?RADIANCE", _unsupported("a Radiance HDR image")),
    (b"DDS ", _unsupported("a DirectDraw surface")),
    (b"qoif", _unsupported("a QOI image")),
    (b"\xc5\xd0\xd3\xc6", _unsupported("an Encapsulated PostScript document")),
    (b"%!PS", _unsupported("a PostScript document")),
    (b"SIMPLE  =", _unsupported("a FITS image")),
    *((f"P{number}{end}".encode(), _unsupported("a Netpbm image")) for number in range(1, 8) for end in "\n\r\t #"),
    (b"IIRO", _unsupported("a camera raw file")),
    (b"IIU\0", _unsupported("a camera raw file")),
    (b"FUJIFILMCCD-RAW", _unsupported("a camera raw file")),
    (b"\x1f\x8b", _unsupported("a gzip archive")),
    (b"Rar!\x1a\x07", _unsupported("a RAR archive")),
    (b"7z\xbc\xaf\x27\x1c", _unsupported("a 7-Zip archive")),
    (b"PK\x03\x04", _unsupported("a ZIP archive")),
)
