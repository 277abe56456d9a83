"""The routes that document the endpoints: OpenAPI documents, llms.txt pages and the list of models."""

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
    """An unknown endpoint is answered with 404 and `null`, as fal does."""
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
    lines = [
        f"- [{endpoint.name}]({base}/models/{endpoint.id}/llms.txt): {endpoint.about}"
        for endpoint in ENDPOINTS.values()
    ]
    return PlainTextResponse("\n".join(["# Lamina", "", "> fal's endpoints, served here.", "", *lines, ""]))


@router.get("/fal/models")
async def models(request: Request) -> Response:
    """The list of models in the format of fal's platform API."""
    base = context_of(request).service.base_url
    entries = [
        {
            "endpoint_id": endpoint.id,
            "metadata": {
                "display_name": endpoint.name,
                "category": category_of(endpoint),
                "description": endpoint.about,
                "status": "active",
                "model_url": f"{base}/fal/run/{endpoint.id}",
            },
        }
        for endpoint in ENDPOINTS.values()
    ]
    return JSONResponse({"models": entries, "has_more": False, "next_cursor": None})
