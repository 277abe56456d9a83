"""Parses users' URLs to host, port and path; refuses ambiguous URLs."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, quote, urlsplit

import idna

from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.addresses import is_allowed

_MAX_LENGTH = 8192
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_USER = re.compile(r"//[^/?#]*@")
_LOCALHOST = "localhost"
LEADS_INSIDE = "it leads into a private or reserved network"
_HINT = "Use an http or https URL that is publicly reachable, or upload the file."


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL. `host`: a lower-case ASCII name, or an IP address without brackets. `path`: percent-encoded, with
    the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The host if it is an IP address, None if it is a name."""
        return as_address(self.host)


def parse_target(url: str) -> Target:
    """Raises LaminaError (address_refused) if `url` is not a plain http(s) URL."""
    url = url.strip()
    if len(url) > _MAX_LENGTH:
        raise refused(url, f"it is longer than {_MAX_LENGTH} characters")
    if _FORBIDDEN_CHARACTERS.search(url):
        raise refused(url, "it has spaces, backslashes or control characters in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refused(url, "its host or port cannot be read") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise refused(url, "it does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise refused(url, "it has a user name in it")
    if port == 0:
        raise refused(url, "there is no port 0")
    return Target(parts.scheme, _host(parts, url), port or _DEFAULT_PORTS[parts.scheme], _path(parts))


def check_reach(target: Target, *, allow_private: bool = False) -> None:
    """Checks the target as far as that is possible without resolving its host name.

    Raises `LaminaError` (address_refused) for an IP address that is not allowed, and for a name of the local machine
    (RFC 6761) unless private addresses are allowed.
    """
    address, host = target.address, target.host
    is_local = host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")
    if (is_local and not allow_private) or (address and not is_allowed(address, allow_private=allow_private)):
        raise refused(target.url, LEADS_INSIDE)


def as_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def refused(url: str, why: str) -> LaminaError:
    return LaminaError(ErrorCode.ADDRESS_REFUSED, f"The address {shown(url)} is refused: {why}.", _HINT)


def shown(url: str) -> str:
    """The URL for use in messages: truncated, without its user information and query, which may contain secrets."""
    bare = re.split(r"[?#]", _USER.sub("//", url), maxsplit=1)[0]
    return ascii(bare if len(bare) <= 120 else bare[:119] + "…")[1:-1]


def _host(parts: SplitResult, url: str) -> str:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        address = as_address(host)
        if not isinstance(address, IPv6Address) or address.scope_id is not None:
            raise refused(url, "its host is not an IPv6 address, or names a network zone")
        return address.compressed
    name = _ascii_name(host, url).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # Programs differ in whether and how they parse addresses such as 0177.1 or 2130706433.
        if not isinstance(as_address(name), IPv4Address):
            raise refused(url, "its host is an IP address in an unusual form; write it as four decimal numbers")
        return name
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise refused(url, "its host is not a name")
    return name


def _ascii_name(host: str, url: str) -> str:
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode().lower()
    except idna.IDNAError as error:
        raise refused(url, "its host is not a name") from error


def _path(parts: SplitResult) -> str:
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    return quote(path + query, safe="!#$%&'()*+,/:;=?@[]~", errors="replace")
