"""Measures of each layer what its name may say: its shape, place and colour, its text, and what lies on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lamina.core.layers import Box, LayerKind
from lamina.engines.classic.photo import looks_like_photo
from lamina.engines.classic.raster import Mask, bounding_box, fill_holes, share_within, shrink, steps, window_of
from lamina.engines.classic.shape_kinds import RECTANGULAR, ShapeKind, shape_kind
from lamina.engines.classic.solve import Element
from lamina.engines.colours import SAMPLE_PX, colour_word

_ANGULAR = {*RECTANGULAR, ShapeKind.TRIANGLE}
_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")
_CENTRE = "centre"
_WHOLE = 0.85  # of both sides of the image: such a layer has no place
_ON_SHARE = 0.9  # of a text that lies on a thing
_MAX_BUTTON, _MAX_BADGE = 0.08, 0.15  # shares of the image
_MIN_BUTTON_RATIO = 1.5  # of width to height
_MIN_LABEL_WIDTH, _MIN_LABEL_HEIGHT = 0.4, 0.2  # of the button
_MAX_OFF_CENTRE = 0.12
_MAX_BADGE_RATIO, _MIN_BADGE_FILL = 1.6, 0.6
_MIN_PICTURE_SHARE = 0.03  # of the image: smaller ones are icons
_EVEN_LEVELS = 6  # difference of neighbouring pixels in plain and shaded areas
_MAX_EVEN = 0.8  # share of a thing with details
_EDGE_PX = 3  # width of the rim that is not looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is known of a layer.

    `place`: "top left", "centre" …; "" if it fills the image. `reading_order`: top to bottom, then left to right.
    `is_detailed`: much of it, if it is angular, is neither even nor shaded. `bears_text`: a text lies on it. `says`:
    its text.
    """

    kind: LayerKind
    shape: ShapeKind | None = None
    place: str = ""
    colour: str = ""
    reading_order: tuple[float, float] = (0.0, 0.0)
    is_subject: bool = False
    is_detailed: bool = False
    is_picture: bool = False
    is_photo: bool = False
    bears_text: bool = False
    is_button: bool = False
    is_badge: bool = False
    says: str = ""
    is_headline: bool = False
    is_button_label: bool = False

    @property
    def is_rectangular(self) -> bool:
        return self.shape in RECTANGULAR


def traits_of(elements: Sequence[Element], subject: Mask | None) -> list[Traits]:
    """Of every element, given front first. `subject`: (h, w), where the subject of a photograph is."""
    headline = _headline(elements)
    texts_on = _texts_on_things(elements)
    labels = {
        texts[0] for thing, texts in texts_on.items() if texts[0] != headline and _is_label(elements, thing, texts)
    }
    the_subject = _subject(elements, subject)
    traits: list[Traits] = []
    in_front: Mask | None = None
    for index, element in enumerate(elements):
        texts = texts_on.get(index, [])
        if element.kind is LayerKind.TEXT:
            traits.append(_text_traits(element, is_headline=index == headline, is_button_label=index in labels))
            continue
        in_front = np.zeros_like(element.mask) if in_front is None else in_front
        its = _thing_traits(element, in_front, bears_text=bool(texts))
        traits.append(replace(its, is_subject=index == the_subject, is_button=not labels.isdisjoint(texts)))
        in_front |= element.mask
    return traits


def place_of(box: Box, shape: tuple[int, ...]) -> str:
    """Where the centre of a box lies in an image of `shape`, in thirds: "top left", "centre"; "" if it fills it."""
    x, y, width, height = box
    if height >= _WHOLE * shape[0] and width >= _WHOLE * shape[1]:
        return ""
    row, column = (min(2, int(3 * middle)) for middle in ((y + height / 2) / shape[0], (x + width / 2) / shape[1]))
    return " ".join(word for word in (_ROWS[row], _COLUMNS[column]) if word) or _CENTRE


def _text_traits(element: Element, *, is_headline: bool, is_button_label: bool) -> Traits:
    box = bounding_box(element.mask)
    return Traits(
        kind=element.kind,
        place=place_of(box, element.mask.shape),
        reading_order=(box[1] + box[3] / 2, box[0] + box[2] / 2),
        says=" ".join(" ".join(line.string for line in element.text).split()),
        is_headline=is_headline,
        is_button_label=is_button_label,
    )


def _thing_traits(element: Element, in_front: Mask, *, bears_text: bool) -> Traits:
    """`in_front` (h, w): what lies in front of it."""
    box = bounding_box(element.mask)
    shape = shape_kind(element.mask, in_front)
    is_detailed = shape in _ANGULAR and _is_detailed(element, box)
    is_large = box[2] * box[3] >= _MIN_PICTURE_SHARE * element.mask.size
    is_picture = shape in RECTANGULAR and is_detailed and is_large
    return Traits(
        kind=element.kind,
        shape=shape,
        place=place_of(box, element.mask.shape),
        colour=colour_word(_visible_samples(element, box)),
        reading_order=(box[1] + box[3] / 2, box[0] + box[2] / 2),
        is_detailed=is_detailed,
        is_picture=is_picture,
        is_photo=is_picture and _shows_photo(element, box),
        bears_text=bears_text,
        is_badge=bears_text and _is_compact(element.mask, box, shape),
    )


def _headline(elements: Sequence[Element]) -> int | None:
    """The index of the text with the largest letters."""
    sizes = {
        index: max(line.size_px for line in element.text) for index, element in enumerate(elements) if element.text
    }
    return max(sizes, key=lambda index: sizes[index], default=None)


def _texts_on_things(elements: Sequence[Element]) -> dict[int, list[int]]:
    """The indices of the texts that lie on a thing, by the index of the foremost such thing."""
    things = [index for index, element in enumerate(elements) if element.kind in (LayerKind.OBJECT, LayerKind.PANEL)]
    boxes = {index: bounding_box(elements[index].mask) for index in things}
    texts_on: dict[int, list[int]] = {}
    for text, element in enumerate(elements):
        if element.text:
            box = bounding_box(element.mask)
            around = (thing for thing in things if _contains(boxes[thing], box))
            on = next((thing for thing in around if _lies_on(element, box, elements[thing], boxes[thing])), None)
            if on is not None:
                texts_on.setdefault(on, []).append(text)
    return texts_on


def _contains(outer: Box, inner: Box) -> bool:
    x, y, width, height = outer
    left, top, across, down = inner
    return (
        x <= left + _EDGE_PX
        and y <= top + _EDGE_PX
        and (x + width >= left + across - _EDGE_PX and y + height >= top + down - _EDGE_PX)
    )


def _lies_on(text: Element, text_box: Box, thing: Element, thing_box: Box) -> bool:
    x, y, _, _ = thing_box
    filled = fill_holes(thing.mask[window_of(thing_box)])
    left, top, across, down = text_box
    inner = window_of((max(0, left - x), max(0, top - y), across, down))
    shape = filled[inner]
    letters = text.mask[window_of((x + inner[1].start, y + inner[0].start, shape.shape[1], shape.shape[0]))]
    return share_within(letters, shape) >= _ON_SHARE


def _is_label(elements: Sequence[Element], thing: int, texts: Sequence[int]) -> bool:
    """Whether the text on a thing is one line in the middle of a small wide rectangle, and nearly fills it."""
    if len(texts) > 1 or len(elements[texts[0]].text) > 1:
        return False
    mask = elements[thing].mask
    box, label = bounding_box(mask), bounding_box(elements[texts[0]].mask)
    width, height = box[2:]
    if width < _MIN_BUTTON_RATIO * height or width * height > _MAX_BUTTON * mask.size:
        return False
    own = fill_holes(mask[window_of(box)])
    if shape_kind(own, np.zeros_like(own)) not in RECTANGULAR:
        return False
    (x, y), (label_x, label_y) = _middle(box), _middle(label)
    is_central = max(abs(label_x - x) / width, abs(label_y - y) / height) <= _MAX_OFF_CENTRE
    return is_central and label[2] >= _MIN_LABEL_WIDTH * width and label[3] >= _MIN_LABEL_HEIGHT * height


def _is_compact(mask: Mask, box: Box, shape: ShapeKind | None) -> bool:
    """Whether it is small, about as wide as high, and round or star-shaped, as badges are."""
    width, height = box[2:]
    return bool(
        shape not in RECTANGULAR
        and max(width, height) <= _MAX_BADGE_RATIO * min(width, height)
        and width * height <= _MAX_BADGE * mask.size
        and np.count_nonzero(fill_holes(mask[window_of(box)])) >= _MIN_BADGE_FILL * width * height
    )


def _subject(elements: Sequence[Element], subject: Mask | None) -> int | None:
    """The index of the object that shows most of the subject."""
    objects = [index for index, element in enumerate(elements) if element.kind is LayerKind.OBJECT]
    if subject is None or not objects:
        return None
    return max(objects, key=lambda index: np.count_nonzero(elements[index].mask & subject))


def _is_detailed(element: Element, box: Box) -> bool:
    window = window_of(box)
    inside, rgb = shrink(element.mask[window], _EDGE_PX), element.visible[element.in_crop(window)][..., :3]
    if not inside.any():
        return False
    even = np.ones(inside.shape, bool)
    for axis, part in ((0, even[:-1]), (1, even[:, :-1])):
        part &= steps(rgb, axis) <= _EVEN_LEVELS
    return share_within(inside, even) <= _MAX_EVEN


def _shows_photo(element: Element, box: Box) -> bool:
    """Whether what is seen in the middle of it is a photograph."""
    x, y, width, height = box
    inner = window_of((x + width // 8, y + height // 8, width - width // 4, height - height // 4))
    return looks_like_photo(np.ascontiguousarray(element.visible[element.in_crop(inner)][..., :3]))


def _visible_samples(element: Element, box: Box) -> NDArray[np.uint8]:
    """(n, 3): colours of what is seen of it, from all over it."""
    window = window_of(box)
    rows, columns = np.nonzero(element.mask[window])
    step = max(1, len(rows) // SAMPLE_PX)
    return element.visible[element.in_crop(window)][rows[::step], columns[::step], :3]


def _middle(box: Box) -> tuple[float, float]:
    x, y, width, height = box
    return x + width / 2, y + height / 2
