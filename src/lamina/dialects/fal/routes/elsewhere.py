"""What is asked of fal's services and is not here: refused in fal's words, so that its clients can show why."""

from fastapi import APIRouter, Request, Response

from lamina.dialects.fal.errors import Refused, refusal
from lamina.dialects.fal.fal_route import FalRoute

router = APIRouter(route_class=FalRoute, include_in_schema=False)


@router.api_route("/fal/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
async def nothing(request: Request, rest: str) -> Response:
    raise Refused(refusal(404, f"Path /{rest.partition('/')[2]} not found ({request.method})"))
