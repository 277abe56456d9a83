"""Names groups of layers by what they are: cards, charts, rows, things with their parts."""

from collections.abc import Sequence
from itertools import count

import numpy as np

from lamina.core.layers import Box, LayerKind, Pixels
from lamina.engines.classic.folding import Folder, Relation
from lamina.engines.classic.layer_traits import place_of, traits_of
from lamina.engines.classic.naming import names_of, shortened
from lamina.engines.classic.raster import Mask, bounding_box, fill_holes, window_of
from lamina.engines.classic.solve import Element

_MIN_BASE_SHARE = 0.8  # of the box around a card: the box around its surface
_MIN_CARD_FILL = 0.8  # of the box around a surface
_MAX_ICON_SHARE = 0.02  # of the image
_NOUNS = {Relation.CHART: "Chart", Relation.NEAR: "Group", Relation.SMALL: "Small shapes"}


def group_names(folders: Sequence[Folder], elements: Sequence[Element], visible: Pixels) -> list[tuple[str, LayerKind]]:
    """A name of its own for each group, and its kind. `elements`: of the layers. `visible`: (h, w, 4), the image."""
    names: list[tuple[str, LayerKind]] = []
    used: set[str] = set()
    for folder in folders:
        members = [elements[index] for index in sorted(folder.leaves)]
        mask = np.logical_or.reduce([element.mask for element in members])
        noun, place, kind = _wording(folder, elements, mask, visible)
        numbered = (f"{noun} {number}" if number > 1 else noun for number in count(1))
        full = (f"{name}, {place}" if place else name for name in numbered)
        name = next(name for name in full if name not in used)
        used.add(name)
        names.append((name, kind))
    return names


def _wording(folder: Folder, elements: Sequence[Element], mask: Mask, visible: Pixels) -> tuple[str, str, LayerKind]:
    """The noun, the place if it needs one, and the kind."""
    place = place_of(bounding_box(mask), mask.shape)
    members = [elements[index] for index in sorted(folder.leaves)]
    texts = [element for element in members if element.text]
    if len(texts) == len(members):
        return "Texts", place, LayerKind.TEXT
    match folder.relation:
        case Relation.CARD if texts and (noun := _bearer(folder, elements, mask)) and (headline := _headline(texts)):
            return f"{noun}: {headline}", "", LayerKind.PANEL
        case Relation.CARD | Relation.PARTS:
            whole = Element(
                name="", kind=LayerKind.OBJECT, mask=mask, edge_area=mask, visible=visible, backdrop=visible
            )
            name, _, _ = names_of(traits_of([whole], None))[0].partition(", ")
            return name, place, LayerKind.OBJECT
        case Relation.ROW | Relation.COLUMN:
            return f"{folder.relation.capitalize()} of {_plural(folder, elements)}", place, LayerKind.OBJECT
        case Relation.SMALL:
            return _NOUNS[folder.relation], place, LayerKind.SMALL
        case _:
            return _NOUNS[folder.relation], place, LayerKind.OBJECT


def _bearer(folder: Folder, elements: Sequence[Element], mask: Mask) -> str:
    """What bears the texts of a card, which lies lowest in it; empty if it is no surface."""
    lowest = folder.members[0]
    base = elements[min(lowest.leaves) if isinstance(lowest, Folder) else lowest]
    if _area(bounding_box(base.mask)) < _MIN_BASE_SHARE * _area(bounding_box(mask)):
        return ""
    word = base.name.partition(",")[0].split()[0] if base.name else ""
    if word in ("Button", "Badge"):
        return word
    box = bounding_box(base.mask)
    return "Card" if np.count_nonzero(fill_holes(base.mask[window_of(box)])) >= _MIN_CARD_FILL * box[2] * box[3] else ""


def _area(box: Box) -> int:
    return box[2] * box[3]


def _headline(texts: Sequence[Element]) -> str:
    """The text with the largest letters."""
    largest = max(texts, key=lambda element: max(line.size_px for line in element.text))
    return shortened(" ".join(" ".join(line.string for line in largest.text).split()))


def _plural(folder: Folder, elements: Sequence[Element]) -> str:
    if any(isinstance(entry, Folder) and entry.relation is Relation.CARD for entry in folder.members):
        return "cards"
    members = [elements[index] for index in sorted(folder.leaves) if elements[index].kind is not LayerKind.TEXT]
    shapes = {trait.shape for trait in traits_of(members, None)}
    shape = shapes.pop() if len(shapes) == 1 else None
    if shape is not None:
        return f"{shape}s"
    is_small = all(np.count_nonzero(element.mask) <= _MAX_ICON_SHARE * element.mask.size for element in members)
    return "icons" if is_small else "things"
