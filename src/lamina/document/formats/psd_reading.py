"""Reads Photoshop files, ours and those of other programs, as a flat list of pixel layers."""

import logging
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from psd_tools import ParseLimits, PSDImage
from psd_tools.api.layers import AdjustmentLayer, FillLayer, Group, TypeLayer
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.compression import PSDDecompressionWarning
from psd_tools.constants import BlendMode as PsdBlend
from psd_tools.constants import Resource, Tag

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack, Pixels
from lamina.document.bounds import Bounds
from lamina.document.formats.psd import BLENDS
from lamina.document.formats.psd_facts import parse_facts
from lamina.document.formats.records import parse_text, with_guessed_background

_BLENDS_READ: dict[PsdBlend, BlendMode] = {theirs: ours for ours, theirs in BLENDS.items()}
_MAX_OBJECTS = 1_000_000

# What psd-tools logs of a damaged file is told by our error; without this it would go to standard error as well.
logging.getLogger("psd_tools").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class _Switches:
    """What a layer inherits from the groups that hold it."""

    opacity: int = 255
    is_hidden: bool = False
    is_locked: bool = False
    base: PsdLayer | None = None  # the layer that it is clipped to


def read(file: BinaryIO, bounds: Bounds) -> LayerStack:
    """The layers of a Photoshop file, lowest first.

    Groups are opened out: their opacity, eye and lock pass to their layers. Pixel masks and clipping are applied to
    the alpha; text, shapes and smart objects come as the pixels that the file holds; layer effects are left out.
    Raises `LaminaError` (input_not_a_stack for what no stack of pixel layers can show, input_too_large), and what
    psd-tools raises for a damaged file.
    """
    _check_canvas(file, bounds)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PSDDecompressionWarning)  # else a damaged channel comes as black
        document = PSDImage.open(file, parse_limits=ParseLimits(max_objects=_MAX_OBJECTS))
        notes = parse_facts(document.image_resources.get_data(Resource.XMP_METADATA, b""))
        facts = notes or {}
        layers: list[Layer] = []
        for source, switches in _opened_out(document, _Switches()):
            bounds.take(source.width, source.height)
            layers += _layer(source, switches, facts.get(str(source.layer_id), {}))
        if not layers and notes is None:
            layers = _flat(document)
    stack = LayerStack(document.width, document.height, tuple(layers))
    return with_guessed_background(stack) if notes is None else stack


def _check_canvas(file: BinaryIO, bounds: Bounds) -> None:
    height, width = struct.unpack(">II", file.read(22)[14:])
    file.seek(0)
    bounds.check_canvas(width, height)


def _opened_out(group: Any, inherited: _Switches) -> Iterator[tuple[PsdLayer, _Switches]]:
    base: PsdLayer | None = None
    for source in group:
        locks = source.locks
        base = base if source.clipping else None
        switches = _Switches(
            (source.opacity * inherited.opacity + 127) // 255,
            inherited.is_hidden or not source.visible or (base is not None and not base.visible),
            inherited.is_locked or (locks is not None and locks.complete),
            base,
        )
        if not source.clipping:
            base = source
        if not isinstance(source, Group):
            yield source, switches
            continue
        if source.blend_mode not in (PsdBlend.PASS_THROUGH, PsdBlend.NORMAL) or source.has_mask():
            raise _not_pixels(source, "is a group with a blend mode or a mask of its own")
        yield from _opened_out(source, switches)


def _layer(source: PsdLayer, switches: _Switches, facts: dict[str, Any]) -> list[Layer]:
    if source.blend_mode not in _BLENDS_READ:
        raise _not_pixels(source, f"has the blend mode {source.blend_mode.name.lower().replace('_', ' ')}")
    pixels = _pixels(source, switches)
    if pixels is None:
        return []
    is_renamed = source.name != facts.get("shown", source.name)
    kind = LayerKind.TEXT if isinstance(source, TypeLayer) else LayerKind.OBJECT
    return [
        Layer(
            name=source.name if is_renamed else facts.get("name", source.name),
            kind=LayerKind(facts.get("kind", kind)),
            pixels=pixels,
            left=source.left,
            top=source.top,
            opacity=(switches.opacity * source.fill_opacity + 127) // 255,
            is_hidden=switches.is_hidden,
            is_locked=switches.is_locked,
            blend=_BLENDS_READ[source.blend_mode],
            text=parse_text(facts.get("text", ())),
        )
    ]


def _pixels(source: PsdLayer, switches: _Switches) -> Pixels | None:
    image = source.topil() if source.has_pixels() else None
    has_shape = source.has_vector_mask() and not (source.mask is not None and source.mask.has_real())
    # psd-tools takes the oldest kind of adjustment for a layer of pixels.
    is_adjustment = isinstance(source, AdjustmentLayer) or Tag.BRIGHTNESS_AND_CONTRAST in source.tagged_blocks
    if image is None or has_shape or is_adjustment or isinstance(source, FillLayer):
        if switches.is_hidden or (source.width == 0 and not is_adjustment):
            return None
        raise _not_pixels(source, "is an adjustment, a fill or a vector shape")
    pixels = np.array(image.convert("RGBA"))
    _apply_mask(pixels, source)
    if switches.base is not None:
        _clip(pixels, source, switches.base)
    return pixels


def _apply_mask(pixels: Pixels, source: PsdLayer) -> None:
    if source.mask is not None and not source.mask.disabled:
        mask = source.mask.topil(layer_sized=True)
        if mask is not None:
            _limit_alpha(pixels, np.asarray(mask.convert("L")))


def _clip(pixels: Pixels, source: PsdLayer, base: PsdLayer) -> None:
    image = None if isinstance(base, Group) else base.topil()
    if image is None:
        raise _not_pixels(source, "is clipped to a layer without pixels")
    below = np.array(image.convert("RGBA"))
    _apply_mask(below, base)
    ground = Layer("", LayerKind.OBJECT, below, base.left - source.left, base.top - source.top)
    _limit_alpha(pixels, ground.on_canvas(source.width, source.height)[..., 3])


def _limit_alpha(pixels: Pixels, mask: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    pixels[..., 3] = (pixels[..., 3].astype(np.uint16) * mask + 127) // 255


def _flat(document: PSDImage) -> list[Layer]:
    image = document.topil()
    if image is None:
        raise ValueError("it holds neither layers nor a picture")
    return [Layer("Background", LayerKind.BACKGROUND, np.array(image.convert("RGBA")))]


def _not_pixels(source: PsdLayer, fault: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"The layer {source.name!r} {fault}, which Lamina does not know.",
        "Merge it with the layers below, or rasterise it, in the program that made it.",
    )
