"""Cookies stand for a key only in requests that pages of this server cause, sent to a name of this server."""

from dataclasses import replace

import pytest

from lamina.accounts.browser_sessions import (
    SESSION_S,
    BrowserRequest,
    cookie_name,
    is_of_own_page,
    own_origin,
    session_key_id,
    session_token,
)
from lamina.service.service import Service
from lamina.service.tokens import seal
from services import Clock

PUBLIC = "https://lamina.example"


def sent(host: str, method: str = "GET", cookie: str = "", local: str | None = None, **headers: str) -> BrowserRequest:
    """`cookie`: the value of the session's, under the name for port 8080. `headers`: with `_` for `-`."""
    return BrowserRequest(
        method=method,
        scheme="http",
        headers={"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}},
        cookies={"lamina_studio_8080": cookie} if cookie else {},
        local_address=local,
    )


@pytest.mark.parametrize(
    ("host", "local", "origin"),
    [
        ("127.0.0.1:8080", None, "http://127.0.0.1:8080"),
        ("localhost:8080", "127.0.0.1", "http://localhost:8080"),
        ("LOCALHOST:8080", None, "http://localhost:8080"),
        ("[::1]:8080", "::1", "http://[::1]:8080"),
        ("127.0.0.1", None, "http://127.0.0.1"),
        ("localhost:80", None, "http://localhost"),
        ("localhost:9000", "127.0.0.1", "http://localhost:9000"),  # ssh -L 9000:localhost:8080
        ("192.168.1.7:8080", "192.168.1.7", "http://192.168.1.7:8080"),
        ("[fd00::7]:8080", "fd00::7", "http://[fd00::7]:8080"),
        ("lamina.example", "10.0.0.1", PUBLIC),  # behind a TLS proxy
        ("lamina.example:443", "10.0.0.1", PUBLIC),
    ],
)
def test_names_of_this_server(service: Service, host: str, local: str | None, origin: str) -> None:
    assert own_origin(replace(service, base_url=PUBLIC), sent(host, local=local)) == origin


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("", None),
        ("evil.example", None),
        ("evil.example:8080", "10.0.0.1"),
        ("127.0.0.1.evil.example", None),
        ("localhost.evil.example:8080", None),
        ("lamina.example.evil.example", None),
        ("lamina.example:8080", None),
        ("fal.run", None),
        ("fal.ai", None),
        ("gateway.pixazo.ai", None),
        ("192.168.1.7:8080", "127.0.0.1"),
        ("192.168.1.7:8080", None),
        ("0.0.0.0:8080", "127.0.0.1"),
        ("2130706433:8080", "127.0.0.1"),
        ("evil@localhost:8080", None),
        ("localhost:8080@evil.example", None),
        ("localhost:port", None),
        ("localhost:8080/", None),
        ("localhost/../evil.example", None),
        ("localhost#evil.example", None),
        ("[::1", None),
        ("localhost:8080, evil.example", None),
    ],
)
def test_foreign_names(service: Service, host: str, local: str | None) -> None:
    assert own_origin(replace(service, base_url=PUBLIC), sent(host, local=local)) is None


OWN = "http://localhost:8080"


@pytest.mark.parametrize(
    "headers", [{}, {"origin": OWN}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}]
)
def test_what_only_reads_may_come_from_the_address_bar(service: Service, headers: dict[str, str]) -> None:
    assert is_of_own_page(service, sent("localhost:8080", **headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OWN},
        {"origin": OWN, "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "same-origin"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_comes_from_a_page_of_this_server(
    service: Service, method: str, headers: dict[str, str]
) -> None:
    assert is_of_own_page(service, sent("localhost:8080", method, **headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://localhost:3000"},  # another program of this machine
        {"origin": "https://localhost:8080"},
        {"origin": "http://127.0.0.1:8080"},
        {"origin": f"{OWN}.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": OWN, "sec_fetch_site": "same-site"},
        {"origin": OWN, "sec_fetch_site": "cross-site"},
        {"origin": "http://evil.example", "sec_fetch_site": "same-origin"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_what_other_pages_cause_is_not_of_this_server(service: Service, method: str, headers: dict[str, str]) -> None:
    assert not is_of_own_page(service, sent("localhost:8080", method, **headers))


@pytest.mark.parametrize("headers", [{}, {"sec_fetch_site": "none"}, {"referer": f"{OWN}/studio"}])
def test_what_changes_something_must_tell_where_it_comes_from(service: Service, headers: dict[str, str]) -> None:
    assert not is_of_own_page(service, sent("localhost:8080", "POST", **headers))


@pytest.mark.parametrize("method", ["OPTIONS", "PATCH", "QUERY", "get"])
def test_only_get_and_head_are_taken_as_reading(service: Service, method: str) -> None:
    assert not is_of_own_page(service, sent("localhost:8080", method))


def test_cookies_are_named_by_the_port_that_browsers_see(service: Service) -> None:
    service = replace(service, base_url=PUBLIC)
    assert cookie_name(service, sent("localhost:9000")) == "lamina_studio_9000"
    assert cookie_name(service, sent("localhost")) == "lamina_studio_80"
    assert cookie_name(service, sent("lamina.example")) == "lamina_studio_443"


def test_a_session_is_for_its_key_until_it_expires(service: Service, clock: Clock) -> None:
    request = sent("localhost:8080", cookie=session_token(service, "a-key"))
    assert session_key_id(service, request) == "a-key"
    clock.now += SESSION_S - 1
    assert session_key_id(service, request) == "a-key"
    clock.now += 2
    assert session_key_id(service, request) is None


def test_a_cookie_of_another_server_or_port_or_purpose_is_none(service: Service) -> None:
    elsewhere = session_token(replace(service, secret=b"another"), "a-key")
    of_fal = seal(service.secret, "fal", {"key": "a-key"}, int(service.clock()) + 60)
    good = session_token(service, "a-key")
    for value in (elsewhere, of_fal, good[:-1], f"{good}x", "x", ".", "x" * 5000, "ключ"):
        assert session_key_id(service, sent("localhost:8080", cookie=value)) is None
    assert session_key_id(service, sent("localhost:9000", cookie=good)) is None


def test_a_good_cookie_is_nothing_where_it_must_not_be_used(service: Service) -> None:
    good = session_token(service, "a-key")
    assert session_key_id(service, sent("evil.example", cookie=good)) is None
    assert session_key_id(service, sent("localhost:8080", "POST", cookie=good)) is None
    assert session_key_id(service, sent("localhost:8080", cookie=good, origin="http://evil.example")) is None
