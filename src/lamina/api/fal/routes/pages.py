"""The pages that say what an endpoint takes and gives: OpenAPI for programs, llms.txt for reading."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from lamina.api.fal.endpoints import ENDPOINTS, endpoint_of
from lamina.api.fal.fal_route import FalRoute
from lamina.api.fal.llms import render_llms
from lamina.api.fal.routes.run import known_endpoint
from lamina.api.fal.schemas import category_of, render_openapi
from lamina.api.shared.context import context_of

router = APIRouter(route_class=FalRoute, include_in_schema=False)


@router.get("/api/openapi/queue/openapi.json")
async def openapi(request: Request, endpoint_id: str = "") -> Response:
    """As fal does, 404 with `null` for what is not there."""
    endpoint = endpoint_of(endpoint_id.strip("/"))
    if endpoint is None:
        return JSONResponse(None, 404)
    base = context_of(request).service.base_url
    return JSONResponse(render_openapi(endpoint, f"{base}/fal/queue", base))


@router.get("/models/{path:path}/llms.txt")
async def llms(request: Request, path: str) -> Response:
    base = context_of(request).service.base_url
    return PlainTextResponse(render_llms(known_endpoint(path), f"{base}/fal/run", base))


@router.get("/llms.txt")
async def index(request: Request) -> Response:
    base = context_of(request).service.base_url
    lines = [f"- [{one.name}]({base}/models/{one.id}/llms.txt): {one.about}" for one in ENDPOINTS.values()]
    return PlainTextResponse("\n".join(["# Lamina", "", "> fal's endpoints, served here.", "", *lines, ""]))


@router.get("/fal/models")
async def models(request: Request) -> Response:
    """The catalogue, as fal's platform API lists it."""
    base = context_of(request).service.base_url
    entries = [
        {
            "endpoint_id": one.id,
            "metadata": {
                "display_name": one.name,
                "category": category_of(one),
                "description": one.about,
                "status": "active",
                "model_url": f"{base}/fal/run/{one.id}",
            },
        }
        for one in ENDPOINTS.values()
    ]
    return JSONResponse({"models": entries, "has_more": False, "next_cursor": None})
