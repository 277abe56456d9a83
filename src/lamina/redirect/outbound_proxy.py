"""Connects to hosts that are not redirected: directly, or through the proxy in the user's environment."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from lamina.redirect.vendors import excepted_name

_DEFAULT_PORT = 80  # of an http:// proxy URL


@dataclass(frozen=True, slots=True)
class OutboundProxy:
    """`proxy`: the host and port of an HTTP proxy; None connects directly; `credentials`: "user:password" for it,
    or empty; `excepted`: the value of NO_PROXY, whose hosts are reached without it.
    """

    proxy: tuple[str, int] | None = None
    credentials: str = field(default="", repr=False)
    excepted: str = ""

    async def connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Raises OSError, also if the proxy refuses the connection."""
        if self.proxy is None or self._is_excepted(host.lower()):
            return await asyncio.open_connection(host, port)
        reader, writer = await asyncio.open_connection(*self.proxy)
        try:
            writer.write(self._request(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))
            head = await reader.readuntil(b"\r\n\r\n")
        except (EOFError, asyncio.LimitOverrunError) as error:
            writer.close()
            raise ConnectionResetError(f"the proxy {self._name} does not respond") from error
        except BaseException:
            writer.close()
            raise
        version, _, rest = head.partition(b"\r\n")[0].partition(b" ")
        if not (version.startswith(b"HTTP/1.") and rest.startswith(b"2")):
            writer.close()
            raise ConnectionRefusedError(f"the proxy {self._name} answers {rest.decode('latin-1')[:100]!r}")
        return reader, writer

    def _is_excepted(self, host: str) -> bool:
        names = [name.strip().partition(":")[0] for name in self.excepted.split(",")]
        suffixes = map(excepted_name, names)
        return "*" in names or any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes if suffix)

    @property
    def _name(self) -> str:
        return "{}:{}".format(*self.proxy or ("", 0))

    def _request(self, address: str) -> bytes:
        lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}"]
        if self.credentials:
            lines.append(f"Proxy-Authorization: Basic {base64.b64encode(self.credentials.encode()).decode()}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def outbound_proxy_of(environment: Mapping[str, str]) -> OutboundProxy:
    """Reads https_proxy or all_proxy. Only http:// proxies are supported; others, such as socks5://, are ignored."""
    values = (environment.get(name) for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
    address = next((value for value in values if value), "")
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port or _DEFAULT_PORT
    except ValueError:
        return OutboundProxy()
    if parts.scheme != "http" or not host:
        return OutboundProxy()
    credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    return OutboundProxy((host, port), credentials, environment.get("no_proxy") or environment.get("NO_PROXY") or "")
