"""What the settings say of models: where their weights are, how to hold them, who makes prompts richer."""

from dataclasses import dataclass, field
from pathlib import Path

from lamina.core.optimizations import FastPath
from lamina.core.placement import AUTO
from lamina.core.training_options import TrainingWishes
from lamina.engines.weights.places import PACKAGE_ONLY, Roots


@dataclass(frozen=True, slots=True)
class Wishes:
    """`device`: as torch spells it; `precision`, `placement`: see `core.placement`; each may be "auto".

    `expander_url`, `expander_model`, `expander_key`: see `endpoint.Endpoint`. `cache_dir`: where captions, and LoRAs
    that came from URLs, are kept from one run to the next; None forgets them. `training`: by which means LoRAs are
    trained. `fast`: the fast paths to use; None is all that fit.
    """

    roots: Roots = PACKAGE_ONLY
    device: str = AUTO
    precision: str = AUTO
    placement: str = AUTO
    expander_url: str | None = None
    expander_model: str | None = None
    expander_key: str | None = field(default=None, repr=False)
    cache_dir: Path | None = None
    training: TrainingWishes = field(default_factory=TrainingWishes)
    fast: frozenset[FastPath] | None = None
