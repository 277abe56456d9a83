"""The routes of the Studio: its page and files, and the sessions of the browsers that show it."""

import asyncio
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lamina.accounts.browser_sessions import BrowserRequest, browser_request, own_origin
from lamina.core.errors import ErrorCode, LaminaError
from lamina.service.service import Service
from lamina.studio.assets import Asset, AssetFolder
from lamina.studio.fonts import FamiliesBody, families
from lamina.studio.links import HOME, REFUSED, UsedLinks, checked_page
from lamina.studio.page import SECURITY_HEADERS, rendered_page
from lamina.studio.sessions import Credentials, SessionBody, Sessions, loopback_key

_FOR_EVER = "public, max-age=31536000, immutable"


def studio_routes(service: Service, loopback_port: int | None, started_at: float) -> APIRouter:
    """`loopback_port`: where the server listens, if only this machine can reach it; links work only there.

    `started_at`: links that were made before it are not accepted.
    """
    folder = AssetFolder()
    sessions = Sessions(service, is_loopback=loopback_port is not None)
    links = UsedLinks(service, loopback_port, started_at) if loopback_port is not None else None
    router = APIRouter(include_in_schema=False, route_class=_own_hosts_only(service))

    @router.get("/studio/assets/{version}/{name:path}")
    async def asset(request: Request, version: str, name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        assets = folder.last_read
        if version != assets.version or name not in assets.files:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return _sent(request, assets.files[name], {"Cache-Control": _FOR_EVER})

    @router.get("/studio/enter")
    async def enter(request: Request, link: str = "", to: str = HOME) -> Response:  # pyright: ignore[reportUnusedFunction]
        page = checked_page(to)
        if links is None or "prefetch" in request.headers.get("sec-purpose", ""):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if not links.accept(link):
            is_signed_in = (await sessions.current(_of(request))).signed_in
            return _see_other(page if is_signed_in else REFUSED)
        key = await asyncio.to_thread(loopback_key, service)
        response = _see_other(page)
        sessions.start(_of(request), key.id, response)
        return response

    @router.get("/studio/session")
    async def session(request: Request) -> SessionBody:  # pyright: ignore[reportUnusedFunction]
        return await sessions.current(_of(request))

    @router.post("/studio/session")
    async def sign_in(  # pyright: ignore[reportUnusedFunction]
        request: Request, response: Response, credentials: Credentials
    ) -> SessionBody:
        return await sessions.sign_in(_of(request), credentials, response)

    @router.delete("/studio/session", status_code=HTTPStatus.NO_CONTENT)
    async def sign_out(request: Request, response: Response) -> None:  # pyright: ignore[reportUnusedFunction]
        sessions.end(_of(request), response)

    @router.get("/studio/fonts")
    async def fonts(request: Request) -> FamiliesBody:  # pyright: ignore[reportUnusedFunction]
        if not (await sessions.current(_of(request))).signed_in:
            raise LaminaError(ErrorCode.KEY_INVALID, "The browser is not signed in.", "Sign in to the Studio.")
        return await asyncio.to_thread(families)

    @router.get("/studio")
    @router.get("/studio/{rest:path}")
    async def page(request: Request, rest: str | None = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        """One page for all addresses; its script shows what the address names."""
        if rest is not None and rest.startswith("assets/"):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        path = HOME if rest is None else f"{HOME}/{rest}"
        shown, policy = rendered_page(folder.current(), path)
        return _sent(request, shown, {"Cache-Control": "no-cache", "Content-Security-Policy": policy})

    return router


def _own_hosts_only(service: Service) -> type[APIRoute]:
    """Routes that refuse foreign names before they look at anything else (DNS rebinding)."""

    class OwnHostsRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def respond(request: Request) -> Response:
                if own_origin(service, _of(request)) is None:
                    return _misdirected(service)
                response = await handle(request)
                response.headers.update(SECURITY_HEADERS)
                return response

            return respond

    return OwnHostsRoute


def _misdirected(service: Service) -> Response:
    text = (
        f"The Studio of this server is at {service.base_url}{HOME}, not at the host name of this request.\n"
        "To use this name, set base_url to its address: see docs/reference/settings.md.\n"
    )
    return Response(text, HTTPStatus.MISDIRECTED_REQUEST, SECURITY_HEADERS, "text/plain; charset=utf-8")


def _see_other(path: str) -> Response:
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": path, "Cache-Control": "no-store"})


def _sent(request: Request, asset: Asset, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": asset.tag, "Vary": "Accept-Encoding"}
    if asset.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    accepted = {coding.partition(";")[0].strip() for coding in request.headers.get("accept-encoding", "").split(",")}
    if "gzip" in accepted and asset.gzipped is not None:
        return Response(asset.gzipped, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)


def _of(request: Request) -> BrowserRequest:
    return browser_request(request.scope, request.headers, request.cookies)
