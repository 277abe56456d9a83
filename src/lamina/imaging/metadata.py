"""Metadata that output files carry: software, engine, model, checkpoint, seed, prompt and the IPTC source type."""

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from html import escape

from lamina.core.layers import LayerStack
from lamina.core.provenance import Provenance
from lamina.imaging.layer_names import sanitize_name

PNG_KEYWORD = "lamina"
_MAX_PROMPT_CHARACTERS = 8000  # JPEG limits an XMP packet to 65,502 bytes
_NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "made": "urn:lamina:making:1",
}


class SourceType(StrEnum):
    """IPTC digital source types of generated and edited images (https://cv.iptc.org/newscodes/digitalsourcetype/)."""

    GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMetadata:
    """Metadata of one output file; empty fields are not written. `source`: None if no model was involved.

    `edited_by`: the models that have edited layers.
    """

    source: SourceType | None = None
    engine: str = ""
    model: str = ""
    checkpoint: str = ""
    seed: int | None = None
    prompt: str = ""
    edited_by: tuple[str, ...] = ()


def metadata_of(
    made: Provenance, source: SourceType, *, model: str = "", number: int = 0, has_prompt: bool = True
) -> FileMetadata:
    """The metadata of image `number` (from 0) of a request, whose seed is the first seed plus `number`.

    `model`: its name in the catalog. `has_prompt`: False omits the prompt.
    """
    seed = None if made.seed is None else (made.seed + number) % 2**64
    return FileMetadata(
        source=source,
        engine=made.engine,
        model=model,
        checkpoint=made.checkpoint,
        seed=seed,
        prompt=made.prompt if has_prompt else "",
    )


def metadata_of_stack(stack: LayerStack) -> FileMetadata:
    """The metadata of a stack; stacks of models count as edited, since the hidden parts of layers are generated."""
    made = FileMetadata() if stack.made is None else metadata_of(stack.made, SourceType.EDITED)
    if not stack.edited_by:
        return made
    return replace(made, source=SourceType.EDITED, edited_by=stack.edited_by)


@cache
def software() -> str:
    """ "Lamina 1.2.3"; without the version if the package is not installed."""
    try:
        return f"Lamina {importlib.metadata.version('lamina')}"
    except importlib.metadata.PackageNotFoundError:
        return "Lamina"


def render_json(metadata: FileMetadata) -> str:
    """The metadata as one line of ASCII JSON."""
    fields = {
        "software": software(),
        "engine": metadata.engine,
        "model": metadata.model,
        "checkpoint": metadata.checkpoint,
        "seed": metadata.seed,
        "prompt": _shortened(metadata.prompt),
        "edited_by": list(metadata.edited_by) or None,
    }
    return json.dumps({name: value for name, value in fields.items() if value not in ("", None)})


def render_xmp(metadata: FileMetadata, more: str = "", namespaces: Mapping[str, str] | None = None) -> bytes:
    """An XMP packet (ISO 16684-1). `more`: additional properties as RDF/XML; `namespaces`: their URLs by prefix."""
    declared = " ".join(f'xmlns:{prefix}="{url}"' for prefix, url in (_NAMESPACES | dict(namespaces or {})).items())
    fields = {
        "xmp:CreatorTool": software(),
        "Iptc4xmpExt:DigitalSourceType": metadata.source or "",
        "made:engine": metadata.engine,
        "made:model": metadata.model,
        "made:checkpoint": metadata.checkpoint,
        "made:seed": "" if metadata.seed is None else str(metadata.seed),
        "made:prompt": _shortened(metadata.prompt),
        "made:editedBy": ", ".join(metadata.edited_by),
    }
    properties = "".join(f"<{name}>{escape(sanitize_name(value))}</{name}>" for name, value in fields.items() if value)
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared}>{more}{properties}</rdf:Description></rdf:RDF></x:xmpmeta>\n'
        '<?xpacket end="w"?>'
    )
    return packet.encode()


def png_texts(metadata: FileMetadata) -> dict[str, str]:
    """PNG text chunks by keyword (PNG specification, 11.3.3; XMP specification part 3, 1.1.5)."""
    return {
        "Software": software(),
        PNG_KEYWORD: render_json(metadata),
        "XML:com.adobe.xmp": render_xmp(metadata).decode(),
    }


def _shortened(prompt: str) -> str:
    return prompt if len(prompt) <= _MAX_PROMPT_CHARACTERS else prompt[: _MAX_PROMPT_CHARACTERS - 1] + "…"
