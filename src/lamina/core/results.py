"""What comes back of making or changing pictures."""

from dataclasses import dataclass

from lamina.core.layers import Pixels
from lamina.core.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """`pictures`: (height, width, 4) RGBA each; `flagged`: for each, whether the safety checker blackened it.

    `notes`: sentences that the user should read, such as which scheduler stood in for another.
    """

    pictures: tuple[Pixels, ...]
    made: Provenance
    notes: tuple[str, ...] = ()
    flagged: tuple[bool, ...] = ()
