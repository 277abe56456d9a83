"""Writes and parses manifest.json, which describes the PNGs and the groups of a stack, lowest layer first."""

import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from lamina.core.layers import (
    MAX_GROUP_DEPTH,
    BlendMode,
    Box,
    Group,
    Layer,
    LayerKind,
    LayerStack,
    Pixels,
    TextLine,
    separated_member,
)
from lamina.core.text_styles import TextStyle
from lamina.imaging.formats.provenance_records import StackProvenance, parse_provenance, stack_record
from lamina.imaging.formats.records import (
    FORMAT,
    parse_integer,
    parse_opacity,
    parse_text,
    quoted,
    render_groups,
    render_opacity,
    render_text,
)
from lamina.imaging.formats.style_records import parse_style, render_style
from lamina.imaging.layer_names import slug
from lamina.imaging.read_errors import InvalidContentError

MANIFEST = "manifest.json"
_VERSION = 2
_READ_VERSIONS = (1, 2)  # the first has no groups
_Name = TypeVar("_Name", bound=StrEnum)
_MAX_COORDINATE = 1 << 24
_MAX_GROUPS = 10_000
_FILE_NAME = re.compile(r"[^/\\\0]{1,255}")


def file_names(stack: LayerStack) -> list[str]:
    """The name of the PNG of each layer, lowest first: 00-background.png, 01-headline-summer-sale.png."""
    digits = max(2, len(str(len(stack) - 1)))
    return [f"{index:0{digits}}-{slug(layer.name, layer.kind.value)}.png" for index, layer in enumerate(stack)]


def render_manifest(stack: LayerStack) -> bytes:
    """The manifest of a stack whose PNGs have the names of `file_names`."""
    groups, group_of_layer = render_groups(stack.layers)
    layers = [
        {
            "file": file,
            "name": layer.name,
            "kind": layer.kind.value,
            "group": group,
            "bbox": list(layer.box),
            "opacity": render_opacity(layer.opacity),
            "visible": not layer.is_hidden,
            "locked": layer.is_locked,
            "blend": layer.blend.value,
            "text": render_text(layer.text),
            **({} if layer.style is None else {"style": render_style(layer.style)}),
        }
        for layer, file, group in zip(stack, file_names(stack), group_of_layer, strict=True)
    ]
    manifest = {
        "format": FORMAT,
        "version": _VERSION,
        "width": stack.width,
        "height": stack.height,
        "groups": groups,
        "layers": layers,
        **stack_record(stack),
    }
    try:
        return json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:  # a lone surrogate in a name
        return json.dumps(manifest, indent=1).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The entry of a layer. `file`: the name of its PNG in the folder of the manifest.

    `groups`: those that contain the layer, outermost first.
    """

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
    groups: tuple[Group, ...]

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
            groups=self.groups,
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """The canvas in pixels, the layers, lowest first, and the names of groups without layers."""

    width: int
    height: int
    entries: tuple[Entry, ...]
    empty_groups: tuple[str, ...]
    provenance: StackProvenance = field(default_factory=StackProvenance)


def parse_manifest(data: bytes) -> Manifest:
    """Parses a manifest. Raises `InvalidContentError` if it is not valid."""
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        raise InvalidContentError(f"its {MANIFEST} is not valid JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidContentError(f"its {MANIFEST} was not written by Lamina")
    version = manifest.get("version")
    if version not in _READ_VERSIONS:
        raise InvalidContentError(f"its {MANIFEST} has version {quoted(version)}, but Lamina supports {_VERSION}")
    with _error_context("the canvas"):
        width, height = (parse_integer(manifest[side], 1, _MAX_COORDINATE) for side in ("width", "height"))
    layers = manifest.get("layers")
    if not isinstance(layers, list):
        raise InvalidContentError(f"its {MANIFEST} has no list of layers")
    paths = _parse_groups(manifest.get("groups", [])) if version == _VERSION else None
    entries = tuple(_parse_entry(index, entry, paths) for index, entry in enumerate(layers))
    apart = separated_member([entry.groups for entry in entries])
    if apart is not None:
        raise InvalidContentError(f"in its {MANIFEST}, layer {apart} is not next to the other members of its group")
    filled = {group for entry in entries for group in entry.groups}
    empty = tuple(path[-1].name for path in paths or () if path[-1] not in filled)
    return Manifest(width, height, entries, empty, parse_provenance(manifest.get("provenance")))


def _parse_groups(groups: Any) -> list[tuple[Group, ...]]:
    """Each group with the groups around it, outermost first. Groups precede those in them, so there are no cycles."""
    if not isinstance(groups, list) or len(groups) > _MAX_GROUPS:
        raise InvalidContentError(f"its {MANIFEST} has no list of at most {_MAX_GROUPS} groups")
    paths: list[tuple[Group, ...]] = []
    for index, group in enumerate(groups):
        with _error_context(f"group {index}"):
            around = _path(group["parent"], paths)
            if len(around) >= MAX_GROUP_DEPTH:
                raise InvalidContentError(f"it is in more than {MAX_GROUP_DEPTH - 1} groups")
            paths.append((*around, _parse_group(group)))
    return paths


def _parse_group(group: Any) -> Group:
    return Group(
        name=_string(group["name"]),
        kind=_enum_value(LayerKind, group["kind"]),
        is_hidden=not _boolean(group["visible"]),
        is_locked=_boolean(group["locked"]),
    )


def _path(index: Any, paths: list[tuple[Group, ...]]) -> tuple[Group, ...]:
    """The groups around something in the group of that index, which may be None."""
    if index is None:
        return ()
    if not paths:
        raise InvalidContentError(f"{quoted(index)} is not the index of a group before it")
    return paths[parse_integer(index, 0, len(paths) - 1)]


def _parse_entry(index: int, entry: Any, paths: list[tuple[Group, ...]] | None) -> Entry:
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
            groups=() if paths is None else _path(entry.get("group"), paths),
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
