"""The routes for operators: health, readiness, metrics, signing keys and the API documentation."""

import time
from importlib.metadata import version

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy import Connection

from lamina.api.native.answers import StatusBody
from lamina.api.native.problem_route import ProblemRoute, problems
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import JobState
from lamina.server.bootstrap import Installation
from lamina.server.device_memory import device_memory
from lamina.server.docs_page import render_docs
from lamina.server.metrics import CONTENT_TYPE
from lamina.store import agents, jobs
from lamina.webhooks.signing import jwks

_STORAGE_GOOD_FOR_S = 30.0  # seconds; each check writes an object


def operations(installation: Installation) -> APIRouter:
    """Routes without a key."""
    router = APIRouter(tags=["operations"], route_class=ProblemRoute)
    readiness = _Readiness(installation)

    @router.get("/health", summary="Liveness check")
    async def health() -> StatusBody:  # pyright: ignore[reportUnusedFunction]
        return StatusBody(status="ok", version=version("lamina"))

    @router.get("/ready", responses=problems(503), summary="Readiness check: database, storage, engines")
    async def ready() -> StatusBody:  # pyright: ignore[reportUnusedFunction]
        await readiness.check()
        return StatusBody(status="ready", version=version("lamina"))

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(503)},
        summary="Metrics for Prometheus",
    )
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        await _count(installation)
        return Response(installation.metrics.exposition(), media_type=CONTENT_TYPE)

    @router.get("/.well-known/jwks.json", response_class=JSONResponse, summary="The keys that sign webhooks")
    async def well_known_keys() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return JSONResponse(jwks(installation.signing_keys), headers={"Cache-Control": "public, max-age=3600"})

    @router.get("/", include_in_schema=False)
    async def root() -> RedirectResponse:  # pyright: ignore[reportUnusedFunction]
        return RedirectResponse("/docs")

    @router.get("/docs", response_class=HTMLResponse, summary="Documentation of this API")
    async def docs(request: Request) -> HTMLResponse:  # pyright: ignore[reportUnusedFunction]
        page = render_docs(request.app.openapi())
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})

    return router


class _Readiness:
    def __init__(self, installation: Installation) -> None:
        self._service = installation.service
        self._engines_up = installation.engines_up
        self._storage_good_until = 0.0

    async def check(self) -> None:
        """Raises `LaminaError` (store_unavailable, engine_unavailable)."""
        if not self._engines_up.is_set():
            raise LaminaError(
                ErrorCode.ENGINE_UNAVAILABLE, "The engines of this process are starting.", "Try again in a few seconds."
            )
        await self._service.database.read(lambda connection: connection.exec_driver_sql("select 1").scalar())
        if time.monotonic() > self._storage_good_until:
            await self._service.blobs.check()
            self._storage_good_until = time.monotonic() + _STORAGE_GOOD_FOR_S


async def _count(installation: Installation) -> None:
    """Updates the gauges that are read from the database and the devices."""

    def work(connection: Connection) -> tuple[dict[tuple[str, str], int], int]:
        return jobs.count_by_state(connection), len(agents.every(connection))

    open_jobs, agent_count = await installation.service.database.read(work)
    counts = {state: sum(n for (job_state, _), n in open_jobs.items() if job_state == state) for state in JobState}
    installation.metrics.set_open_jobs(counts)
    installation.metrics.set_agents(agent_count)
    for device, used_bytes, total_bytes in await device_memory():
        installation.metrics.set_device_memory(device, used_bytes, total_bytes)
