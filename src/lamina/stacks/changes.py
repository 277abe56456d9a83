"""What is different between two documents, as data and as sentences."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, assert_never

Attribute: TypeAlias = Literal["opacity", "blend", "hidden", "locked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one layer or group. `node`: its id; `name`: its name before, or after if it was added."""

    node: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Change):
    """Moved by pixels of the canvas."""

    right: float
    down: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed(Change):
    """Scaled, turned or mirrored. `before`, `after`: x, y, width and height on the canvas."""

    before: tuple[float, float, float, float]
    after: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed(Change):
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repainted(Change):
    """`share`: of the pixels that are visible before or after, 0..1. `max_level`: the largest difference, 1..255."""

    share: float
    max_level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restyled(Change):
    """Another opacity (0..255) or blend mode, hidden or shown, locked or unlocked."""

    attribute: Attribute
    before: int | str | bool
    after: int | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reordered(Change):
    """At another place among the layers and groups around it. `above`: the one below it now; "" at the bottom."""

    above: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped(Change):
    """In another group. `before`, `after`: its id; None for the top level. `to`: the name of the group."""

    before: int | None
    after: int | None
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added(Change):
    is_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed(Change):
    is_group: bool


AnyChange: TypeAlias = Moved | Transformed | Renamed | Repainted | Restyled | Reordered | Regrouped | Added | Removed


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureChange:
    """How the composites differ. `share`: of all pixels, 0..1. `max_level`: the largest difference, 0..255.

    They are compared where both canvases are.
    """

    share: float = 0.0
    max_level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """All that is different.

    `kept`: the ids of the layers without a change. `size_before`, `size_after`: width and height of the canvas.
    `origin`: the top left of the canvas on the one before, for which moves are corrected; None if it is not known.
    """

    changes: tuple[AnyChange, ...]
    kept: tuple[int, ...]
    picture: PictureChange
    size_before: tuple[int, int]
    size_after: tuple[int, int]
    origin: tuple[int, int] | None = (0, 0)

    @property
    def is_empty(self) -> bool:
        return not self.changes and self.picture.max_level == 0 and self.size_before == self.size_after

    def sentences(self) -> list[str]:
        """One sentence for each change, one for the picture; only the latter says so if there are none."""
        told = [_sentence(change) for change in self.changes]
        if self.size_before != self.size_after:
            (width, height), (new_width, new_height) = self.size_before, self.size_after
            left, top = self.origin or (0, 0)
            place = f"; its top left was at {left}, {top}" if (left, top) != (0, 0) else ""
            told.append(f"The canvas was {width} x {height} pixels and is {new_width} x {new_height}{place}.")
        if self.is_empty:
            return ["Nothing has changed."]
        if self.picture.max_level == 0:
            return [*told, "The picture looks the same."]
        return [*told, f"The picture differs in {_in_pixels(self.picture.share, self.picture.max_level)}."]


def render_differences(differences: Differences) -> dict[str, Any]:
    """The differences as JSON: each change with its `type`, such as "moved"."""
    return {
        "is_empty": differences.is_empty,
        "changes": [{"type": type(change).__name__.lower(), **asdict(change)} for change in differences.changes],
        "kept": list(differences.kept),
        "picture": asdict(differences.picture),
        "size": {"before": list(differences.size_before), "after": list(differences.size_after)},
        "origin": None if differences.origin is None else list(differences.origin),
        "sentences": differences.sentences(),
    }


def _sentence(change: AnyChange) -> str:
    name = f"{change.name!r}"
    match change:
        case Moved():
            return f"{name} was moved by {_offset(change.right, change.down)}."
        case Transformed():
            sides = [f"{box[2]:.0f} x {box[3]:.0f}" for box in (change.before, change.after)]
            return f"{name} was scaled, turned or mirrored: {sides[0]} pixels before, {sides[1]} now."
        case Renamed():
            return f"{name} was renamed to {change.to!r}."
        case Repainted():
            return f"{name} was repainted in {_in_pixels(change.share, change.max_level)}."
        case Restyled():
            return _restyled(change)
        case Reordered():
            return f"{name} was put {f'above {change.above!r}' if change.above else 'at the bottom'}."
        case Regrouped():
            return (
                f"{name} was put {f'into the group {change.to!r}' if change.after is not None else 'outside groups'}."
            )
        case Added():
            return f"The {_what(change.is_group)} {name} was added."
        case Removed():
            return f"The {_what(change.is_group)} {name} was removed."
        case _:
            assert_never(change)


def _restyled(change: Restyled) -> str:
    match change.attribute:
        case "hidden":
            return f"{change.name!r} was {'hidden' if change.after else 'shown'}."
        case "locked":
            return f"{change.name!r} was {'locked' if change.after else 'unlocked'}."
        case "blend":
            return f"The blend mode of {change.name!r} was {change.before} and is {change.after}."
        case "opacity":
            before, after = (f"{100 * int(value) / 255:.0f} %" for value in (change.before, change.after))
            return f"The opacity of {change.name!r} was {before} and is {after}."


def _offset(right: float, down: float) -> str:
    across = f"{abs(right):g} px {'right' if right > 0 else 'left'}" if right else ""
    along = f"{abs(down):g} px {'down' if down > 0 else 'up'}" if down else ""
    return " and ".join(part for part in (across, along) if part)


def _in_pixels(share: float, max_level: int) -> str:
    percent = 100 * share
    return f"{f'{percent:.1f}' if percent >= 0.1 else 'less than 0.1'} % of its pixels, by up to {max_level} levels"


def _what(is_group: bool) -> str:
    return "group" if is_group else "layer"
