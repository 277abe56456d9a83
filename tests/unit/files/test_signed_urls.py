"""Signed addresses of files: ours are known by any of our names, and nobody else can make one."""

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.files.signed_urls import OwnFile, is_signed, own_file, sign

SECRET = b"0123456789abcdef"
ID = "0198a7b2-7c11-7d5e-8f00-112233445566"
OURS = ("http://127.0.0.1:8080", "https://pictures.example.com", "https://cdn.example.com/lamina/")

ids = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=1, max_size=64)
times = st.integers(0, 99_999_999_999)


@given(secret=st.binary(min_size=1), file_id=ids, expires=times, ending=st.sampled_from(["", ".png", "/fox.png", "/"]))
def test_what_was_signed_is_read_back_and_holds_until_its_time(
    secret: bytes, file_id: str, expires: int, ending: str
) -> None:
    found = own_file(f"https://pictures.example.com/files/{file_id}{ending}?{sign(secret, file_id, expires)}", OURS)
    assert found is not None
    assert found.file_id == file_id
    assert is_signed(secret, found.file_id, found.expires, found.signature, expires - 0.5)
    assert not is_signed(secret, found.file_id, found.expires, found.signature, expires)


@given(file_id=ids, other_id=ids, expires=times, later_s=st.integers(1, 10**6))
def test_a_signature_is_for_one_file_one_time_and_one_secret(
    file_id: str, other_id: str, expires: int, later_s: int
) -> None:
    signature = parse_qs(sign(SECRET, file_id, expires))["signature"][0]
    assert not is_signed(SECRET, file_id, expires + later_s, signature, expires - 1)
    assert not is_signed(b"another", file_id, expires, signature, expires - 1)
    assert other_id == file_id or not is_signed(SECRET, other_id, expires, signature, expires - 1)


@pytest.mark.parametrize("signature", ["", "A", "é\ud800", "A" * 5000])
def test_what_is_no_signature_does_not_pass(signature: str) -> None:
    assert not is_signed(SECRET, ID, 2_000_000_000, signature, 1_000_000_000)
    assert not is_signed(SECRET, ID, None, signature, 1_000_000_000)


def test_a_signature_fits_into_a_url_as_it_is() -> None:
    query = sign(SECRET, ID, 1_800_000_000)
    assert query == "expires=1800000000&signature=" + query.rpartition("=")[2]
    assert len(query.rpartition("=")[2]) == 43


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:8080/files/{ID}",
        f"HTTP://127.0.0.1:8080/files/{ID}.png",
        f"https://pictures.example.com/files/{ID}",
        f"https://PICTURES.example.com:443/files/{ID}.tar.gz",
        f"https://pictures.example.com./files/{ID}/a%20fox.png#top",
        f"https://cdn.example.com/lamina/files/{ID}.webp?other=1",
    ],
)
def test_our_own_addresses_are_known(url: str) -> None:
    assert own_file(url, OURS) == OwnFile(ID, None, "")


@pytest.mark.parametrize(
    "url",
    [
        f"https://127.0.0.1:8080/files/{ID}",
        f"http://127.0.0.1/files/{ID}",
        f"http://127.0.0.1:8081/files/{ID}",
        f"http://pictures.example.com/files/{ID}",
        f"https://pictures.example.com.evil.example/files/{ID}",
        f"https://evil.example/https://pictures.example.com/files/{ID}",
        f"https://pictures.example.com@evil.example/files/{ID}",
        f"https://user@pictures.example.com/files/{ID}",
        f"https://pictures.example.com\\@evil.example/files/{ID}",
        f"https://cdn.example.com/files/{ID}",
        "https://pictures.example.com/files/",
        "https://pictures.example.com/files/../v1/jobs",
        "https://pictures.example.com/files/%2e%2e",
        f"https://pictures.example.com/other/files/{ID}",
        f"https://pictures.example.com/files/{'a' * 65}",
        "https://pictures.example.com:99999/files/a",
        f"//pictures.example.com/files/{ID}",
        f"/files/{ID}",
        "https://[/files/a",
        "",
    ],
)
def test_the_addresses_of_others_are_not_ours(url: str) -> None:
    assert own_file(url, OURS) is None


def test_a_query_that_says_a_thing_twice_says_nothing() -> None:
    found = own_file(f"http://127.0.0.1:8080/files/{ID}?expires=1&expires=2&signature=a&signature=b", OURS)
    assert found == OwnFile(ID, None, "")
