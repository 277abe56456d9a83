"""Routes requests for fal's hosts to the paths of its services here: by host, by path, or by the target of a proxy."""

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
"""fal's host names, and the fallbacks that its Python client uses when the first do not answer."""

PROXIES = (f"{PREFIX}/proxy", "/api/fal/proxy")
TARGET = "x-fal-target-url"
ORIGIN = "lamina.fal.origin"
"""The key in a request's scope of the scheme and host that it was sent to, if the host is one of fal's."""

_UPLOAD_PART = re.compile(r"/files/[^/]+/[^/]+/[^/]+/multipart/")
_FILE = re.compile(r"/files/[0-9a-f]{8}-")
_KEYS = "/.well-known/jwks.json"


class FalHosts:
    """ASGI middleware that rewrites the path of requests for fal's services: `/fal/{run,queue,rest,cdn}`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        rewritten = _proxied(scope) if scope["path"].rstrip("/") in PROXIES else _sent_to_fal(scope)
        await self._app(_with_keys(rewritten), receive, send)


def is_fal_path(path: str) -> bool:
    """Whether a path belongs to fal's API, after `FalHosts` has rewritten it."""
    return path.startswith(f"{PREFIX}/") or path in PROXIES or _UPLOAD_PART.match(path) is not None


def is_file_sent(method: str, path: str) -> bool:
    """Whether the body of the request is a file, or a part of one."""
    if method == "PUT":
        return path.startswith(f"{PREFIX}/{CDN}/") or _UPLOAD_PART.match(path) is not None
    return method == "POST" and path == f"{PREFIX}/{CDN}/files/upload"


def place_of(host: str) -> str | None:
    """The service of a host such as "queue.fal.run"; None for hosts that are not fal's."""
    name = host.lower().partition(":")[0].removesuffix(".")
    parents = (f"*.{name.split('.', count)[-1]}" for count in range(1, name.count(".") + 1))
    return next((HOSTS[pattern] for pattern in (name, *parents) if pattern in HOSTS), None)


def _sent_to_fal(scope: Scope) -> Scope:
    host = Headers(scope=scope).get("host", "")
    place = place_of(host)
    if place is None or scope["path"].startswith(f"{PREFIX}/") or _FILE.match(scope["path"]):
        return scope
    rewritten = _with_path(scope, place, scope["path"])
    rewritten[ORIGIN] = f"{_web_scheme(scope)}://{host}"
    return rewritten


def _proxied(scope: Scope) -> Scope:
    """A request without a target of fal stays as it is, and its route answers with an error."""
    target = Headers(scope=scope).get(TARGET, "")
    try:
        parts = urlsplit(target)
        place = place_of(parts.hostname or "")
    except ValueError:
        return scope
    if place is None:
        return scope
    return {**_with_path(scope, place, parts.path or "/"), "query_string": parts.query.encode("latin-1", "replace")}


def _with_path(scope: Scope, place: str, path: str) -> Scope:
    to = path if place == SITE else f"{PREFIX}/{place}{path}"
    return {**scope, "path": to, "raw_path": to.encode("utf-8", "replace")}


def _with_keys(scope: Scope) -> Scope:
    """The signing keys of webhooks are the same for every API."""
    return {**scope, "path": _KEYS} if scope["path"] == f"{PREFIX}/{REST}{_KEYS}" else scope


def _web_scheme(scope: Scope) -> str:
    return "https" if scope["scheme"] in ("https", "wss") else "http"
