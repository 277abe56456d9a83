"""What a file tells about its making: program, engine, weights, seed, words, and that a model made it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from html import escape
from importlib import metadata

from lamina.core.layers import LayerStack
from lamina.core.provenance import Provenance
from lamina.imaging.names import presentable

PNG_KEYWORD = "lamina"
_MOST_PROMPT_CHARACTERS = 8000  # a JPEG has room for an XMP packet of 65,502 bytes
_NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "made": "urn:lamina:making:1",
}


class SourceType(StrEnum):
    """How a picture came about, in the words of IPTC (https://cv.iptc.org/newscodes/digitalsourcetype/)."""

    GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True)
class Making:
    """What a file tells. `source`: None where no model had a hand in it; what is empty or None is left out."""

    source: SourceType | None = None
    engine: str = ""
    model: str = ""
    checkpoint: str = ""
    seed: int | None = None
    prompt: str = ""


def making_of(
    made: Provenance, source: SourceType, *, model: str = "", number: int = 0, has_prompt: bool = True
) -> Making:
    """How the picture `number` (from 0) of a request was made: its seed is so many after the first.

    `model`: its name in the catalog. `has_prompt`: False leaves the words out of the file.
    """
    seed = None if made.seed is None else (made.seed + number) % 2**64
    return Making(source, made.engine, model, made.checkpoint, seed, made.prompt if has_prompt else "")


def making_of_stack(stack: LayerStack) -> Making:
    """A stack that a model took apart is partly made up: what was hidden behind things."""
    return Making() if stack.made is None else making_of(stack.made, SourceType.EDITED)


@cache
def software() -> str:
    """ "Lamina 1.2.3"; without the number where the package is not installed."""
    try:
        return f"Lamina {metadata.version('lamina')}"
    except metadata.PackageNotFoundError:
        return "Lamina"


def render_json(making: Making) -> str:
    """One line, ASCII."""
    facts = {
        "software": software(),
        "engine": making.engine,
        "model": making.model,
        "checkpoint": making.checkpoint,
        "seed": making.seed,
        "prompt": _shortened(making.prompt),
    }
    return json.dumps({name: value for name, value in facts.items() if value not in ("", None)})


def render_xmp(making: Making, more: str = "", namespaces: Mapping[str, str] | None = None) -> bytes:
    """An XMP packet (ISO 16684-1). `more`: further properties as RDF/XML, of the `namespaces` by prefix."""
    declared = " ".join(f'xmlns:{prefix}="{url}"' for prefix, url in (_NAMESPACES | dict(namespaces or {})).items())
    facts = {
        "xmp:CreatorTool": software(),
        "Iptc4xmpExt:DigitalSourceType": making.source or "",
        "made:engine": making.engine,
        "made:model": making.model,
        "made:checkpoint": making.checkpoint,
        "made:seed": "" if making.seed is None else str(making.seed),
        "made:prompt": _shortened(making.prompt),
    }
    properties = "".join(f"<{name}>{escape(presentable(value))}</{name}>" for name, value in facts.items() if value)
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared}>{more}{properties}</rdf:Description></rdf:RDF></x:xmpmeta>\n'
        '<?xpacket end="w"?>'
    )
    return packet.encode()


def png_texts(making: Making) -> dict[str, str]:
    """Text chunks by keyword (PNG specification, 11.3.3; XMP specification part 3, 1.1.5)."""
    return {
        "Software": software(),
        PNG_KEYWORD: render_json(making),
        "XML:com.adobe.xmp": render_xmp(making).decode(),
    }


def _shortened(prompt: str) -> str:
    return prompt if len(prompt) <= _MOST_PROMPT_CHARACTERS else prompt[: _MOST_PROMPT_CHARACTERS - 1] + "…"
