"""Our errors as Pixazo's statuses and bodies, in the words of its pages."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

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
"""By status; 400 and 500 also tell in `message` what it was."""

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
"""What is not among them is our fault: 500."""

_RETRY_AFTER_S: Mapping[ErrorCode, int] = {ErrorCode.LIMIT_REACHED: 60, ErrorCode.STORE_UNAVAILABLE: 5}
_TELLING = (400, 500)
_MOST_TOLD = 5


def status_of(code: ErrorCode) -> int:
    return _STATUSES.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)


def render_error(error: LaminaError) -> JSONResponse:
    """The answer to a request that failed so."""
    error, status = for_customers(error), status_of(error.code)
    seconds = _RETRY_AFTER_S.get(error.code)
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return JSONResponse(_body(error, status), status, headers)


def render_crash() -> JSONResponse:
    """The answer to a request that failed in a way that nobody expected."""
    return JSONResponse(BODIES[500], 500)


def invalid_fields(errors: Sequence[Mapping[str, Any]]) -> LaminaError:
    """Of what pydantic's `errors()` say: where and why, not what was sent."""
    told = [f"{_place(error['loc'])}: {str(error['msg']).rstrip('.')}." for error in errors[:_MOST_TOLD]]
    more = f" {len(errors) - _MOST_TOLD} more." if len(errors) > _MOST_TOLD else ""
    return LaminaError(ErrorCode.TASK_INVALID, f"{' '.join(told)}{more}")


def _body(error: LaminaError, status: int) -> dict[str, str]:
    if error.code is ErrorCode.MODEL_UNKNOWN:
        return {"error": "Model not found", "message": _encodable(error.message)}
    return {**BODIES[status], **({"message": _encodable(str(error))} if status in _TELLING else {})}


def _place(location: Sequence[object]) -> str:
    return ".".join(str(part) for part in location) or "the request"


def _encodable(words: str) -> str:
    """JSON can name letters that UTF-8 cannot write, and errors quote what was sent."""
    return words.encode(errors="replace").decode()
