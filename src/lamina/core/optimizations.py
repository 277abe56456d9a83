"""The optimizations of the diffusion engine, and the setting that selects them."""

from enum import StrEnum

from lamina.core.errors import ErrorCode, LaminaError

AUTO, OFF = "auto", "off"


class Optimization(StrEnum):
    """An optimization whose result equals the unoptimized one up to rounding."""

    ROTARY = "rotary"
    MODULATION = "modulation"
    VAE = "vae"
    ATTENTION = "attention"
    COMPILE = "compile"
    EMBEDDINGS = "embeddings"
    GUIDANCE = "guidance"


ALL_OPTIMIZATIONS = frozenset(Optimization)


def parse_optimizations(value: str) -> frozenset[Optimization] | None:
    """The optimizations named in `value`, a comma-separated list; an empty set for "off"; None for "auto", which means
    all that fit the device.

    Raises `LaminaError` (settings_invalid).
    """
    if value == AUTO:
        return None
    names = [] if value == OFF else [name.strip() for name in value.split(",")]
    try:
        return frozenset(Optimization(name) for name in names)
    except ValueError:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            f"engine_fast is {value!r}.",
            f"Use {AUTO}, {OFF}, or a comma-separated list of {', '.join(Optimization)}.",
        ) from None
