"""What a Photoshop file has no place for, kept in its XMP: kinds, lines of text, and names that had to be shortened."""

import json
import re
from html import escape, unescape
from typing import Any

from lamina.core.layers import LayerStack
from lamina.imaging.formats.records import FORMAT, VERSION, render_text
from lamina.imaging.metadata import metadata_of_stack, render_xmp
from lamina.imaging.read_errors import CorruptFileError

_NAMESPACE = "urn:lamina:layers:1"
# Photoshop writes XMP anew on saving: as an element or as an attribute, and it may choose another prefix.
_ELEMENT = re.compile(r"<(\w+):layers>(.*?)</\1:layers>|\w+:layers=\"(.*?)\"", re.DOTALL)


def render_facts(stack: LayerStack, shown_names: dict[int, str]) -> bytes:
    """The XMP packet for a stack whose lowest layer has the id 1, the next 2, and so on."""
    layers: dict[str, dict[str, Any]] = {}
    for number, layer in enumerate(stack, 1):
        layers[str(number)] = {"kind": layer.kind.value}
        if layer.text:
            layers[str(number)]["text"] = render_text(layer.text)
        if layer.name != shown_names[number]:
            layers[str(number)] |= {"name": layer.name, "shown": shown_names[number]}
    facts = json.dumps({"format": FORMAT, "version": VERSION, "layers": layers})
    more = f"<lamina:layers>{escape(facts, quote=False)}</lamina:layers>"
    return render_xmp(metadata_of_stack(stack), more, {"lamina": _NAMESPACE})


def parse_facts(packet: bytes) -> dict[str, dict[str, Any]] | None:
    """Facts by layer id; None for the XMP of another program. ValueError if ours is damaged."""
    text = packet.decode("utf-8", "replace")
    if _NAMESPACE not in text:
        return None
    found = _ELEMENT.search(text)
    facts = json.loads(unescape(found[2] or found[3])) if found else {}
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or facts.get("version") != VERSION:
        raise CorruptFileError("the notes on its layers are of another version")
    if not all(isinstance(layer.get("name", ""), str) for layer in facts["layers"].values()):
        raise CorruptFileError("a name in the notes on its layers is not a string")
    return facts["layers"]
