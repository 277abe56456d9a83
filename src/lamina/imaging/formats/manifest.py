"""Writes and parses manifest.json, which describes the PNGs of a stack, lowest layer first."""

import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from lamina.core.layers import BlendMode, Box, Layer, LayerKind, LayerStack, Pixels, TextLine
from lamina.core.text_styles import TextStyle
from lamina.imaging.formats.records import (
    FORMAT,
    VERSION,
    parse_integer,
    parse_opacity,
    parse_text,
    quoted,
    render_opacity,
    render_text,
)
from lamina.imaging.formats.style_records import parse_style, render_style
from lamina.imaging.layer_names import slug
from lamina.imaging.read_errors import InvalidContentError

MANIFEST = "manifest.json"
_Name = TypeVar("_Name", bound=StrEnum)
_MAX_COORDINATE = 1 << 24
_FILE_NAME = re.compile(r"[^/\\\0]{1,255}")


def file_names(stack: LayerStack) -> list[str]:
    """The name of the PNG of each layer, lowest first: 00-background.png, 01-headline-summer-sale.png."""
    digits = max(2, len(str(len(stack) - 1)))
    return [f"{index:0{digits}}-{slug(layer.name, layer.kind.value)}.png" for index, layer in enumerate(stack)]


def render_manifest(stack: LayerStack) -> bytes:
    """The manifest of a stack whose PNGs have the names of `file_names`."""
    layers = [
        {
            "file": file,
            "name": layer.name,
            "kind": layer.kind.value,
            "bbox": list(layer.box),
            "opacity": render_opacity(layer.opacity),
            "visible": not layer.is_hidden,
            "locked": layer.is_locked,
            "blend": layer.blend.value,
            "text": render_text(layer.text),
            **({} if layer.style is None else {"style": render_style(layer.style)}),
        }
        for layer, file in zip(stack, file_names(stack), strict=True)
    ]
    manifest = {"format": FORMAT, "version": VERSION, "width": stack.width, "height": stack.height, "layers": layers}
    try:
        return json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:  # a lone surrogate in a name
        return json.dumps(manifest, indent=1).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The entry of a layer. `file`: the name of its PNG in the folder of the manifest."""

    file: str
    name: str
    kind: LayerKind
    box: Box
    opacity: int
    is_hidden: bool
    is_locked: bool
    blend: BlendMode
    text: tuple[TextLine, ...]
    style: TextStyle | None

    def layer(self, pixels: Pixels) -> Layer:
        """The layer with its pixels. Raises `InvalidContentError` if their size is not that of the entry."""
        left, top, width, height = self.box
        if (height, width) != pixels.shape[:2]:
            size = f"{pixels.shape[1]} x {pixels.shape[0]}"
            raise InvalidContentError(f"{self.file!r} is {size} pixels, but its {MANIFEST} gives {width} x {height}")
        return Layer(
            name=self.name,
            kind=self.kind,
            pixels=pixels,
            left=left,
            top=top,
            opacity=self.opacity,
            is_hidden=self.is_hidden,
            is_locked=self.is_locked,
            blend=self.blend,
            text=self.text,
            style=self.style,
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The canvas in pixels and the layers, lowest first."""

    width: int
    height: int
    entries: tuple[Entry, ...]


def parse_manifest(data: bytes) -> Manifest:
    """Parses a manifest. Raises `InvalidContentError` if it is not valid."""
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidContentError(f"its {MANIFEST} is not valid JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidContentError(f"its {MANIFEST} was not written by Lamina")
    if manifest.get("version") != VERSION:
        raise InvalidContentError(
            f"its {MANIFEST} has version {quoted(manifest.get('version'))}, but Lamina supports {VERSION}"
        )
    with _error_context("the canvas"):
        width, height = (parse_integer(manifest[side], 1, _MAX_COORDINATE) for side in ("width", "height"))
    layers = manifest.get("layers")
    if not isinstance(layers, list):
        raise InvalidContentError(f"its {MANIFEST} has no list of layers")
    return Manifest(width, height, tuple(_parse_entry(index, entry) for index, entry in enumerate(layers)))


def _parse_entry(index: int, entry: Any) -> Entry:
    with _error_context(f"layer {index}"):
        return Entry(
            file=_file_name(entry["file"]),
            name=_string(entry["name"]),
            kind=_enum_value(LayerKind, entry["kind"]),
            box=_box(entry["bbox"]),
            opacity=parse_opacity(entry["opacity"]),
            is_hidden=not _boolean(entry["visible"]),
            is_locked=_boolean(entry.get("locked", False)),
            blend=_enum_value(BlendMode, entry.get("blend", BlendMode.NORMAL.value)),
            text=parse_text(entry.get("text", ())),
            style=parse_style(entry.get("style")),
        )


def _file_name(value: Any) -> str:
    name = _string(value)
    if not _FILE_NAME.fullmatch(name) or name in (".", "..", MANIFEST):
        raise InvalidContentError(f"{quoted(name)} is not the name of an image in the same folder")
    return name


def _box(value: Any) -> Box:
    if not isinstance(value, list) or len(value) != 4:
        raise InvalidContentError(f"{quoted(value)} is not a box of x, y, width and height")
    left, top = (parse_integer(side, -_MAX_COORDINATE, _MAX_COORDINATE) for side in value[:2])
    width, height = (parse_integer(side, 1, _MAX_COORDINATE) for side in value[2:])
    return left, top, width, height


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidContentError(f"{quoted(value)} is not a string")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidContentError(f"{quoted(value)} is neither true nor false")
    return value


def _enum_value(names: type[_Name], value: Any) -> _Name:
    if not isinstance(value, str) or value not in list(names):
        raise InvalidContentError(f"{quoted(value)} is not one of {', '.join(names)}")
    return names(value)


@contextmanager
def _error_context(part: str) -> Generator[None]:
    """Prefixes errors with the part of the manifest that they are about."""
    try:
        yield
    except KeyError as error:
        raise InvalidContentError(f"in its {MANIFEST}, {part} lacks {error.args[0]!r}") from None
    except ValueError as error:
        raise InvalidContentError(f"in its {MANIFEST}, {part}: {error}") from None
    except (TypeError, AttributeError):
        raise InvalidContentError(f"in its {MANIFEST}, {part} has an invalid structure") from None
