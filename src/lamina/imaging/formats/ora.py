"""Writes OpenRaster 0.0.5 (https://www.openraster.org), the format of Krita, MyPaint and GIMP."""

import json
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
from PIL import Image

from lamina.core.composite import composite
from lamina.core.layer_tree import GroupNode, Node, tree_of
from lamina.core.layers import BlendMode, Group, Layer, LayerStack, Pixels
from lamina.imaging.formats.archive import add, add_picture, new_archive
from lamina.imaging.formats.manifest import file_names
from lamina.imaging.formats.provenance_records import stack_record
from lamina.imaging.formats.records import render_opacity, render_text
from lamina.imaging.formats.style_records import render_style
from lamina.imaging.layer_names import display_name, group_display_name
from lamina.imaging.metadata import metadata_of_stack, png_texts

MIMETYPE = b"image/openraster"
NAMESPACE = "urn:lamina:layers:1"
BLENDS: dict[BlendMode, str] = {mode: f"svg:{mode.value}" for mode in BlendMode} | {BlendMode.NORMAL: "svg:src-over"}
_THUMBNAIL_PX = 256


def write(stack: LayerStack, file: BinaryIO) -> None:
    """Writes the stack; `ora_reading.read` restores it."""
    files = [f"data/{name}" for name in file_names(stack)]
    with new_archive(file) as archive:
        add(archive, "mimetype", MIMETYPE)  # must be the first entry, and not compressed
        add(archive, "stack.xml", _render_xml(stack, files), is_compressed=True)
        for name, layer in zip(files, stack, strict=True):
            add_picture(archive, name, layer.pixels)
        flat = composite(stack)
        add_picture(archive, "mergedimage.png", flat, png_texts(metadata_of_stack(stack)))
        add_picture(archive, "Thumbnails/thumbnail.png", _thumbnail(flat))


def _render_xml(stack: LayerStack, files: list[str]) -> bytes:
    attributes = {"version": "0.0.5", "w": str(stack.width), "h": str(stack.height)}
    for name, record in stack_record(stack).items():
        attributes[f"{{{NAMESPACE}}}{name}"] = json.dumps(record)
    image = etree.Element("image", attributes, nsmap={"lamina": NAMESPACE} if len(attributes) > 3 else None)
    _add_nodes(etree.SubElement(image, "stack"), tree_of(stack), files)
    return etree.tostring(image, xml_declaration=True, encoding="UTF-8")


def _add_nodes(parent: Any, nodes: Sequence[Node], files: list[str]) -> None:
    for node in reversed(nodes):
        if isinstance(node, GroupNode):
            element = etree.SubElement(parent, "stack", _group_attributes(node.group), nsmap={"lamina": NAMESPACE})
            _add_nodes(element, node.members, files)
        else:
            attributes = _layer_attributes(node.layer, files[node.index])
            element = etree.SubElement(parent, "layer", attributes, nsmap={"lamina": NAMESPACE})
        element.tail = "\n"


def _group_attributes(group: Group) -> dict[str, str]:
    """The attributes of a nested stack, which passes through: its members blend with the layers below it."""
    attributes = {
        "name": group_display_name(group),
        "isolation": "auto",
        "visibility": "hidden" if group.is_hidden else "visible",
        f"{{{NAMESPACE}}}kind": group.kind.value,
    }
    if group.is_locked:
        attributes["edit-locked"] = "true"
    if group.name != attributes["name"]:
        attributes[f"{{{NAMESPACE}}}name"] = json.dumps(group.name)
    return attributes


def _layer_attributes(layer: Layer, file: str) -> dict[str, str]:
    attributes = {
        "name": display_name(layer.name, layer.kind),
        "src": file,
        "x": str(layer.left),
        "y": str(layer.top),
        "opacity": str(render_opacity(layer.opacity)),
        "visibility": "hidden" if layer.is_hidden else "visible",
        "composite-op": BLENDS[layer.blend],
        f"{{{NAMESPACE}}}kind": layer.kind.value,
    }
    if layer.is_locked:
        attributes["edit-locked"] = "true"
    if layer.text:
        attributes[f"{{{NAMESPACE}}}text"] = json.dumps(render_text(layer.text))
    if layer.style is not None:
        attributes[f"{{{NAMESPACE}}}style"] = json.dumps(render_style(layer.style))
    if layer.name != attributes["name"]:
        attributes[f"{{{NAMESPACE}}}name"] = json.dumps(layer.name)
    return attributes


def _thumbnail(flat: Pixels) -> Pixels:
    image = Image.fromarray(flat)
    image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX), Image.Resampling.BOX, reducing_gap=2)
    return np.asarray(image)
