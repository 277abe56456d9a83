"""Layer attributes without an equivalent in Photoshop, stored as XMP: kinds, text lines and styles, truncated names."""

import json
import re
from html import escape, unescape
from typing import Any, TypedDict

from lamina.core.layers import LayerStack
from lamina.imaging.formats.records import FORMAT, VERSION, render_text
from lamina.imaging.formats.style_records import render_style
from lamina.imaging.metadata import metadata_of_stack, render_xmp
from lamina.imaging.read_errors import CorruptFileError

_NAMESPACE = "urn:lamina:layers:1"
# Photoshop rewrites XMP on saving: as an element or an attribute, possibly with another prefix.
_ELEMENT = re.compile(r"<(\w+):layers>(.*?)</\1:layers>|\w+:layers=\"(.*?)\"", re.DOTALL)


class LayerXmp(TypedDict, total=False):
    """The attributes of a layer. `name`: the full name if Photoshop shows the truncated name `shown`."""

    kind: str
    text: Any
    style: Any
    name: str
    shown: str


def render_layer_xmp(stack: LayerStack, shown_names: dict[int, str]) -> bytes:
    """The XMP packet of a stack whose layers have the ids 1, 2, ... from the lowest."""
    layers: dict[str, LayerXmp] = {}
    for number, layer in enumerate(stack, 1):
        layers[str(number)] = {"kind": layer.kind.value}
        if layer.text:
            layers[str(number)]["text"] = render_text(layer.text)
        if layer.style is not None:
            layers[str(number)]["style"] = render_style(layer.style)
        if layer.name != shown_names[number]:
            layers[str(number)] |= {"name": layer.name, "shown": shown_names[number]}
    metadata = json.dumps({"format": FORMAT, "version": VERSION, "layers": layers})
    more = f"<lamina:layers>{escape(metadata, quote=False)}</lamina:layers>"
    return render_xmp(metadata_of_stack(stack), more, {"lamina": _NAMESPACE})


def parse_layer_xmp(packet: bytes) -> dict[str, LayerXmp] | None:
    """Attributes by layer id; None for the XMP of another program. Raises ValueError if those of Lamina are corrupt."""
    text = packet.decode("utf-8", "replace")
    if _NAMESPACE not in text:
        return None
    match = _ELEMENT.search(text)
    metadata = json.loads(unescape(match[2] or match[3])) if match else {}
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT or metadata.get("version") != VERSION:
        raise CorruptFileError("its XMP layer attributes have an unknown version")
    if not all(isinstance(layer.get("name", ""), str) for layer in metadata["layers"].values()):
        raise CorruptFileError("a layer name in its XMP is not a string")
    return metadata["layers"]
