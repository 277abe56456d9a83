"""Decides which groups of a Photoshop file can be ungrouped without changing the image."""

from collections.abc import Iterator
from itertools import combinations

from psd_tools.api.layers import AdjustmentLayer, Artboard, Group
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import BlendMode, Knockout

from lamina.imaging.formats.psd_artboards import artboard_colour
from lamina.imaging.formats.psd_pixels import has_enabled_effects, is_plain_pixel_layer, knockout
from lamina.imaging.formats.records import combined_opacity

_MAX_COMPARED = 64  # layers of a translucent group whose bounding boxes are compared


def can_ungroup(group: Group) -> bool:
    """Whether a visible group can be replaced by its unchanged layers.

    This requires a group without mask, effects or clipped layers that either is in pass-through mode or contains normal
    mode only: the over operator is associative.
    """
    if isinstance(group, Artboard) or total_opacity(group) < 255 or not _has_no_modifiers(group):
        return False
    if group.blend_mode is BlendMode.PASS_THROUGH:
        return not any(knockout(layer) for layer in visible_descendants(group))
    return group.blend_mode is BlendMode.NORMAL and _is_normal_inside(group)


def can_ungroup_with_opacity(group: Group) -> bool:
    """Whether a translucent group can be replaced by its layers with its opacity applied to each of them.

    This requires pixel layers in normal mode that do not overlap.
    """
    if isinstance(group, Artboard) or not _has_no_modifiers(group) or not _is_normal_inside(group):
        return False
    if group.blend_mode not in (BlendMode.PASS_THROUGH, BlendMode.NORMAL):
        return False
    layers = [part for part in visible_descendants(group) if not isinstance(part, Group)]
    if len(layers) > _MAX_COMPARED or any(not is_plain_pixel_layer(layer) or layer.clipping for layer in layers):
        return False
    inner = (part for part in visible_descendants(group) if isinstance(part, Group) and part is not group)
    if not all(_has_no_modifiers(part) for part in inner):
        return False
    return not any(_overlap(first.bbox, second.bbox) for first, second in combinations(layers, 2))


def can_ungroup_on_empty(group: Group) -> bool:
    """Whether a visible group with any blend modes can be ungrouped on an empty backdrop.

    Adjustment layers would affect layers outside the group, except in an artboard, which clips them.
    """
    if group.blend_mode not in (BlendMode.PASS_THROUGH, BlendMode.NORMAL) or total_opacity(group) < 255:
        return False
    parts = [part for part in visible_descendants(group) if part is not group]
    adjusts = any(isinstance(part, AdjustmentLayer) for part in parts) and not isinstance(group, Artboard)
    return _has_no_modifiers(group) and not adjusts and not any(knockout(part) for part in parts)


def can_ungroup_artboard(artboard: Artboard, *, is_on_empty: bool) -> bool:
    """Whether an artboard equals its background colour and its layers, clipped to its bounds."""
    if not can_ungroup_on_empty(artboard):
        return False
    covers = is_on_empty or artboard_colour(artboard) is not None
    return covers or artboard.blend_mode is BlendMode.PASS_THROUGH or _is_normal_inside(artboard)


def is_opaque_normal(layer: PsdLayer) -> bool:
    """Whether the layer is in normal mode at full opacity."""
    return layer.blend_mode is BlendMode.NORMAL and total_opacity(layer) == 255


def total_opacity(layer: PsdLayer) -> int:
    """Opacity times fill opacity, 0..255."""
    return combined_opacity(layer.opacity, layer.fill_opacity)


def visible_descendants(layer: PsdLayer) -> Iterator[PsdLayer]:
    """The layer, its descendants and the layers clipped to them, without hidden ones."""
    yield layer
    for child in (*(layer if isinstance(layer, Group) else ()), *layer.clip_layers):
        # Iterating over a group yields clipped layers, too.
        if child.visible and (child.parent is not layer or not child.clipping):
            yield from visible_descendants(child)


def _has_no_modifiers(group: Group) -> bool:
    """Whether the group has no mask, effects, clipped layers or knockout."""
    masked = (group.mask is not None and not group.mask.disabled) or group.has_vector_mask()
    clips = any(layer.visible for layer in group.clip_layers)
    return not masked and not clips and not has_enabled_effects(group) and knockout(group) is Knockout.NONE


def _is_normal_inside(group: Group) -> bool:
    return all(
        part.blend_mode in (BlendMode.NORMAL, BlendMode.PASS_THROUGH)
        and not isinstance(part, AdjustmentLayer)
        and knockout(part) is Knockout.NONE
        for part in visible_descendants(group)
        if part is not group
    )


def _overlap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> bool:
    across = max(first[0], second[0]) < min(first[2], second[2])
    return across and max(first[1], second[1]) < min(first[3], second[3])
