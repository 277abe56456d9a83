"""What a Photoshop file has no place for, kept in its XMP: kinds, lines of text, and names that had to be shortened."""

import json
import re
from html import escape, unescape
from typing import Any

from lamina.core.layers import LayerStack
from lamina.document.formats.records import FORMAT, VERSION, render_text

_NAMESPACE = "urn:lamina:layers:1"
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:lamina="{namespace}">'
    "<lamina:layers>{facts}</lamina:layers></rdf:Description></rdf:RDF></x:xmpmeta>\n"
    '<?xpacket end="w"?>'
)
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
    return _PACKET.format(namespace=_NAMESPACE, facts=escape(facts, quote=False)).encode()


def parse_facts(packet: bytes) -> dict[str, dict[str, Any]] | None:
    """Facts by layer id; None for the XMP of another program. ValueError if ours is damaged."""
    text = packet.decode("utf-8", "replace")
    if _NAMESPACE not in text:
        return None
    found = _ELEMENT.search(text)
    facts = json.loads(unescape(found[2] or found[3])) if found else {}
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or facts.get("version") != VERSION:
        raise ValueError("the notes on its layers are of another version")
    if not all(isinstance(layer.get("name", ""), str) for layer in facts["layers"].values()):
        raise TypeError("a name is not a string")
    return facts["layers"]
