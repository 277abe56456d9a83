"""One-time links: each signs in once, soon, on the server that it was made for."""

import re

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.service.service import Service
from lamina.studio.links import LINK_S, UsedLinks, checked_page, one_time_link
from services import Clock

ADDRESS, PORT = "http://127.0.0.1:8080", 8080


def token(service: Service, port: int = PORT) -> str:
    found = re.fullmatch(rf"{ADDRESS}/studio/enter\?link=([\w.-]+)", one_time_link(service, ADDRESS, port))
    assert found
    return found[1]


def test_a_link_is_accepted_once(service: Service, clock: Clock) -> None:
    links = UsedLinks(service, PORT, clock.now)
    first, second = token(service), token(service)
    assert first != second
    assert [links.accept(one) for one in (first, first, second, second, first)] == [True, False, True, False, False]


def test_a_link_is_valid_for_ten_minutes(service: Service, clock: Clock) -> None:
    links = UsedLinks(service, PORT, clock.now)
    early, late = token(service), token(service)
    clock.now += LINK_S - 2
    assert links.accept(early)
    clock.now += 4
    assert not links.accept(late)
    assert not links.accept(early)


def test_a_link_is_for_the_server_on_its_port(service: Service, clock: Clock) -> None:
    assert not UsedLinks(service, 9000, clock.now).accept(token(service))


def test_a_link_from_before_the_start_is_not_accepted(service: Service, clock: Clock) -> None:
    """The process that would know whether it was used is gone."""
    old = token(service)
    clock.now += 5
    assert not UsedLinks(service, PORT, clock.now).accept(old)


@pytest.mark.parametrize("text", ["", ".", "x.y", "x" * 10_000, "ключ.ключ"])
def test_what_is_no_link_is_not_accepted(service: Service, clock: Clock, text: str) -> None:
    assert not UsedLinks(service, PORT, clock.now).accept(text)


@pytest.mark.parametrize("path", ["/studio", "/studio/s/0199a2f0-1c2d", "/studio?picture=file:0199a2f0-1c2d"])
def test_links_lead_to_pages_of_the_studio(service: Service, path: str) -> None:
    assert checked_page(path) == path
    assert one_time_link(service, ADDRESS, PORT, path)


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/docs", "/studiox", "//evil.example", "/studio//evil.example", "https://evil.example/studio",
        "/studio/../docs", "/studio/%2e%2e/docs", "/studio\\evil", "/studio\nSet-Cookie: x", "/studio?to=//evil",
        "javascript:alert(1)", "/studio/s/1#x", " /studio",
    ],
)  # fmt: skip
def test_links_lead_nowhere_else(path: str) -> None:
    with pytest.raises(LaminaError) as caught:
        checked_page(path)
    assert caught.value.code is ErrorCode.TASK_INVALID
