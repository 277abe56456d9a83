"""The one error that Lamina raises for a user: what happened, why, and what to do about it."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable error codes; they are listed in docs/reference/errors.md."""

    INPUT_NOT_FOUND = "input_not_found"
    INPUT_UNREADABLE = "input_unreadable"
    INPUT_EMPTY = "input_empty"
    INPUT_NOT_AN_IMAGE = "input_not_an_image"
    INPUT_CORRUPT = "input_corrupt"
    INPUT_TOO_LARGE = "input_too_large"
    INPUT_NOT_A_STACK = "input_not_a_stack"
    OUTPUT_UNKNOWN_FORMAT = "output_unknown_format"
    OUTPUT_IN_THE_WAY = "output_in_the_way"
    OUTPUT_UNWRITABLE = "output_unwritable"
    OUTPUT_TOO_LARGE = "output_too_large"
    STACK_INVALID = "stack_invalid"
    TASK_INVALID = "task_invalid"
    SETTINGS_INVALID = "settings_invalid"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    MODEL_UNKNOWN = "model_unknown"
    WEIGHTS_MISSING = "weights_missing"
    WEIGHTS_DAMAGED = "weights_damaged"
    LORA_UNUSABLE = "lora_unusable"
    OUT_OF_MEMORY = "out_of_memory"
    DOWNLOAD_FAILED = "download_failed"
    CANCELLED = "cancelled"
    NOT_FOUND = "not_found"
    KEY_INVALID = "key_invalid"
    KEY_FORBIDDEN = "key_forbidden"
    FUNDS_INSUFFICIENT = "funds_insufficient"
    LIMIT_REACHED = "limit_reached"
    STORAGE_FULL = "storage_full"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"
    STATE_CONFLICT = "state_conflict"
    ADDRESS_REFUSED = "address_refused"
    ADDRESS_UNREACHABLE = "address_unreachable"
    DEADLINE_PASSED = "deadline_passed"
    NOT_OFFERED = "not_offered"
    ENGINE_CRASHED = "engine_crashed"
    ENGINE_FAILED = "engine_failed"
    STORE_UNAVAILABLE = "store_unavailable"
    PORT_TAKEN = "port_taken"


class LaminaError(Exception):
    """Carries a stable `code`, a `message` (what happened and why) and a `hint` (what to do).

    `str(error)` is the message and the hint on one line, to be shown to a user.
    """

    def __init__(self, code: ErrorCode, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
