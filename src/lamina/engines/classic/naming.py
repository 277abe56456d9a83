"""Names layers by what they are, where they are and what they say, each differently."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count

from lamina.core.layers import LayerKind
from lamina.engines.classic.layer_traits import Traits, traits_of
from lamina.engines.classic.raster import Mask
from lamina.engines.classic.shape_kinds import ShapeKind
from lamina.engines.classic.solve import Element

_MAX_CHARACTERS = 60  # of the text in a name

_Wording = Callable[[int], str]
"""The name with a number; without it if the number is 1."""

_NOUNS: tuple[tuple[str, Callable[[Traits], bool]], ...] = (
    ("Subject", lambda it: it.is_subject),
    ("Small elements", lambda it: it.kind is LayerKind.SMALL),
    ("Area", lambda it: it.kind is LayerKind.AREA),
    ("Frame", lambda it: it.shape is ShapeKind.FRAME),
    ("Ring", lambda it: it.shape is ShapeKind.RING),
    ("Line", lambda it: it.shape is ShapeKind.LINE),
    ("Photo", lambda it: it.is_photo),
    ("Button", lambda it: it.is_button),
    ("Badge", lambda it: it.is_badge),
    ("Panel", lambda it: it.is_rectangular and (it.kind is LayerKind.PANEL or it.bears_text)),
    ("Panel", lambda it: it.kind is LayerKind.PANEL and it.bears_text),
    ("Picture", lambda it: it.is_picture),
    ("Circle", lambda it: it.shape is ShapeKind.CIRCLE),
    ("Ellipse", lambda it: it.shape is ShapeKind.ELLIPSE),
    ("Rounded rectangle", lambda it: it.shape is ShapeKind.ROUNDED_RECTANGLE and not it.is_detailed),
    ("Rectangle", lambda it: it.shape is ShapeKind.RECTANGLE and not it.is_detailed),
    ("Triangle", lambda it: it.shape is ShapeKind.TRIANGLE and not it.is_detailed),
    ("Object", lambda _: True),
)
"""The nouns of layers without text, and what they are for; the first that fits is taken."""

_ALONE = {"Subject", "Small elements"}  # need neither place nor colour
_VAGUE = {"Object", "Area"}  # say too little without a colour


def named(elements: Sequence[Element], subject: Mask | None = None) -> list[Element]:
    """The elements of an image, front first, each with a name of its own; names that they have already are kept.

    `subject`: (h, w), where the subject of a photograph is.
    """
    names = names_of(traits_of(elements, subject), [element.name for element in elements])
    return [replace(element, name=name) for element, name in zip(elements, names, strict=True)]


def names_of(traits: Sequence[Traits], given: Sequence[str] = ()) -> list[str]:
    """For each layer the first of its wordings that no other has; those that stay alike are numbered as one reads.

    A name thus depends on another layer only if both would have the same. `given`: the names of layers that have one.
    """
    given = given or [""] * len(traits)
    wordings = [
        (partial(_thing_name, name, ""),) if name else _wordings(it) for it, name in zip(traits, given, strict=True)
    ]
    levels = _levels(wordings)
    names = [""] * len(traits)
    for index in sorted(range(len(traits)), key=lambda index: (not given[index], traits[index].reading_order)):
        wording = wordings[index][levels[index]]
        numbered = (wording(number) for number in count(1))
        names[index] = next(name for name in numbered if name not in names)
    return names


def _levels(wordings: Sequence[Sequence[_Wording]]) -> list[int]:
    """For each layer how exact its wording must be to differ from the others, as far as it can."""
    levels = [0] * len(wordings)
    while True:
        names = [options[level](1) for options, level in zip(wordings, levels, strict=True)]
        vague = [
            index
            for index, name in enumerate(names)
            if names.count(name) > 1 and levels[index] + 1 < len(wordings[index])
        ]
        if not vague:
            return levels
        for index in vague:
            levels[index] += 1


def _wordings(it: Traits) -> tuple[_Wording, ...]:
    """The names that fit a layer, from the shortest to the most exact."""
    if it.kind is LayerKind.TEXT:
        if not it.says:
            return (partial(_thing_name, "Text (not read)", it.place),)
        start = "Headline" if it.is_headline else "Button label" if it.is_button_label else "Text"
        says = f"{start}: {shortened(it.says)}"
        return partial(_text_name, says, ""), partial(_text_name, says, it.place)
    noun = next(noun for noun, fits in _NOUNS if fits(it))
    plain = partial(_thing_name, noun, "" if noun in _ALONE else it.place)
    coloured = partial(_thing_name, f"{it.colour.capitalize()} {noun.lower()}", it.place)
    if noun in _ALONE:
        return (plain,)
    return (coloured,) if noun in _VAGUE else (plain, coloured)


def _thing_name(noun: str, place: str, number: int) -> str:
    """ "Circle, top left", "Circle 2, top left"."""
    numbered = noun if number == 1 else f"{noun} {number}"
    return f"{numbered}, {place}" if place else numbered


def _text_name(says: str, place: str, number: int) -> str:
    """ "Text: SALE", "Text: SALE (top left)", "Text: SALE (top left, 2)"."""
    details = ", ".join(detail for detail in (place, "" if number == 1 else str(number)) if detail)
    return f"{says} ({details})" if details else says


def shortened(text: str) -> str:
    """As much of a text as fits a name."""
    return text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 1].rstrip() + "…"
