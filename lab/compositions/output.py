"""Writes a composition as a folder: the flat picture, a manifest and the layers as cropped PNG files."""

import json
from pathlib import Path

from lamina.core.composite import composite
from lamina.core.layers import LayerStack
from lamina.imaging.png import encode_png


def write(stack: LayerStack, folder: Path) -> None:
    """input.png, manifest.json, and L00.png and so on, bottom first; the layers' composite is the picture exactly."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("L*.png"):
        old.unlink()
    entries: list[dict[str, object]] = []
    for index, layer in enumerate(stack):
        file = f"L{index:02d}.png"
        (folder / file).write_bytes(encode_png(layer.pixels))
        entries.append({"file": file, "name": layer.name, "kind": layer.kind.value, "bbox": list(layer.box)})
    (folder / "input.png").write_bytes(encode_png(composite(stack)[..., :3]))
    manifest = {"width": stack.width, "height": stack.height, "layers": entries}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
