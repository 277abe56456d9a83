"""Draws edits: one or two pictures, an instruction, and the edited picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import dist

import numpy as np

from lab.nano.drawing import (
    COLOURS,
    SHAPES,
    SIZES,
    Composition,
    Ground,
    Thing,
    random_composition,
    random_thing,
    seen_shares,
    shade,
    with_article,
)

_ADDED = 0.44  # of the shorter side: the size of an added thing
MIN_SEEN = 0.6  # of every thing, so that the instruction is unambiguous


@dataclass(frozen=True, slots=True)
class Edit:
    """`kind`: one of KINDS; `changed`: index of the thing in the result, or in the first reference if it is removed."""

    kind: str
    instruction: str
    references: tuple[Composition, ...]
    result: Composition
    changed: int | None = None

    @property
    def is_held_out(self) -> bool:
        return self.result.is_held_out


def random_edit(
    rng: np.random.Generator, size: tuple[int, int] = SIZES[0], kind: str = "", is_held_out: bool | None = False
) -> Edit:
    """An edit of a picture of one to three things; of any of KINDS if `kind` is empty."""
    while True:
        chosen = kind or str(rng.choice(list(KINDS), p=_SHARES))
        before = random_composition(rng, int(rng.integers(1, 4)), size, MIN_SEEN)
        edit = KINDS[chosen](rng, before)
        if edit is None or (is_held_out is not None and edit.is_held_out != is_held_out):
            continue
        if seen_shares(edit.result).min(initial=1) >= MIN_SEEN:
            return edit


def _recolour(rng: np.random.Generator, before: Composition) -> Edit:
    index = int(rng.integers(len(before.things)))
    thing, colour = before.things[index], _unused_colour(rng, before)
    after = replace(thing, colour=colour, rgb=shade(rng, colour))
    phrasing = _one_of(
        rng, "make the {0} {1}", "change the {0} to {1}", "turn the {0} {1}", "paint the {0} {1}",
        "change the color of the {0} to {1}",
    )  # fmt: skip
    things = (*before.things[:index], after, *before.things[index + 1 :])
    return Edit(
        "recolour", phrasing.format(_name(rng, before, thing), colour), (before,), replace(before, things=things), index
    )


def _ground(rng: np.random.Generator, before: Composition) -> Edit:
    colour = _unused_colour(rng, before)
    phrasing = _one_of(rng, "make the background {0}", "change the background to {0}", "a {0} background instead")
    after = replace(before, ground=Ground((colour,), (shade(rng, colour),)))
    return Edit("ground", phrasing.format(colour), (before,), after)


def _remove(rng: np.random.Generator, before: Composition) -> Edit:
    index = int(rng.integers(len(before.things)))
    phrasing = _one_of(rng, "remove the {0}", "delete the {0}", "erase the {0}")
    name = _name(rng, before, before.things[index])
    return Edit("remove", phrasing.format(name), (before,), before.without(index), index)


def _add(rng: np.random.Generator, before: Composition) -> Edit | None:
    if len(before.things) > 2:
        return None
    thing = _in_free_quarter(random_thing(rng, _unused_colour(rng, before), before.width, before.height), before)
    name = with_article(f"{thing.colour} {thing.name}")
    after = replace(before, things=(*before.things, thing))
    return Edit(
        "add", _one_of(rng, "add {0}", "put {0} in the picture").format(name), (before,), after, len(before.things)
    )


def _in_free_quarter(thing: Thing, before: Composition) -> Thing:
    """The thing in the quarter of the picture whose middle is farthest from all other things."""
    quarters = [(x * before.width, y * before.height) for y in (0.27, 0.73) for x in (0.27, 0.73)]
    free = max(quarters, key=lambda place: min(dist(place, other.middle) - other.size / 2 for other in before.things))
    return replace(thing, middle=free, size=_ADDED * min(before.width, before.height))


def _replace(rng: np.random.Generator, before: Composition) -> Edit | None:
    index = int(rng.integers(len(before.things)))
    thing = before.things[index]
    kind = str(rng.choice([shape for shape in SHAPES if shape != thing.kind]))
    after = replace(thing, kind=kind)
    phrasing = _one_of(rng, "replace the {0} with a {1}", "turn the {0} into a {1}")
    things = (*before.things[:index], after, *before.things[index + 1 :])
    return Edit(
        "replace", phrasing.format(_name(rng, before, thing), kind), (before,), replace(before, things=things), index
    )


def _bring(rng: np.random.Generator, before: Composition) -> Edit | None:
    """Adds the only thing of a second picture to the first, at the same position."""
    if len(before.things) > 2:
        return None
    other = random_composition(rng, 1, (before.width, before.height))
    thing = other.things[0]
    if thing.colour in _colours(before):
        return None
    phrasing = _one_of(rng, "add the {0} of picture 2 to picture 1", "put the {0} from picture 2 into picture 1")
    after = replace(before, things=(*before.things, thing))
    return Edit("bring", phrasing.format(thing.name), (before, other), after, len(before.things))


def _new_ground(rng: np.random.Generator, before: Composition) -> Edit | None:
    """Gives the first picture the ground of a second."""
    other = random_composition(rng, 1, (before.width, before.height))
    if other.ground.colours[0] in _colours(before) or other.ground.colours[-1] in _colours(before):
        return None
    phrasing = _one_of(rng, "use the background of picture 2", "give picture 1 the background of picture 2")
    return Edit("new ground", phrasing, (before, other), replace(before, ground=other.ground))


KINDS: dict[str, Callable[[np.random.Generator, Composition], Edit | None]] = {
    "recolour": _recolour,
    "ground": _ground,
    "remove": _remove,
    "add": _add,
    "replace": _replace,
    "bring": _bring,
    "new ground": _new_ground,
}
_SHARES = (0.26, 0.16, 0.2, 0.14, 0.12, 0.07, 0.05)


def _name(rng: np.random.Generator, composition: Composition, thing: Thing) -> str:
    """The name without its colour, "circle", often if it is the only one of its kind; otherwise "red circle"."""
    is_only = sum(other.kind == thing.kind for other in composition.things) == 1
    return thing.name if is_only and rng.random() < 0.6 else f"{thing.colour} {thing.name}"


def _unused_colour(rng: np.random.Generator, composition: Composition) -> str:
    return str(rng.choice([colour for colour in COLOURS if colour not in _colours(composition)]))


def _colours(composition: Composition) -> set[str]:
    return {thing.colour for thing in composition.things} | set(composition.ground.colours)


def _one_of(rng: np.random.Generator, *phrasings: str) -> str:
    return str(rng.choice(phrasings))
