"""The settings, and where each comes from: a flag over the environment over a file over the default."""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lamina.core.catalog import MODELS
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.placement import AUTO, Placement, Precision
from lamina.core.tasks import MAX_LAYERS, MIN_LAYERS
from lamina.engine.weights.places import Roots
from lamina.engine.wishes import Wishes

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
    files to take transformers from, "model=path" and a comma between several.

    `safety`: "auto", "on" or "off"; `safety_threshold`: 0..1. `expander_url`, `expander_model`, `expander_key`: the
    OpenAI-compatible endpoint that makes prompts richer; the key is a secret.
    """

    engine: str = "auto"
    layers: int | None = None
    max_megapixels: float = 64.0
    models_dir: str | None = None
    device: str = AUTO
    precision: str = AUTO
    placement: str = AUTO
    transformer: str | None = None
    safety: str = "auto"
    safety_threshold: float = 0.8
    expander_url: str | None = None
    expander_model: str | None = None
    expander_key: str | None = field(default=None, repr=False)


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
    )


def roots(settings: Settings) -> Roots:
    """Where weights are looked for: in the models folder, by default `lamina/models` where the system keeps programs'
    data (XDG), and in the cache of the Hugging Face hub, which is where its own variables say.
    """
    data = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()
    hub = Path(os.environ.get("HF_HOME") or _cache() / "huggingface").expanduser()
    models = Path(settings.models_dir).expanduser() if settings.models_dir else data / "lamina" / "models"
    hub_cache = Path(os.environ.get("HF_HUB_CACHE") or hub / "hub").expanduser()
    return Roots(models, hub_cache, dict(_transformer_files(settings.transformer or "")))


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _origin(name: str, default: object, places: list[dict[str, Origin]]) -> Origin:
    found = next((place[name] for place in places if name in place), None)
    if found is None:
        return Origin(name, default, "default")
    if found.place == _FLAG:  # checked by whoever it was given to, in the words that fit there
        return found
    try:
        return Origin(name, _CHECKS[name](found.value), found.place)
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


def _engine(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError('the name of an engine, such as "classic", or "auto"')
    return value


def _layers(value: Any) -> int:
    number = _number(value)
    if not MIN_LAYERS <= number <= MAX_LAYERS or number != int(number):
        raise ValueError(f"a whole number from {MIN_LAYERS} to {MAX_LAYERS}")
    return int(number)


def _max_megapixels(value: Any) -> float:
    number = _number(value)
    if not 0 < number < float("inf"):
        raise ValueError("a number above 0")
    return number


def _models_dir(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("the path of a folder")
    return value


def _device(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value):
        raise ValueError("auto, cpu, mps, cuda, or one GPU of several as in cuda:1")
    return value


def _choice(names: Sequence[str]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return value

    return check


def _transformer(value: Any) -> str:
    try:
        _transformer_files(value)
    except (AttributeError, ValueError):
        raise ValueError(f"MODEL=PATH, a comma between several, with a model of these: {', '.join(MODELS)}") from None
    return value


def _transformer_files(value: str) -> list[tuple[str, Path]]:
    pairs = [pair.strip().partition("=") for pair in value.split(",") if pair.strip()]
    if not all(name.strip() in MODELS and path.strip() for name, _, path in pairs):
        raise ValueError
    return [(name.strip(), Path(path.strip()).expanduser()) for name, _, path in pairs]


def _safety(value: Any) -> str:
    if isinstance(value, bool):  # TOML's own words for it
        return "on" if value else "off"
    if value not in ("auto", "on", "off"):
        raise ValueError('"on", "off", or "auto": on where the checker is installed')
    return value


def _safety_threshold(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("a number from 0 to 1")
    return number


def _expander_url(value: Any) -> str:
    if not isinstance(value, str) or not _is_plain_address(value):
        raise ValueError("an address such as http://127.0.0.1:8080/v1, without a key in it")
    return value


def _is_plain_address(value: str) -> bool:
    """True for http or https without a user, a query or a fragment, where keys would be."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # a ValueError where it is no number
    except ValueError:
        return False
    is_plain = re.fullmatch("[!-~]+", value) and not {"@", "?", "#"} & set(value)
    return bool(is_plain) and parts.scheme in ("http", "https") and bool(parts.hostname)


def _expander_model(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("the name that the endpoint has for a model")
    return value


def _expander_key(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[!-~]+", value):
        raise ValueError("visible ASCII characters without spaces")  # what a header can carry
    return value


def _number(value: Any) -> float:
    try:
        return float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return float("nan")


_CHECKS: dict[str, Callable[[Any], object]] = {
    "engine": _engine,
    "layers": _layers,
    "max_megapixels": _max_megapixels,
    "models_dir": _models_dir,
    "device": _device,
    "precision": _choice((AUTO, *Precision)),
    "placement": _choice((AUTO, *Placement)),
    "transformer": _transformer,
    "safety": _safety,
    "safety_threshold": _safety_threshold,
    "expander_url": _expander_url,
    "expander_model": _expander_model,
    "expander_key": _expander_key,
}
"""From what a flag, a variable or a file says to a value; a ValueError says what it must be."""
