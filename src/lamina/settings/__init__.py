"""The settings, and where each comes from: a flag over the environment over a file over the default."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import fast_paths
from lamina.core.placement import AUTO
from lamina.core.training_options import OptimizerName, Targets, TrainingWishes
from lamina.engines.config import Wishes
from lamina.engines.weights.places import Roots
from lamina.settings.checks import CHECKS, transformer_files

FILE_NAME = "lamina.toml"
_PREFIX = "LAMINA_"
_FILE_VARIABLE = "LAMINA_SETTINGS"
_FOR_TESTS = "LAMINA_TEST_"
_FLAG = "flag"
_SECRETS = frozenset({"expander_key"})
_USERINFO = re.compile(r"//[^/]*@")


@dataclass(frozen=True, slots=True)
class Settings:
    """`engine`: its name, or "auto". `layers`: the budget, 1..10; None is the engine's own. `max_megapixels`: larger
    pictures are refused; 1 megapixel is 10^6 pixels.

    Of the diffusion models: `models_dir`: the folder of their weights; None is `roots`'s default. `device`: "auto",
    "cuda:0", "mps" or "cpu". `precision`, `placement`: "auto", or one of `Precision` and `Placement`. `transformer`:
    files to take transformers from, "model=path" and a comma between several. `engine_fast`: as `core.fast.fast_paths`
    takes it.

    `safety`: "auto", "on" or "off"; `safety_threshold`: 0..1. `expander_url`, `expander_model`, `expander_key`: the
    OpenAI-compatible endpoint that makes prompts richer; the key is a secret.

    Of trainings: `training_targets`, `training_optimizer`, `training_base`, `training_checkpointing`, `training_batch`,
    `training_average`; see `core.training_wishes`.

    `log_level`: "debug", "info", "warning" or "error": of the logs of a service; of other commands, "debug" shows on
    standard error what else goes to `state_folder` only.

    Of the service: `data`: the folder of its database and files, unless `database` (a URL) and `storage` (a folder or a
    bucket's URL) say otherwise. `host`, `port`: where it listens; `base_url`: where clients reach it. `agents`: a
    device, 0 is none; `warm_up`: whether their engines load what jobs need before they are ready. `cors_origins`: of
    web pages that may call it, a comma between several. `prices`: as `core.prices.parse_prices` takes them.
    `retention_days`, `upload_days`: how long results and uploads are kept; None and 0 are for ever.
    `pixazo_layered_generation`: "new" or "old", which of its two pages that API follows; `pixazo_wait_s`: how long its
    clients may wait for a picture. The rest as in `service.service.Limits`; times in seconds.
    """

    engine: str = "auto"
    layers: int | None = None
    max_megapixels: float = 64.0
    models_dir: str | None = None
    device: str = AUTO
    precision: str = AUTO
    placement: str = AUTO
    transformer: str | None = None
    engine_fast: str = AUTO
    safety: str = "auto"
    safety_threshold: float = 0.8
    expander_url: str | None = None
    expander_model: str | None = None
    expander_key: str | None = field(default=None, repr=False)
    training_targets: str = Targets.ATTENTION
    training_optimizer: str = OptimizerName.ADAMW
    training_base: str = AUTO
    training_checkpointing: str = AUTO
    training_batch: int = 1
    training_average: float = 0.0
    log_level: str = "info"
    data: str | None = None
    database: str | None = field(default=None, repr=False)
    storage: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str | None = None
    agents: int = 1
    warm_up: bool = True
    allow_private_urls: bool = False
    cors_origins: str | None = None
    prices: str | None = None
    charge_failed: bool = False
    charge_stand_ins: bool = False
    retention_days: float | None = None
    upload_days: float = 7.0
    url_s: float = 86_400.0
    max_upload_bytes: int = 524_288_000
    max_stored_bytes: int = 107_374_182_400
    max_attempts: int = 3
    run_s: float = 3600.0
    stall_s: float = 300.0
    cancel_grace_s: float = 10.0
    training_run_s: float = 604_800.0
    training_cancel_grace_s: float = 120.0
    agent_lost_s: float = 15.0
    drain_s: float = 30.0
    pixazo_layered_generation: str = "new"
    pixazo_wait_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting's value and the place that decided it: "flag", "LAMINA_ENGINE", "lamina.toml", "default"."""

    name: str
    value: object = field(repr=False)
    place: str

    @property
    def shown(self) -> object:
        """The value as it may be shown to anybody: of a secret only whether there is one."""
        if self.name in _SECRETS and self.value is not None:
            return "(set)"
        return _USERINFO.sub("//(set)@", self.value) if isinstance(self.value, str) else self.value


def current(**flags: object) -> Settings:
    """The settings in force; a flag that is None was not given. Raises `LaminaError` (settings_invalid)."""
    return Settings(**{origin.name: origin.value for origin in origins(**flags)})  # pyright: ignore[reportArgumentType]


def origins(**flags: object) -> list[Origin]:
    """Each setting with the place that it comes from. Raises `LaminaError` (settings_invalid)."""
    places = [_from_flags(flags), _from_environment(os.environ), _from_file(os.environ)]
    return [_origin(known.name, known.default, places) for known in fields(Settings)]


def wishes(settings: Settings) -> Wishes:
    """What they say of models, as the engines take it."""
    return Wishes(
        roots(settings),
        settings.device,
        settings.precision,
        settings.placement,
        settings.expander_url,
        settings.expander_model,
        settings.expander_key,
        _cache() / "lamina",
        TrainingWishes(
            Targets(settings.training_targets),
            OptimizerName(settings.training_optimizer),
            settings.training_base,
            settings.training_checkpointing,
            settings.training_batch,
            settings.training_average,
        ),
        fast_paths(settings.engine_fast),
    )


def roots(settings: Settings) -> Roots:
    """Where weights are looked for: in the models folder, by default `lamina/models` where the system keeps programs'
    data (XDG), and in the cache of the Hugging Face hub, which is where its own variables say.
    """
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    hub = Path(os.environ.get("HF_HOME") or _cache() / "huggingface").expanduser()
    models = Path(settings.models_dir).expanduser() if settings.models_dir else data / "lamina" / "models"
    hub_cache = Path(os.environ.get("HF_HUB_CACHE") or hub / "hub").expanduser()
    return Roots(models, hub_cache, dict(transformer_files(settings.transformer or "")))


def data_folder(settings: Settings) -> Path:
    """Of the service: by default `lamina/service` where the system keeps programs' data (XDG)."""
    home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share")
    return (Path(settings.data) if settings.data else home / "lamina" / "service").expanduser().absolute()


def state_folder() -> Path:
    """Where commands keep what is worth looking at later, such as their log (XDG)."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser().absolute() / "lamina"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _origin(name: str, default: object, places: list[dict[str, Origin]]) -> Origin:
    found = next((place[name] for place in places if name in place), None)
    if found is None:
        return Origin(name, default, "default")
    if found.place == _FLAG:  # checked by whoever it was given to, in the words that fit there
        return found
    try:
        return Origin(name, CHECKS[name](found.value), found.place)
    except ValueError as error:
        value = "something else" if name in _SECRETS else repr(found.shown)
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID, f"{found.place} sets {name} to {value}.", f"It must be {error}."
        ) from None


def _from_flags(flags: Mapping[str, object]) -> dict[str, Origin]:
    return {name: Origin(name, value, _FLAG) for name, value in flags.items() if value is not None}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Origin]:
    found: dict[str, Origin] = {}
    for variable, value in environment.items():
        if variable.startswith(_PREFIX) and variable != _FILE_VARIABLE and not variable.startswith(_FOR_TESTS):
            name = variable.removeprefix(_PREFIX).lower()
            _check_known(name, f"The environment variable {variable}", lambda known: _PREFIX + known.upper())
            found[name] = Origin(name, value, variable)
    return found


def _from_file(environment: Mapping[str, str]) -> dict[str, Origin]:
    named = environment.get(_FILE_VARIABLE)
    path = Path(named or FILE_NAME)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if named is None:
            return {}
        raise _unusable_file(path, "it is not there") from None
    except (OSError, ValueError) as error:
        raise _unusable_file(path, getattr(error, "strerror", None) or error) from None
    for name in content:
        _check_known(name, f"The setting {name!r} in {path}", repr)
    return {name: Origin(name, value, str(path)) for name, value in content.items()}


def _unusable_file(path: Path, reason: object) -> LaminaError:
    return LaminaError(
        ErrorCode.SETTINGS_INVALID,
        f"The settings file {path} cannot be used: {reason}.",
        'It is TOML, with lines such as: engine = "classic".',
    )


def _check_known(name: str, what: str, spelt: Callable[[str], str]) -> None:
    known = [setting.name for setting in fields(Settings)]
    if name in known:
        return
    close = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"Did you mean {spelt(close[0])}?" if close else f"There are: {', '.join(map(spelt, known))}."
    raise LaminaError(ErrorCode.SETTINGS_INVALID, f"{what} is not known.", hint)
