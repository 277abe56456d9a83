"""manifest.json beside the PNGs of a stack: what each file is and where it goes, lowest layer first."""

import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from lamina.core.layers import BlendMode, Box, Layer, LayerKind, LayerStack, Pixels, TextLine
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
from lamina.imaging.layer_names import slug
from lamina.imaging.read_errors import InvalidContentError

MANIFEST = "manifest.json"
_Name = TypeVar("_Name", bound=StrEnum)
_FARTHEST_PX = 1 << 24
_PLAIN_NAME = re.compile(r"[^/\\\0]{1,255}")


def file_names(stack: LayerStack) -> list[str]:
    """A PNG's name for each layer, lowest first: 00-background.png, 01-headline-summer-sale.png."""
    digits = max(2, len(str(len(stack) - 1)))
    return [f"{index:0{digits}}-{slug(layer.name, layer.kind.value)}.png" for index, layer in enumerate(stack)]


def render_manifest(stack: LayerStack) -> bytes:
    """The manifest of a stack whose pictures stand under `file_names`."""
    layers = [_render_layer(layer, file) for layer, file in zip(stack, file_names(stack), strict=True)]
    manifest = {"format": FORMAT, "version": VERSION, "width": stack.width, "height": stack.height, "layers": layers}
    try:
        return json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:  # a lone surrogate in a name
        return json.dumps(manifest, indent=1).encode()


def _render_layer(layer: Layer, file: str) -> dict[str, Any]:
    return {
        "file": file,
        "name": layer.name,
        "kind": layer.kind.value,
        "bbox": list(layer.box),
        "opacity": render_opacity(layer.opacity),
        "visible": not layer.is_hidden,
        "locked": layer.is_locked,
        "blend": layer.blend.value,
        "text": render_text(layer.text),
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """A layer as the manifest tells it. `file`: the name of its picture, beside the manifest."""

    file: str
    name: str
    kind: LayerKind
    box: Box
    opacity: int
    is_hidden: bool
    is_locked: bool
    blend: BlendMode
    text: tuple[TextLine, ...]

    def layer(self, pixels: Pixels) -> Layer:
        """The layer with its picture. `InvalidContentError` if that is not of the size that was told."""
        left, top, width, height = self.box
        if (height, width) != pixels.shape[:2]:
            found = f"{pixels.shape[1]} x {pixels.shape[0]}"
            raise InvalidContentError(f"{self.file!r} is {found} pixels, and its {MANIFEST} tells {width} x {height}")
        return Layer(
            self.name, self.kind, pixels, left, top, self.opacity, self.is_hidden, self.is_locked, self.blend, self.text
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The canvas in pixels and the layers, lowest first."""

    width: int
    height: int
    entries: tuple[Entry, ...]


def parse_manifest(data: bytes) -> Manifest:
    """`InvalidContentError` if it is none of ours or not as documented."""
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidContentError(f"its {MANIFEST} is no JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidContentError(f"its {MANIFEST} is not one of Lamina")
    if manifest.get("version") != VERSION:
        raise InvalidContentError(
            f"its {MANIFEST} has version {quoted(manifest.get('version'))}, and this Lamina knows {VERSION}"
        )
    with _named("the canvas"):
        width, height = (parse_integer(manifest[side], 1, _FARTHEST_PX) for side in ("width", "height"))
    layers = manifest.get("layers")
    if not isinstance(layers, list):
        raise InvalidContentError(f"its {MANIFEST} has no list of layers")
    return Manifest(width, height, tuple(_parse_entry(index, entry) for index, entry in enumerate(layers)))


def _parse_entry(index: int, entry: Any) -> Entry:
    with _named(f"layer {index}"):
        return Entry(
            file=_file_name(entry["file"]),
            name=_string(entry["name"]),
            kind=_member(LayerKind, entry["kind"]),
            box=_box(entry["bbox"]),
            opacity=parse_opacity(entry["opacity"]),
            is_hidden=not _switch(entry["visible"]),
            is_locked=_switch(entry.get("locked", False)),
            blend=_member(BlendMode, entry.get("blend", BlendMode.NORMAL.value)),
            text=parse_text(entry.get("text", ())),
        )


def _file_name(value: Any) -> str:
    name = _string(value)
    if not _PLAIN_NAME.fullmatch(name) or name in (".", "..", MANIFEST):
        raise InvalidContentError(f"{quoted(name)} is not the name of a picture beside it")
    return name


def _box(value: Any) -> Box:
    if not isinstance(value, list) or len(value) != 4:
        raise InvalidContentError(f"{quoted(value)} is not a box of x, y, width and height")
    left, top = (parse_integer(side, -_FARTHEST_PX, _FARTHEST_PX) for side in value[:2])
    width, height = (parse_integer(side, 1, _FARTHEST_PX) for side in value[2:])
    return left, top, width, height


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidContentError(f"{quoted(value)} is not a string")
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidContentError(f"{quoted(value)} is neither true nor false")
    return value


def _member(names: type[_Name], value: Any) -> _Name:
    if not isinstance(value, str) or value not in list(names):
        raise InvalidContentError(f"{quoted(value)} is none of {', '.join(names)}")
    return names(value)


@contextmanager
def _named(what: str) -> Generator[None]:
    """Says of which part of the manifest a fault is, in words for a user."""
    try:
        yield
    except KeyError as error:
        raise InvalidContentError(f"in its {MANIFEST}, {what} has no {error.args[0]!r}") from None
    except ValueError as error:
        raise InvalidContentError(f"in its {MANIFEST}, {what}: {error}") from None
    except (TypeError, AttributeError):
        raise InvalidContentError(f"in its {MANIFEST}, {what} is not as documented") from None
