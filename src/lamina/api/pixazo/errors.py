"""Converts Lamina's errors to Pixazo's statuses and bodies, in the words of its pages."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from pydantic_core import ErrorDetails
from starlette.responses import JSONResponse

from lamina.api.shared.parsing import describe_invalid
from lamina.core.disclosure import for_customers
from lamina.core.errors import ErrorCode, LaminaError

BODIES: Mapping[int, dict[str, str]] = {
    400: {"error": "Invalid request parameters"},
    401: {"error": "Invalid or missing authentication"},
    402: {"error": "Insufficient Balance", "message": "Your wallet does not have enough balance."},
    403: {"error": "Access denied for this operation"},
    404: {"error": "Endpoint not found"},
    429: {"error": "Rate limit exceeded, please retry later"},
    500: {"error": "An unexpected error occurred, please try again later"},
}
"""By status; 400 and 500 also have a `message` with the reason."""

_STATUSES: Mapping[ErrorCode, int] = {
    ErrorCode.KEY_INVALID: 401,
    ErrorCode.FUNDS_INSUFFICIENT: 402,
    ErrorCode.KEY_FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.LIMIT_REACHED: 429,
    **dict.fromkeys(
        (
            ErrorCode.INPUT_NOT_FOUND,
            ErrorCode.INPUT_UNREADABLE,
            ErrorCode.INPUT_EMPTY,
            ErrorCode.INPUT_NOT_AN_IMAGE,
            ErrorCode.INPUT_CORRUPT,
            ErrorCode.INPUT_TOO_LARGE,
            ErrorCode.STORAGE_FULL,
            ErrorCode.TASK_INVALID,
            ErrorCode.MODEL_UNKNOWN,
            ErrorCode.LORA_UNUSABLE,
            ErrorCode.ADDRESS_REFUSED,
            ErrorCode.ADDRESS_UNREACHABLE,
            ErrorCode.OUTPUT_UNKNOWN_FORMAT,
            ErrorCode.OUTPUT_TOO_LARGE,
        ),
        400,
    ),
}
"""All other errors are errors of the server: 500."""

_RETRY_AFTER_S: Mapping[ErrorCode, int] = {ErrorCode.LIMIT_REACHED: 60, ErrorCode.STORE_UNAVAILABLE: 5}
_WITH_MESSAGE = (400, 500)


def status_of(code: ErrorCode) -> int:
    return _STATUSES.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def render_error(error: LaminaError) -> JSONResponse:
    """The response for this error."""
    error, status = for_customers(error), status_of(error.code)
    seconds = _RETRY_AFTER_S.get(error.code)
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return JSONResponse(_body(error, status), status, headers)


def render_crash() -> JSONResponse:
    """The response for an unexpected exception."""
    return JSONResponse(BODIES[500], 500)


def invalid_fields(errors: Sequence[ErrorDetails]) -> LaminaError:
    """Converts pydantic's `errors()`: locations and messages, without the input."""
    return LaminaError(ErrorCode.TASK_INVALID, describe_invalid(errors))


def _body(error: LaminaError, status: int) -> dict[str, str]:
    if error.code is ErrorCode.MODEL_UNKNOWN:
        return {"error": "Model not found", "message": _encodable(error.message)}
    return {**BODIES[status], **({"message": _encodable(str(error))} if status in _WITH_MESSAGE else {})}


def _encodable(text: str) -> str:
    """Errors quote the input, and JSON may contain lone surrogates, which UTF-8 cannot encode."""
    return text.encode(errors="replace").decode()
