"""Opens out the tree of a Photoshop file to a flat list of layers that adds up to the same picture."""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from psd_tools import PSDImage
from psd_tools.api.layers import AdjustmentLayer, Artboard, FillLayer, Group, ShapeLayer, TypeLayer
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import Knockout

from lamina.core.layers import BlendMode, Layer, LayerKind, Pixels
from lamina.imaging.formats.psd_artboards import artboard_colour
from lamina.imaging.formats.psd_building import Maker, Outcome, StackBuilder
from lamina.imaging.formats.psd_colours import Colours
from lamina.imaging.formats.psd_features import mode_name, unknown_features
from lamina.imaging.formats.psd_groups import (
    adds_up_on_nothing,
    adds_up_opened,
    adds_up_thinned,
    is_open_artboard,
    is_solid,
    strength,
    visible_parts,
)
from lamina.imaging.formats.psd_pixels import BLENDS_READ, is_stored, knockout, limited, shows_effects, stored_pixels
from lamina.imaging.formats.psd_rendering import Edges, reach
from lamina.imaging.formats.records import combined_opacity, parse_text
from lamina.imaging.size_limits import SizeLimits

_NAMES_TOLD = 5

_EMPTY = "Empty layers were left out"
_OUTSIDE = "Layers outside the canvas were left out"
_HIDDEN_INSIDE = "Hidden layers in rasterised groups were left out"
_HIDDEN = "Hidden layers without pixels were left out"


@dataclass(frozen=True)
class _Setting:
    """What a layer inherits from the groups that hold it."""

    frame: Edges  # the part of the canvas that may be drawn on: an artboard's, or all of it
    opacity: int = 255
    is_hidden: bool = False
    is_locked: bool = False


class Opening:
    """Opens one document.

    `unknown`: features of visible layers that are not drawn as Photoshop draws them, as (name of the layer, feature).
    """

    def __init__(
        self, document: PSDImage, colours: Colours, limits: SizeLimits, facts: dict[str, dict[str, Any]]
    ) -> None:
        self.unknown: list[tuple[str, str]] = []
        self._document = document
        self._whole = (0, 0, document.width, document.height)
        self._colours = colours
        self._limits = limits
        self._facts = facts
        self._stack = StackBuilder(document, colours, limits)
        self._drawn: defaultdict[str, list[str]] = defaultdict(list)
        self._told: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Lowest first."""
        return tuple(self._stack.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        """What became of the layers that a flat stack has no place for, with their names."""
        return tuple(f"{what}: {listed(names)}." for what, names in self._told.items() if names)

    @property
    def drawn(self) -> str:
        """The kinds of layers that were drawn, and the layers, for a sentence; empty if all is stored."""
        return "; ".join(f"{reason} ({listed(names)})" for reason, names in self._drawn.items())

    def open(self) -> None:
        """Raises `LaminaError`: input_too_large; input_not_a_stack for what needs a package that is not there."""
        if self._stack.is_too_large_to_blend(self._document, self._colours):
            self.unknown.append(("", f"{_space(self._colours)} on a canvas too large to blend in them"))
        self._open_group(self._document, _Setting(self._whole))

    def _open_group(self, group: PSDImage | Group, inherited: _Setting) -> None:
        has_base = False
        for source in group:
            if source.clipping and has_base:
                continue  # it comes with its base
            if source.clipping and source.visible and not inherited.is_hidden:
                self.unknown.append((source.name, "clipping without a layer below it"))
            has_base = has_base or not source.clipping
            self._open_layer(source, inherited)

    def _open_layer(self, source: PsdLayer, inherited: _Setting) -> None:
        setting = self._with_switches(source, inherited)
        if setting.is_hidden:
            self._open_hidden(source, setting)
        elif isinstance(source, Artboard) and is_open_artboard(source, is_on_nothing=self._is_on_nothing(source)):
            self._look_at([source])
            self._open_artboard(source, setting)
        elif isinstance(source, Group) and self._adds_up(source):
            self._look_at([source])
            self._open_group(source, setting)
        elif isinstance(source, Group) and not self._stack.draws_all and adds_up_thinned(source):
            self._look_at([source])
            self._open_group(source, replace(setting, opacity=combined_opacity(setting.opacity, strength(source))))
        else:
            self._open_whole(source, setting)

    def _adds_up(self, group: Group) -> bool:
        if isinstance(group, Artboard):
            return False
        return adds_up_opened(group) or (adds_up_on_nothing(group) and self._is_on_nothing(group))

    def _is_on_nothing(self, group: Group) -> bool:
        box = group.bbox if isinstance(group, Artboard) else reach(group, self._whole)
        return box is None or self._stack.is_clear(box)

    def _with_switches(self, source: PsdLayer, inherited: _Setting) -> _Setting:
        locks = source.locks
        return replace(
            inherited,
            is_hidden=inherited.is_hidden or not source.visible,
            is_locked=inherited.is_locked or (locks is not None and locks.complete),
        )

    def _look_at(self, sources: list[PsdLayer]) -> None:
        self.unknown += [(source.name, feature) for source in sources for feature in unknown_features(source)]

    def _open_whole(self, source: PsdLayer, setting: _Setting) -> None:
        """A visible layer with those clipped to it, or a group that has to stay together."""
        parts = list(visible_parts(source))
        self._look_at(parts)
        if knockout(source) or any(knockout(part) is Knockout.DEEP for part in parts):
            self.unknown.append((source.name, "a knockout"))
        make = partial(self._made, source, setting)
        layers = self._stored(source, setting)
        if layers is not None:
            outcome = self._stack.add_stored(layers, source, setting.frame, make) if layers else Outcome.NOWHERE
            if outcome is not Outcome.KEPT:
                self._tell_outcome(outcome, f"the file blends in {_space(self._colours)}", source)
        elif _is_empty(source):
            self._told[_EMPTY].append(source.name)
        else:
            self._draw(source, setting, make)
        for clipped in source.clip_layers:
            if not clipped.visible:
                self._open_hidden(clipped, replace(setting, is_hidden=True))

    def _draw(self, source: PsdLayer, setting: _Setting, make: Maker) -> None:
        # Opacity from a group that is thinned out reaches stored layers only: see `adds_up_thinned`.
        outcome = self._stack.add_drawn(source, setting.frame, make)
        self._tell_outcome(outcome, _reason(source), source)
        if isinstance(source, Group):
            self._told[_HIDDEN_INSIDE] += [part.name for part in source.descendants() if not part.visible]

    def _tell_outcome(self, outcome: Outcome, reason: str, source: PsdLayer) -> None:
        told = {
            Outcome.NOWHERE: _OUTSIDE,
            Outcome.DRAWN: f"Rasterised ({reason})",
            Outcome.FITTED: f"Rasterised to look right on the layers below ({reason})",
            Outcome.MERGED: f"Merged with all visible layers below ({reason})",
        }
        self._told[told[outcome]].append(source.name)
        if outcome is not Outcome.NOWHERE:
            self._drawn[reason].append(source.name)

    def _stored(self, source: PsdLayer, setting: _Setting) -> list[Layer] | None:
        """The layer and those clipped to it as the file stores them; None if they do not add up like that."""
        members = [layer for layer in source.clip_layers if layer.visible]
        if not is_stored(source) or (members and not (is_solid(source) and setting.opacity == 255)):
            return None
        if not all(is_stored(layer) for layer in members):
            return None
        base = self._stored_layer(source, setting)
        if base is None or (members and not np.isin(base.pixels[..., 3], (0, 255)).all()):
            return None
        layers = [base]
        for member in members:
            layer = self._stored_layer(member, self._with_switches(member, setting))
            if layer is not None:
                layers.append(_clipped(layer, base))
        return [cut for layer in layers if (cut := self._within(layer, setting.frame)) is not None]

    def _within(self, layer: Layer, frame: Edges) -> Layer | None:
        """What of a layer is inside of an artboard; layers may reach beyond the canvas itself."""
        if frame == self._whole:
            return layer
        box = _common(frame, (layer.left, layer.top, layer.left + layer.width, layer.top + layer.height))
        if box is None:
            return None
        rows, columns = slice(box[1] - layer.top, box[3] - layer.top), slice(box[0] - layer.left, box[2] - layer.left)
        return replace(layer, pixels=layer.pixels[rows, columns].copy(), left=box[0], top=box[1])

    def _stored_layer(self, source: PsdLayer, setting: _Setting) -> Layer | None:
        self._limits.count_layer(source.width, source.height)
        pixels = stored_pixels(source, self._colours)
        if pixels is None:
            return None
        layer = self._made(source, setting, pixels, (source.left, source.top), BLENDS_READ[source.blend_mode])
        return replace(layer, opacity=combined_opacity(setting.opacity, strength(source)))

    def _open_hidden(self, source: PsdLayer, setting: _Setting) -> None:
        """Layers that are not seen keep their pixels, if they have any, as well as they can."""
        if isinstance(source, Group):
            self._open_group(source, replace(setting, opacity=combined_opacity(setting.opacity, strength(source))))
            return
        for layer in (source, *source.clip_layers):
            if layer.has_pixels() and layer.blend_mode in BLENDS_READ and not shows_effects(layer):
                stored = self._stored_layer(layer, setting)
                if stored is not None:
                    self._stack.add([stored])
                    continue
            self._told[_EMPTY if _is_empty(layer) else _HIDDEN].append(layer.name)

    def _open_artboard(self, source: Artboard, setting: _Setting) -> None:
        frame = _common(setting.frame, source.bbox)
        if frame is None:
            self._told[_OUTSIDE].append(source.name)
            return
        colour = artboard_colour(source)
        if colour is not None:
            self._stack.add_plain(frame, colour, partial(self._made, source, setting))
        self._open_group(source, replace(setting, frame=frame))

    def _made(
        self, source: PsdLayer, setting: _Setting, pixels: Pixels, corner: tuple[int, int], blend: BlendMode
    ) -> Layer:
        facts = self._facts.get(str(source.layer_id), {})
        is_renamed = source.name != facts.get("shown", source.name)
        kind = LayerKind.TEXT if isinstance(source, TypeLayer) else LayerKind.OBJECT
        return Layer(
            name=source.name if is_renamed else facts.get("name", source.name),
            kind=LayerKind(facts.get("kind", kind)),
            pixels=pixels,
            left=corner[0],
            top=corner[1],
            is_hidden=setting.is_hidden,
            is_locked=setting.is_locked,
            blend=blend,
            text=parse_text(facts.get("text", ())),
        )


def listed(names: list[str]) -> str:
    """The first few names, in quotes, and how many more there are."""
    told = ", ".join(repr(name) for name in names[:_NAMES_TOLD])
    return told if len(names) <= _NAMES_TOLD else f"{told} and {len(names) - _NAMES_TOLD} more"


def _reason(source: PsdLayer) -> str:
    """Why a layer had to be drawn."""
    if isinstance(source, Artboard):
        return "an artboard"
    if isinstance(source, Group):
        return "a group that blends as one"
    if source.clip_layers:
        return "layers clipped to a soft or blended one"
    if shows_effects(source):
        return "layer effects"
    if source.blend_mode not in BLENDS_READ:
        return f"the blend mode {mode_name(source.blend_mode)}"
    names = {"pixel": "a vector mask or a mask's density", "type": "a mask on text", "smartobject": "a masked object"}
    return names.get(source.kind, f"{source.kind} layers")


def _space(colours: Colours) -> str:
    return "linear light" if colours.is_linear else f"its own {colours.mode.name} colours"


def _clipped(layer: Layer, base: Layer) -> Layer:
    moved = replace(base, left=base.left - layer.left, top=base.top - layer.top)
    alpha = limited(layer.pixels[..., 3], moved.on_canvas(layer.width, layer.height)[..., 3])
    return replace(layer, pixels=np.dstack([layer.pixels[..., :3], alpha]))


def _common(one: Edges, other: Edges) -> Edges | None:
    box = max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    return box if box[0] < box[2] and box[1] < box[3] else None


def _is_empty(source: PsdLayer) -> bool:
    """Whether a layer that would be its stored pixels has none."""
    return not isinstance(source, (AdjustmentLayer, FillLayer, Group, ShapeLayer)) and 0 in (
        source.width,
        source.height,
    )
