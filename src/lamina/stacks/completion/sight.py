"""What is seen of a layer that others cover: where it is, where it is not, and where that is unknown."""

from dataclasses import dataclass

import numpy as np

from lamina.engines.classic.raster import Mask, Values, components, grow, shrink

_EDGE_PX = 3
_BESIDE_PX = 4  # how far beyond a cover's edge a layer must go on
_MIN_COVERED_PX = 12
_ENCLOSED_SHARE = 0.97  # of what is seen around a cover; else a part of the layer's edge is hidden
_MIN_TOUCHED_SHARE = 0.04
_CONTINUED_SHARE = 0.02  # of what is hidden deeper than an edge; with more of it the layer already goes on there


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """(h, w) each. `inside`: the layer, as far as it is known. `unknown`: hidden, by things that touch the layer.

    The rest is seen not to be of the layer.
    """

    inside: Mask
    unknown: Mask

    @property
    def known(self) -> Mask:
        return ~self.unknown

    @property
    def outside(self) -> Mask:
        return ~(self.inside | self.unknown)

    @property
    def contour(self) -> Mask:
        """The pixels of the layer beside pixels that are seen not to be of it."""
        return self.inside & grow(self.outside, 1)

    def agreement(self, shape: Values) -> float:
        """The IoU of a shape (0..1) with the layer, where it is known."""
        inside = self.inside.astype(np.float32)
        common = float(np.minimum(shape, inside)[self.known].sum())
        return common / max(float(np.maximum(shape, inside)[self.known].sum()), 1e-6)

    def crossing(self, shape: Values) -> float:
        """The share 0..1 of the covers' edges on the layer across which a shape goes on.

        A layer hardly ever ends exactly where something that covers it begins.
        """
        beside = grow(self.inside, _BESIDE_PX) & ~grow(self.inside, _BESIDE_PX - 1) & self.unknown
        beside &= ~grow(self.outside, _BESIDE_PX)
        return float(shape[beside].mean()) if beside.any() else 0.0


def seen(alpha: Values, through: Values) -> tuple[Sight, Mask]:
    """What is seen of a layer, and what is enclosed by it: (h, w), hidden with nothing but the layer around it.

    `alpha`: (h, w) in 0..1, of the layer. `through`: (h, w) in 0..1, the share of it that layers above let through.
    """
    inside = alpha >= 0.5
    covered = through < 0.5
    unknown, enclosed = np.zeros_like(covered), np.zeros_like(covered)
    hidden = components(covered)
    for label in range(1, len(hidden)):
        window = _with_margin(hidden.window(label), _EDGE_PX + 2)
        part = hidden.labels[window] == label
        if np.count_nonzero(part & (through[window] == 0)) < _MIN_COVERED_PX:
            continue
        deep = shrink(part, _EDGE_PX)
        if np.count_nonzero(inside[window] & deep) > _CONTINUED_SHARE * max(1, np.count_nonzero(deep)):
            continue
        # the cover's own soft edge lies between it and what is seen
        around = grow(part, _EDGE_PX + 1) & ~grow(part, _EDGE_PX) & ~covered[window]
        touched = float(inside[window][around].mean()) if around.any() else 0.0
        if touched >= _ENCLOSED_SHARE:
            enclosed[window] |= grow(part, _EDGE_PX) & ~inside[window]
        elif touched >= _MIN_TOUCHED_SHARE:
            unknown[window] |= grow(part, _EDGE_PX) & (~inside[window] | part)
    enclosed &= ~unknown
    return Sight(inside=(inside & ~unknown) | enclosed, unknown=unknown), enclosed


def attached(mask: Mask, to: Mask) -> Mask:
    """The components of a mask that touch another one."""
    parts = components(mask)
    touching = np.unique(parts.labels[grow(to, 1) & mask])
    is_kept = np.zeros(len(parts), np.bool_)
    is_kept[touching] = True
    is_kept[0] = False
    return is_kept[parts.labels]


def _with_margin(window: tuple[slice, slice], margin: int) -> tuple[slice, slice]:
    rows, columns = window
    return slice(max(0, rows.start - margin), rows.stop + margin), slice(
        max(0, columns.start - margin), columns.stop + margin
    )
