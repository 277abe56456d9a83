"""What a client behind the proxy sees, and what does not get through."""

import asyncio
import contextlib
import ssl
import stat
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from pathlib import Path

import httpx2
import pytest
from cryptography import x509

from lamina.core.errors import LaminaError
from lamina.redirect.authority import Authority
from lamina.redirect.proxy import Others, serve_proxy
from waiting import completed


@asynccontextmanager
async def echo() -> AsyncGenerator[tuple[int, list[str]]]:
    """A server that answers with the body that it is sent, and notes the heads."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                heads.append(head)
                body = await body_of(head.lower(), reader)
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heads


async def body_of(head: str, reader: asyncio.StreamReader) -> bytes:
    if "content-length: " in head:
        return await reader.readexactly(int(head.split("content-length: ")[1].split()[0]))
    body = b""
    while "chunked" in head and (size := int(await reader.readuntil(b"\r\n"), 16)):
        body += (await reader.readexactly(size + 2))[:-2]
    if "chunked" in head:
        await reader.readuntil(b"\r\n")
    return body


@asynccontextmanager
async def behind_proxy(
    folder: Path, prefix: str = "", others: Others = "refuse"
) -> AsyncGenerator[tuple[httpx2.AsyncClient, list[str], int]]:
    authority = Authority.in_folder(folder)
    async with echo() as (port, heads):
        target = f"http://127.0.0.1:{port}{prefix}"
        proxy = await serve_proxy(authority, {"api.vendor.test": target, "*.media.test": target}, others)
        trusted = ssl.create_default_context(cafile=str(authority.certificate_path))
        try:
            async with httpx2.AsyncClient(proxy=f"http://127.0.0.1:{proxy.port}", verify=trusted) as client:
                yield client, heads, port
        finally:
            await proxy.close()


def test_a_host_that_is_served_is_answered_for_with_a_certificate_that_the_authority_has_signed(tmp_path: Path) -> None:
    async def ask() -> None:
        async with behind_proxy(tmp_path, "/there") as (client, heads, _):
            for body in (b"one", b"two"):
                answer = await client.post("https://api.vendor.test/v1/do?x=1", content=body)
                assert (answer.status_code, answer.content) == (200, body)
        assert [head.splitlines()[0] for head in heads] == ["POST /there/v1/do?x=1 HTTP/1.1"] * 2
        assert "host: api.vendor.test" in heads[0].lower()
        assert "x-forwarded-proto: https" in heads[0].lower()

    completed(ask())


def test_bodies_come_through_whole_however_they_are_sent(tmp_path: Path) -> None:
    async def ask() -> None:
        async with behind_proxy(tmp_path) as (client, _, _):
            large = bytes(range(256)) * 20_000
            assert (await client.put("https://cdn.media.test/a", content=large)).content == large
            assert (await client.put("https://v3.cdn.media.test/a", content=in_pieces(large))).content == large
            assert (await client.get("https://cdn.media.test/a")).content == b""

    completed(ask())


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 50_001):
        yield content[start : start + 50_001]


def test_nothing_gets_through_to_others_where_that_is_refused(tmp_path: Path) -> None:
    async def ask() -> None:
        async with behind_proxy(tmp_path) as (client, heads, port):
            with pytest.raises(httpx2.ProxyError, match="403"):
                await client.get("https://elsewhere.test/")
            refused = await client.get(f"http://127.0.0.1:{port}/")
            assert refused.status_code == 403
            assert "Lamina lets nothing through to 127.0.0.1" in refused.text
            assert heads == []

    completed(ask())


def test_others_are_passed_on_untouched_where_that_is_wanted(tmp_path: Path) -> None:
    async def ask() -> None:
        async with behind_proxy(tmp_path, "/there", "pass") as (client, heads, port):
            assert (await client.post(f"http://localhost:{port}/as/it/is", content=b"body")).content == b"body"
            assert heads[0].startswith("POST /as/it/is HTTP/1.1")

    completed(ask())


def test_a_server_that_does_not_run_is_told_of(tmp_path: Path) -> None:
    async def ask() -> None:
        authority = Authority.in_folder(tmp_path)
        async with echo() as (port, _):
            pass
        proxy = await serve_proxy(authority, {"api.vendor.test": f"http://127.0.0.1:{port}"})
        trusted = ssl.create_default_context(cafile=str(authority.certificate_path))
        async with httpx2.AsyncClient(proxy=f"http://127.0.0.1:{proxy.port}", verify=trusted) as client:
            assert (await client.get("https://api.vendor.test/")).status_code == 502
        await proxy.close()

    completed(ask())


def test_an_authority_is_made_once_and_its_key_is_its_owners(tmp_path: Path) -> None:
    first, second = Authority.in_folder(tmp_path), Authority.in_folder(tmp_path)
    assert first.certificate_path.read_bytes() == second.certificate_path.read_bytes()
    key = next(first.certificate_path.parent.glob("*.key"))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert second.bundle_path.read_bytes().endswith(second.certificate_path.read_bytes())
    other = Authority.in_folder(tmp_path / "other")
    assert other.certificate_path.read_bytes() != first.certificate_path.read_bytes()


def test_processes_that_make_an_authority_at_once_agree_on_one(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, get_context("spawn")) as processes:
        made = list(processes.map(certificate_of_a_server, [tmp_path] * 4))
    certificate = x509.load_pem_x509_certificate((tmp_path / "authority" / "ca.pem").read_bytes())
    for issued in made:
        x509.load_der_x509_certificate(issued).verify_directly_issued_by(certificate)
    assert [path.name for path in tmp_path.iterdir()] == ["authority"]


def certificate_of_a_server(folder: Path) -> bytes:
    """As a client is shown it that asks for a host, by an authority of that folder."""
    context = Authority.in_folder(folder).context_for("api.vendor.test")
    client_in, client_out, server_in, server_out = (ssl.MemoryBIO() for _ in range(4))
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    client = asking.wrap_bio(client_in, client_out)
    server = context.wrap_bio(server_in, server_out, server_side=True)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
            server_in.write(client_out.read())
            client_in.write(server_out.read())
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def test_an_authority_that_is_damaged_says_so(tmp_path: Path) -> None:
    Authority.in_folder(tmp_path).certificate_path.write_text("nothing")
    with pytest.raises(LaminaError, match="cannot be used"):
        Authority.in_folder(tmp_path)
