"""Connects to the very addresses that were checked, so that a name that changes its address between cannot help."""

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
"""The IP addresses of a name, the preferred ones first; an OSError where there are none."""

_TRIED = 4


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """What the operating system says that the name's addresses are."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class PinnedBackend(AsyncNetworkBackend):
    """Resolves a name once, refuses it if any of its addresses is not allowed, connects to one of those just checked.

    TLS is not touched by this: it goes on to verify the certificate against the name.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolver: Resolver = resolve_by_system,
        connector: AsyncNetworkBackend | None = None,
    ) -> None:
        """`connector` is given IP addresses only."""
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
        """Raises LaminaError: address_refused, address_unreachable (no such name); what the connector raises."""
        failure: Exception = ConnectError("no address")
        for address in (await self._checked(host, port))[:_TRIED]:
            try:
                return await self._connector.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (ConnectError, ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        literal = as_address(host)
        found = [literal] if literal else [as_address(text) for text in await self._resolved(host, port)]
        allowed = [address for address in found if address and is_allowed(address, allow_private=self._allow_private)]
        # One private address among public ones is refused as well: such a name is a trap or a mistake.
        if len(allowed) < len(found):
            # The message does not say where the name leads: that would be a map of the network behind us.
            raise refused(host, LEADS_INSIDE)
        return allowed

    async def _resolved(self, host: str, port: int) -> Sequence[str]:
        with suppress(OSError, UnicodeError):
            if found := await self._resolver(host, port):
                return found
        raise LaminaError(
            ErrorCode.ADDRESS_UNREACHABLE,
            f"There is no host named {host}.",
            "Check how the address is written, and that it can be reached from where Lamina runs.",
        )
