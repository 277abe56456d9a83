"""What comes back of making or changing pictures."""

from dataclasses import dataclass

from lamina.core.errors import LaminaError
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


@dataclass(frozen=True, slots=True, eq=False)
class TrainingOutcome:
    """What comes back of training a LoRA. `losses`: of each step, from the first one, whatever run did it.

    `resolution_px`: the side of the square that it was learnt at. `stopped_by`: what ended it before its time, after
    at least one step; None where it went to its end.
    """

    losses: tuple[float, ...]
    seed: int
    resolution_px: int
    made: Provenance
    notes: tuple[str, ...] = ()
    stopped_by: LaminaError | None = None
