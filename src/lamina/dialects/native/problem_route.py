"""Answers errors as problem details: of a route that raises one, and of requests that no route takes."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lamina.core.errors import LaminaError
from lamina.dialects.native.problems import problem_of_error, problem_of_request, problem_of_status

Answer = Callable[[Request], Coroutine[Any, Any, Response]]
Documented = dict[int | str, dict[str, Any]]

_WORDS = {
    400: "The body cannot be read as what its type says.",
    401: "There is no key, or it is unknown, revoked or expired.",
    402: "The wallet does not hold the price.",
    403: "The key's scopes do not allow this.",
    404: "There is no such thing, or it is another key's.",
    409: "It is in a state that does not allow this, or the idempotency key came with another request.",
    413: "Too large.",
    416: "The file has no such bytes.",
    422: "The request is not as it must be: `errors` says where.",
    429: "The key has used up what it may do for now: `Retry-After` says when to try again.",
    501: "Right, but not offered.",
    503: "The database, the storage or an engine is not there at the moment.",
}


class ProblemRoute(APIRoute):
    """A route whose errors are problem details."""

    def get_route_handler(self) -> Answer:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except LaminaError as error:
                return problem_of_error(error, request.url.path)
            except RequestValidationError as error:
                return problem_of_request(error.errors(), request.url.path)
            except HTTPException as error:
                return problem_of_status(error.status_code, request.url.path, error.headers)

        return told


def problems(*statuses: int) -> Documented:
    """For `responses=`: the statuses that a route may answer, beside its own, as problem details."""
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {"application/problem+json": {"schema": schema}}
    found: Documented = {status: {"description": _WORDS[status], "content": content} for status in statuses}
    if 429 in found:
        found[429]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    if 401 in found:
        found[401]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return found
