"""Fetching and posting over a make-believe internet: redirects, rebinding, limits of time and size."""

import asyncio
import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from loopback_web import PUBLIC, PUBLIC_V6, Asked, Names, Respond, Web, Wire, answer, serving

from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.fetcher import Answer, Fetched, Fetcher
from waiting import completed

ENDLESS = 4096  # chunks of 64 KiB: the server gives up after 256 MiB if nobody stops it
CHUNK = bytes(1 << 16)

NAMES: dict[str, Sequence[str] | list[list[str]]] = {
    "pictures.example": [PUBLIC],
    "other.example": [PUBLIC],
    "both.example": [PUBLIC_V6, PUBLIC],
    "inside.example": ["10.0.0.7"],
    "rebound.example": [[PUBLIC], ["127.0.0.1"]],
}


@dataclass
class Outcome:
    web: Web
    names: Names
    wire: Wire
    fetched: Fetched | None = None
    error: LaminaError | None = None

    @property
    def code(self) -> ErrorCode | None:
        return self.error.code if self.error else None


def fetch(respond: Respond, url: str, to: Path, *, max_bytes: int = 1 << 20, timeout_s: float = 20) -> Outcome:
    """What comes of fetching `url` when every public address is a server that answers with `respond`."""

    async def scenario() -> Outcome:
        async with serving(respond) as web:
            outcome = Outcome(web, Names(NAMES), Wire({PUBLIC: web.port}))
            fetcher = Fetcher(False, max_bytes, timeout_s, outcome.names, outcome.wire)
            try:
                outcome.fetched = await fetcher.fetch(url, to)
            except LaminaError as error:
                outcome.error = error
                assert not to.exists()
            return outcome

    return completed(scenario())


def always(*pieces: bytes) -> Respond:
    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(pieces))

    return respond


def by_path(answers: dict[str, bytes]) -> Respond:
    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[asked.path])

    return respond


def redirect(to: str, status: int = 302) -> bytes:
    return answer(status, location=to)


def test_a_file_is_fetched_as_it_is(tmp_path: Path) -> None:
    body = bytes(range(256)) * 1000
    respond = always(answer(200, body, content_type="Image/PNG; q=1", set_cookie="a=b"))
    outcome = fetch(respond, "http://pictures.example/sub/a%20fox.png?size=2#top", tmp_path / "a")
    assert outcome.fetched == Fetched(
        "http://pictures.example/sub/a%20fox.png?size=2", len(body), "image/png", "a fox.png"
    )
    assert (tmp_path / "a").read_bytes() == body
    (asked,) = outcome.web.asked
    assert (asked.method, asked.path) == ("GET", "/sub/a%20fox.png?size=2")
    assert asked.headers["host"] == "pictures.example"
    assert asked.headers["accept-encoding"] == "identity"
    assert not {"cookie", "authorization", "referer"} & asked.headers.keys()


@pytest.mark.parametrize(
    ("path", "name"),
    [("/", "file"), ("/a/", "file"), ("/..%2f..%2fpasswd", "passwd"), ("/a%00b", "a_b"), ("/...", "file")],
)
def test_a_name_is_fit_for_a_file(tmp_path: Path, path: str, name: str) -> None:
    outcome = fetch(always(answer(200, b"x")), f"http://pictures.example{path}", tmp_path / "a")
    assert outcome.fetched is not None
    assert outcome.fetched.name == name


def test_the_address_that_was_checked_is_the_one_connected_to(tmp_path: Path) -> None:
    outcome = fetch(always(answer(200, b"x")), "http://pictures.example:8080/", tmp_path / "a")
    assert outcome.names.asked == ["pictures.example"]
    assert outcome.wire.asked == [PUBLIC]
    assert outcome.web.asked[0].headers["host"] == "pictures.example:8080"


def test_environment_proxies_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    outcome = fetch(always(answer(200, b"x")), "http://pictures.example/", tmp_path / "a")
    assert outcome.fetched is not None
    assert outcome.wire.asked == [PUBLIC]


def test_a_second_address_is_tried_when_the_first_does_not_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        closed = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = closed.sockets[0].getsockname()[1]
        closed.close()
        await closed.wait_closed()
        async with serving(always(answer(200, b"x"))) as web:
            wire = Wire({PUBLIC_V6: port, PUBLIC: web.port})
            await Fetcher(resolver=Names(NAMES), connector=wire).fetch("http://both.example/", tmp_path / "a")
            assert wire.asked == [PUBLIC_V6, PUBLIC]

    completed(scenario())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_resolved_anew(tmp_path: Path, status: int) -> None:
    respond = by_path({"/a": redirect("http://other.example/b.png", status), "/b.png": answer(200, b"here")})
    outcome = fetch(respond, "http://pictures.example/a", tmp_path / "a")
    assert outcome.fetched is not None
    assert (outcome.fetched.url, outcome.fetched.name) == ("http://other.example/b.png", "b.png")
    assert outcome.names.asked == ["pictures.example", "other.example"]
    assert outcome.wire.asked == [PUBLIC, PUBLIC]


@pytest.mark.parametrize(
    ("location", "asked_for"),
    [("/b", "/b"), ("c", "/sub/c"), ("?q=1", "/sub/a?q=1"), ("//other.example/d", "/d"), ("http:/e", "/e")],
)
def test_a_relative_redirect_is_read_like_a_browser_does(tmp_path: Path, location: str, asked_for: str) -> None:
    respond = by_path({"/sub/a": redirect(location), asked_for: answer(200, b"here")})
    outcome = fetch(respond, "http://pictures.example/sub/a", tmp_path / "a")
    assert [asked.path for asked in outcome.web.asked] == ["/sub/a", asked_for]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://inside.example/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "//169.254.169.254/latest/meta-data/",
        "http://user@pictures.example/b",
        "http://pictures.example\\@127.0.0.1/",
        "http://[::1",
        "file:///etc/passwd",
        "gopher://pictures.example/",
        "data:text/plain,x",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_leads_no_further_than_an_address_given(tmp_path: Path, location: str) -> None:
    for respond in (
        always(redirect(location)),
        by_path({"/a": redirect("http://other.example/b"), "/b": redirect("/c"), "/c": redirect(location)}),
    ):
        outcome = fetch(respond, "http://pictures.example/a", tmp_path / "a")
        expected = ErrorCode.ADDRESS_UNREACHABLE if "localhost" in location else ErrorCode.ADDRESS_REFUSED
        assert outcome.code == expected
        assert set(outcome.wire.asked) == {PUBLIC}
        assert "redirects" in str(outcome.error)


def test_a_redirect_without_a_place_is_unreachable(tmp_path: Path) -> None:
    assert fetch(always(answer(302)), "http://pictures.example/", tmp_path / "a").code == ErrorCode.ADDRESS_UNREACHABLE


def test_five_redirects_are_followed_and_no_sixth(tmp_path: Path) -> None:
    chain = {f"/{number}": redirect(f"/{number + 1}") for number in range(9)}
    outcome = fetch(by_path(chain | {"/5": answer(200, b"here")}), "http://pictures.example/0", tmp_path / "a")
    assert outcome.fetched is not None
    outcome = fetch(by_path(chain), "http://pictures.example/0", tmp_path / "b")
    assert (outcome.code, len(outcome.web.asked)) == (ErrorCode.ADDRESS_UNREACHABLE, 6)


def test_a_loop_of_redirects_ends(tmp_path: Path) -> None:
    outcome = fetch(always(redirect("/")), "http://pictures.example/", tmp_path / "a")
    assert (outcome.code, len(outcome.web.asked)) == (ErrorCode.ADDRESS_UNREACHABLE, 6)


def test_a_name_that_moves_inside_between_check_and_redirect_is_refused(tmp_path: Path) -> None:
    outcome = fetch(always(redirect("http://rebound.example/again")), "http://rebound.example/", tmp_path / "a")
    assert outcome.code == ErrorCode.ADDRESS_REFUSED
    assert outcome.names.asked == ["rebound.example", "rebound.example"]
    assert outcome.wire.asked == [PUBLIC]


def test_a_name_that_moves_inside_after_the_check_gains_nothing(tmp_path: Path) -> None:
    outcome = fetch(always(answer(200, b"outside")), "http://rebound.example/", tmp_path / "a")
    assert outcome.names.asked == ["rebound.example"]
    assert outcome.wire.asked == [PUBLIC]
    assert (tmp_path / "a").read_bytes() == b"outside"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500, 503, 304, 300])
def test_a_status_of_failure_is_told(tmp_path: Path, status: int) -> None:
    outcome = fetch(always(answer(status, b"sorry")), "http://pictures.example/a?key=secret", tmp_path / "a")
    assert outcome.code == ErrorCode.ADDRESS_UNREACHABLE
    assert str(status) in str(outcome.error)
    assert "secret" not in str(outcome.error)


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"SSH-2.0-server\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000,
    ],
)
def test_what_is_not_whole_http_is_unreachable(tmp_path: Path, response: bytes) -> None:
    outcome = fetch(always(response), "http://pictures.example/", tmp_path / "a")
    assert outcome.code == ErrorCode.ADDRESS_UNREACHABLE


def test_a_file_declared_too_large_is_not_read(tmp_path: Path) -> None:
    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n")
        await writer.drain()
        await asyncio.Event().wait()  # nothing more ever comes

    outcome = fetch(respond, "http://pictures.example/", tmp_path / "a")
    assert outcome.code == ErrorCode.INPUT_TOO_LARGE
    assert "1,048,576" in str(outcome.error)


def test_a_file_of_exactly_the_limit_is_fetched(tmp_path: Path) -> None:
    outcome = fetch(always(answer(200, bytes(1 << 20))), "http://pictures.example/", tmp_path / "a")
    assert outcome.fetched is not None
    assert outcome.fetched.size == 1 << 20


@pytest.mark.parametrize("is_chunked", [True, False])
def test_an_endless_body_is_cut_off_at_the_limit(tmp_path: Path, is_chunked: bool) -> None:
    sent = 0

    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n" + (b"transfer-encoding: chunked\r\n\r\n" if is_chunked else b"\r\n"))
        for _ in range(ENDLESS):
            writer.write(b"10000\r\n" + CHUNK + b"\r\n" if is_chunked else CHUNK)
            await writer.drain()
            sent += len(CHUNK)

    outcome = fetch(respond, "http://pictures.example/", tmp_path / "a")
    assert outcome.code == ErrorCode.INPUT_TOO_LARGE
    assert sent < 64 << 20


def test_a_slow_drip_ends_with_the_time_for_the_whole(tmp_path: Path) -> None:
    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        for _ in range(2000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    outcome = fetch(respond, "http://pictures.example/", tmp_path / "a", timeout_s=0.3)
    assert outcome.code == ErrorCode.ADDRESS_UNREACHABLE
    assert "0.3 s" in str(outcome.error)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_server_that_falls_silent_ends_with_the_time(tmp_path: Path, start: bytes) -> None:
    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        await asyncio.Event().wait()

    outcome = fetch(respond, "http://pictures.example/", tmp_path / "a", timeout_s=0.3)
    assert outcome.code == ErrorCode.ADDRESS_UNREACHABLE


def test_a_resolver_that_falls_silent_ends_with_the_time(tmp_path: Path) -> None:
    async def never(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(LaminaError) as caught:
        fetcher = Fetcher(timeout_s=0.2, resolver=never, connector=Wire())
        completed(fetcher.fetch("http://pictures.example/", tmp_path / "a"))
    assert caught.value.code == ErrorCode.ADDRESS_UNREACHABLE


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "deflate", "identity"])
def test_compression_that_was_not_asked_for_is_undone(tmp_path: Path, encoding: str) -> None:
    plain = b"a picture, more or less " * 5000
    packed = {"deflate": zlib.compress, "identity": bytes}.get(encoding, gzip.compress)(plain)
    outcome = fetch(always(answer(200, packed, content_encoding=encoding)), "http://pictures.example/", tmp_path / "a")
    assert outcome.fetched is not None
    assert outcome.fetched.size == len(plain)
    assert (tmp_path / "a").read_bytes() == plain


def test_a_gzip_bomb_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(200 << 20), compresslevel=1)
    assert len(bomb) < 1 << 20
    outcome = fetch(always(answer(200, bomb, content_encoding="gzip")), "http://pictures.example/", tmp_path / "a")
    assert outcome.code == ErrorCode.INPUT_TOO_LARGE


_gzip = partial(gzip.compress, mtime=0)  # without the time, which would stand in the names of the tests


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"x"),
        ("zstd", b"x"),
        ("gzip, gzip", _gzip(_gzip(b"x"))),
        ("gzip", b"not gzip"),
        ("gzip", _gzip(b"x" * 1000)[:-9]),
        ("gzip", _gzip(b"x") + b"and more"),
        ("gzip", b""),
    ],
)
def test_compression_that_cannot_be_trusted_is_refused(tmp_path: Path, encoding: str, body: bytes) -> None:
    respond = always(answer(200, body, content_encoding=encoding))
    outcome = fetch(respond, "http://pictures.example/", tmp_path / "a")
    assert outcome.code == ErrorCode.ADDRESS_UNREACHABLE


def test_loopback_is_fetched_from_where_private_addresses_are_allowed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(always(answer(200, b"mine"))) as web:
            fetcher = Fetcher(allow_private_urls=True)
            for host in ("127.0.0.1", "localhost"):
                fetched = await fetcher.fetch(f"http://{host}:{web.port}/a.png", tmp_path / "a")
                assert (fetched.size, fetched.name) == (4, "a.png")
            with pytest.raises(LaminaError) as caught:
                await Fetcher().fetch(f"http://localhost:{web.port}/a.png", tmp_path / "b")
            assert caught.value.code == ErrorCode.ADDRESS_REFUSED
            assert len(web.asked) == 2

    completed(scenario())


def post(respond: Respond, url: str, timeout_s: float = 20) -> tuple[Answer, Web]:
    async def scenario() -> tuple[Answer, Web]:
        async with serving(respond) as web:
            fetcher = Fetcher(resolver=Names(NAMES), connector=Wire({PUBLIC: web.port}))
            headers = {"Content-Type": "application/json", "X-Signature": "abc", "Host": "elsewhere.example"}
            return await fetcher.send("POST", url, b'{"a":1}', headers, timeout_s), web

    return completed(scenario())


def test_a_post_carries_its_body_and_headers() -> None:
    (status, body), web = post(always(answer(202, b"x" * 5000)), "http://pictures.example/hook?a=1")
    assert (status, body) == (202, b"x" * 1024)
    (asked,) = web.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/hook?a=1", b'{"a":1}')
    assert asked.headers["host"] == "pictures.example"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-signature"] == "abc"


def test_a_post_follows_no_redirect() -> None:
    (status, _), web = post(always(redirect("http://other.example/")), "http://pictures.example/hook")
    assert status == 302
    assert len(web.asked) == 1


def test_a_post_reads_no_more_than_it_needs() -> None:
    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(ENDLESS):
            writer.write(CHUNK)
            await writer.drain()

    (status, body), _ = post(respond, "http://pictures.example/hook")
    assert (status, len(body)) == (200, 1024)


def test_a_post_that_is_not_answered_ends_with_its_time() -> None:
    async def respond(_: Asked, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    with pytest.raises(LaminaError) as caught:
        post(respond, "http://pictures.example/hook", timeout_s=0.2)
    assert caught.value.code == ErrorCode.ADDRESS_UNREACHABLE


def test_a_header_cannot_smuggle_another() -> None:
    async def scenario() -> None:
        async with serving(always(answer(200))) as web:
            fetcher = Fetcher(resolver=Names(NAMES), connector=Wire({PUBLIC: web.port}))
            with pytest.raises(LaminaError):
                await fetcher.send("POST", "http://pictures.example/", b"", {"X-A": "b\r\nX-C: d"}, 5)
            assert web.asked == []

    completed(scenario())
