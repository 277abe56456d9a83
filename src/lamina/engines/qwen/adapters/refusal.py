"""The error for an unusable LoRA."""

from lamina.core.errors import ErrorCode, LaminaError

TRAINED_FOR_THIS = "Use a LoRA that was trained for this model."
FETCH_AGAIN = "Download the file again."


def unusable(label: str, reason: str, hint: str = TRAINED_FOR_THIS) -> LaminaError:
    """The error lora_unusable. `label`: the LoRA's name in the request. `reason`: a sentence about "it"."""
    return LaminaError(ErrorCode.LORA_UNUSABLE, f"The LoRA {label!r} cannot be used: {reason}", hint)
