"""Finds out which of fal's services a request is for: by its path, by its host, or by the target that a proxy names."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/fal"
RUN, QUEUE, REST, CDN, SITE = "run", "queue", "rest", "cdn", "site"
HOSTS: Mapping[str, str] = {
    "fal.run": RUN,
    "falrun.com": RUN,
    "queue.fal.run": QUEUE,
    "queue.falrun.com": QUEUE,
    "rest.fal.ai": REST,
    "rest.alpha.fal.ai": REST,
    "fal.media": CDN,
    "*.fal.media": CDN,
    "fal.ai": SITE,
}
"""fal's names, and the backups that its Python client turns to when the first do not answer."""

PROXIES = (f"{PREFIX}/proxy", "/api/fal/proxy")
TARGET = "x-fal-target-url"
ORIGIN = "lamina.fal.origin"
"""In a request's scope: the scheme and the host that it was sent to, if that is one of fal's."""

_FILE = re.compile(r"/files/[0-9a-f]{8}-")
_KEYS = "/.well-known/jwks.json"


class FalPlaces:
    """ASGI: gives each request for one of fal's services the path that our routes know, `/fal/{run,queue,rest,cdn}`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        moved = _proxied(scope) if scope["path"].rstrip("/") in PROXIES else _sent_to_fal(scope)
        await self._app(_with_keys(moved), receive, send)


def place_of(host: str) -> str | None:
    """Which service a host is, "queue.fal.run" say; None for any that is not fal's."""
    name = host.lower().partition(":")[0].removesuffix(".")
    parents = (f"*.{name.split('.', count)[-1]}" for count in range(1, name.count(".") + 1))
    return next((HOSTS[known] for known in (name, *parents) if known in HOSTS), None)


def _sent_to_fal(scope: Scope) -> Scope:
    host = Headers(scope=scope).get("host", "")
    place = place_of(host)
    if place is None or scope["path"].startswith(f"{PREFIX}/") or _FILE.match(scope["path"]):
        return scope
    moved = _moved(scope, place, scope["path"])
    moved[ORIGIN] = f"{_web_scheme(scope)}://{host}"
    return moved


def _proxied(scope: Scope) -> Scope:
    """Where it names no target of fal's, the request stays where it is, and is told so there."""
    target = Headers(scope=scope).get(TARGET, "")
    try:
        parts = urlsplit(target)
        place = place_of(parts.hostname or "")
    except ValueError:
        return scope
    if place is None:
        return scope
    return {**_moved(scope, place, parts.path or "/"), "query_string": parts.query.encode("latin-1", "replace")}


def _moved(scope: Scope, place: str, path: str) -> Scope:
    to = path if place == SITE else f"{PREFIX}/{place}{path}"
    return {**scope, "path": to, "raw_path": to.encode("utf-8", "replace")}


def _with_keys(scope: Scope) -> Scope:
    """Webhooks' keys are the same for every dialect."""
    return {**scope, "path": _KEYS} if scope["path"] == f"{PREFIX}/{REST}{_KEYS}" else scope


def _web_scheme(scope: Scope) -> str:
    return "https" if scope["scheme"] in ("https", "wss") else "http"
