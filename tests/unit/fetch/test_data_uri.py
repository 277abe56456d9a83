"""Files that users write into the request itself."""

import base64
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.data_uri import decode, is_data_uri


@given(st.binary(max_size=300), st.sampled_from(["image/png", "application/vnd.ms-x+xml", ""]))
def test_what_was_written_is_read(content: bytes, media_type: str) -> None:
    text = base64.b64encode(content).decode()
    expected = (content, media_type or "text/plain")
    assert decode(f"data:{media_type};base64,{text}", 300) == expected
    assert decode(f"data:{media_type};base64,{text.rstrip('=')}", 300) == expected
    assert decode(f"data:{media_type};base64,{quote_from_bytes(text.encode(), safe='')}", 300) == expected
    assert decode(f"data:{media_type},{quote_from_bytes(content)}", 300) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("DATA:Image/PNG;charset=utf-8;BASE64,aGk=", (b"hi", "image/png")),
        ("data:,a%20b", (b"a b", "text/plain")),
        ("data:;base64,aG\n k =\r\n", (b"hi", "text/plain")),
        ("data:text/plain,a,b", (b"a,b", "text/plain")),
        ("data:image/png;base64,", (b"", "image/png")),
    ],
)
def test_forms_seen_in_the_wild_are_read(uri: str, expected: tuple[bytes, str]) -> None:
    assert is_data_uri(uri)
    assert decode(uri, 100) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "http://pictures.example/",
        "data:",
        "data:image/png;base64",
        "data:image/png;base64,a",
        "data:image/png;base64,????",
        "data:image/png;base64,aGk=aGk=",
        "data:image/png;base64,grün",
        "data:image;base64,aGk=",
        "data:a b/c,x",
        "data:" + "x" * 5000 + ",x",
    ],
)
def test_what_cannot_be_read_is_told(uri: str) -> None:
    with pytest.raises(LaminaError) as caught:
        decode(uri, 100)
    assert caught.value.code == ErrorCode.INPUT_CORRUPT


@pytest.mark.parametrize("form", ["data:image/png;base64,{base64}", "data:image/png,{percent}"])
def test_the_limit_is_of_the_content(form: str) -> None:
    content = b"\xff" * 100
    uri = form.format(base64=base64.b64encode(content).decode(), percent=quote_from_bytes(content))
    assert decode(uri, 100)[0] == content
    with pytest.raises(LaminaError) as caught:
        decode(uri, 99)
    assert caught.value.code == ErrorCode.INPUT_TOO_LARGE
