"""Writes Photoshop files (PSD): named, cropped layers in pass-through groups, type layers, and the merged image."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import BinaryIO

import numpy as np
from psd_tools.compression import encode_rle
from psd_tools.constants import BlendMode as PsdBlend
from psd_tools.constants import ChannelID, ColorMode, Compression, Resource, SectionDivider, Tag
from psd_tools.psd.color_mode_data import ColorModeData
from psd_tools.psd.header import FileHeader
from psd_tools.psd.image_resources import ImageResource, ImageResources
from psd_tools.psd.layer_and_mask import (
    ChannelData,
    ChannelDataList,
    ChannelImageData,
    ChannelInfo,
    LayerAndMaskInformation,
    LayerFlags,
    LayerInfo,
    LayerRecord,
    LayerRecords,
)
from psd_tools.psd.tagged_blocks import TaggedBlock, TaggedBlocks

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layer_tree import GroupNode, Node, groups_of, tree_of
from lamina.core.layers import BlendMode, Group, Layer, LayerStack, Pixels
from lamina.imaging.export_options import PICTURES_ONLY, ExportOptions
from lamina.imaging.export_report import PICTURE, TYPE_LAYER, ExportedLayer
from lamina.imaging.formats.psd_type_layers import type_setting
from lamina.imaging.formats.psd_xmp import render_layer_xmp
from lamina.imaging.formats.text_layout import TextBlock, text_blocks
from lamina.imaging.layer_names import display_name, group_display_name

BLENDS: dict[BlendMode, PsdBlend] = {mode: PsdBlend[mode.name] for mode in BlendMode}
NAME_UNITS = 255
"""Maximum length of a layer name in Photoshop, in UTF-16 code units."""

_MAX_TYPE_NAME = 60
_LOCK_ALL = 0x80000000
_STRIP_ROWS = 256
_MAX_BYTES = 2_000_000_000

# Entries of the layer list, lowest first; a group is a bounding divider, its layers, and a folder divider.
_Entry = tuple[LayerRecord, ChannelDataList]


def write(stack: LayerStack, file: BinaryIO, options: ExportOptions = PICTURES_ONLY) -> list[ExportedLayer]:
    """Writes the stack; `psd_reading.read` restores it.

    With editable text, a text layer whose lines were all recognised becomes a group of its pixels and a hidden type
    layer, so that the picture stays exact until the text is edited. Attributes without an equivalent in Photoshop
    (kinds, text, long names) are stored as XMP by the ids of layers and groups. The sections are written one by one, so
    that the encoded layers are freed before the merged image is composited.
    """
    FileHeader(channels=4, width=stack.width, height=stack.height, depth=8, color_mode=ColorMode.RGB).write(file)
    ColorModeData().write(file)
    _resources(stack).write(file)
    _layers(stack, options).write(file)
    _write_merged_image(composite(stack), file)
    return [ExportedLayer(TYPE_LAYER if _has_type(layer, options) else PICTURE) for layer in stack]


def _has_type(layer: Layer, options: ExportOptions) -> bool:
    return options.editable_text and layer.is_read


def _layers(stack: LayerStack, options: ExportOptions) -> LayerAndMaskInformation:
    ids = _Ids(stack)
    entries = _numbered([*_entries(tree_of(stack), ids, options)], ids.last)
    if sum(len(channel.data) for _, data in entries for channel in data) > _MAX_BYTES:
        raise LaminaError(
            ErrorCode.OUTPUT_TOO_LARGE,
            "The layers exceed 2 GB, the limit of a Photoshop file.",
            "Save as .ora instead.",
        )
    layers = LayerInfo(
        layer_count=-len(entries),  # negative: the fourth channel of the merged image is transparency
        layer_records=LayerRecords([record for record, _ in entries]),  # pyright: ignore[reportCallIssue]
        channel_image_data=ChannelImageData([data for _, data in entries]),  # pyright: ignore[reportCallIssue]
    )
    return LayerAndMaskInformation(layer_info=layers, tagged_blocks=TaggedBlocks())


def _resources(stack: LayerStack) -> ImageResources:
    resources, ids = ImageResources.new(), _Ids(stack)
    layers = {ids.of_layer(index): (layer, _display_name(layer)) for index, layer in enumerate(stack)}
    groups = {number: (group, group_display_name(group, NAME_UNITS)) for group, number in ids.of_groups.items()}
    packet = render_layer_xmp(stack, layers, groups)
    resources[Resource.XMP_METADATA] = ImageResource(key=Resource.XMP_METADATA, data=packet)
    return resources


class _Ids:
    """Numbers the layers from 1, lowest first, and then the groups. `last`: the highest number."""

    def __init__(self, stack: LayerStack) -> None:
        self.of_groups = {group: number for number, group in enumerate(groups_of(stack), len(stack) + 1)}
        self.last = len(stack) + len(self.of_groups)

    def of_layer(self, index: int) -> int:
        return index + 1


def _display_name(layer: Layer) -> str:
    return display_name(layer.name, layer.kind, NAME_UNITS)


def _entries(nodes: Sequence[Node], ids: _Ids, options: ExportOptions) -> Iterator[_Entry]:
    for node in nodes:
        if isinstance(node, GroupNode):
            name = group_display_name(node.group, NAME_UNITS)
            folder = _divider(name, SectionDivider.OPEN_FOLDER, ids.of_groups[node.group], node.group)
            yield from _folder(folder, _entries(node.members, ids, options))
        else:
            yield from _layer_entries(ids.of_layer(node.index), node.layer, options)


def _layer_entries(number: int, layer: Layer, options: ExportOptions) -> Iterator[_Entry]:
    pixels = _pixel_layer(_display_name(layer), layer, number)
    if not _has_type(layer, options):
        yield pixels
        return
    folder = _divider(_display_name(layer), SectionDivider.OPEN_FOLDER)
    yield from _folder(folder, chain(map(partial(_type_layer, layer), text_blocks(layer)), [pixels]))


def _folder(folder: _Entry, members: Iterable[_Entry]) -> Iterator[_Entry]:
    yield _divider("</Layer group>", SectionDivider.BOUNDING_SECTION_DIVIDER)
    yield from members
    yield folder


def _numbered(entries: list[_Entry], number: int) -> list[_Entry]:
    """The entries, those that are neither layers nor groups of the stack with ids from `number` + 1."""
    for record, _ in entries:
        if Tag.LAYER_ID not in record.tagged_blocks:
            number += 1
            record.tagged_blocks.set_data(Tag.LAYER_ID, number)
    return entries


def _type_layer(layer: Layer, block: TextBlock) -> _Entry:
    """A hidden layer that Photoshop sets anew when its text is edited; until then it shows the pixels of its rows."""
    record, channels = _pixel_layer(block.rows[0].string[:_MAX_TYPE_NAME], _part_of(layer, block))
    record.flags = LayerFlags(visible=False)
    key = Tag.TYPE_TOOL_OBJECT_SETTING
    record.tagged_blocks[key] = TaggedBlock(key=key, data=type_setting(block))  # pyright: ignore[reportArgumentType]
    return record, channels


def _part_of(layer: Layer, block: TextBlock) -> Layer:
    """The rows of one block as a layer."""
    corners = block.frame.quad(block.box)
    xs, ys = [x - layer.left for x, _ in corners], [y - layer.top for _, y in corners]
    x0, x1 = (min(max(round(x), 0), layer.width) for x in (min(xs), max(xs)))
    y0, y1 = (min(max(round(y), 0), layer.height) for y in (min(ys), max(ys)))
    if x0 >= x1 or y0 >= y1:
        return layer
    return replace(layer, pixels=layer.pixels[y0:y1, x0:x1], left=layer.left + x0, top=layer.top + y0)


def _pixel_layer(name: str, layer: Layer, number: int | None = None) -> _Entry:
    record = LayerRecord(
        top=layer.top,
        left=layer.left,
        bottom=layer.top + layer.height,
        right=layer.left + layer.width,
        channel_info=[ChannelInfo(id=channel) for channel in (-1, 0, 1, 2)],  # pyright: ignore[reportArgumentType]
        blend_mode=BLENDS[layer.blend],
        opacity=layer.opacity,
        flags=LayerFlags(visible=not layer.is_hidden),
        # The legacy name field is MacRoman; current programs show the Unicode name.
        name=name.encode("ascii", "replace").decode()[:63],
        tagged_blocks=_tagged(name, number),
    )
    _set_locked(record, layer.is_locked)
    channels = [_channel(layer.pixels, sample) for sample in (3, 0, 1, 2)]
    return record, ChannelDataList(channels)  # pyright: ignore[reportCallIssue]


def _set_locked(record: LayerRecord, is_locked: bool) -> None:
    if is_locked:
        record.tagged_blocks.set_data(Tag.PROTECTED_SETTING, _LOCK_ALL)


def _divider(name: str, kind: SectionDivider, number: int | None = None, group: Group | None = None) -> _Entry:
    record = LayerRecord(
        channel_info=[ChannelInfo(id=ChannelID(channel)) for channel in (-1, 0, 1, 2)],
        blend_mode=PsdBlend.NORMAL,
        name=name.encode("ascii", "replace").decode()[:63],
        tagged_blocks=_tagged(name, number),
    )
    if group is not None:
        record.flags = LayerFlags(visible=not group.is_hidden)
        _set_locked(record, group.is_locked)
    blocks, setting = record.tagged_blocks, Tag.SECTION_DIVIDER_SETTING
    if kind is SectionDivider.OPEN_FOLDER:
        record.blend_mode = PsdBlend.PASS_THROUGH
        blocks.set_data(setting, kind=kind, signature=b"8BIM", blend_mode=PsdBlend.PASS_THROUGH)
    else:
        blocks.set_data(setting, kind=kind)
    return record, ChannelDataList([ChannelData() for _ in range(4)])  # pyright: ignore[reportCallIssue]


def _tagged(name: str, number: int | None = None) -> TaggedBlocks:
    blocks = TaggedBlocks()
    blocks.set_data(Tag.UNICODE_LAYER_NAME, name)
    if number is not None:
        blocks.set_data(Tag.LAYER_ID, number)
    return blocks


def _channel(pixels: Pixels, sample: int) -> ChannelData:
    data = ChannelData(compression=Compression.RLE)
    height, width = pixels.shape[:2]
    data.set_data(pixels[..., sample].tobytes(), width, height, 8)
    return data


def _write_merged_image(flat: Pixels, file: BinaryIO) -> None:
    """Writes the image data section: the row lengths of all four channels, then their packed rows."""
    lengths: list[list[bytes]] = [[], [], [], []]
    rows: list[list[bytes]] = [[], [], [], []]
    for top in range(0, flat.shape[0], _STRIP_ROWS):
        strip = _on_white(flat[top : top + _STRIP_ROWS])
        height, width = strip.shape[:2]
        for sample in range(4):
            packed = encode_rle(strip[..., sample].tobytes(), width, height, 8, 1)
            lengths[sample].append(packed[: 2 * height])
            rows[sample].append(packed[2 * height :])
    file.write(Compression.RLE.to_bytes(2))
    for parts in (*lengths, *rows):
        file.writelines(parts)


def _on_white(flat: Pixels) -> Pixels:
    """Composites the colours on white, as Photoshop stores a merged image with transparency."""
    if (flat[..., 3] == 255).all():
        return flat
    alpha = flat[..., 3:].astype(np.uint16)
    colours = (flat[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return np.concatenate([colours.astype(np.uint8), flat[..., 3:]], -1)
