"""Responds to unsupported requests of fal's services with errors in fal's format, which its clients can show."""

from fastapi import APIRouter, Request, Response

from lamina.api.fal.errors import Refused, refusal
from lamina.api.fal.fal_route import FalRoute
from lamina.api.fal.hosts import PROXIES, TARGET

router = APIRouter(route_class=FalRoute, include_in_schema=False)

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


async def proxy() -> Response:
    """Only requests whose target is not a fal host get here: `FalHosts` forwards all others."""
    raise Refused(refusal(400, f"Invalid request: {TARGET} is not one of fal's."))


for _path in PROXIES:
    router.add_api_route(_path, proxy, methods=_METHODS)
    router.add_api_route(f"{_path}/", proxy, methods=_METHODS)


@router.api_route("/fal/{rest:path}", methods=_METHODS)
async def nothing(request: Request, rest: str) -> Response:
    raise Refused(refusal(404, f"Path /{rest.partition('/')[2]} not found ({request.method})"))
