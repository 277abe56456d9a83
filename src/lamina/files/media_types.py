"""Determines the media type of uploads by their first bytes, whatever their names."""

from pathlib import Path

from lamina.imaging.file_signatures import HEAD_BYTES, detect_file_type

UNKNOWN = "application/octet-stream"
SVG = "image/svg+xml"
_MEDIA_TYPES = {
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "GIF": "image/gif",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "WEBP": "image/webp",
    "a Photoshop document": "image/vnd.adobe.photoshop",
    "a PDF": "application/pdf",
    "a ZIP archive": "application/zip",
    "an SVG drawing": SVG,
}


def media_type_of(content: bytes | Path) -> str:
    """`UNKNOWN` for what nothing here reads."""
    if isinstance(content, Path):
        with content.open("rb") as file:
            head = file.read(HEAD_BYTES)
    else:
        head = content[:HEAD_BYTES]
    kind = detect_file_type(head)
    return UNKNOWN if kind is None else _MEDIA_TYPES.get(kind.name, UNKNOWN)


def is_picture(content: bytes) -> bool:
    """Whether it begins as a picture does that can be read."""
    kind = detect_file_type(content[:HEAD_BYTES])
    return kind is not None and kind.is_supported
