"""Prices of jobs: by model or trainer, with a default for each kind of task."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from lamina.core.catalog import MODELS
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.money import micros_of, usd_of
from lamina.core.tasks import TaskKind
from lamina.core.training import trained_model

TRAIN = TaskKind.TRAIN
KINDS = tuple(TaskKind)
ANY = "*"

TRAINER_PRICED_BY_JOB = "pixazo/qwen-image-edit-plus-trainer"
TRAINERS = (
    "qwen-image-trainer",
    "qwen-image-2512-trainer",
    "qwen-image-edit-trainer",
    "qwen-image-edit-plus-trainer",
    "qwen-image-edit-2509-trainer",
    "qwen-image-edit-2511-trainer",
    "qwen-image-layered-trainer",
    TRAINER_PRICED_BY_JOB,
)
"""Names under which trainings are priced. The last one has a prefix because its price differs."""


class PriceUnit(StrEnum):
    """`picture`: generated, edited or decomposed. `step`: of training. `step_layer`: training steps times layers."""

    PICTURE = "picture"
    STEP = "step"
    STEP_LAYER = "step_layer"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Price:
    """`micros`: micro-dollars per unit."""

    micros: int
    unit: PriceUnit

    def __str__(self) -> str:
        return f"{usd_of(self.micros)}/{self.unit}"


_PICTURE_UNITS = (PriceUnit.PICTURE, PriceUnit.JOB)
_TRAINING_UNITS = (PriceUnit.STEP, PriceUnit.STEP_LAYER, PriceUnit.JOB)
_PRICE = re.compile(r"\$?([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*/\s*([a-z_]+)")
_FAL_TRAINER = Price(4_000, PriceUnit.STEP)

PUBLISHED: Mapping[str, Price] = MappingProxyType(
    {
        # Pixazo's page of each model, "API Pricing", "All Resolution"
        "qwen-image": Price(45_000, PriceUnit.PICTURE),
        "qwen-image-edit": Price(45_000, PriceUnit.PICTURE),
        "qwen-image-edit-2509": Price(55_000, PriceUnit.PICTURE),  # there: qwen-image-edit-plus
        # Pixazo's page, and fal's of fal-ai/qwen-image-layered: "$0.05 per image"
        "qwen-image-layered": Price(50_000, PriceUnit.PICTURE),
        # fal's pages of fal-ai/qwen-image-*-trainer
        **dict.fromkeys(TRAINERS, _FAL_TRAINER),
        "qwen-image-layered-trainer": Price(4_250, PriceUnit.STEP_LAYER),
        "train:qwen-image-layered": Price(4_250, PriceUnit.STEP_LAYER),
        # Pixazo's page, "Image to Image (LoRA Trainer) API Pricing"
        TRAINER_PRICED_BY_JOB: Price(40_000, PriceUnit.JOB),
        # ours, for what no vendor has a price for: as the vendors' models of that kind
        "generate:*": Price(45_000, PriceUnit.PICTURE),
        "edit:*": Price(45_000, PriceUnit.PICTURE),
        "decompose:*": Price(50_000, PriceUnit.PICTURE),
        "train:*": _FAL_TRAINER,
    }
)
"""The defaults, from the vendors' pages in 2026. They do not include Pixazo's qwen-image-max and qwen-image-max-edit
("Could not load current pricing"), fal's prices per megapixel, and Runware's prices, which are only in each answer."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices by "MODEL", "KIND:MODEL", "KIND:*" or "*"; KIND is one of `KINDS`, MODEL a name in the catalog or one of
    `TRAINERS`. The most specific one applies; `PUBLISHED` has the defaults.
    """

    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])

    def price(self, kind: str, model: str) -> Price:
        """`kind`: one of `KINDS`; `model`: a name or an alias, or "" for a task without a model."""
        name = _canonical(model)
        keys = (f"{kind}:{name}", name, f"{kind}:{ANY}", ANY)
        # a configured price for all models takes precedence over a published price for one
        candidates = [prices[key] for prices in (self.prices, PUBLISHED) for key in keys if key in prices]
        return next(price for price in candidates if _fits(kind, price))


def price_of(prices: PriceList, kind: str, model: str, *, pictures: int = 1, steps: int = 0, layers: int = 1) -> int:
    """The cost of a job in micro-dollars.

    `pictures`: to generate, edit or decompose. `steps`, `layers`: of a training.
    """
    price = prices.price(kind, model)
    units = {
        PriceUnit.PICTURE: pictures,
        PriceUnit.STEP: steps,
        PriceUnit.STEP_LAYER: steps * layers,
        PriceUnit.JOB: 1,
    }
    return price.micros * units[price.unit]


def price_of_training(prices: PriceList, model: str, steps: int, layers: int, is_whole: bool) -> int:
    """The cost in micro-dollars of a training that did `steps`.

    `is_whole`: it has succeeded; trainings with a price per job cost nothing otherwise.
    """
    if prices.price(TRAIN, model).unit is PriceUnit.JOB and not is_whole:
        return 0
    return price_of(prices, TRAIN, model, steps=steps, layers=layers)


def parse_prices(setting: str | Mapping[str, object]) -> PriceList:
    """Parse "qwen-image=0.045/picture,edit:*=0.05/picture" or a table {"qwen-image": "0.045/picture"}, in dollars.

    Raises `LaminaError` (settings_invalid).
    """
    prices: dict[str, Price] = {}
    for name, text in setting.items() if isinstance(setting, Mapping) else _pairs(setting):
        key = _parse_name(name.strip())
        if key in prices:
            raise _invalid(f"The price of {key!r} is given twice.", "Give it once; aliases name the same model.")
        prices[key] = _parse_price(key, text)
    return PriceList(prices)


def render_prices(prices: PriceList) -> str:
    """The setting that `parse_prices` parses."""
    return ",".join(f"{key}={price}" for key, price in prices.prices.items())


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = [pair.strip() for pair in text.split(",") if pair.strip()]
    for pair in pairs:
        if "=" not in pair:
            raise _invalid(f"{pair!r} is not a valid price.", "Write MODEL=USD/UNIT, such as qwen-image=0.045/picture.")
    return [(name, price) for name, _, price in (pair.partition("=") for pair in pairs)]


def _parse_name(text: str) -> str:
    kind, colon, name = text.rpartition(":")
    if colon and kind not in KINDS:
        raise _invalid(f"The prices name an unknown task {kind!r}.", f"Available tasks: {', '.join(KINDS)}.")
    canonical = _canonical(name)
    names = (*MODELS, *(alias for model in MODELS.values() for alias in model.aliases), *TRAINERS)
    if canonical != ANY and canonical not in names:
        close = difflib.get_close_matches(name, names, 1, 0.6)
        hint = f"Did you mean {close[0]!r}?" if close else f"Available names: {', '.join((*MODELS, *TRAINERS, ANY))}."
        raise _invalid(f"The prices name an unknown model {name!r}.", hint)
    if kind and canonical != ANY and kind not in _kinds_of(canonical):
        raise _invalid(f"The model {name!r} does not {kind}.", f"Give a price for {' or '.join(_kinds_of(canonical))}.")
    return f"{kind}{colon}{canonical}"


def _parse_price(key: str, text: object) -> Price:
    match = _PRICE.fullmatch(text.strip()) if isinstance(text, str) else None
    unit = next((unit for unit in PriceUnit if match and match[2] == unit), None)
    if match is None or unit is None:
        raise _invalid(
            f"The price of {key!r} is {text!r}, which is not valid.",
            f"Write dollars with at most six decimal places, and the unit: 0.045/{PriceUnit.PICTURE}, "
            f"or /{', /'.join(list(PriceUnit)[1:])}.",
        )
    price = Price(micros_of(match[1]), unit)
    kinds = _kinds_named(key)
    if not any(_fits(kind, price) for kind in kinds):
        units = _TRAINING_UNITS if kinds == (TRAIN,) else _PICTURE_UNITS
        raise _invalid(f"{key!r} cannot have a price per {unit}.", f"Give a price per {' or '.join(units)}.")
    return price


def _kinds_named(key: str) -> tuple[str, ...]:
    kind, _, name = key.rpartition(":")
    if kind:
        return (kind,)
    return KINDS if name == ANY else _kinds_of(name)


def _kinds_of(name: str) -> tuple[str, ...]:
    return (TRAIN,) if name in TRAINERS else (*sorted(MODELS[name].tasks), *((TRAIN,) if _is_trained(name) else ()))


def _is_trained(name: str) -> bool:
    try:
        trained_model(name)
    except LaminaError:
        return False
    return True


def _fits(kind: str, price: Price) -> bool:
    """True if a price of this unit can apply to this kind: a price per picture, for example, not to trainings."""
    return price.unit in (_TRAINING_UNITS if kind == TRAIN else _PICTURE_UNITS)


def _canonical(name: str) -> str:
    return next((model.name for model in MODELS.values() if name in model.aliases), name)


def _invalid(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.SETTINGS_INVALID, message, hint)
