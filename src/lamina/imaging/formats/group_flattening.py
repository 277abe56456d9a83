"""Turns groups with opacities and modes into pass-through groups that look the same; renders those it cannot."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import composite
from lamina.core.layer_tree import ungrouped
from lamina.core.layers import BlendMode, Box, Layer, LayerStack, Pixels
from lamina.core.layers import Group as LayerGroup
from lamina.imaging.formats.operators import Operator, apply_operator
from lamina.imaging.formats.pixel_change import solve_layer
from lamina.imaging.formats.records import combined_opacity, count_noun, empty_group_note, layer_label
from lamina.imaging.size_limits import SizeLimits

Blend: TypeAlias = BlendMode | Operator


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A layer of a file. `blend`: its blend mode, which replaces `layer.blend`."""

    layer: Layer
    blend: Blend = BlendMode.NORMAL


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A group of a file. `group`: its name, kind and flags; `members`: lowest first.

    `is_isolated`: the members do not blend with the layers below the group. A group that is not isolated (pass through)
    only passes its opacity to its members.
    """

    group: LayerGroup
    members: "tuple[Leaf | Group, ...]"
    opacity: int = 255
    is_isolated: bool = True
    blend: Blend = BlendMode.NORMAL


Node: TypeAlias = Leaf | Group


@dataclass
class GroupFlattener:
    """Flattens groups on a canvas of `width` x `height`; rendered layers are counted against `limits`.

    `notes`: sentences for the user on every difference from the file.
    """

    width: int
    height: int
    limits: SizeLimits
    notes: list[str] = field(default_factory=list)

    def flatten(self, nodes: Iterable[Node]) -> list[Layer]:
        """The layers, lowest first, whose composite equals that of the nodes on a transparent canvas, within rounding.

        Groups are kept, unless they are rendered into one layer, or a layer is merged with those below its group.
        Raises `LaminaError` (input_too_large).
        """
        layers: list[Layer] = []
        for node in nodes:
            layers = self._add_node(node, layers, ())
        return layers

    def _add_node(self, node: Node, below: list[Layer], path: tuple[LayerGroup, ...]) -> list[Layer]:
        """`path`: the groups around the node, outermost first, without those around an isolated group."""
        if isinstance(node, Leaf):
            return self._add_layer(replace(node.layer, groups=path), node.blend, below)
        if not node.members:
            self.notes.append(empty_group_note(node.group.name))
        path = (*path, node.group)
        if node.is_isolated and not any(group.is_hidden for group in path):
            return self._add_group(node, below, path)
        for member in node.members:
            below = self._add_node(_faded(member, node.opacity), below, path)
        return below

    def _add_layer(self, layer: Layer, blend: Blend, below: list[Layer]) -> list[Layer]:
        if isinstance(blend, BlendMode):
            return [*below, replace(layer, blend=blend)]
        if not layer.is_visible:
            self.notes.append(
                f"The hidden {layer_label('layer', layer.name)} had the blend mode {blend}, "
                "which was changed to normal."
            )
            return [*below, replace(layer, blend=BlendMode.NORMAL)]
        return self._add_with_operator(layer, blend, below)

    def _add_group(self, group: Group, below: list[Layer], path: tuple[LayerGroup, ...]) -> list[Layer]:
        """Adds the members if that looks the same, else the group, the last of `path`, rendered into one layer."""
        members = self.flatten(group.members)
        visible = [layer for layer in members if layer.is_visible]
        coverage = _CoverageMap(self.width, self.height)
        is_separate = [coverage.add(layer) for layer in visible]
        plain = [
            replace(layer, blend=BlendMode.NORMAL) if is_alone else layer
            for layer, is_alone in zip(visible, is_separate, strict=True)
        ]
        is_plain = group.opacity == 255 and group.blend is BlendMode.NORMAL
        if is_plain and all(layer.blend is BlendMode.NORMAL for layer in plain):
            return [*below, *_inside(_restore_hidden(members, plain), path)]
        if all(is_separate) and isinstance(group.blend, BlendMode):
            faded = [replace(_with_opacity(layer, group.opacity), blend=group.blend) for layer in plain]
            return [*below, *_inside(_restore_hidden(members, faded), path)]
        if len(plain) == 1:
            merged = ungrouped(_with_opacity(plain[0], group.opacity), plain[0].groups)
        else:
            merged = self._merge(visible, group)
        hidden = [layer for layer in members if not layer.is_visible]
        alone = [ungrouped(layer, (group.group,)) for layer in _inside([merged, *hidden], path)]
        return [*self._add_layer(alone[0], group.blend, below), *alone[1:]]

    def _add_with_operator(self, layer: Layer, operator: Operator, below: list[Layer]) -> list[Layer]:
        """Adds a layer with an operator that stacks do not support, as the change that it makes to the layers below."""
        canvas = (0, 0, self.width, self.height)
        box = canvas if operator.affects_outside_layer else _intersection(layer.box, canvas)
        if box is None:
            return [*below, layer]
        backdrop = self._render([member for member in below if member.is_visible], box)
        above = replace(layer, left=layer.left - box[0], top=layer.top - box[1]).on_canvas(box[2], box[3])
        visible = apply_operator(backdrop, above, operator, layer.opacity)
        pixels = solve_layer(backdrop, visible, above[..., 3])
        if pixels is None:
            return self._merge_with_operator(layer, operator, below)
        self.notes.append(
            f"The {layer_label('layer', layer.name)} has the blend mode {operator}; it was replaced by the "
            "resulting change of the layers below it."
        )
        return [*below, replace(layer, pixels=pixels, left=box[0], top=box[1], opacity=255).cropped()]

    def _merge_with_operator(self, layer: Layer, operator: Operator, below: list[Layer]) -> list[Layer]:
        visible = [member for member in below if member.is_visible]
        canvas = (0, 0, self.width, self.height)
        pixels = apply_operator(self._render(visible, canvas), layer.on_canvas(*canvas[2:]), operator, layer.opacity)
        self.notes.append(
            f"The {layer_label('layer', layer.name)} has the blend mode {operator}; it was rendered into one "
            f"layer with the layers below it ({count_noun(len(visible), 'layer')})."
        )
        name, kind = (visible[-1].name, visible[-1].kind) if visible else (layer.name, layer.kind)
        # It has layers from outside the groups of the layer, and would lie between their members.
        hidden = [ungrouped(member, layer.groups) for member in below if not member.is_visible]
        return [*hidden, Layer(name, kind, pixels).cropped()]

    def _merge(self, layers: list[Layer], group: Group) -> Layer:
        self.notes.append(
            f"The {layer_label('group', group.group.name)} was rendered into one layer "
            f"({count_noun(len(layers), 'layer')})."
        )
        boxes = [box for layer in layers if (box := _intersection(layer.box, (0, 0, self.width, self.height)))]
        box = _bounding_box(boxes) if boxes else (0, 0, 1, 1)
        pixels = self._render(layers, box)
        return Layer(group.group.name, group.group.kind, pixels, box[0], box[1], opacity=group.opacity)

    def _render(self, layers: list[Layer], box: Box) -> Pixels:
        left, top, width, height = box
        self.limits.count_layer(width, height)
        moved = (replace(layer, left=layer.left - left, top=layer.top - top, groups=()) for layer in layers)
        return composite(LayerStack(width, height, tuple(moved)))


def _faded(node: Node, opacity: int) -> Node:
    if isinstance(node, Leaf):
        return replace(node, layer=_with_opacity(node.layer, opacity))
    return replace(node, opacity=combined_opacity(node.opacity, opacity))


def _inside(layers: Iterable[Layer], path: tuple[LayerGroup, ...]) -> list[Layer]:
    return [replace(layer, groups=(*path, *layer.groups)) for layer in layers]


def _restore_hidden(members: list[Layer], visible: list[Layer]) -> list[Layer]:
    """All members, with the visible ones replaced by those of `visible`."""
    remaining = iter(visible)
    return [next(remaining) if layer.is_visible else layer for layer in members]


def _with_opacity(layer: Layer, opacity: int) -> Layer:
    return layer if opacity == 255 else replace(layer, opacity=combined_opacity(layer.opacity, opacity))


class _CoverageMap:
    """The area of the canvas that the layers so far cover."""

    def __init__(self, width: int, height: int) -> None:
        self._canvas = (0, 0, width, height)
        self._covered: NDArray[np.bool_] | None = None

    def add(self, layer: Layer) -> bool:
        """Adds a layer. True if it does not overlap the layers before it."""
        box = _intersection(layer.box, self._canvas)
        if box is None or layer.opacity == 0:
            return True
        left, top, width, height = box
        if self._covered is None:
            self._covered = np.zeros((self._canvas[3], self._canvas[2]), np.bool_)
        covered = self._covered[top : top + height, left : left + width]
        x, y = left - layer.left, top - layer.top
        has_pixels = layer.pixels[y : y + height, x : x + width, 3] > 0
        is_separate_layer = not (covered & has_pixels).any()
        covered |= has_pixels
        return is_separate_layer


def _intersection(first: Box, second: Box) -> Box | None:
    x0, y0 = max(first[0], second[0]), max(first[1], second[1])
    x1, y1 = min(first[0] + first[2], second[0] + second[2]), min(first[1] + first[3], second[1] + second[3])
    return (x0, y0, x1 - x0, y1 - y0) if x0 < x1 and y0 < y1 else None


def _bounding_box(boxes: list[Box]) -> Box:
    x0, y0 = min(box[0] for box in boxes), min(box[1] for box in boxes)
    return x0, y0, max(box[0] + box[2] for box in boxes) - x0, max(box[1] + box[3] for box in boxes) - y0
