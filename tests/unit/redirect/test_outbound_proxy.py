"""How a redirected command reaches hosts that are nobody's here: as it would have without us."""

import asyncio
from pathlib import Path

import pytest

from lamina.redirect.authority import Authority
from lamina.redirect.outbound_proxy import OutboundProxy, outbound_proxy_of
from lamina.redirect.proxy import serve_proxy
from waiting import completed


async def answered(request: bytes, port: int) -> bytes:
    """All that a server on this machine says to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    told = await reader.read()
    writer.close()
    return told


def test_others_are_reached_through_the_proxy_that_the_command_had(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 Go on\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async def ask() -> bytes:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as company:
            port = company.sockets[0].getsockname()[1]
            outbound_proxy = outbound_proxy_of(
                {"HTTPS_PROXY": f"http://me:p%40ss@127.0.0.1:{port}", "NO_PROXY": "intranet"}
            )
            proxy = await serve_proxy(
                Authority.in_folder(tmp_path), {"api.vendor.test": "http://x"}, outbound_proxy=outbound_proxy
            )
            try:
                return await answered(b"CONNECT elsewhere.test:8443 HTTP/1.1\r\n\r\n", proxy.port)
            finally:
                await proxy.close()

    assert completed(ask()) == b"HTTP/1.1 200 Connection established\r\n\r\nhello"
    first, *lines = heard[0].decode().splitlines()
    assert first == "CONNECT elsewhere.test:8443 HTTP/1.1"
    assert "Proxy-Authorization: Basic bWU6cEBzcw==" in lines  # me:p@ss


def test_what_that_proxy_refuses_is_told(tmp_path: Path) -> None:
    async def ask() -> bytes:
        authority = Authority.in_folder(tmp_path)
        company = await serve_proxy(authority, {}, "refuse")
        proxy = await serve_proxy(authority, {}, outbound_proxy=OutboundProxy(("127.0.0.1", company.port)))
        try:
            return await answered(b"CONNECT elsewhere.test:443 HTTP/1.1\r\n\r\n", proxy.port)
        finally:
            await proxy.close()
            await company.close()

    told = completed(ask())
    assert told.startswith(b"HTTP/1.1 502 ")
    assert b"answers '403 Forbidden'" in told


@pytest.mark.parametrize("excepted", ["*", "localhost", ".localhost", "intranet, LOCALHOST:443"])
def test_what_needs_no_proxy_is_reached_without(excepted: str) -> None:
    async def ask() -> bytes:
        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"directly")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            nobody = ("127.0.0.1", 9)
            reader, writer = await OutboundProxy(nobody, excepted=excepted).connect(
                "localhost", server.sockets[0].getsockname()[1]
            )
            told = await reader.read()
            writer.close()
            return told

    assert completed(ask()) == b"directly"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"https_proxy": "http://proxy.test:3128"}, ("proxy.test", 3128)),
        ({"HTTPS_PROXY": "proxy.test"}, ("proxy.test", 80)),
        ({"https_proxy": "", "ALL_PROXY": "http://[::1]:3128/"}, ("::1", 3128)),
        ({"ALL_PROXY": "socks5://proxy.test:1080"}, None),
        ({"HTTPS_PROXY": "http://[broken"}, None),
        ({"HTTP_PROXY": "http://proxy.test:3128"}, None),
    ],
)
def test_which_proxy_a_command_had(environment: dict[str, str], proxy: tuple[str, int] | None) -> None:
    assert outbound_proxy_of(environment).proxy == proxy
