"""Makes candidates and blocks of text of what a user selects by boxes and points, and takes them from all others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamina.core.selections import Selection
from lamina.engines.classic.candidates import Candidate, Source, candidate_of
from lamina.engines.classic.raster import Mask
from lamina.engines.classic.text_blocks import TextBlock
from lamina.engines.classic.thing_finder import ThingFinder

_SAME_IOU = 0.9  # of two selections that are one thing
_MIN_OUTSIDE_SHARE = 0.5  # of a thing that a selection leaves


@dataclass(frozen=True, eq=False, kw_only=True)
class Selected:
    """What was selected. `lines`: the indices of the lines of text in `blocks`. `notes`: for the user."""

    things: tuple[Candidate, ...] = ()
    blocks: tuple[TextBlock, ...] = ()
    lines: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of layers that they become."""
        return len(self.things) + len(self.blocks)


def select_things(finder: ThingFinder, selections: Sequence[Selection]) -> Selected:
    """What is at the selections, which are in pixels of the working size."""
    things: list[Candidate] = []
    blocks: list[TextBlock] = []
    lines: set[int] = set()
    notes: list[str] = []
    for number, selection in enumerate(selections, 1):
        found = finder.found_at(selection.place)
        if found is None:
            kind = "point" if selection.place.is_point else "box"
            notes.append(f"Nothing was found in selection {number}, a {kind}, so that it has no layer of its own.")
            continue
        if found.lines:
            new = [index for index in found.lines if index not in lines]
            is_known = not new
            if new:
                blocks.append(
                    TextBlock(tuple(finder.lettering[index] for index in new), selection.name, is_selected=True)
                )
                lines |= set(new)
        else:
            mask = found.candidate.full()
            is_known = any(_mask_iou(mask, thing.full()) > _SAME_IOU for thing in things)
            if not is_known:
                thing = candidate_of(mask, Source.CUTOUT)
                thing.name, thing.is_selected = selection.name, True
                things.append(thing)
        if is_known:
            notes.append(f"Selection {number} is a thing that was selected before, so that it has no layer of its own.")
    return Selected(things=tuple(things), blocks=tuple(blocks), lines=frozenset(lines), notes=tuple(notes))


def apart_from(selected: Selected, things: Sequence[Candidate]) -> list[Candidate]:
    """The things without what is selected; those that are mostly selected are left out."""
    if not selected.things:
        return list(things)
    taken = np.any([thing.full() for thing in selected.things], 0)
    rest: list[Candidate] = []
    for thing in things:
        left = thing.full() & ~taken
        share = np.count_nonzero(left) / thing.area
        if share >= _MIN_OUTSIDE_SHARE and left.any():
            rest.append(thing if thing.is_hull or share == 1 else _reduced(thing, left))
    return rest


def _reduced(thing: Candidate, mask: Mask) -> Candidate:
    """The same thing with another mask."""
    reduced = candidate_of(mask, Source.CUTOUT)
    reduced.sources, reduced.within = thing.sources, thing.within
    return reduced


def _mask_iou(first: Mask, second: Mask) -> float:
    return float(np.count_nonzero(first & second) / max(1, np.count_nonzero(first | second)))
