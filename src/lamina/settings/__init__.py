"""The settings and their sources: command-line option, environment variable, settings file, default, in this order."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.optimizations import parse_optimizations
from lamina.core.placement import AUTO
from lamina.core.tasks import LayerCount
from lamina.core.training_options import OptimizerName, Targets, TrainingOptions
from lamina.engines.config import EngineConfig
from lamina.engines.weights.places import Roots
from lamina.settings.checks import CHECKS, transformer_files

FILE_NAME = "lamina.toml"
_PREFIX = "LAMINA_"
_FILE_VARIABLE = "LAMINA_SETTINGS"
_TEST_PREFIX = "LAMINA_TEST_"
_FLAG = "flag"
_NO_TESSERACT = "off"
_SECRETS = frozenset({"expander_key"})
_USERINFO = re.compile(r"//[^/]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; docs/reference/settings.md describes each. Names ending in `_s` are in seconds.

    General: `engine`: a name or "auto". `layers`: maximum number, 1..100, or "auto"; None is the engine's default.
    `max_megapixels`: limit for input pictures, in 10^6 pixels. `fonts_dir`: folder of fonts that are recognised besides
    those of the package. `log_level`: "debug", "info", "warning" or "error";
    with "debug", commands print tracebacks to stderr instead of writing them to `state_folder`.

    Classic engine: `tesseract`: name or path of the program that reads other scripts, or "off".

    Diffusion models: `models_dir`: folder of the weights; None is the default of `roots`. `device`: "auto", "cuda:0",
    "mps" or "cpu". `precision`, `placement`: "auto" or a value of `Precision` or `Placement`. `transformer`:
    transformer files, as "model=path", separated by commas. `engine_fast`: see `optimizations.parse_optimizations`.
    `safety`: "auto", "on" or "off". `safety_threshold`: 0..1. `expander_*`: the OpenAI-compatible endpoint that
    expands prompts; the key is a secret. `training_*`: see `core.training_options`.

    Service: `data`: folder of the database and the files, unless `database` (a URL) and `storage` (a folder or the URL
    of a bucket) override it. `host`, `port`: listening address. `base_url`: public URL. `agents`: number per device,
    0 is none. `warm_up`: load the engines before the agents are ready. `cors_origins`: allowed origins, separated by
    commas. `prices`: see `core.prices.parse_prices`. `retention_days`, `upload_days`: None and 0 are for ever.
    `pixazo_layered_generation`: "new" or "old". The other limits are described in `service.service.Limits`.
    """

    engine: str = "auto"
    layers: LayerCount | None = None
    max_megapixels: float = 64.0
    models_dir: str | None = None
    fonts_dir: str | None = None
    device: str = AUTO
    precision: str = AUTO
    placement: str = AUTO
    transformer: str | None = None
    engine_fast: str = AUTO
    safety: str = "auto"
    safety_threshold: float = 0.8
    tesseract: str = "tesseract"
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
    """The value of a setting and its source, `place`: "flag", "LAMINA_ENGINE", "lamina.toml" or "default"."""

    name: str
    value: object = field(repr=False)
    place: str

    @property
    def shown(self) -> object:
        """The value for display: secrets and passwords in URLs are replaced by "(set)"."""
        if self.name in _SECRETS and self.value is not None:
            return "(set)"
        return _USERINFO.sub("//(set)@", self.value) if isinstance(self.value, str) else self.value


def current(**flags: object) -> Settings:
    """The settings in force; a flag that is None is ignored. Raises `LaminaError` (settings_invalid)."""
    return Settings(**{origin.name: origin.value for origin in origins(**flags)})  # pyright: ignore[reportArgumentType]


def origins(**flags: object) -> list[Origin]:
    """All settings with their sources. Raises `LaminaError` (settings_invalid)."""
    sources = [_from_flags(**flags), _from_environment(os.environ), _from_file(os.environ)]
    return [_origin(setting.name, setting.default, sources) for setting in fields(Settings)]


def engine_config(settings: Settings) -> EngineConfig:
    """The settings that concern the engines."""
    return EngineConfig(
        roots=roots(settings),
        device=settings.device,
        precision=settings.precision,
        placement=settings.placement,
        tesseract="" if settings.tesseract == _NO_TESSERACT else settings.tesseract,
        expander_url=settings.expander_url,
        expander_model=settings.expander_model,
        expander_key=settings.expander_key,
        cache_dir=_cache_folder() / "lamina",
        fonts_dir=Path(settings.fonts_dir).expanduser() if settings.fonts_dir else None,
        training=TrainingOptions(
            targets=Targets(settings.training_targets),
            optimizer=OptimizerName(settings.training_optimizer),
            base=settings.training_base,
            checkpointing=settings.training_checkpointing,
            batch=settings.training_batch,
            average=settings.training_average,
        ),
        optimizations=parse_optimizations(settings.engine_fast),
    )


def roots(settings: Settings) -> Roots:
    """The folders that are searched for weights: the models folder, by default `lamina/models` in the XDG data folder,
    and the cache of the Hugging Face hub, as its own environment variables locate it.
    """
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    hub = Path(os.environ.get("HF_HOME") or _cache_folder() / "huggingface").expanduser()
    models = Path(settings.models_dir).expanduser() if settings.models_dir else data / "lamina" / "models"
    hub_cache = Path(os.environ.get("HF_HUB_CACHE") or hub / "hub").expanduser()
    return Roots(models, hub_cache, dict(transformer_files(settings.transformer or "")))


def data_folder(settings: Settings) -> Path:
    """The data folder of the service, by default `lamina/service` in the XDG data folder."""
    home = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share")
    return (Path(settings.data) if settings.data else home / "lamina" / "service").expanduser().absolute()


def state_folder() -> Path:
    """The folder for the log of the commands: `lamina` in the XDG state folder."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser().absolute() / "lamina"


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _origin(name: str, default: object, sources: list[dict[str, Origin]]) -> Origin:
    origin = next((source[name] for source in sources if name in source), None)
    if origin is None:
        return Origin(name, default, "default")
    if origin.place == _FLAG:  # the command checks its own options
        return origin
    try:
        return Origin(name, CHECKS[name](origin.value), origin.place)
    except ValueError as error:
        value = "an invalid value" if name in _SECRETS else repr(origin.shown)
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID, f"{origin.place} sets {name} to {value}.", f"It must be {error}."
        ) from None


def _from_flags(**flags: object) -> dict[str, Origin]:
    return {name: Origin(name, value, _FLAG) for name, value in flags.items() if value is not None}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Origin]:
    settings: dict[str, Origin] = {}
    for variable, value in environment.items():
        if variable.startswith(_PREFIX) and variable != _FILE_VARIABLE and not variable.startswith(_TEST_PREFIX):
            name = variable.removeprefix(_PREFIX).lower()
            _check_name(name, f"The environment variable {variable}", lambda setting: _PREFIX + setting.upper())
            settings[name] = Origin(name, value, variable)
    return settings


def _from_file(environment: Mapping[str, str]) -> dict[str, Origin]:
    configured_path = environment.get(_FILE_VARIABLE)
    path = Path(configured_path or FILE_NAME)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if configured_path is None:
            return {}
        raise _unusable_file(path, "it does not exist") from None
    except (OSError, ValueError) as error:
        raise _unusable_file(path, getattr(error, "strerror", None) or error) from None
    for name in content:
        _check_name(name, f"The setting {name!r} in {path}", repr)
    return {name: Origin(name, value, str(path)) for name, value in content.items()}


def _unusable_file(path: Path, reason: object) -> LaminaError:
    return LaminaError(
        ErrorCode.SETTINGS_INVALID,
        f"The settings file {path} cannot be used: {reason}.",
        'It must be a TOML file with lines such as engine = "classic".',
    )


def _check_name(name: str, subject: str, spelling: Callable[[str], str]) -> None:
    """Raises `LaminaError` (settings_invalid) unless there is such a setting. `spelling`: how a name is written."""
    names = [setting.name for setting in fields(Settings)]
    if name in names:
        return
    close = difflib.get_close_matches(name, names, 1, 0.5)
    hint = f"Did you mean {spelling(close[0])}?" if close else f"Valid names: {', '.join(map(spelling, names))}."
    raise LaminaError(ErrorCode.SETTINGS_INVALID, f"{subject} is unknown.", hint)
