"""What the settings say of models: where their weights are, and how to hold them."""

from dataclasses import dataclass, field

from lamina.core.placement import AUTO
from lamina.engine.weights.places import Roots


@dataclass(frozen=True, slots=True)
class Wishes:
    """`device`: as torch spells it; `precision`, `placement`: see `core.placement`; each may be "auto"."""

    roots: Roots = field(default_factory=Roots)
    device: str = AUTO
    precision: str = AUTO
    placement: str = AUTO
