"""Checks where a LoRA is to come from, before a job is submitted and again before its engine reads it."""

import re
from pathlib import Path

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import FILE, JOB

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*(/[\w-][\w.-]*)*")


def check_lora_source(source: str) -> None:
    """Raises `LaminaError` (lora_unusable) for what is no address, no file of the service and no id on the hub."""
    is_hub_id = bool(_HUB_ID.fullmatch(source)) and not Path(source).exists()
    if not (source.startswith((FILE, JOB, "http://", "https://")) or is_hub_id):
        raise LaminaError(
            ErrorCode.LORA_UNUSABLE,
            f"The LoRA {source[:200]!r} cannot be used here.",
            "Give an https address, file:ID of an upload, job:ID of a training, or the id of one on the hub.",
        )
