"""Which of Photoshop's groups add up to the same picture when they are opened out."""

from collections.abc import Iterator
from itertools import combinations

from psd_tools.api.layers import AdjustmentLayer, Artboard, Group
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import BlendMode, Knockout

from lamina.imaging.formats.psd_artboards import artboard_colour
from lamina.imaging.formats.psd_pixels import is_stored, knockout, shows_effects
from lamina.imaging.formats.records import combined_opacity

_MOST_COMPARED = 64  # layers of a thin group whose boxes are compared with each other


def adds_up_opened(group: Group) -> bool:
    """Whether a visible group can be opened out with its layers as they are.

    Nothing is done to the whole of it, and either it is passed through, or all in it is in normal mode: over is
    associative, so that it does not matter what was put together first.
    """
    if isinstance(group, Artboard) or strength(group) < 255 or not _is_bare(group):
        return False
    if group.blend_mode is BlendMode.PASS_THROUGH:
        return not any(knockout(layer) for layer in visible_parts(group))
    return group.blend_mode is BlendMode.NORMAL and _is_normal_inside(group)


def adds_up_thinned(group: Group) -> bool:
    """Whether a half-transparent group can be opened out with its opacity on each of its layers.

    All in it is stored pixels in normal mode, and no two layers overlap.
    """
    if isinstance(group, Artboard) or not _is_bare(group) or not _is_normal_inside(group):
        return False
    if group.blend_mode not in (BlendMode.PASS_THROUGH, BlendMode.NORMAL):
        return False
    layers = [part for part in visible_parts(group) if not isinstance(part, Group)]
    if len(layers) > _MOST_COMPARED or any(not is_stored(layer) or layer.clipping for layer in layers):
        return False
    inner = (part for part in visible_parts(group) if isinstance(part, Group) and part is not group)
    if not all(_is_bare(part) for part in inner):
        return False
    return not any(_overlap(one.bbox, other.bbox) for one, other in combinations(layers, 2))


def adds_up_on_nothing(group: Group) -> bool:
    """Whether a visible group can be opened out where nothing is to be seen below it, whatever modes are in it.

    An adjustment would reach beyond the group, but not beyond an artboard, at which all is cut.
    """
    if group.blend_mode not in (BlendMode.PASS_THROUGH, BlendMode.NORMAL) or strength(group) < 255:
        return False
    parts = [part for part in visible_parts(group) if part is not group]
    adjusts = any(isinstance(part, AdjustmentLayer) for part in parts) and not isinstance(group, Artboard)
    return _is_bare(group) and not adjusts and not any(knockout(part) for part in parts)


def is_open_artboard(artboard: Artboard, *, is_on_nothing: bool) -> bool:
    """Whether an artboard is its colour and, cut at its edges, the layers in it."""
    if not adds_up_on_nothing(artboard):
        return False
    covers = is_on_nothing or artboard_colour(artboard) is not None
    return covers or artboard.blend_mode is BlendMode.PASS_THROUGH or _is_normal_inside(artboard)


def is_solid(layer: PsdLayer) -> bool:
    """Whether nothing shines through the layer but where it has no pixels."""
    return layer.blend_mode is BlendMode.NORMAL and strength(layer) == 255


def strength(layer: PsdLayer) -> int:
    """Opacity and fill opacity together, 0..255."""
    return combined_opacity(layer.opacity, layer.fill_opacity)


def visible_parts(layer: PsdLayer) -> Iterator[PsdLayer]:
    """The layer itself, what is in it, and what is clipped to any of these, but for what is hidden."""
    yield layer
    for child in (*(layer if isinstance(layer, Group) else ()), *layer.clip_layers):
        # In a group, clipped layers come among the others.
        if child.visible and (child.parent is not layer or not child.clipping):
            yield from visible_parts(child)


def _is_bare(group: Group) -> bool:
    """Whether nothing is done to the whole group: no mask, no effects, no clipped layers, no knockout."""
    masked = (group.mask is not None and not group.mask.disabled) or group.has_vector_mask()
    clips = any(layer.visible for layer in group.clip_layers)
    return not masked and not clips and not shows_effects(group) and knockout(group) is Knockout.NONE


def _is_normal_inside(group: Group) -> bool:
    return all(
        part.blend_mode in (BlendMode.NORMAL, BlendMode.PASS_THROUGH)
        and not isinstance(part, AdjustmentLayer)
        and knockout(part) is Knockout.NONE
        for part in visible_parts(group)
        if part is not group
    )


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    across = max(one[0], other[0]) < min(one[2], other[2])
    return across and max(one[1], other[1]) < min(one[3], other[3])
