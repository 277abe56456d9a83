"""What of an error a service's customers may read: not what is about its operator's machines."""

from lamina.core.errors import ErrorCode, LaminaError

_AGAIN, _OPERATOR = "Try again in a few seconds.", "Only its operator can mend that; the reason is in the log."

_ABOUT_THE_MACHINE = {
    ErrorCode.STORE_UNAVAILABLE: ("The service cannot use its database or its storage at the moment.", _AGAIN),
    ErrorCode.OUTPUT_UNWRITABLE: ("The service could not write what was made.", _AGAIN),
    ErrorCode.OUTPUT_IN_THE_WAY: ("The service could not write what was made.", _AGAIN),
    ErrorCode.SETTINGS_INVALID: ("The service is not set up as it must be.", _OPERATOR),
    ErrorCode.WEIGHTS_DAMAGED: ("The weights of the model cannot be used here.", _OPERATOR),
    ErrorCode.PORT_TAKEN: ("The service cannot use an address of its machine.", _OPERATOR),
}
"""Their messages name paths, buckets and hosts."""


def for_customers(error: LaminaError) -> LaminaError:
    """As it is, or the same code in words without names of folders, buckets and hosts."""
    words = _ABOUT_THE_MACHINE.get(error.code)
    return error if words is None else LaminaError(error.code, *words)
