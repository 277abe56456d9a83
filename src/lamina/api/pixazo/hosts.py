"""Routes requests for Pixazo's host to the paths of its API here."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from lamina.api.pixazo.access import HOST, PREFIX


class PixazoHost:
    """ASGI middleware that puts the prefix before the path; the Host header stays as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_request = scope["type"] in ("http", "websocket")
        if is_request and _host_of(scope) == HOST and not scope["path"].startswith(f"{PREFIX}/"):
            raw_path = scope.get("raw_path") or scope["path"].encode()
            scope = {**scope, "path": PREFIX + scope["path"], "raw_path": PREFIX.encode() + raw_path}
        await self._app(scope, receive, send)


def _host_of(scope: Scope) -> str:
    """The host name in the Host header, without the port."""
    return Headers(scope=scope).get("host", "").partition(":")[0].lower()
