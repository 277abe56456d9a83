"""Exit codes, and the one line on stderr that an error becomes."""

import click

from lamina.cli.printing import readable
from lamina.core.errors import ErrorCode, LaminaError
from lamina.installation import as_typed_here

DONE, FAILED, USAGE, CANNOT_START, HUNG_UP, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 129, 130, 143

_OF_ERRORS = {
    ErrorCode.TASK_INVALID: USAGE,
    ErrorCode.OUTPUT_UNKNOWN_FORMAT: USAGE,
    ErrorCode.ENGINE_UNAVAILABLE: CANNOT_START,
    ErrorCode.SETTINGS_INVALID: CANNOT_START,
    ErrorCode.MODEL_UNKNOWN: USAGE,
    ErrorCode.WEIGHTS_MISSING: CANNOT_START,
    ErrorCode.WEIGHTS_DAMAGED: CANNOT_START,
    ErrorCode.STORE_UNAVAILABLE: CANNOT_START,
    ErrorCode.PORT_TAKEN: CANNOT_START,
}


def exit_code_of(error: LaminaError) -> int:
    """FAILED but for errors in how the command was written or that keep every picture from being started."""
    return _OF_ERRORS.get(error.code, FAILED)


def keeps_all_from_starting(error: LaminaError) -> bool:
    """Whether it would be the same with every other picture."""
    return exit_code_of(error) == CANNOT_START or error.code is ErrorCode.MODEL_UNKNOWN


def print_error(text: LaminaError | str) -> None:
    """One line on stderr, without control characters; commands in a hint are as they are typed here."""
    words = f"{text.message} {as_typed_here(text.hint)}".strip() if isinstance(text, LaminaError) else text
    shown = "".join(letter if letter.isprintable() else " " for letter in readable(words))
    click.echo(f"lamina: {shown}", err=True)
