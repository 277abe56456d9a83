"""Validation of the settings: the value from a variable or a file is converted, or described as it must be."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lamina.core.catalog import MODELS
from lamina.core.errors import LaminaError
from lamina.core.optimizations import OFF, Optimization, parse_optimizations
from lamina.core.placement import AUTO, Placement, Precision
from lamina.core.prices import parse_prices, render_prices
from lamina.core.tasks import AUTO_LAYERS, MAX_LAYERS, MIN_LAYERS, LayerCount
from lamina.core.training_options import OptimizerName, Targets

LOG_LEVELS = ("debug", "info", "warning", "error")


def _engine(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError('the name of an engine, such as "classic", or "auto"')
    return value


def _layers(value: Any) -> LayerCount:
    if value == AUTO_LAYERS:
        return AUTO_LAYERS
    number = _number(value)
    if not MIN_LAYERS <= number <= MAX_LAYERS or number != int(number):
        raise ValueError(f"a whole number from {MIN_LAYERS} to {MAX_LAYERS}, or {AUTO_LAYERS}")
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
        raise ValueError("auto, cpu, mps, cuda, or a GPU such as cuda:1")
    return value


def _choice(names: Sequence[str]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return value

    return check


def _transformer(value: Any) -> str:
    try:
        transformer_files(value)
    except (AttributeError, ValueError):
        raise ValueError(f"MODEL=PATH, separated by commas, where MODEL is one of {', '.join(MODELS)}") from None
    return value


def transformer_files(value: str) -> list[tuple[str, Path]]:
    """Parse "model=path", separated by commas. Raises ValueError."""
    pairs = [pair.strip().partition("=") for pair in value.split(",") if pair.strip()]
    if not all(name.strip() in MODELS and path.strip() for name, _, path in pairs):
        raise ValueError
    return [(name.strip(), Path(path.strip()).expanduser()) for name, _, path in pairs]


def _safety(value: Any) -> str:
    if isinstance(value, bool):  # safety = true in TOML
        return "on" if value else "off"
    if value not in ("auto", "on", "off"):
        raise ValueError('"on", "off", or "auto" (on if the safety checker is installed)')
    return value


def _safety_threshold(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("a number from 0 to 1")
    return number


def _average(value: Any) -> float:
    number = _number(value)
    if not 0 <= number < 1:
        raise ValueError("a number from 0 to less than 1, such as 0.99; 0 disables averaging")
    return number


def _expander_url(value: Any) -> str:
    if not isinstance(value, str) or not _is_plain_url(value):
        raise ValueError("a URL such as http://127.0.0.1:8080/v1, without credentials")
    return value


def _is_plain_url(value: str) -> bool:
    """True for an http or https URL without a user, a query or a fragment, which could contain a secret."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError if it is not a number
    except ValueError:
        return False
    is_plain = re.fullmatch("[!-~]+", value) and not {"@", "?", "#"} & set(value)
    return bool(is_plain) and parts.scheme in ("http", "https") and bool(parts.hostname)


def _expander_model(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("the name of a model at the endpoint")
    return value


def _expander_key(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[!-~]+", value):
        raise ValueError("printable ASCII characters without spaces")  # it is sent in an HTTP header
    return value


def _text(description: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(description)
        return value

    return check


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        number = _number(value)
        if not least <= number <= most or number != int(number):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(number)

    return check


def _at_least(least: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        number = _number(value)
        if not least <= number < float("inf"):
            raise ValueError(f"a number, {least:g} or more")
        return number

    return check


def _switch(value: Any) -> bool:
    values = {"true": True, "on": True, "1": True, "yes": True, "false": False, "off": False, "0": False, "no": False}
    switch = values.get(str(value).strip().lower())
    if switch is None:
        raise ValueError("true or false")
    return switch


def _base_url(value: Any) -> str:
    if not isinstance(value, str) or not _is_plain_url(value):
        raise ValueError("a URL such as https://lamina.example.org")
    return value.rstrip("/")


def _origins(value: Any) -> str:
    """An origin is a URL without a path (RFC 6454)."""
    origins = [origin.strip() for origin in (value.split(",") if isinstance(value, str) else [])]
    if not origins or not all(
        origin == "*" or (_is_plain_url(origin) and not urlsplit(origin).path) for origin in origins
    ):
        raise ValueError("origins such as https://HOST, separated by commas, or *")
    return ",".join(origins)


def _prices(value: Any) -> str:
    if not isinstance(value, str | Mapping):
        raise ValueError("prices such as qwen-image=0.045/picture")
    try:
        return render_prices(parse_prices(value))
    except LaminaError as error:
        raise ValueError(f"prices such as qwen-image=0.045/picture ({error})") from None


def _engine_fast(value: Any) -> str:
    try:
        parse_optimizations(value)
    except (AttributeError, LaminaError):
        raise ValueError(f"{AUTO}, {OFF}, or some of {', '.join(Optimization)}, separated by commas") from None
    return value


def _number(value: Any) -> float:
    try:
        return float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return float("nan")


CHECKS: dict[str, Callable[[Any], object]] = {
    "engine": _engine,
    "layers": _layers,
    "max_megapixels": _max_megapixels,
    "models_dir": _models_dir,
    "fonts_dir": _text("the path of a folder"),
    "device": _device,
    "precision": _choice((AUTO, *Precision)),
    "placement": _choice((AUTO, *Placement)),
    "transformer": _transformer,
    "engine_fast": _engine_fast,
    "safety": _safety,
    "safety_threshold": _safety_threshold,
    "tesseract": _text("the name or the path of Tesseract, or off"),
    "expander_url": _expander_url,
    "expander_model": _expander_model,
    "expander_key": _expander_key,
    "training_targets": _choice(tuple(Targets)),
    "training_optimizer": _choice(tuple(OptimizerName)),
    "training_base": _choice((AUTO, Precision.BF16, Precision.FP8)),
    "training_checkpointing": _choice((AUTO, "on", "off")),
    "training_batch": _whole(1, 64),
    "training_average": _average,
    "log_level": _choice(LOG_LEVELS),
    "data": _text("the path of a folder"),
    "database": _text("sqlite:///PATH or postgresql://USER@HOST/NAME"),
    "storage": _text("the path of a folder, or s3://BUCKET/PREFIX"),
    "host": _text("an address of this machine, such as 127.0.0.1"),
    "port": _whole(0, 65_535),
    "base_url": _base_url,
    "agents": _whole(0, 64),
    "allow_private_urls": _switch,
    "cors_origins": _origins,
    "prices": _prices,
    "charge_failed": _switch,
    "charge_stand_ins": _switch,
    "warm_up": _switch,
    "retention_days": _at_least(0),
    "upload_days": _at_least(0),
    "url_s": _at_least(1),
    "max_upload_bytes": _whole(1, 1 << 40),
    "max_stored_bytes": _whole(0, 1 << 60),
    "max_attempts": _whole(1, 1000),
    "run_s": _at_least(1),
    "stall_s": _at_least(1),
    "cancel_grace_s": _at_least(0),
    "training_run_s": _at_least(1),
    "training_cancel_grace_s": _at_least(0),
    "agent_lost_s": _at_least(1),
    "drain_s": _at_least(0),
    "pixazo_layered_generation": _choice(("new", "old")),
    "pixazo_wait_s": _at_least(1),
}
"""Convert the value of a setting from a variable or a file; the text of a ValueError says what it must be."""
