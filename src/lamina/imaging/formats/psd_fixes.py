"""Corrects parts of a parsed Photoshop file that psd-tools reads or writes differently from Photoshop."""

from typing import Any

from psd_tools import PSDImage
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import ChannelID, ColorMode
from psd_tools.psd.descriptor import Bool, Descriptor

from lamina.imaging.formats.psd_features import EFFECT_TAGS


def fix_document(document: PSDImage) -> None:
    """Corrects the document in memory."""
    for layer in document.descendants():
        _make_effects_present(layer)
        _drop_terminator(layer)
        if document.color_mode is ColorMode.LAB:
            _drop_false_transparency(layer)


def _make_effects_present(layer: PsdLayer) -> None:
    """Marks effects as present: Photoshop before CC 2015 omits the mark, and psd-tools then ignores them."""
    for tag in EFFECT_TAGS:
        data: Any = layer.tagged_blocks.get_data(tag)
        for effect in data.values() if isinstance(data, Descriptor) else ():
            if isinstance(effect, Descriptor) and b"enab" in effect and b"present" not in effect:
                effect[b"present"] = Bool(True)


def _drop_terminator(layer: PsdLayer) -> None:
    """Removes the null character that Krita puts at the end of names."""
    if layer.name.endswith("\0"):
        layer.name = layer.name.rstrip("\0")


def _drop_false_transparency(layer: PsdLayer) -> None:
    """Removes the transparency of LAB layers if psd-tools wrote their channel A as alpha by mistake."""
    record = layer._record  # pyright: ignore[reportPrivateUsage]
    planes = layer._channels  # pyright: ignore[reportPrivateUsage]
    indices = {info.id: index for index, info in enumerate(record.channel_info)}
    alpha, a = indices.get(ChannelID.TRANSPARENCY_MASK), indices.get(ChannelID.CHANNEL_1)
    if alpha is not None and a is not None and planes[alpha].data and planes[alpha] == planes[a]:
        del record.channel_info[alpha], planes[alpha]
