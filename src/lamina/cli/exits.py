"""Exit codes, and the one-line error message on standard error."""

import click

from lamina.cli.printing import readable
from lamina.core.errors import ErrorCode, LaminaError
from lamina.installation import localize_commands

DONE, FAILED, USAGE, CANNOT_START, HUNG_UP, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 129, 130, 143

_EXIT_CODES = {
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
    """USAGE for mistakes in the command line, CANNOT_START for a broken installation or setting, else FAILED."""
    return _EXIT_CODES.get(error.code, FAILED)


def affects_every_picture(error: LaminaError) -> bool:
    """True if every other picture of the same command would fail with the same error."""
    return exit_code_of(error) == CANNOT_START or error.code is ErrorCode.MODEL_UNKNOWN


def print_error(error: LaminaError | str) -> None:
    """Print one line on stderr, without control characters; `lamina` in a hint becomes the local command."""
    message = f"{error.message} {localize_commands(error.hint)}".strip() if isinstance(error, LaminaError) else error
    printable = "".join(character if character.isprintable() else " " for character in readable(message))
    click.echo(f"lamina: {printable}", err=True)
