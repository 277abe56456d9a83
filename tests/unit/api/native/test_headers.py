"""What clients say in headers is understood as the standards have it, or left alone."""

import pytest

from lamina.api.native.routes.addresses import parse_range
from lamina.api.native.waiting import parse_wait
from lamina.files.sources import clean_name


@pytest.mark.parametrize(
    ("prefer", "wait_s"),
    [
        (None, None),
        ("wait=10", 10),
        ("respond-async, wait=10", 10),
        ("Wait = 10; x=1", 10),
        ('wait="10"', 10),
        ("wait=0", 0),
        ("wait=99999", 600),
        ("wait=-1", None),
        ("wait=ten", None),
        ("await=10", None),
        ("", None),
    ],
)
def test_a_wish_to_wait(prefer: str | None, wait_s: int | None) -> None:
    assert parse_wait(prefer) == wait_s


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, (0, 10)),
        ("bytes=0-3", (0, 4)),
        ("bytes=4-", (4, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=5-99", (5, 10)),
        ("bytes=10-", None),
        ("bytes=-0", None),
        ("bytes=3-1", (0, 10)),
        ("bytes=0-1,3-4", (0, 10)),
        ("lines=1-2", (0, 10)),
        ("bytes=-", (0, 10)),
    ],
)
def test_a_range_of_ten_bytes(header: str | None, part: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == part


def test_an_empty_file_has_no_part() -> None:
    assert parse_range(None, 0) == (0, 0)
    assert parse_range("bytes=0-", 0) is None


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("poster.png", "poster.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\a.png", "a.png"),
        ("a\nb\0.png", "a_b_.png"),
        ("...", "file"),
        ("", "file"),
        ("Grüße.png", "Grüße.png"),
    ],
)
def test_names_of_files(name: str, clean: str) -> None:
    assert clean_name(name) == clean
