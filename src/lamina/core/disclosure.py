"""Removes details of the operator's machines from errors that a service's customers read."""

from lamina.core.errors import ErrorCode, LaminaError

_RETRY, _OPERATOR = "Try again in a few seconds.", "Only its operator can fix that; the reason is in the log."

_ABOUT_THE_MACHINE = {
    ErrorCode.STORE_UNAVAILABLE: ("The service cannot use its database or its storage at the moment.", _RETRY),
    ErrorCode.OUTPUT_UNWRITABLE: ("The service could not write the results.", _RETRY),
    ErrorCode.OUTPUT_IN_THE_WAY: ("The service could not write the results.", _RETRY),
    ErrorCode.SETTINGS_INVALID: ("The service is not configured correctly.", _OPERATOR),
    ErrorCode.WEIGHTS_DAMAGED: ("The model's weights cannot be used.", _OPERATOR),
    ErrorCode.PORT_TAKEN: ("The service cannot use one of its network addresses.", _OPERATOR),
}
"""The codes whose messages name paths, buckets or hosts, with the (message, hint) that replaces them."""


def for_customers(error: LaminaError) -> LaminaError:
    """The same error, or one of the same code whose message names no folders, buckets and hosts."""
    replacement = _ABOUT_THE_MACHINE.get(error.code)
    return error if replacement is None else LaminaError(error.code, *replacement)
