"""Connects only to the addresses that were checked, which prevents DNS rebinding."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from httpcore2 import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.addresses import is_allowed
from lamina.fetch.targets import LEADS_INSIDE, as_address, refused

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the IP addresses of a host name, the preferred ones first; raises OSError if there are none."""

_MAX_ATTEMPTS = 4


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """The addresses of the host name according to the operating system's resolver."""
    addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in addresses))


class PinnedBackend(AsyncNetworkBackend):
    """Resolves a host name once, refuses it if any of its addresses is not allowed, and connects to one of them.

    TLS is unaffected: the certificate is still verified against the host name.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolver: Resolver = resolve_by_system,
        connector: AsyncNetworkBackend | None = None,
    ) -> None:
        """`connector`: opens the connections; it gets IP addresses only."""
        self._allow_private = allow_private
        self._resolver = resolver
        self._connector = connector or AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Raises LaminaError (address_refused; address_unreachable for unknown hosts) and the connector's errors."""
        failure: Exception = ConnectError("no address")
        for address in (await self._checked(host, port))[:_MAX_ATTEMPTS]:
            try:
                return await self._connector.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (ConnectError, ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        literal = as_address(host)
        addresses = [literal] if literal else [as_address(text) for text in await self._resolved(host, port)]
        allowed = [
            address for address in addresses if address and is_allowed(address, allow_private=self._allow_private)
        ]
        # A private address among public ones is refused as well: it is an attack or a misconfiguration.
        if len(allowed) < len(addresses):
            # The message does not contain the address, which would reveal the structure of the internal network.
            raise refused(host, LEADS_INSIDE)
        return allowed

    async def _resolved(self, host: str, port: int) -> Sequence[str]:
        with suppress(OSError, UnicodeError):
            if addresses := await self._resolver(host, port):
                return addresses
        raise LaminaError(
            ErrorCode.ADDRESS_UNREACHABLE,
            f"There is no host named {host}.",
            "Check the spelling of the host name, and that the machine on which Lamina runs can resolve it.",
        )
