"""manifest.json beside the PNGs of a stack: what each file is and where it goes, lowest layer first."""

import json
from typing import Any

from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack, Pixels
from lamina.document.formats.records import (
    FORMAT,
    VERSION,
    parse_integer,
    parse_opacity,
    parse_text,
    render_opacity,
    render_text,
)
from lamina.document.names import slug

MANIFEST = "manifest.json"
_FARTHEST_PX = 1 << 24


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


def parse_manifest(data: bytes) -> dict[str, Any]:
    """The manifest as JSON. ValueError if it is none of ours."""
    manifest = json.loads(data)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"its {MANIFEST} is not one of Lamina")
    if manifest.get("version") != VERSION:
        raise ValueError(f"its {MANIFEST} has version {manifest.get('version')!r}, and this Lamina knows {VERSION}")
    for side in ("width", "height"):
        parse_integer(manifest[side], 1, _FARTHEST_PX)
    if any("/" in entry["file"] or "\\" in entry["file"] for entry in manifest["layers"]):
        raise ValueError(f"its {MANIFEST} names a file elsewhere")
    return manifest


def parse_layer(entry: dict[str, Any], pixels: Pixels) -> Layer:
    """One layer of the manifest with its picture. ValueError, TypeError or KeyError if they do not fit together."""
    left, top, width, height = (parse_integer(side, -_FARTHEST_PX, _FARTHEST_PX) for side in entry["bbox"])
    if (height, width) != pixels.shape[:2]:
        raise ValueError(f"{entry['file']!r} is not of the size that its {MANIFEST} tells")
    if not isinstance(entry["name"], str):
        raise TypeError("a name is not a string")
    return Layer(
        name=entry["name"],
        kind=LayerKind(entry["kind"]),
        pixels=pixels,
        left=left,
        top=top,
        opacity=parse_opacity(entry["opacity"]),
        is_hidden=not entry["visible"],
        is_locked=bool(entry.get("locked", False)),
        blend=BlendMode(entry.get("blend", BlendMode.NORMAL)),
        text=parse_text(entry.get("text", ())),
    )
