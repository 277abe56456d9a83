"""Takes a request that was meant for a vendor's host to where that vendor's API stands here."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from lamina.api.pixazo.access import HOST, PREFIX

PREFIXES: Mapping[str, str] = {HOST: PREFIX}
"""The path below which the API stands, by the vendor's host."""


class VendorHosts:
    """Pure ASGI. It puts the prefix before the path; the host stays as the client wrote it."""

    def __init__(self, app: ASGIApp, *, prefixes: Mapping[str, str]) -> None:
        self._app = app
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            prefix = self._prefixes.get(_host_of(scope))
            if prefix is not None and not scope["path"].startswith(f"{prefix}/"):
                raw_path = scope.get("raw_path") or scope["path"].encode()
                scope = {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + raw_path}
        await self._app(scope, receive, send)


def _host_of(scope: Scope) -> str:
    """Without a port."""
    return Headers(scope=scope).get("host", "").partition(":")[0].lower()
