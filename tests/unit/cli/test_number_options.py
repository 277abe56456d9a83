"""Numbers on the command line that are not a number are refused."""

from collections.abc import Callable
from typing import Any

import pytest

Lamina = Callable[..., Any]


@pytest.mark.parametrize("number", ["nan", "-NaN"])
@pytest.mark.parametrize(
    "command",
    [
        ("layers", "opacity", "a.psd", "Red", "--to", "b.psd", "--"),
        ("layers", "set-text", "a.psd", "Red", "--to", "b.psd", "--size"),
        ("generate", "a circle", "--strength"),
        ("generate", "a circle", "--guidance"),
        ("train", "pictures.zip", "--learning-rate"),
        ("train", "pictures.zip", "--alpha"),
        ("train", "pictures.zip", "--caption-dropout"),
    ],
    ids=lambda command: " ".join(command[:2]) + command[-1],
)
def test_not_a_number_is_refused(lamina: Lamina, command: tuple[str, ...], number: str) -> None:
    done = lamina(*command, number)
    assert (done.code, done.out) == (2, "")
    assert f"{number!r} is not a number" in done.err
