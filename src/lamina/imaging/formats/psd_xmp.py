"""Attributes without an equivalent in Photoshop, stored as XMP: kinds, text lines and styles, truncated names."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any, TypedDict

from lamina.core.layers import Group, Layer, LayerStack
from lamina.imaging.formats.provenance_records import StackProvenance, parse_provenance, stack_record
from lamina.imaging.formats.records import FORMAT, render_text
from lamina.imaging.formats.style_records import render_style
from lamina.imaging.metadata import metadata_of_stack, render_xmp
from lamina.imaging.read_errors import CorruptFileError

_NAMESPACE = "urn:lamina:layers:1"
_VERSION = 1
# Photoshop rewrites XMP on saving: as an element or an attribute, possibly with another prefix.
_ELEMENT = re.compile(r"<(\w+):layers>(.*?)</\1:layers>|\w+:layers=\"(.*?)\"", re.DOTALL)


class GroupXmp(TypedDict, total=False):
    """The attributes of a group. `name`: the full name if Photoshop shows the truncated name `shown`."""

    kind: str
    name: str
    shown: str


class LayerXmp(GroupXmp, total=False):
    """The attributes of a layer: those of a group, and text."""

    text: Any
    style: Any


@dataclass(frozen=True, slots=True)
class StackXmp:
    """The attributes of layers and groups by their ids.

    `groups`: None in files of Lamina 0.3 and older, whose only folders are those named `RUN_OF_TEXT` around text layers
    that follow each other, and those of a text layer with its type layers.
    """

    layers: Mapping[str, LayerXmp]
    groups: Mapping[str, GroupXmp] | None
    provenance: StackProvenance = field(default_factory=StackProvenance)


RUN_OF_TEXT = "Text"


def render_layer_xmp(
    stack: LayerStack, layers: Mapping[int, tuple[Layer, str]], groups: Mapping[int, tuple[Group, str]]
) -> bytes:
    """The XMP packet of a stack. `layers`, `groups`: those of the stack by their ids, with the names that are shown."""
    metadata = {
        "format": FORMAT,
        "version": _VERSION,
        "layers": {str(number): _layer_xmp(layer, shown) for number, (layer, shown) in layers.items()},
        "groups": {str(number): _group_xmp(group, shown) for number, (group, shown) in groups.items()},
        **stack_record(stack),
    }
    more = f"<lamina:layers>{escape(json.dumps(metadata), quote=False)}</lamina:layers>"
    return render_xmp(metadata_of_stack(stack), more, {"lamina": _NAMESPACE})


def _layer_xmp(layer: Layer, shown: str) -> LayerXmp:
    attributes: LayerXmp = {**_group_xmp(layer, shown)}
    if layer.text:
        attributes["text"] = render_text(layer.text)
    if layer.style is not None:
        attributes["style"] = render_style(layer.style)
    return attributes


def _group_xmp(item: Layer | Group, shown: str) -> GroupXmp:
    attributes: GroupXmp = {"kind": item.kind.value}
    return attributes if item.name == shown else {**attributes, "name": item.name, "shown": shown}


def parse_layer_xmp(packet: bytes) -> StackXmp | None:
    """The attributes; None for the XMP of another program. Raises ValueError if those of Lamina are corrupt."""
    text = packet.decode("utf-8", "replace")
    if _NAMESPACE not in text:
        return None
    match = _ELEMENT.search(text)
    metadata = json.loads(unescape(match[2] or match[3])) if match else {}
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT or metadata.get("version") != _VERSION:
        raise CorruptFileError("its XMP layer attributes have an unknown version")
    layers, groups = metadata["layers"], metadata.get("groups")
    if not all(isinstance(item.get("name", ""), str) for item in (*layers.values(), *(groups or {}).values())):
        raise CorruptFileError("a layer name in its XMP is not a string")
    return StackXmp(layers, groups, parse_provenance(metadata.get("provenance")))
