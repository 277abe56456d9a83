"""Writes a composition as a folder: the flat picture, a manifest and the layers as cropped PNG files."""

import json
import shutil
from pathlib import Path

from lab.compositions.composition import Composition
from lamina.imaging.png import encode_png


def write(composition: Composition, folder: Path) -> None:
    """input.png, manifest.json, and L00.png and so on, bottom first; the layers' composite is the picture exactly.

    The folder appears under its name when it is complete, and replaces one of that name.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    entries: list[dict[str, object]] = []
    for index, layer in enumerate(composition.layers):
        file = f"L{index:02d}.png"
        (partial / file).write_bytes(encode_png(layer.pixels))
        entries.append({"file": file, "name": layer.name, "kind": layer.kind.value, "bbox": list(layer.box)})
    (partial / "input.png").write_bytes(encode_png(composition.picture[..., :3]))
    manifest = {"width": composition.width, "height": composition.height, "layers": entries}
    (partial / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
