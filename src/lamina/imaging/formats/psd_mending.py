"""Mends in a parsed Photoshop file what psd-tools reads, or writes itself, otherwise than Photoshop."""

from typing import Any

from psd_tools import PSDImage
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import ChannelID, ColorMode
from psd_tools.psd.descriptor import Bool, Descriptor

from lamina.imaging.formats.psd_features import EFFECT_TAGS


def mend(document: PSDImage) -> None:
    """Changes the document in memory."""
    for layer in document.descendants():
        _make_effects_present(layer)
        if document.color_mode is ColorMode.LAB:
            _drop_false_transparency(layer)


def _make_effects_present(layer: PsdLayer) -> None:
    """Photoshop before CC 2015 does not say of an effect that it is present, and psd-tools passes these over."""
    for tag in EFFECT_TAGS:
        data: Any = layer.tagged_blocks.get_data(tag)
        for effect in data.values() if isinstance(data, Descriptor) else ():
            if isinstance(effect, Descriptor) and b"enab" in effect and b"present" not in effect:
                effect[b"present"] = Bool(True)


def _drop_false_transparency(layer: PsdLayer) -> None:
    """Takes away what psd-tools writes as the transparency of LAB layers: their plane A, for a letter's sake."""
    record = layer._record  # pyright: ignore[reportPrivateUsage]
    planes = layer._channels  # pyright: ignore[reportPrivateUsage]
    places = {info.id: place for place, info in enumerate(record.channel_info)}
    alpha, a = places.get(ChannelID.TRANSPARENCY_MASK), places.get(ChannelID.CHANNEL_1)
    if alpha is not None and a is not None and planes[alpha].data and planes[alpha] == planes[a]:
        del record.channel_info[alpha], planes[alpha]
