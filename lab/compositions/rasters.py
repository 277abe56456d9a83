"""Draws SVG as pixels, whole or as the separate things that its top-level groups show.

resvg draws here: it is one wheel without system libraries, draws the same pixels on every machine, and Lamina's tests
have it already. CairoSVG needs Cairo of the system and lacks several filters.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import resvg_py
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
from numpy.typing import NDArray

from lamina.core.layers import Pixels

_Element = Any  # of lxml, which has no types

_SVG = "http://www.w3.org/2000/svg"
_DRAWN = (
    "g",
    "a",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "use",
    "text",
    "image",
    "switch",
)
_TRIAL_PX = 200
_NEAR_PX = 3  # of the trial picture: parts at most this far apart touch
_MOST_CANDIDATES = 60
_MOST_PARTS = 8
_SMALL = 0.015  # share of the drawn area: a smaller part belongs to the thing under or beside it
_DETAIL = 0.55  # share of a shape's area: a thing that covers it has the shape as a detail
_GROUND = 0.5  # share of the drawn area: a larger part is a ground, which has no details

Mask = NDArray[np.bool_]


def draw(svg: str, long_px: int) -> Pixels:
    """(height, width, 4): the whole picture, `long_px` on its longer side.

    Raises ValueError if resvg cannot read it.
    """
    png = resvg_py.svg_to_bytes(svg_string=svg, width=long_px, height=long_px, skip_system_fonts=True)
    decoded = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.ndim != 3 or decoded.shape[2] != 4:
        raise ValueError("resvg drew no RGBA picture")
    return np.ascontiguousarray(decoded[..., [2, 1, 0, 3]], np.uint8)


def draw_shapes(body: str, width: int, height: int) -> Pixels:
    """(height, width, 4): the SVG elements of `body` in a coordinate system of pixels."""
    svg = f'<svg xmlns="{_SVG}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">{body}</svg>'
    return draw(svg, max(width, height))


def parts(svg: str) -> list[str]:
    """The things of a picture as pictures of the same size, bottom first.

    Raises ValueError if it is not XML or resvg cannot read it.
    """
    root = _parsed(svg)
    candidates = _candidates(root)
    if not 2 <= len(candidates) <= _MOST_CANDIDATES:
        return [svg]
    masks = [_mask(draw(_only(root, candidates, [node]), _TRIAL_PX)) for node in candidates]
    whole = float(np.any(masks, 0).sum())
    clusters: list[_Cluster] = []
    for node, mask in zip(candidates, masks, strict=True):
        if mask.any():
            _place(clusters, _Cluster([node], mask, _is_group(node)), whole)
    clusters = _without_small(clusters, whole)
    while len(clusters) > _MOST_PARTS:
        _merge_smallest(clusters)
    return [_only(root, candidates, cluster.nodes) for cluster in clusters]


def _parsed(svg: str) -> _Element:
    try:
        return etree.fromstring(svg.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
    except etree.XMLSyntaxError as error:
        raise ValueError("an SVG picture is not XML") from error


@dataclass(slots=True)
class _Cluster:
    nodes: list[_Element]
    mask: Mask
    is_group: bool

    @property
    def body(self) -> Mask:
        """The mask with its holes filled, a little wider."""
        return _filled(self.mask)

    def take(self, other: "_Cluster") -> None:
        self.nodes += other.nodes
        self.mask = self.mask | other.mask
        self.is_group = self.is_group or other.is_group


def _candidates(root: _Element) -> list[_Element]:
    """The elements that may be things: top-level ones, with wrappers and large groups among few opened."""
    nodes = _drawn_children(root)
    while len(nodes) < 4:
        groups = [node for node in nodes if len(_drawn_children(node)) > 1 or (len(nodes) == 1 and _is_group(node))]
        if not groups:
            break
        largest = max(groups, key=lambda node: len(list(node.iter())))
        at = nodes.index(largest)
        nodes[at : at + 1] = _drawn_children(largest)
    return nodes


def _drawn_children(node: _Element) -> list[_Element]:
    return [child for child in node if isinstance(child.tag, str) and etree.QName(child).localname in _DRAWN]


def _is_group(node: _Element) -> bool:
    return etree.QName(node).localname in ("g", "a", "switch") and len(_drawn_children(node)) > 0


def _only(root: _Element, candidates: list[_Element], shown: list[_Element]) -> str:
    """The picture with only the shown candidates; hidden ones become definitions, so that references to them work."""
    order = {id(node): index for index, node in enumerate(_elements(root))}
    hidden = {order[id(node)] for node in candidates if not any(node is element for element in shown)}
    clone = copy.deepcopy(root)
    elements = list(_elements(clone))
    for index in hidden:
        node = elements[index]
        shelf = etree.Element(f"{{{_SVG}}}defs")
        parent = node.getparent()
        node.tail = None
        parent.replace(node, shelf)
        shelf.append(node)
    return etree.tostring(clone, encoding="unicode")


def _elements(root: _Element) -> Iterator[_Element]:
    return root.iter()


def _mask(pixels: Pixels) -> Mask:
    return pixels[..., 3] > 100


def _place(clusters: list[_Cluster], new: _Cluster, whole: float) -> None:
    """Adds a thing on top, or merges it with the thing below of which it is a detail, an outline or a faint shadow."""
    area = new.mask.sum()
    for below in reversed(clusters):
        inside = (below.body & new.mask).sum() / area
        encloses = (new.body & below.mask).sum() / max(1, below.mask.sum())
        is_ground = below.mask.sum() > _GROUND * whole and area > 0.02 * whole
        is_outline = encloses > 0.8 and area < 0.5 * new.body.sum() and new.body.sum() < 2 * below.body.sum()
        is_inset = inside > 0.85 and area > 0.45 * below.mask.sum()
        if not new.is_group and (is_inset or (not is_ground and (inside > _DETAIL or is_outline))):
            below.take(new)
            return
        if inside > 0.05:
            break
    clusters.append(new)


def _without_small(clusters: list[_Cluster], whole: float) -> list[_Cluster]:
    """Merges each small thing with the thing that it touches, and merges those that touch none."""
    kept = [cluster for cluster in clusters if cluster.mask.sum() >= _SMALL * whole]
    scattered: _Cluster | None = None
    for index, cluster in enumerate(clusters):
        if cluster.mask.sum() >= _SMALL * whole:
            continue
        things = [thing for thing in kept if thing.mask.sum() < _GROUND * whole]
        nearest = min(things, key=lambda thing: _gap(thing.body, cluster.mask), default=None)
        if nearest is not None and _gap(nearest.body, cluster.mask) < _NEAR_PX:
            nearest.take(cluster)
        elif scattered is None:
            scattered = cluster
            below = [thing for thing in clusters[:index] if any(thing is other for other in kept)]
            kept.insert(len(below), scattered)
        else:
            scattered.take(cluster)
    return kept


def _merge_smallest(clusters: list[_Cluster]) -> None:
    """Merges the two neighbours in the order of drawing that have the smallest union."""
    sizes = [(lower.mask | upper.mask).sum() for lower, upper in pairwise(clusters)]
    at = int(np.argmin(sizes))
    clusters[at].take(clusters[at + 1])
    del clusters[at + 1]


def _filled(mask: Mask) -> Mask:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    body = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(body, contours, -1, 1, thickness=cv2.FILLED)
    cv2.drawContours(body, contours, -1, 1, thickness=3)
    return body > 0


def _gap(first: Mask, second: Mask) -> float:
    """The distance between two masks in trial pixels, less a little for a long common border."""
    distances = cv2.distanceTransform((~first).astype(np.uint8), cv2.DIST_L2, 3)
    return float(np.percentile(distances[second], 25))
