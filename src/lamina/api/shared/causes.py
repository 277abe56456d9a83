"""Logs the cause of errors of the service, which responses do not contain."""

import logging

from lamina.core.errors import LaminaError
from lamina.core.log_context import with_fields

_LONGEST_CAUSE = 500  # characters
_log = logging.getLogger(__name__)


def log_cause(error: LaminaError, status: int) -> None:
    """Nothing where the status says that the request is at fault."""
    if status < 500:
        return
    cause = error.__cause__
    cause_field = {} if cause is None else {"cause": f"{type(cause).__name__}: {cause}"[:_LONGEST_CAUSE]}
    _log.error("%s", error, extra=with_fields(status=int(status), error_code=error.code.value, **cause_field))
