"""Sessions of browsers: the cookie that stands for an API key, and the requests that may use it.

A browser sends a cookie with requests that other sites cause, too. The checks here refuse those: the request must be
for a name of this server, and must come from one of its own pages.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lamina.service.service import Service
from lamina.service.tokens import seal, unseal

SESSION_S = 30 * 86_400
"""How long a session lasts, in seconds; it ends earlier when its key is revoked or expires."""

_PURPOSE = "studio session"
_COOKIE = "lamina_studio"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRequest:
    """What decides whether a request may use a cookie.

    `scheme`: "http" or "https". `headers`: with names in lower case, or insensitive to case. `local_address`: the
    address of this machine that the connection was made to; None if it is not known.
    """

    method: str
    scheme: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    local_address: str | None = None


def browser_request(scope: Mapping[str, Any], headers: Mapping[str, str], cookies: Mapping[str, str]) -> BrowserRequest:
    """The request of an ASGI scope."""
    return BrowserRequest(
        method=scope["method"],
        scheme=scope["scheme"],
        headers=headers,
        cookies=cookies,
        local_address=(scope.get("server") or (None,))[0],
    )


def own_origin(service: Service, request: BrowserRequest) -> str | None:
    """SCHEME://HOST of a request that was sent to a name of this server; None if its Host is a foreign name.

    Own are: the host of `base_url`, which also tells the scheme that a TLS proxy in front takes away; "localhost";
    loopback addresses; other addresses, if the connection was not made on this machine. A page elsewhere can give its
    own name this machine's address (DNS rebinding), and then its requests are of the same origin for the browser, but
    it cannot change what the browser sends as Host. Ports are not compared: they differ from ours behind `ssh -L` and
    port mappings, and a rebound name keeps its name whatever its port is.
    """
    host = request.headers.get("host", "")
    name, _ = _split(host)
    if name is None:
        return None
    public = urlsplit(service.base_url)
    if _split(host, public.scheme) == _split(public.netloc, public.scheme):
        return _origin(public.scheme, host)
    is_own = name == "localhost" or _is_own_address(name, request.local_address)
    return _origin(request.scheme, host) if is_own else None


def is_of_own_page(service: Service, request: BrowserRequest) -> bool:
    """Whether the request was caused by a page of this server, or by its user alone if it only reads.

    The Origin must be ours, if there is one. Sec-Fetch-Site also tells this server's pages from those of another
    program on this machine, which are "same-site". A request that changes something needs one of the two.
    """
    origin = own_origin(service, request)
    if origin is None:
        return False
    given, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if given is not None and given.lower() != origin:
        return False
    if request.method in _SAFE_METHODS:
        return site in (None, "same-origin", "none")
    return site == "same-origin" or (site is None and given is not None)


def cookie_name(service: Service, request: BrowserRequest) -> str:
    """Browsers send cookies to every port of a host: the port in the name keeps the servers of one machine apart."""
    origin = urlsplit(own_origin(service, request) or "")
    return f"{_COOKIE}_{origin.port or _DEFAULT_PORTS.get(origin.scheme, 0)}"


def session_token(service: Service, key_id: str) -> str:
    """The value of a cookie that stands for the key. It is signed, not stored: revoking the key ends its sessions."""
    return seal(service.secret, _PURPOSE, {"key": key_id}, int(service.clock()) + SESSION_S)


def session_key_id(service: Service, request: BrowserRequest) -> str | None:
    """The id of the key of the request's session; None without a valid cookie, or if it may not be used here.

    Whether the key still exists is for `keys.known_key` to say.
    """
    if not is_of_own_page(service, request):
        return None
    token = request.cookies.get(cookie_name(service, request))
    claims = unseal(service.secret, _PURPOSE, token, service.clock()) if token else None
    return claims["key"] if claims else None


def has_cookie(request: BrowserRequest) -> bool:
    return any(name.startswith(f"{_COOKIE}_") for name in request.cookies)


def _split(host: str, scheme: str = "http") -> tuple[str | None, int | None]:
    """(name or address, port) of HOST[:PORT]; without a port that of the scheme. (None, None) if it is not that."""
    try:
        parts = urlsplit(f"//{host}")
        if parts.netloc != host or "@" in host or not parts.hostname:
            return None, None
        return parts.hostname.removesuffix("."), parts.port or _DEFAULT_PORTS.get(scheme)
    except ValueError:  # a port that is no number, brackets around what is no address
        return None, None


def _is_own_address(name: str, local_address: str | None) -> bool:
    """A request for an address that is not loopback cannot have come by loopback, but through a proxy."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not _is_loopback(local_address)


def _is_loopback(address: str | None) -> bool:
    try:
        return address is None or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True


def _origin(scheme: str, host: str) -> str:
    """As browsers write it: in lower case, without the port that the scheme has by default."""
    return f"{scheme}://{host.lower().removesuffix(f':{_DEFAULT_PORTS.get(scheme)}')}"
