"""Lists the supported features of Photoshop layers; all others are reported by name and never ignored."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from psd_tools.api.effects import ColorOverlay, GradientOverlay, PatternOverlay, Stroke
from psd_tools.api.layers import (
    AdjustmentLayer,
    Artboard,
    FillLayer,
    Group,
    PixelLayer,
    ShapeLayer,
    SmartObjectLayer,
    TypeLayer,
)
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import BlendMode, ColorMode, Tag

from lamina.imaging.formats.psd_artboards import is_background_supported

SUPPORTED_EFFECTS = (ColorOverlay, GradientOverlay, PatternOverlay, Stroke)
ADJUSTMENTS = frozenset(
    ("brightnesscontrast", "curves", "exposure", "huesaturation", "invert", "levels", "posterize", "threshold")
)
"""The adjustments that psd-tools computes, by its names."""

_KINDS = (AdjustmentLayer, FillLayer, Group, PixelLayer, ShapeLayer, SmartObjectLayer, TypeLayer)
_MODES = frozenset(BlendMode) - {BlendMode.DISSOLVE}
_ADJUSTED_MODES = (ColorMode.GRAYSCALE, ColorMode.RGB)
# The eight blend modes in which fill opacity differs from opacity.
_MODES_WITH_OWN_FILL = frozenset(
    (
        BlendMode.COLOR_BURN,
        BlendMode.COLOR_DODGE,
        BlendMode.DIFFERENCE,
        BlendMode.HARD_MIX,
        BlendMode.LINEAR_BURN,
        BlendMode.LINEAR_DODGE,
        BlendMode.LINEAR_LIGHT,
        BlendMode.VIVID_LIGHT,
    )
)
EFFECT_TAGS = (
    Tag.OBJECT_BASED_EFFECTS_LAYER_INFO,
    Tag.OBJECT_BASED_EFFECTS_LAYER_INFO_V0,
    Tag.OBJECT_BASED_EFFECTS_LAYER_INFO_V1,
)
"""The blocks with layer effects; the first one present counts."""
_OLD_PIXEL_ADJUSTMENTS = (Tag.BRIGHTNESS_AND_CONTRAST, Tag.HUE_SATURATION_V4, Tag.COLOR_BALANCE)

# Blocks that are interpreted, here or by psd-tools, and affect the image.
_INTERPRETED = frozenset(
    (
        *EFFECT_TAGS,
        Tag.ARTBOARD_DATA1,
        Tag.ARTBOARD_DATA2,
        Tag.ARTBOARD_DATA3,
        Tag.BLEND_CLIPPING_ELEMENTS,
        Tag.BLEND_FILL_OPACITY,
        Tag.BLEND_INTERIOR_ELEMENTS,
        Tag.BRIGHTNESS_AND_CONTRAST,
        Tag.BLACK_AND_WHITE,
        Tag.CHANNEL_BLENDING_RESTRICTIONS_SETTING,
        Tag.CHANNEL_MIXER,
        Tag.COLOR_BALANCE,
        Tag.COLOR_LOOKUP,
        Tag.CONTENT_GENERATOR_EXTRA_DATA,
        Tag.CURVES,
        Tag.EFFECTS_LAYER,
        Tag.EXPOSURE,
        Tag.GRADIENT_FILL_SETTING,
        Tag.GRADIENT_MAP,
        Tag.HUE_SATURATION,
        Tag.HUE_SATURATION_V4,
        Tag.INVERT,
        Tag.KNOCKOUT_SETTING,
        Tag.LAYER_MASK_AS_GLOBAL_MASK,
        Tag.LEVELS,
        Tag.NESTED_SECTION_DIVIDER_SETTING,
        Tag.PATTERN_FILL_SETTING,
        Tag.PHOTO_FILTER,
        Tag.POSTERIZE,
        Tag.SECTION_DIVIDER_SETTING,
        Tag.SELECTIVE_COLOR,
        Tag.SOLID_COLOR_SHEET_SETTING,
        Tag.THRESHOLD,
        Tag.TRANSPARENCY_SHAPES_LAYER,
        Tag.VECTOR_MASK_AS_GLOBAL_MASK,
        Tag.VECTOR_MASK_SETTING1,
        Tag.VECTOR_MASK_SETTING2,
        Tag.VECTOR_ORIGINATION_DATA,
        Tag.VECTOR_STROKE_CONTENT_DATA,
        Tag.VECTOR_STROKE_DATA,
        Tag.VIBRANCE,
    )
)
# Blocks that do not affect the image: names, locks, editing data, and data that the stored pixels already include.
_INVISIBLE = frozenset(
    (
        Tag.ANIMATION_EFFECTS,
        Tag.ANNOTATIONS,
        Tag.CAI,
        Tag.COMPOSITOR_INFO,
        Tag.EXPORT_SETTING1,
        Tag.EXPORT_SETTING2,
        Tag.FILTER_EFFECTS1,
        Tag.FILTER_EFFECTS2,
        Tag.FILTER_EFFECTS3,
        Tag.FILTER_MASK,
        Tag.FOREIGN_EFFECT_ID,
        Tag.GENI,
        Tag.LAYER_ID,
        Tag.LAYER_NAME_SOURCE_SETTING,
        Tag.LAYER_VERSION,
        Tag.METADATA_SETTING,
        Tag.PIXEL_SOURCE_DATA1,
        Tag.PIXEL_SOURCE_DATA2,
        Tag.PLACED_LAYER1,
        Tag.PLACED_LAYER2,
        Tag.PROTECTED_SETTING,
        Tag.REFERENCE_POINT,
        Tag.SHEET_COLOR_SETTING,
        Tag.SMART_OBJECT_LAYER_DATA1,
        Tag.SMART_OBJECT_LAYER_DATA2,
        Tag.TEXT_ENGINE_DATA,
        Tag.TYPE_TOOL_INFO,
        Tag.TYPE_TOOL_OBJECT_SETTING,
        Tag.UNICODE_LAYER_NAME,
        Tag.UNICODE_PATH_NAME,
        Tag.USING_ALIGNED_RENDERING,
        Tag.VECTOR_ORIGINATION_UNKNOWN,
    )
)


def unsupported_features(layer: PsdLayer) -> Iterator[str]:
    """Features of the layer that are not rendered as in Photoshop, as noun phrases such as "a drop shadow"."""
    if not isinstance(layer, _KINDS):
        yield f"a layer of the kind {layer.kind}"
    if layer.blend_mode not in (_MODES | {BlendMode.PASS_THROUGH} if isinstance(layer, Group) else _MODES):
        yield f"the blend mode {blend_mode_name(layer.blend_mode)}"
    yield from _unknown_content(layer)
    yield from _unknown_mask(layer)
    yield from _unknown_blending(layer)
    yield from _unknown_effects(layer)
    for key in layer.tagged_blocks:
        if key not in _INTERPRETED and key not in _INVISIBLE:
            yield f"data of the kind {_key_name(key)}"


def needs_rendering_packages(layer: PsdLayer) -> bool:
    """Whether psd-tools needs aggdraw or SciPy to render the layer."""
    has_gradient = Tag.GRADIENT_FILL_SETTING in layer.tagged_blocks and not layer.has_pixels()
    has_stroke = layer.has_stroke() and not layer.has_pixels()
    return has_gradient or has_stroke or isinstance(layer, AdjustmentLayer) or layer.has_effects()


def has_rendering_packages() -> bool:
    """Whether the packages of the extra `psd` are installed."""
    return find_spec("aggdraw") is not None and find_spec("scipy") is not None


def blend_mode_name(mode: BlendMode) -> str:
    """The name of a blend mode in Photoshop's menus."""
    return mode.name.lower().replace("_", " ")


def _unknown_content(layer: PsdLayer) -> Iterator[str]:
    if isinstance(layer, AdjustmentLayer):
        if layer.kind not in ADJUSTMENTS:
            yield f"the adjustment {layer.kind}"
        elif layer._psd.color_mode not in _ADJUSTED_MODES:  # pyright: ignore[reportPrivateUsage]
            yield f"the adjustment {layer.kind} of {layer._psd.color_mode.name} colours"  # pyright: ignore[reportPrivateUsage]
    elif any(tag in layer.tagged_blocks for tag in _OLD_PIXEL_ADJUSTMENTS):
        yield "a legacy adjustment"
    if isinstance(layer, TypeLayer) and not layer.has_pixels() and layer.text.strip():
        yield "text without its pixels"
    if isinstance(layer, SmartObjectLayer) and not layer.has_pixels():
        yield "a smart object without its pixels"
    if isinstance(layer, Artboard) and (layer.opacity < 255 or layer.has_mask() or layer.clip_layers):
        yield "an artboard with an opacity, a mask or clipped layers"
    if isinstance(layer, Artboard) and not is_background_supported(layer):
        yield "an artboard with an unknown background type"


def _unknown_mask(layer: PsdLayer) -> Iterator[str]:
    mask = layer.mask
    if mask is None or mask.disabled:
        return
    if mask.flags.invert_mask:
        yield "an inverted mask"
    shape = mask.parameters
    if shape is None:
        return
    if shape.user_mask_feather or shape.vector_mask_feather:
        yield "a feathered mask"
    both = shape.user_mask_density is not None and shape.vector_mask_density is not None
    if both and (shape.user_mask_density, shape.vector_mask_density) != (255, 255):
        yield "two masks with a density"


def _unknown_blending(layer: PsdLayer) -> Iterator[str]:
    blocks = layer.tagged_blocks
    ranges = layer._record.blending_ranges  # pyright: ignore[reportPrivateUsage]
    pairs = [*(ranges.composite_ranges or ()), *(pair for channel in ranges.channel_ranges or () for pair in channel)]
    if any(tuple(pair) != (0, 65535) for pair in pairs):
        yield "blend-if (blending ranges)"
    if blocks.get_data(Tag.CHANNEL_BLENDING_RESTRICTIONS_SETTING):
        yield "channels excluded from blending"
    if not blocks.get_data(Tag.TRANSPARENCY_SHAPES_LAYER, 1):
        yield "the option Transparency Shapes Layer turned off"
    if layer.has_clip_layers() and not blocks.get_data(Tag.BLEND_CLIPPING_ELEMENTS, 1):
        yield "the option Blend Clipped Layers as Group turned off"
    if layer.fill_opacity < 255 and layer.blend_mode in _MODES_WITH_OWN_FILL:
        yield f"fill opacity in the blend mode {blend_mode_name(layer.blend_mode)}"


def _unknown_effects(layer: PsdLayer) -> Iterator[str]:
    blocks = layer.tagged_blocks
    effects = layer.effects
    if not any(tag in blocks for tag in EFFECT_TAGS):
        if Tag.EFFECTS_LAYER in blocks and _has_old_effects(blocks.get_data(Tag.EFFECTS_LAYER)):
            yield "legacy layer effects"
        return
    if not effects.enabled:
        return
    enabled_effects = [effect for effect in effects if effect.enabled]
    for effect in enabled_effects:
        if not isinstance(effect, SUPPORTED_EFFECTS):
            yield f"the layer effect {_spaced(effect.name)}"
    if _count_enabled(layer) != len(enabled_effects):
        yield "an unknown layer effect"
    if enabled_effects and layer.blend_mode not in (BlendMode.NORMAL, BlendMode.PASS_THROUGH):
        yield "layer effects in a blend mode"
    hides = (Tag.LAYER_MASK_AS_GLOBAL_MASK, Tag.VECTOR_MASK_AS_GLOBAL_MASK)
    if enabled_effects and any(blocks.get_data(tag) for tag in hides):
        yield "a mask that hides layer effects"


def _count_enabled(layer: PsdLayer) -> int:
    """Number of enabled entries of any kind in the list of effects."""
    data = next((data for tag in EFFECT_TAGS if hasattr(data := layer.tagged_blocks.get_data(tag), "items")), {})
    items: list[Any] = [item for _, value in data.items() for item in (value if _is_list(value) else [value])]
    entries = [item for item in items if hasattr(item, "get")]
    return sum(bool(item.get(b"present")) and bool(item.get(b"enab")) for item in entries)


def _is_list(value: Any) -> bool:
    return type(value).__name__ == "List"


def _has_old_effects(data: Any) -> bool:
    return data is None or any(bool(getattr(effect, "enabled", False)) for effect in data.values())


def _spaced(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _key_name(key: Any) -> str:
    return repr(bytes(getattr(key, "value", key)).decode("ascii", "replace"))
