"""The one way in which a LoRA is refused."""

from lamina.core.errors import ErrorCode, LaminaError

TRAINED_FOR_THIS = "Give one that was trained for this model."
FETCH_AGAIN = "Get the file again from where it came."


def unusable(label: str, why: str, hint: str = TRAINED_FOR_THIS) -> LaminaError:
    """`label`: what the user called it. `why`: a whole sentence about "it"."""
    return LaminaError(ErrorCode.LORA_UNUSABLE, f"The LoRA {label!r} cannot be used: {why}", hint)
