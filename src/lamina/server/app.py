"""Builds the ASGI application: the routes of the APIs and of the operators, and the middleware around them."""

from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from lamina.api.fal.headers import SENT as FAL_SENT
from lamina.api.fal.headers import SHOWN as FAL_SHOWN
from lamina.api.fal.hosts import FalHosts
from lamina.api.fal.routes import ROUTERS as FAL
from lamina.api.native.problem_route import answer_to
from lamina.api.native.routes import ROUTERS as NATIVE
from lamina.api.native.wire import Problem
from lamina.api.pixazo.hosts import PixazoHost
from lamina.api.pixazo.routes import ROUTERS as PIXAZO
from lamina.api.runware.routes import ROUTERS as RUNWARE
from lamina.api.runware.sessions import Sessions
from lamina.api.shared.context import ApiContext
from lamina.core.errors import LaminaError
from lamina.server.bootstrap import Installation
from lamina.server.error_formats import REQUEST_ID
from lamina.server.operations import operations
from lamina.server.requests import RequestMiddleware
from lamina.studio.routes import studio_routes

DIALECTS = (NATIVE, FAL, PIXAZO, RUNWARE)
"""The routers of each API."""

_ABOUT = (
    "Decomposes images into layers, generates and edits them. Every request to `/v1` needs an API key: "
    "`Authorization: Bearer KEY`. Errors are problem details (RFC 9457)."
)
_SENT_BY_SCRIPTS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "Prefer",
    "Range",
)
_SHOWN_TO_SCRIPTS = (
    "Location",
    "Preference-Applied",
    "Retry-After",
    "Content-Range",
    "Content-Disposition",
    "ETag",
    REQUEST_ID,
)
_BODY_OVERHEAD = 1.4  # base64 is 4 letters for 3 bytes, and a form has its headers
_BODY_LEAST_BYTES = 4 << 20
_MOST_INLINE_BYTES = 200 << 20  # of a data: URI, which is in memory more than once


def make_app(installation: Installation, context: ApiContext, loopback_port: int | None = None) -> FastAPI:
    """The application alone; `server.running` runs the background tasks.

    `loopback_port`: where it listens, if only this machine can reach it.
    """
    app = _Lamina(
        title="Lamina", version=version("lamina"), description=_ABOUT, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.api = context
    app.state.runware_sessions = Sessions()
    for routers in DIALECTS:
        for router in routers:
            app.include_router(router)
    app.include_router(operations(installation))
    app.include_router(studio_routes(installation.service, loopback_port, installation.started_at))
    for error in (LaminaError, RequestValidationError, HTTPException):
        app.add_exception_handler(error, _handle_error)
    _add_middleware(app, installation)
    return app


def _add_middleware(app: FastAPI, installation: Installation) -> None:
    """Middleware that is added last is outermost: pages of other origins can read early rejections, too."""
    app.add_middleware(
        RequestMiddleware,
        metrics=installation.metrics,
        max_body_bytes=most_body_bytes(installation),
        max_file_bytes=_body_bytes_for(installation.service.limits.max_upload_bytes),
    )
    origins = installation.settings.cors_origins
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins.split(","),
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[*_SENT_BY_SCRIPTS, *FAL_SENT],
            expose_headers=[*_SHOWN_TO_SCRIPTS, *FAL_SHOWN],
            max_age=600,
        )
    app.add_middleware(FalHosts)
    app.add_middleware(PixazoHost)


def most_body_bytes(installation: Installation) -> int:
    """The largest body that is read into memory, or WebSocket message; files are streamed."""
    return _body_bytes_for(min(installation.service.limits.max_upload_bytes, _MOST_INLINE_BYTES))


def _body_bytes_for(content_bytes: int) -> int:
    return int(content_bytes * _BODY_OVERHEAD) + _BODY_LEAST_BYTES


async def _handle_error(request: Request, error: Exception) -> Response:
    answer = answer_to(request, error)
    if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_methods_at(request)) or answer.headers.get("Allow", "")
    return answer


def _methods_at(request: Request) -> list[str]:
    """All methods of the path: a router only reports those of the first route that matches."""
    fits = [
        operations
        for template, operations in request.app.openapi()["paths"].items()
        if compile_path(template)[0].match(request.url.path)
    ]
    return sorted({method.upper() for method in fits[0]}) if fits else []


class _Lamina(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Adds the schema of problem details, which the routes refer to."""
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
        return document
