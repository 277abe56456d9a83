"""Tokens come back as they were given out, in time and for their purpose, or not at all."""

import pytest

from lamina.files.signed_urls import is_signed, own_file, path_signature, signed_path
from lamina.service.tokens import seal, unseal

SECRET = b"s" * 32


def test_a_token_is_good_for_its_purpose_until_its_time() -> None:
    token = seal(SECRET, "upload", {"file": "1"}, 1000)
    assert unseal(SECRET, "upload", token, 999.9) == {"file": "1", "exp": 1000}
    assert unseal(SECRET, "upload", token, 1000) is None
    assert unseal(SECRET, "another", token, 0) is None
    assert unseal(b"t" * 32, "upload", token, 0) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.é", "\ud800.x", "x" * 10_000, "lam_" + "a" * 43])
def test_what_was_never_given_out_is_no_token(token: str) -> None:
    assert unseal(SECRET, "upload", token, 0) is None


def test_a_token_that_was_changed_is_none() -> None:
    token = seal(SECRET, "upload", {"file": "1"}, 1000)
    for number in range(len(token)):
        changed = token[:number] + ("A" if token[number] != "A" else "B") + token[number + 1 :]
        assert unseal(SECRET, "upload", changed, 0) is None or changed == token


def test_an_address_without_a_query_is_signed_in_its_path() -> None:
    path = signed_path(SECRET, "0199a2f0", 2000, "a.png")
    own = own_file(f"http://here/files/{path}", ["http://here"])
    assert own is not None
    assert is_signed(SECRET, own.file_id, own.expires, own.signature, 1999)
    assert not is_signed(SECRET, own.file_id, own.expires, own.signature, 2000)
    assert not is_signed(SECRET, "0199a2f1", own.expires, own.signature, 0)
    for rest in ("", ".png", "/a/b", "/-/x"):
        assert path_signature(rest) == (None, "")
