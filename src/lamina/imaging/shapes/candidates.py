"""Proposes shapes that a layer may be, from its pixels alone."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Layer, Pixels
from lamina.imaging.shapes.borders import with_border
from lamina.imaging.shapes.drawing import distance
from lamina.imaging.shapes.fill_fitting import fitted_fill
from lamina.imaging.shapes.form_fitting import fitted_forms
from lamina.imaging.shapes.shape import Fill, Form, NativeShape, Values
from lamina.imaging.shapes.sight import Sight

Mask = NDArray[np.bool_]

_MIN_SIDE_PX, _MIN_LINE_PX, _MIN_LENGTH_PX = 6, 2, 24
_OPAQUE_SHARE = 0.98  # of the highest alpha: pixels that are entirely covered
_MIN_SEEN_SHARE = 0.3  # of the area: less of it, and its colours cannot be checked
_MIN_SEEN_OUTLINE = 0.4
_MAX_FORMS = 3


def may_be_a_shape(layer: Layer) -> bool:
    """False for text and for what is too small to tell."""
    short, long = sorted((layer.width, layer.height))
    return not layer.text and (short >= _MIN_SIDE_PX or (short >= _MIN_LINE_PX and long >= _MIN_LENGTH_PX))


def candidates(layer: Layer, sight: Sight) -> Iterator[NativeShape]:
    """The simplest first. They are not checked. `sight`: that of the layer with a margin, beyond which it is empty."""
    margin = layer.left - sight.box[0]
    pixels = np.pad(layer.pixels, ((margin, margin), (margin, margin), (0, 0)))
    alpha = pixels[..., 3].astype(np.float32)
    is_known = sight.is_known
    known = alpha[is_known & (alpha > 0)]
    if not known.size:
        return
    is_solid = alpha >= _OPAQUE_SHARE * float(known.max())
    opacity = round(float(np.median(alpha[is_solid & is_known])))
    if np.count_nonzero(is_solid & is_known) < _MIN_SEEN_SHARE * np.count_nonzero(is_solid):
        return
    cover = (alpha / opacity).clip(0, 1)
    hole = _hole(cover, is_known)
    if hole is None:
        yield from _solid(pixels, cover, sight, opacity)
    else:
        yield from _hollow(pixels, cover, hole, sight)


def _solid(pixels: Pixels, cover: Values, sight: Sight, opacity: int) -> Iterator[NativeShape]:
    fills: dict[float, Fill | None] = {}
    for form in _forms(cover, sight):
        depth = -distance(form, *sight.middles)
        if form.degrees not in fills:
            inside = sight.is_known & (depth > 1)
            inside = inside if inside.any() else sight.is_known & (depth > 0)
            fills[form.degrees] = _fill(pixels, inside, sight, form)
        fill = fills[form.degrees]
        if fill is not None:
            yield NativeShape(form=form, fill=fill, opacity=opacity)
        elif bordered := with_border(form, pixels, sight):
            border, inner = bordered.border, bordered.inner
            yield NativeShape(form=form, fill=bordered.fill, inner=inner, border=border, opacity=opacity)


def _hollow(pixels: Pixels, cover: Values, hole: Mask, sight: Sight) -> Iterator[NativeShape]:
    opacity = int(pixels[..., 3].max())
    empty = np.where(hole, 1 - cover, np.float32(0))
    inners = list(_forms(empty, sight))
    if not inners:
        return
    for form in _forms(np.where(hole, np.float32(1), cover), sight):
        for inner in inners:
            between = np.minimum(-distance(form, *sight.middles), distance(inner, *sight.middles))
            inside = sight.is_known & (between > 0.75)
            border = _fill(pixels, inside, sight, form)
            if border is not None:
                shape = NativeShape(form=form, fill=None, inner=inner, border=border, opacity=opacity)
                if shape.border_px is not None:
                    yield shape


def _forms(cover: Values, sight: Sight) -> Iterator[Form]:
    tried = 0
    for form in fitted_forms(cover, sight.is_known, sight.box):
        outline = np.abs(distance(form, *sight.middles)) < 1
        if not sight.contains(form.bounds):
            continue
        if np.count_nonzero(outline & sight.is_known) < _MIN_SEEN_OUTLINE * np.count_nonzero(outline):
            continue
        yield form
        tried += 1
        if tried == _MAX_FORMS:
            return


def _fill(pixels: Pixels, where: Mask, sight: Sight, form: Form) -> Fill | None:
    rows, columns = np.nonzero(where)
    left, top = sight.box[:2]
    return fitted_fill(left + columns + 0.5, top + rows + 0.5, pixels[rows, columns, :3].astype(np.float64), form)


def _hole(cover: Values, is_known: Mask) -> Mask | None:
    """Where a ring or frame is empty, edges included; None if there is no hole, or none that is seen."""
    empty = (cover < 0.5).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(empty, connectivity=4)
    inner = [label for label in range(1, count) if label != labels[0, 0]]
    if not inner:
        return None
    largest = max(inner, key=lambda label: stats[label, cv2.CC_STAT_AREA])
    hole = labels == largest
    if stats[largest, cv2.CC_STAT_AREA] < _MIN_SIDE_PX**2 or not (hole & is_known).any():
        return None
    return np.asarray(cv2.dilate(hole.astype(np.uint8), np.ones((3, 3), np.uint8))) > 0
