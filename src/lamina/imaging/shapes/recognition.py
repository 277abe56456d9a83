"""Finds the layers of a stack that are simple shapes, so that vector formats can contain the shapes themselves."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lamina.core.composite import over, place
from lamina.core.layers import Layer, LayerStack, Pixels
from lamina.imaging.shapes.candidates import candidates, may_be_a_shape
from lamina.imaging.shapes.checking import LEVELS, Check, checked, difference
from lamina.imaging.shapes.drawing import draw
from lamina.imaging.shapes.remainders import with_remainder
from lamina.imaging.shapes.shape import NativeShape, Residual
from lamina.imaging.shapes.sight import Sight, overlap, sights

Mask = NDArray[np.bool_]

_MARGIN_PX = 4


@dataclass(frozen=True, slots=True)
class FoundShape:
    """A shape that a layer can be replaced by, and how the result differs."""

    shape: NativeShape
    residual: Residual


@dataclass(frozen=True, slots=True)
class ShapedStack:
    """`shapes`: what can replace layers, by their index. `stack`: the layers, to be used for all others.

    Layers beside a shape contain what the shape lacks, such as the faint end of their shadow on it.
    """

    stack: LayerStack
    shapes: dict[int, FoundShape]


def with_native_shapes(
    stack: LayerStack, is_usable: Callable[[NativeShape, Layer], bool] = lambda _shape, _layer: True
) -> ShapedStack:
    """The stack with shapes instead of those layers that are some: most are not.

    A shape shows the same as its layer wherever no other layer covers it: to within one level inside, and but for
    antialiasing on edges. `is_usable`: whether a format can contain the shape instead of the layer.
    """
    cropped = LayerStack(stack.width, stack.height, tuple(layer.cropped() for layer in stack))
    seen = {index: sight for index, sight in sights(cropped, _MARGIN_PX) if may_be_a_shape(cropped[index])}
    proposed = {index: _Proposals(candidates(cropped[index], sight)) for index, sight in seen.items()}
    while proposed:
        attempt = _Attempt(cropped, seen, is_usable)
        attempt.replace_layers(proposed)
        guilty = attempt.guilty()
        if not guilty:
            layers = [attempt.layers.get(index, layer) for index, layer in enumerate(stack)]
            return ShapedStack(replace(stack, layers=tuple(layers)), attempt.found)
        for index in guilty:
            del proposed[index]
    return ShapedStack(stack, {})


class _Proposals:
    """Shapes that are made when they are wanted first, and kept for the next attempt."""

    def __init__(self, source: Iterator[NativeShape]) -> None:
        self._source = source
        self._made: list[NativeShape] = []

    def __iter__(self) -> Iterator[NativeShape]:
        yield from tuple(self._made)
        for shape in self._source:
            self._made.append(shape)
            yield shape


class _Attempt:
    """One way through the stack from the bottom, with the picture before and after layers are replaced."""

    def __init__(
        self, stack: LayerStack, seen: dict[int, Sight], is_usable: Callable[[NativeShape, Layer], bool]
    ) -> None:
        self.stack, self.seen, self._is_usable = stack, seen, is_usable
        self.found: dict[int, FoundShape] = {}
        self.layers: dict[int, Layer] = {}
        self._checks: dict[int, Check] = {}
        self._before = np.zeros((stack.height, stack.width, 4), np.uint8)
        self._after = self._before.copy()

    def replace_layers(self, proposed: dict[int, _Proposals]) -> None:
        for index, layer in enumerate(self.stack):
            shape = self._accepted(index, proposed.get(index, ()))
            if not layer.is_visible:
                continue
            place(self._before, layer)
            if shape is not None:
                box = self.seen[index].box
                drawn = replace(layer, pixels=draw(shape, box), left=box[0], top=box[1])
                place(self._after, drawn)
            elif self.found:
                patched = with_remainder(layer, self._before, self._after)
                if patched is not layer:
                    self.layers[index] = patched
                place(self._after, patched)
            else:
                place(self._after, layer)

    def guilty(self) -> list[int]:
        """The topmost shape that the picture still lacks something of; nothing if all is well."""
        is_off = difference(self._before, self._after) > LEVELS
        if not is_off.any():
            return []
        for index, check in self._checks.items():
            there, here = overlap(self.seen[index].box, *is_off.shape)
            is_off[there] &= ~check.outline[here]
        for index, check in reversed(self._checks.items()):
            there, here = overlap(self.seen[index].box, *is_off.shape)
            if (is_off[there] & check.owed[here]).any():
                return [index]
        return [max(self._checks)] if is_off.any() else []

    def _accepted(self, index: int, shapes: Iterable[NativeShape]) -> NativeShape | None:
        layer, sight = self.stack[index], self.seen.get(index)
        if sight is None or shapes == ():
            return None
        pixels = np.zeros((sight.box[3], sight.box[2], 4), np.uint8)
        pixels[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX] = layer.pixels
        ground, below = _window(self._before, sight), _window(self._after, sight)
        already = difference(ground, below)
        before = over(ground, pixels, layer.opacity, layer.blend)
        for shape in shapes:
            if not self._is_usable(shape, layer):
                continue
            after = over(below, draw(shape, sight.box), layer.opacity, layer.blend)
            check = checked(shape, sight, (before, after), already)
            if check is not None:
                self.found[index] = FoundShape(shape, check.residual)
                if layer.is_visible:
                    self._checks[index] = check
                return shape
        return None


def _window(canvas: Pixels, sight: Sight) -> Pixels:
    window = np.zeros((sight.box[3], sight.box[2], 4), np.uint8)
    there, here = overlap(sight.box, *canvas.shape[:2])
    window[here] = canvas[there]
    return window
