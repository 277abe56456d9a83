"""The configuration of the engines: weights, device, precision, prompt expansion, training, fonts, other scripts."""

from dataclasses import dataclass, field
from pathlib import Path

from lamina.core.optimizations import Optimization
from lamina.core.placement import AUTO
from lamina.core.training_options import TrainingOptions
from lamina.engines.weights.places import PACKAGE_ONLY, Roots


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """What the engines take from the settings.

    `device`: a torch device name. `precision`, `placement`: see `core.placement`. All three may be "auto".
    `expander_url`, `expander_model`, `expander_key`: see `endpoint.Endpoint`. `cache_dir`: folder for captions and for
    LoRAs downloaded from URLs; None keeps them for this process only. `fonts_dir`: folder of fonts that are recognised
    besides those of the package. `optimizations`: those to use; None uses all that fit the device. `tesseract`: name or
    path of the program that reads other scripts; empty for none.
    """

    roots: Roots = PACKAGE_ONLY
    device: str = AUTO
    precision: str = AUTO
    placement: str = AUTO
    expander_url: str | None = None
    expander_model: str | None = None
    expander_key: str | None = field(default=None, repr=False)
    cache_dir: Path | None = None
    fonts_dir: Path | None = None
    training: TrainingOptions = field(default_factory=TrainingOptions)
    optimizations: frozenset[Optimization] | None = None
    tesseract: str = ""
