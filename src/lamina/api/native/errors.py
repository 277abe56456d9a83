"""Our errors as problem details (RFC 9457), each with its HTTP status."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NotRequired, TypedDict

from pydantic_core import ErrorDetails
from starlette.responses import JSONResponse

from lamina.api.shared.parsing import describe_invalid
from lamina.core.disclosure import for_customers
from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks.revisions.editing import StaleRevisionError

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="lamina"'

STATUSES: Mapping[ErrorCode, HTTPStatus] = {
    ErrorCode.INPUT_NOT_FOUND: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.INPUT_UNREADABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.INPUT_EMPTY: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.INPUT_NOT_AN_IMAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.INPUT_CORRUPT: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.INPUT_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.INPUT_NOT_A_STACK: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.OUTPUT_UNKNOWN_FORMAT: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.OUTPUT_IN_THE_WAY: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.OUTPUT_UNWRITABLE: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.OUTPUT_TOO_LARGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.STACK_INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.TASK_INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.SETTINGS_INVALID: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.ENGINE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.MODEL_UNKNOWN: HTTPStatus.NOT_FOUND,
    ErrorCode.WEIGHTS_MISSING: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.WEIGHTS_DAMAGED: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.LORA_UNUSABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.OUT_OF_MEMORY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.DOWNLOAD_FAILED: HTTPStatus.BAD_GATEWAY,
    ErrorCode.CANCELLED: HTTPStatus.CONFLICT,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.KEY_INVALID: HTTPStatus.UNAUTHORIZED,
    ErrorCode.KEY_FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.FUNDS_INSUFFICIENT: HTTPStatus.PAYMENT_REQUIRED,
    ErrorCode.LIMIT_REACHED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.STORAGE_FULL: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.IDEMPOTENCY_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.STATE_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.ADDRESS_REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.ADDRESS_UNREACHABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.DEADLINE_PASSED: HTTPStatus.GATEWAY_TIMEOUT,
    ErrorCode.NOT_OFFERED: HTTPStatus.NOT_IMPLEMENTED,
    ErrorCode.ENGINE_CRASHED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.ENGINE_FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.STORE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.PORT_TAKEN: HTTPStatus.INTERNAL_SERVER_ERROR,
}

RETRY_AFTER_S: Mapping[ErrorCode, int] = {ErrorCode.LIMIT_REACHED: 60, ErrorCode.STORE_UNAVAILABLE: 5}
"""The Retry-After of errors without a known time; limits are per minute."""


class ErrorOfFieldBody(TypedDict):
    loc: list[str | int]
    msg: str


class ProblemBody(TypedDict):
    """As `wire.Problem` documents it. `instance`, `errors`: only if known."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    instance: NotRequired[str]
    errors: NotRequired[list[ErrorOfFieldBody]]


def problem_response(
    error: LaminaError,
    instance: str | None = None,
    retry_after_s: float | None = None,
    errors: Sequence[ErrorDetails] = (),
) -> JSONResponse:
    """The answer to a request that failed so. `instance`: what it was about, such as the request's path; `errors`: its
    invalid fields.
    """
    document = problem(error, instance)
    if errors:
        document["errors"] = [{"loc": list(invalid["loc"]), "msg": invalid["msg"]} for invalid in errors]
    headers = problem_headers(error.code, retry_after_s)
    return JSONResponse(_encodable(document), STATUSES[error.code], headers, MEDIA_TYPE)


def stale_response(error: StaleRevisionError, instance: str | None = None) -> JSONResponse:
    """The answer to a change of a stack that has changed meanwhile, with the revision that it is at."""
    body = {**problem(error, instance), "revision": error.revision}
    return JSONResponse(_encodable(body), STATUSES[error.code], {"ETag": f'"{error.revision}"'}, MEDIA_TYPE)


def problem(error: LaminaError, instance: str | None = None) -> ProblemBody:
    """The body."""
    error = for_customers(error)
    code = error.code.value
    document: ProblemBody = {
        "type": f"/errors/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": STATUSES[error.code].value,
        "detail": error.message,
        "code": code,
        "hint": error.hint,
    }
    if instance is not None:
        document["instance"] = instance
    return document


def problem_headers(code: ErrorCode, retry_after_s: float | None = None) -> dict[str, str]:
    """The headers that RFC 9110 requires. `retry_after_s`: for the codes in `RETRY_AFTER_S`, rounded up."""
    headers: dict[str, str] = {}
    if code is ErrorCode.KEY_INVALID:
        headers["WWW-Authenticate"] = CHALLENGE
    if code in RETRY_AFTER_S:
        seconds = RETRY_AFTER_S[code] if retry_after_s is None else max(1, -int(-retry_after_s // 1))
        headers["Retry-After"] = str(seconds)
    return headers


def status_problem_response(
    status: int,
    detail: str,
    hint: str = "",
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """For what HTTP itself has a word for and we have no code, such as 405: `code` is the status's own name."""
    phrase = HTTPStatus(status).phrase
    code = re.sub(r"[^a-z]+", "_", phrase.lower())
    document = {"type": "about:blank", "title": phrase, "status": status, "detail": detail, "code": code, "hint": hint}
    body = document if instance is None else {**document, "instance": instance}
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def invalid_request(errors: Sequence[ErrorDetails]) -> LaminaError:
    """Of what FastAPI's `RequestValidationError.errors()` or pydantic's says: where and why, not what was sent."""
    return LaminaError(
        ErrorCode.TASK_INVALID,
        f"The request is not valid. {describe_invalid(errors)}",
        "Correct what is named; /docs shows what each field may be.",
    )


def _encodable(value: Any) -> Any:
    """Replaces lone surrogates, which JSON can escape and UTF-8 cannot encode: errors quote the request."""
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {name: _encodable(member) for name, member in value.items()}
        case list():
            return [_encodable(item) for item in value]
        case _:
            return value
