"""Checks the source of a LoRA: its syntax when a request is translated, and the file system when it is submitted."""

import re
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import FILE, JOB

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(/[\w-][\w.-]*)*")


def check_lora_wording(source: str) -> None:
    """Raises `LaminaError` (lora_unusable) unless it is an http(s) address, `file:ID`, `job:ID`, or may be an id on the
    hub. Looks at nothing but the text.
    """
    if not (source.startswith((FILE, JOB, "http://", "https://")) or _HUB_ID.fullmatch(source)):
        raise _unusable(source)


def check_lora_source(source: str) -> None:
    """As `check_lora_wording`, and raises the same for what looks like an id on the hub but is a path on this machine,
    which no client may read.
    """
    check_lora_wording(source)
    if _HUB_ID.fullmatch(source) and Path(source).exists():
        raise _unusable(source)


def _unusable(source: str) -> LaminaError:
    return LaminaError(
        ErrorCode.LORA_UNUSABLE,
        f"The LoRA {source[:200]!r} cannot be used here.",
        "Use an https URL, file:ID of an upload, job:ID of a training, or the id of a repository on the hub.",
    )
