"""What each setting may be: from what a flag, a variable or a file says to a value, or words for what it must be."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lamina.core.catalog import MODELS
from lamina.core.errors import LaminaError
from lamina.core.optimizations import OFF, FastPath, fast_paths
from lamina.core.placement import AUTO, Placement, Precision
from lamina.core.prices import parse_prices, render_prices
from lamina.core.tasks import MAX_LAYERS, MIN_LAYERS
from lamina.core.training_options import OptimizerName, Targets

LOG_LEVELS = ("debug", "info", "warning", "error")


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
        transformer_files(value)
    except (AttributeError, ValueError):
        raise ValueError(f"MODEL=PATH, a comma between several, with a model of these: {', '.join(MODELS)}") from None
    return value


def transformer_files(value: str) -> list[tuple[str, Path]]:
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


def _average(value: Any) -> float:
    number = _number(value)
    if not 0 <= number < 1:
        raise ValueError("a number from 0 to below 1, such as 0.99; 0 is none")
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


def _text(what: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(what)
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
    words = {"true": True, "on": True, "1": True, "yes": True, "false": False, "off": False, "0": False, "no": False}
    known = words.get(str(value).strip().lower())
    if known is None:
        raise ValueError("true or false")
    return known


def _base_url(value: Any) -> str:
    if not isinstance(value, str) or not _is_plain_address(value):
        raise ValueError("an address such as https://lamina.example.org")
    return value.rstrip("/")


def _origins(value: Any) -> str:
    """An origin is an address without a path (RFC 6454)."""
    listed = [one.strip() for one in (value.split(",") if isinstance(value, str) else [])]
    if not listed or not all(one == "*" or (_is_plain_address(one) and not urlsplit(one).path) for one in listed):
        raise ValueError("https://HOST, a comma between several, or *")
    return ",".join(listed)


def _prices(value: Any) -> str:
    if not isinstance(value, str | Mapping):
        raise ValueError("such as qwen-image=0.045/picture")
    try:
        return render_prices(parse_prices(value))
    except LaminaError as error:
        raise ValueError(f"such as qwen-image=0.045/picture ({error})") from None


def _engine_fast(value: Any) -> str:
    try:
        fast_paths(value)
    except (AttributeError, LaminaError):
        raise ValueError(f"{AUTO}, {OFF}, or some of {', '.join(FastPath)}, a comma between several") from None
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
    "device": _device,
    "precision": _choice((AUTO, *Precision)),
    "placement": _choice((AUTO, *Placement)),
    "transformer": _transformer,
    "engine_fast": _engine_fast,
    "safety": _safety,
    "safety_threshold": _safety_threshold,
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
"""From what a flag, a variable or a file says to a value; a ValueError says what it must be."""
