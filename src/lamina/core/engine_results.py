"""Results of engines, with pixels: pictures, and trained LoRAs."""

from dataclasses import dataclass

from lamina.core.errors import LaminaError
from lamina.core.layers import Pixels
from lamina.core.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """`pictures`: (height, width, 4) RGBA each; `flagged`: for each, whether the safety checker blacked it out.

    `notes`: sentences for the user, such as which scheduler replaced another.
    """

    pictures: tuple[Pixels, ...]
    made: Provenance
    notes: tuple[str, ...] = ()
    flagged: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TrainingOutcome:
    """A trained LoRA. `losses`: of each step from the first one, also of steps that an earlier run did.

    `resolution_px`: side of the square at which it was trained. `stopped_by`: the error that ended it early, after at
    least one step; None where all steps were done.
    """

    losses: tuple[float, ...]
    seed: int
    resolution_px: int
    made: Provenance
    notes: tuple[str, ...] = ()
    stopped_by: LaminaError | None = None
