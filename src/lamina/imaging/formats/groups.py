"""Brings a tree of groups and layers to the flat list that shows the same; renders a group where no list does."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import composite
from lamina.core.layers import BlendMode, Box, Layer, LayerKind, LayerStack, Pixels
from lamina.imaging.formats.operators import Operator, combined
from lamina.imaging.formats.pixel_change import change_between
from lamina.imaging.formats.records import called, combined_opacity, counted
from lamina.imaging.size_limits import SizeLimits

Blend: TypeAlias = BlendMode | Operator


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A layer of a file. `blend`: how it meets what is below; the layer's own says nothing."""

    layer: Layer
    blend: Blend = BlendMode.NORMAL


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A group of a file; `members`: lowest first. `is_isolated`: they see nothing of what is below the group.

    What is not isolated counts as if it were not there, but that its opacity and its switches pass to its members.
    """

    name: str
    members: "tuple[Leaf | Group, ...]"
    opacity: int = 255
    is_hidden: bool = False
    is_locked: bool = False
    is_isolated: bool = True
    blend: Blend = BlendMode.NORMAL


Node: TypeAlias = Leaf | Group


@dataclass
class GroupOpener:
    """Opens groups out on a canvas of `width` x `height`; what it renders is counted against `limits`.

    `notes`: sentences for the user on what is not as it was in the file.
    """

    width: int
    height: int
    limits: SizeLimits
    notes: list[str] = field(default_factory=list)

    def layers_of(self, nodes: Iterable[Node]) -> list[Layer]:
        """Flat, lowest first: composited they look as the nodes do on a transparent canvas, within rounding.

        Raises `LaminaError` (input_too_large).
        """
        found: list[Layer] = []
        for node in nodes:
            found = self._with_node(node, found)
        return found

    def _with_node(self, node: Node, below: list[Layer]) -> list[Layer]:
        if isinstance(node, Leaf):
            return self._with_layer(node.layer, node.blend, below)
        if not node.members:
            self.notes.append(f"The {called('group', node.name)} is empty and was left out.")
        if node.is_isolated and not node.is_hidden:
            return self._with_group(node, below)
        for member in node.members:
            below = self._with_node(_inheriting(member, node), below)
        return below

    def _with_layer(self, layer: Layer, blend: Blend, below: list[Layer]) -> list[Layer]:
        if isinstance(blend, BlendMode):
            return [*below, replace(layer, blend=blend)]
        if layer.is_hidden:
            self.notes.append(
                f"The hidden {called('layer', layer.name)} had the blend mode {blend}; here it is normal."
            )
            return [*below, replace(layer, blend=BlendMode.NORMAL)]
        return self._with_rendered(layer, blend, below)

    def _with_group(self, group: Group, below: list[Layer]) -> list[Layer]:
        """Opened out if that looks the same, else rendered into one layer."""
        members = self.layers_of(group.members)
        seen = [layer for layer in members if not layer.is_hidden]
        supports = _Supports(self.width, self.height)
        meets_nothing = [supports.add(layer) for layer in seen]
        plain = [
            replace(layer, blend=BlendMode.NORMAL) if is_alone else layer
            for layer, is_alone in zip(seen, meets_nothing, strict=True)
        ]
        is_plain = group.opacity == 255 and group.blend is BlendMode.NORMAL
        if is_plain and all(layer.blend is BlendMode.NORMAL for layer in plain):
            return [*below, *_locked(_in_place(members, plain), group)]
        if all(meets_nothing) and isinstance(group.blend, BlendMode):
            faded = [replace(_faded(layer, group.opacity), blend=group.blend) for layer in plain]
            return [*below, *_locked(_in_place(members, faded), group)]
        merged = _faded(plain[0], group.opacity) if len(plain) == 1 else self._merged(seen, group)
        hidden = [layer for layer in members if layer.is_hidden]
        return [*self._with_layer(merged, group.blend, below), *_locked(hidden, group)]

    def _with_rendered(self, layer: Layer, operator: Operator, below: list[Layer]) -> list[Layer]:
        """A layer whose operator no layer of ours can have: it becomes what is seen of it where it is."""
        canvas = (0, 0, self.width, self.height)
        box = canvas if operator.reaches_beyond_its_layer else _common(layer.box, canvas)
        if box is None:
            return [*below, layer]
        ground = self._rendered([one for one in below if not one.is_hidden], box)
        above = replace(layer, left=layer.left - box[0], top=layer.top - box[1]).on_canvas(box[2], box[3])
        seen = combined(ground, above, operator, layer.opacity)
        pixels = change_between(ground, seen, above[..., 3])
        if pixels is None:
            return self._all_in_one(layer, operator, below)
        self.notes.append(
            f"The {called('layer', layer.name)} has the blend mode {operator}: here it shows what that makes of the "
            "layers below it."
        )
        return [*below, replace(layer, pixels=pixels, left=box[0], top=box[1], opacity=255).cropped()]

    def _all_in_one(self, layer: Layer, operator: Operator, below: list[Layer]) -> list[Layer]:
        seen = [one for one in below if not one.is_hidden]
        canvas = (0, 0, self.width, self.height)
        pixels = combined(self._rendered(seen, canvas), layer.on_canvas(*canvas[2:]), operator, layer.opacity)
        self.notes.append(
            f"The {called('layer', layer.name)} has the blend mode {operator}: it was rendered into one layer with "
            f"what is below it ({counted(len(seen), 'layer')})."
        )
        name, kind = (seen[-1].name, seen[-1].kind) if seen else (layer.name, layer.kind)
        return [*(one for one in below if one.is_hidden), Layer(name, kind, pixels).cropped()]

    def _merged(self, layers: list[Layer], group: Group) -> Layer:
        self.notes.append(
            f"The {called('group', group.name)} was rendered into one layer ({counted(len(layers), 'layer')})."
        )
        boxes = [box for layer in layers if (box := _common(layer.box, (0, 0, self.width, self.height)))]
        box = _around(boxes) if boxes else (0, 0, 1, 1)
        pixels = self._rendered(layers, box)
        return Layer(
            group.name, LayerKind.OBJECT, pixels, box[0], box[1], opacity=group.opacity, is_locked=group.is_locked
        )

    def _rendered(self, layers: list[Layer], box: Box) -> Pixels:
        left, top, width, height = box
        self.limits.count_layer(width, height)
        moved = (replace(layer, left=layer.left - left, top=layer.top - top) for layer in layers)
        return composite(LayerStack(width, height, tuple(moved)))


def _inheriting(node: Node, group: Group) -> Node:
    if isinstance(node, Leaf):
        return replace(node, layer=_faded(_switched(node.layer, group), group.opacity))
    return replace(
        node,
        opacity=combined_opacity(node.opacity, group.opacity),
        is_hidden=node.is_hidden or group.is_hidden,
        is_locked=node.is_locked or group.is_locked,
    )


def _switched(layer: Layer, group: Group) -> Layer:
    return replace(layer, is_hidden=layer.is_hidden or group.is_hidden, is_locked=layer.is_locked or group.is_locked)


def _locked(layers: list[Layer], group: Group) -> list[Layer]:
    return [_switched(layer, group) for layer in layers] if group.is_locked else layers


def _in_place(members: list[Layer], seen: list[Layer]) -> list[Layer]:
    """All members, the visible ones as they are in `seen`."""
    left = iter(seen)
    return [layer if layer.is_hidden else next(left) for layer in members]


def _faded(layer: Layer, opacity: int) -> Layer:
    return layer if opacity == 255 else replace(layer, opacity=combined_opacity(layer.opacity, opacity))


class _Supports:
    """Where on the canvas the layers so far have pixels that show."""

    def __init__(self, width: int, height: int) -> None:
        self._canvas = (0, 0, width, height)
        self._covered: NDArray[np.bool_] | None = None

    def add(self, layer: Layer) -> bool:
        """True if the layer lies beside all those before it."""
        box = _common(layer.box, self._canvas)
        if box is None or layer.opacity == 0:
            return True
        left, top, width, height = box
        if self._covered is None:
            self._covered = np.zeros((self._canvas[3], self._canvas[2]), np.bool_)
        covered = self._covered[top : top + height, left : left + width]
        x, y = left - layer.left, top - layer.top
        shows = layer.pixels[y : y + height, x : x + width, 3] > 0
        is_beside = not (covered & shows).any()
        covered |= shows
        return is_beside


def _common(one: Box, other: Box) -> Box | None:
    x0, y0 = max(one[0], other[0]), max(one[1], other[1])
    x1, y1 = min(one[0] + one[2], other[0] + other[2]), min(one[1] + one[3], other[1] + other[3])
    return (x0, y0, x1 - x0, y1 - y0) if x0 < x1 and y0 < y1 else None


def _around(boxes: list[Box]) -> Box:
    x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return x0, y0, max(box[0] + box[2] for box in boxes) - x0, max(box[1] + box[3] for box in boxes) - y0
