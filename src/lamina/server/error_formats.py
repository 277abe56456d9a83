"""Chooses the API whose error format is used for a path, before a request has reached a route."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from lamina.api.fal import errors as fal
from lamina.api.fal import hosts as fal_hosts
from lamina.api.native.errors import problem_response, status_problem_response
from lamina.api.pixazo.access import PREFIX as PIXAZO
from lamina.api.pixazo.errors import render_crash as pixazo_crash
from lamina.api.pixazo.errors import render_error as pixazo_refusal
from lamina.api.runware import routes as runware
from lamina.core.errors import LaminaError

REQUEST_ID = "X-Request-ID"


@dataclass(frozen=True, slots=True)
class Edge:
    """How an API responds to requests that were rejected before its routes, or that failed unexpectedly."""

    refusal: Callable[[LaminaError], Response]
    crash: Callable[[], Response]


_FAL = Edge(fal.render_refusal, fal.render_crash)
_PIXAZO = Edge(pixazo_refusal, pixazo_crash)
_RUNWARE = Edge(runware.render_refusal, runware.render_crash)


def edge_at(method: str, path: str) -> Edge:
    """`path`: with the prefix of its API, also for requests that were sent to a vendor's host."""
    if fal_hosts.is_fal_path(path):
        return _FAL
    if path.startswith(f"{PIXAZO}/"):
        return _PIXAZO
    return _RUNWARE if runware.is_runware_request(method, path) else _native(path)


def is_file_sent(scope: Scope) -> bool:
    """Whether the body of a request is a file, which its route streams to disk."""
    method, path = scope["method"], scope["path"]
    if method == "POST" and path == "/v1/files":
        return Headers(scope=scope).get("content-type", "").lower().startswith("multipart/form-data")
    return fal_hosts.is_file_sent(method, path)


def _native(path: str) -> Edge:
    return Edge(lambda error: problem_response(error, path), lambda: _problem_of_crash(path))


def _problem_of_crash(path: str) -> Response:
    return status_problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "An unexpected error occurred; the log of the service has the details.",
        f"Try again; if it fails again, give the operator the {REQUEST_ID} of this response.",
        path,
    )
