"""Turns the layer tree of a Photoshop file into layers in pass-through groups that look the same."""

from collections import defaultdict
from dataclasses import replace
from functools import partial

import numpy as np
from psd_tools import PSDImage
from psd_tools.api.layers import AdjustmentLayer, Artboard, FillLayer, ShapeLayer
from psd_tools.api.layers import Group as PsdGroup
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import Knockout

from lamina.core.layers import Layer
from lamina.imaging.formats.psd_artboards import artboard_colour
from lamina.imaging.formats.psd_attributes import Inherited, SourceAttributes
from lamina.imaging.formats.psd_colours import DocumentColours
from lamina.imaging.formats.psd_features import blend_mode_name, unsupported_features
from lamina.imaging.formats.psd_groups import (
    can_ungroup,
    can_ungroup_artboard,
    can_ungroup_on_empty,
    can_ungroup_with_opacity,
    is_opaque_normal,
    total_opacity,
    visible_descendants,
)
from lamina.imaging.formats.psd_pixels import (
    SUPPORTED_BLENDS,
    has_enabled_effects,
    is_plain_pixel_layer,
    knockout,
    multiply_alpha,
    stored_pixels,
)
from lamina.imaging.formats.psd_rendering import Edges, affected_box
from lamina.imaging.formats.psd_stack_builder import LayerFactory, Result, StackBuilder
from lamina.imaging.formats.psd_xmp import StackXmp
from lamina.imaging.formats.records import combined_opacity, within_depth
from lamina.imaging.size_limits import SizeLimits

_MAX_NAMES = 5

_EMPTY = "Empty layers were omitted"
_EMPTY_GROUPS = "Empty groups were omitted"
_OUTSIDE = "Layers outside the canvas were omitted"
_HIDDEN_INSIDE = "Hidden layers in rasterised groups were omitted"
_HIDDEN = "Hidden layers without pixels were omitted"


class DocumentFlattener:
    """Flattens one document.

    `unsupported`: features of visible layers that are not rendered as in Photoshop, as (layer name, feature).
    """

    def __init__(self, document: PSDImage, colours: DocumentColours, limits: SizeLimits, xmp: StackXmp | None) -> None:
        self.unsupported: list[tuple[str, str]] = []
        self._document = document
        self._whole = (0, 0, document.width, document.height)
        self._colours = colours
        self._limits = limits
        self._attributes = SourceAttributes(xmp)
        self._stack = StackBuilder(document, colours, limits)
        self._rendered: defaultdict[str, list[str]] = defaultdict(list)
        self._layers_by_note: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Lowest first."""
        return within_depth(self._stack.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on layers that were changed or omitted, with their names."""
        return tuple(f"{note}: {listed(names)}." for note, names in self._layers_by_note.items() if names)

    @property
    def rendered(self) -> str:
        """The reasons for rendering layers, with the layers, as part of a sentence; empty if none was rendered."""
        return "; ".join(f"{reason} ({listed(names)})" for reason, names in self._rendered.items())

    def open(self) -> None:
        """Flattens the document. Raises `LaminaError`: input_too_large, input_not_a_stack (a package is missing)."""
        if self._stack.is_too_large_to_blend(self._document, self._colours):
            self.unsupported.append(
                ("", f"{_space(self._colours)} on a canvas that is too large for blending in its colour space")
            )
        self._flatten_group(self._document, Inherited(self._whole))

    def _flatten_group(self, group: PSDImage | PsdGroup, inherited: Inherited) -> None:
        has_base = False
        if isinstance(group, PsdGroup) and not len(group):
            self._layers_by_note[_EMPTY_GROUPS].append(group.name)
        for source in group:
            if source.clipping and has_base:
                continue  # added with its base layer
            if source.clipping and source.visible and inherited.is_visible:
                self.unsupported.append((source.name, "clipping without a base layer"))
            has_base = has_base or not source.clipping
            self._flatten_layer(source, inherited)

    def _flatten_layer(self, source: PsdLayer, inherited: Inherited) -> None:
        if self._attributes.is_spare_text(source):
            return
        if not (source.visible and inherited.is_visible):
            self._flatten_hidden(source, inherited)
        elif isinstance(source, Artboard) and can_ungroup_artboard(source, is_on_empty=self._is_on_empty(source)):
            self._record_unsupported([source])
            self._flatten_artboard(source, self._attributes.inside(source, inherited))
        elif isinstance(source, PsdGroup) and self._can_ungroup(source):
            self._record_unsupported([source])
            self._flatten_group(source, self._attributes.inside(source, inherited))
        elif isinstance(source, PsdGroup) and not self._stack.renders_all and can_ungroup_with_opacity(source):
            self._record_unsupported([source])
            self._flatten_group(source, self._inside_with_opacity(source, inherited))
        else:
            self._flatten_unit(source, inherited.with_flags(source))

    def _can_ungroup(self, group: PsdGroup) -> bool:
        if isinstance(group, Artboard):
            return False
        return can_ungroup(group) or (can_ungroup_on_empty(group) and self._is_on_empty(group))

    def _is_on_empty(self, group: PsdGroup) -> bool:
        box = group.bbox if isinstance(group, Artboard) else affected_box(group, self._whole)
        return box is None or self._stack.is_empty(box)

    def _inside_with_opacity(self, group: PsdGroup, inherited: Inherited) -> Inherited:
        opacity = combined_opacity(inherited.opacity, total_opacity(group))
        return replace(self._attributes.inside(group, inherited), opacity=opacity)

    def _record_unsupported(self, sources: list[PsdLayer]) -> None:
        self.unsupported += [(source.name, feature) for source in sources for feature in unsupported_features(source)]

    def _flatten_unit(self, source: PsdLayer, inherited: Inherited) -> None:
        """Adds a visible layer with its clipped layers, or a group that cannot be ungrouped."""
        parts = list(visible_descendants(source))
        self._record_unsupported(parts)
        if knockout(source) or any(knockout(part) is Knockout.DEEP for part in parts):
            self.unsupported.append((source.name, "a knockout"))
        create_layer = partial(self._attributes.layer, source, inherited)
        layers = self._stored(source, inherited)
        if layers is not None:
            result = self._stack.add_stored(layers, source, inherited.frame, create_layer) if layers else Result.OUTSIDE
            if result is not Result.KEPT:
                self._record_result(result, f"the file blends in {_space(self._colours)}", source)
        elif _is_empty(source):
            self._layers_by_note[_EMPTY].append(source.name)
        else:
            self._draw(source, inherited, create_layer)
        for clipped in source.clip_layers:
            if not clipped.visible:
                self._flatten_hidden(clipped, inherited)

    def _draw(self, source: PsdLayer, inherited: Inherited, create_layer: LayerFactory) -> None:
        # Only stored layers inherit an opacity from their group: see `can_ungroup_with_opacity`.
        result = self._stack.add_rendered(source, inherited.frame, create_layer)
        self._record_result(result, _reason(source), source)
        if isinstance(source, PsdGroup):
            self._layers_by_note[_HIDDEN_INSIDE] += [part.name for part in source.descendants() if not part.visible]

    def _record_result(self, result: Result, reason: str, source: PsdLayer) -> None:
        notes_by_result = {
            Result.OUTSIDE: _OUTSIDE,
            Result.RASTERISED: f"Rasterised ({reason})",
            Result.FITTED: f"Rasterised to look right on the layers below ({reason})",
            Result.MERGED: f"Merged with all visible layers below ({reason})",
        }
        self._layers_by_note[notes_by_result[result]].append(source.name)
        if result is not Result.OUTSIDE:
            self._rendered[reason].append(source.name)

    def _stored(self, source: PsdLayer, inherited: Inherited) -> list[Layer] | None:
        """The stored layer and its clipped layers; None if they have to be rendered."""
        members = [layer for layer in source.clip_layers if layer.visible]
        if not is_plain_pixel_layer(source) or (
            members and not (is_opaque_normal(source) and inherited.opacity == 255)
        ):
            return None
        if not all(is_plain_pixel_layer(layer) for layer in members):
            return None
        base = self._stored_layer(source, inherited)
        if base is None or (members and not np.isin(base.pixels[..., 3], (0, 255)).all()):
            return None
        layers = [base]
        for member in members:
            layer = self._stored_layer(member, inherited.with_flags(member))
            if layer is not None:
                layers.append(_clipped(layer, base))
        return [cut for layer in layers if (cut := self._clip_to_frame(layer, inherited.frame)) is not None]

    def _clip_to_frame(self, layer: Layer, frame: Edges) -> Layer | None:
        """The layer clipped to its artboard; layers outside an artboard may exceed the canvas."""
        if frame == self._whole:
            return layer
        box = _intersection(frame, (layer.left, layer.top, layer.left + layer.width, layer.top + layer.height))
        if box is None:
            return None
        rows, columns = slice(box[1] - layer.top, box[3] - layer.top), slice(box[0] - layer.left, box[2] - layer.left)
        return replace(layer, pixels=layer.pixels[rows, columns].copy(), left=box[0], top=box[1])

    def _stored_layer(self, source: PsdLayer, inherited: Inherited) -> Layer | None:
        self._limits.count_layer(source.width, source.height)
        pixels = stored_pixels(source, self._colours)
        if pixels is None:
            return None
        layer = self._attributes.layer(
            source, inherited, pixels, (source.left, source.top), SUPPORTED_BLENDS[source.blend_mode]
        )
        return replace(layer, opacity=combined_opacity(inherited.opacity, total_opacity(source)))

    def _flatten_hidden(self, source: PsdLayer, inherited: Inherited) -> None:
        """Adds layers that are hidden, or in a hidden group, with their stored pixels, if they have any."""
        if isinstance(source, PsdGroup):
            self._flatten_group(source, self._inside_with_opacity(source, inherited))
            for clipped in source.clip_layers:
                self._flatten_hidden(clipped, inherited.with_flags(source))
            return
        base = inherited.with_flags(source)
        for layer in (source, *source.clip_layers):
            if layer.has_pixels() and layer.blend_mode in SUPPORTED_BLENDS and not has_enabled_effects(layer):
                stored = self._stored_layer(layer, base.with_flags(layer))
                if stored is not None:
                    self._stack.add([stored])
                    continue
            self._layers_by_note[_EMPTY if _is_empty(layer) else _HIDDEN].append(layer.name)

    def _flatten_artboard(self, source: Artboard, inherited: Inherited) -> None:
        frame = _intersection(inherited.frame, source.bbox)
        if frame is None:
            self._layers_by_note[_OUTSIDE].append(source.name)
            return
        colour = artboard_colour(source)
        if colour is not None:
            self._stack.add_fill(frame, colour, partial(self._attributes.layer, source, inherited))
        self._flatten_group(source, replace(inherited, frame=frame))


def listed(names: list[str]) -> str:
    """The first names in quotes, and the number of the others."""
    quoted = ", ".join(repr(name) for name in names[:_MAX_NAMES])
    return quoted if len(names) <= _MAX_NAMES else f"{quoted} and {len(names) - _MAX_NAMES} more"


def _reason(source: PsdLayer) -> str:
    """Why a layer had to be rendered."""
    if isinstance(source, Artboard):
        return "an artboard"
    if isinstance(source, PsdGroup):
        return "an isolated group"
    if source.clip_layers:
        return "layers clipped to a translucent or blended layer"
    if has_enabled_effects(source):
        return "layer effects"
    if source.blend_mode not in SUPPORTED_BLENDS:
        return f"the blend mode {blend_mode_name(source.blend_mode)}"
    names = {"pixel": "a vector mask or a mask's density", "type": "a mask on text", "smartobject": "a masked object"}
    return names.get(source.kind, f"{source.kind} layers")


def _space(colours: DocumentColours) -> str:
    return "linear light" if colours.is_linear else f"its own {colours.mode.name} colours"


def _clipped(layer: Layer, base: Layer) -> Layer:
    moved = replace(base, left=base.left - layer.left, top=base.top - layer.top)
    alpha = multiply_alpha(layer.pixels[..., 3], moved.on_canvas(layer.width, layer.height)[..., 3])
    return replace(layer, pixels=np.dstack([layer.pixels[..., :3], alpha]))


def _intersection(first: Edges, second: Edges) -> Edges | None:
    box = max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3])
    return box if box[0] < box[2] and box[1] < box[3] else None


def _is_empty(source: PsdLayer) -> bool:
    """Whether a pixel layer has no pixels."""
    return not isinstance(source, (AdjustmentLayer, FillLayer, PsdGroup, ShapeLayer)) and 0 in (
        source.width,
        source.height,
    )
