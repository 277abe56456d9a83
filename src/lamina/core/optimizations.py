"""The ways in which an engine gets the same result sooner, and which of them a setting leaves on."""

from enum import StrEnum

from lamina.core.errors import ErrorCode, LaminaError

AUTO, OFF = "auto", "off"


class FastPath(StrEnum):
    """Each gives what the plain way gives, to rounding."""

    ROTARY = "rotary"
    MODULATION = "modulation"
    VAE = "vae"
    ATTENTION = "attention"
    COMPILE = "compile"
    EMBEDDINGS = "embeddings"
    GUIDANCE = "guidance"


EVERY_PATH = frozenset(FastPath)


def fast_paths(value: str) -> frozenset[FastPath] | None:
    """Those that `value` names with commas between them, none for "off"; None for "auto": whichever fit the device.

    Raises `LaminaError` (settings_invalid).
    """
    if value == AUTO:
        return None
    names = [] if value == OFF else [name.strip() for name in value.split(",")]
    try:
        return frozenset(FastPath(name) for name in names)
    except ValueError:
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            f"engine_fast is {value!r}.",
            f"It must be {AUTO}, {OFF}, or some of {', '.join(FastPath)} with commas between them.",
        ) from None
