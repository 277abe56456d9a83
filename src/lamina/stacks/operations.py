"""The operations on a document, as data: what a command, a request or an undo list asks for."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from lamina.core.layers import BlendMode
from lamina.core.selections import Place
from lamina.core.text_styles import Colour
from lamina.stacks.pixels import PixelRef


class Axis(StrEnum):
    """Mirrors left and right (horizontal), or top and bottom (vertical)."""

    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    node: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hide:
    """Hides a layer or group, or shows it again."""

    node: int
    is_hidden: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Locks a layer or group, or unlocks it. What is locked, or in a locked group, can be hidden but not changed."""

    node: int
    is_locked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOpacity:
    """`opacity`: 0..255. A group has no opacity."""

    node: int
    opacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBlend:
    node: int
    blend: BlendMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Moves a layer or group by pixels of the canvas, right and down."""

    node: int
    right: float = 0.0
    down: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Scales by factors above 0, about the centre of the layer or group."""

    node: int
    across: float
    down: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotate:
    """Turns clockwise, about the centre of the layer or group."""

    node: int
    degrees: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Mirrors within the box of the layer or group."""

    node: int
    axis: Axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Puts a copy right above a layer or group."""

    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNodes:
    """Puts layers and groups into a new group, at the place of the topmost of them."""

    nodes: tuple[int, ...]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ungroup:
    """Puts the members of a group in its place. They are hidden and locked as the group was."""

    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorder:
    """Moves a layer or group to a position among the members of a group, from 0 for the lowest.

    `parent`: the id of the group; None for the top level. The position is counted without the node itself.
    """

    node: int
    parent: int | None
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Makes one layer of several layers and groups, at the place of the topmost; what is hidden in them is lost."""

    nodes: tuple[int, ...]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten:
    """Makes one layer of a group, or of the whole document; what is hidden in it is lost."""

    node: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Separate:
    """Makes what is at a place within a layer a layer of its own. `place`: on the canvas."""

    node: int
    place: Place
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Takes a layer apart into a group of at most `layers` layers."""

    node: int
    layers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPixels:
    """Changes the pixels of a layer as a prompt describes, within its outline. Only a job does it, with a model."""

    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Fills what opaque layers hide of a layer by its own continuation. The edges of these layers are solved anew."""

    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refine:
    """Gives a layer the edge that the picture has near that of a rough mask.

    `mask`: of the size of the canvas or of the layer; white is what belongs to the layer. Pixels that leave the layer
    go to the one below, or to a new one; those that join it are filled there.
    """

    node: int
    mask: PixelRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SetText:
    """Sets a text layer anew, at its place, with an installed font or a font file. What is None stays as it is.

    `words`: the lines of text. `family`: such as "Open Sans". `font`: a font file, instead of a family. `weight`:
    100..900 as in CSS. `size_px`: the em size.
    """

    node: int
    words: str | None = None
    family: str | None = None
    font: Path | None = None
    weight: int | None = None
    is_italic: bool | None = None
    size_px: float | None = None
    colour: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreText:
    """Gives a text layer the pixels back that it had before its text was first set anew."""

    node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """Puts other pixels into a layer, scaled to fit within its box, around the same centre.

    `corner`: the left and top of the pixels on the canvas, if they are to be placed there unscaled.
    """

    node: int
    pixels: PixelRef
    corner: tuple[int, int] | None = None


Operation: TypeAlias = (
    Rename
    | Hide
    | Lock
    | SetOpacity
    | SetBlend
    | Move
    | Scale
    | Rotate
    | Flip
    | Duplicate
    | Delete
    | GroupNodes
    | Ungroup
    | Reorder
    | Merge
    | Flatten
    | Separate
    | Split
    | Replace
    | Complete
    | Refine
    | SetText
    | RestoreText
)
