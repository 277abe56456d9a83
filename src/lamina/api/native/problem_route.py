"""Converts exceptions of routes, and of requests without a route, to problem details."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lamina.api.native.errors import (
    STATUSES,
    invalid_request,
    problem_response,
    stale_response,
    status_problem_response,
)
from lamina.api.shared.causes import log_cause
from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks.revisions.editing import StaleRevisionError

_NO_JSON = "json_invalid"  # pydantic's and FastAPI's word for it
Answer = Callable[[Request], Coroutine[Any, Any, Response]]
Documented = dict[int | str, dict[str, Any]]

_DESCRIPTIONS = {
    400: "The body does not have the format of its content type.",
    401: "The API key is missing, unknown, revoked or expired.",
    402: "The balance of the wallet is lower than the price.",
    403: "The scopes of the key do not allow this.",
    404: "It does not exist, or it belongs to another key.",
    409: "Its state does not allow this, or the idempotency key was used for another request.",
    413: "The request is too large.",
    416: "The file does not have this range.",
    422: "The request is invalid: `errors` lists the fields.",
    428: "The change has no `If-Match`, which must name the revision that it is meant for.",
    429: "The key has reached its rate limit: `Retry-After` says when to try again.",
    501: "Valid, but not supported.",
    503: "The database, the storage or an engine is not available at the moment.",
}


class ProblemRoute(APIRoute):
    """A route whose errors are problem details."""

    def get_route_handler(self) -> Answer:
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            try:
                return await handle(request)
            except (LaminaError, RequestValidationError, HTTPException) as error:
                return answer_to(request, error)

        return respond


def answer_to(request: Request, error: Exception) -> Response:
    """The problem details of an exception that a route, or the router, has raised."""
    path = request.url.path
    match error:
        case StaleRevisionError():
            return stale_response(error, path)
        case LaminaError():
            log_cause(error, STATUSES[error.code])
            return problem_response(error, path)
        case RequestValidationError() if any(detail.get("type") == _NO_JSON for detail in error.errors()):
            return status_problem_response(400, "The body is not JSON.", "Send a JSON object.", path)
        case RequestValidationError():
            return problem_response(invalid_request(error.errors()), path, errors=error.errors())
        case HTTPException(status_code=404):
            no_such_route = LaminaError(ErrorCode.NOT_FOUND, "There is no such route.", "See /docs.")
            return problem_response(no_such_route, path)
        case HTTPException(status_code=405):
            why = f"This route does not allow {request.method}."
            return status_problem_response(405, why, "See /docs.", path, error.headers)
        case HTTPException():
            why = f"{error.detail or HTTPStatus(error.status_code).phrase}".rstrip(".")
            return status_problem_response(error.status_code, f"{why}.", "See /docs.", path, error.headers)
        case _:
            raise error


def problems(*statuses: int) -> Documented:
    """The error statuses of a route for `responses=`, as problem details."""
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"application/problem+json": {"schema": schema}}
    documented: Documented = {status: {"description": _DESCRIPTIONS[status], "content": content} for status in statuses}
    if 429 in documented:
        retry_after = {"description": "Delay in seconds.", "schema": {"type": "integer"}}
        documented[429]["headers"] = {"Retry-After": retry_after}
    if 401 in documented:
        documented[401]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return documented
