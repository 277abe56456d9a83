"""Files whose names are not UTF-8, and links that go round in a circle: no trace, no broken JSON."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lamina.cli.printing import readable

Lamina = Callable[..., Any]

ODD = os.fsdecode(b"caf\xe9")
SHOWN = r"caf\xe9"


@pytest.fixture
def odd_picture(draw: Callable[[Path], Path]) -> Path:
    """A picture whose name is Latin-1."""
    try:
        return draw(Path(f"{ODD}.png"))
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (ODD, SHOWN),
        (repr(ODD), repr(ODD).replace(r"\udce9", r"\xe9")),
        (r"\\udce9", r"\\udce9"),  # somebody's backslash
        ("夏 🎉", "夏 🎉"),
        ("\ud800", "\ufffd"),
    ],
)
def test_readable(text: str, shown: str) -> None:
    assert readable(text) == shown
    readable(text).encode()


@pytest.mark.usefixtures("odd_picture")
def test_json_of_every_command_names_the_file(lamina: Lamina) -> None:
    told = json.loads(lamina("decompose", f"{ODD}.png", "--to", f"{ODD}.ora").out)
    assert (told["source"], told["outputs"]) == (f"{SHOWN}.png", [f"{SHOWN}.ora"])
    told = json.loads(lamina("compare", f"{ODD}.ora", f"{ODD}.png", "--to", f"d-{ODD}.png").out)
    assert (told["stack"], told["picture"]) == (f"{SHOWN}.ora", f"{SHOWN}.png")
    assert (told["outputs"], told["max_abs_error"]) == ([f"d-{SHOWN}.png"], 0)
    told = json.loads(lamina("recompose", f"{ODD}.ora", "--to", f"flat-{ODD}.png").out)
    assert (told["stack"], told["outputs"]) == (f"{SHOWN}.ora", [f"flat-{SHOWN}.png"])
    assert Path(f"flat-{ODD}.png").is_file()


@pytest.mark.usefixtures("odd_picture")
def test_a_folder_of_such_files(lamina: Lamina) -> None:
    result = lamina("decompose", ".", "--to", "out/")
    assert (result.code, json.loads(result.out)["outputs"]) == (0, [f"out/{SHOWN}/"])
    assert Path("out", ODD).is_dir()


def test_errors_name_the_file(lamina: Lamina, draw: Callable[[Path], Path]) -> None:
    result = lamina("recompose", f"{ODD}.ora", "--to", "flat.png")
    assert (result.code, result.err) == (1, f"lamina: '{SHOWN}.ora' does not exist. Check the name.\n")
    draw(Path("a.png"))
    result = lamina("decompose", "a.png", f"{ODD}.png", "--to", "{stem}.ora")
    assert f"There is no file '{SHOWN}.png'." in result.err
    assert json.loads(result.out.splitlines()[1])["error"]["message"] == f"There is no file '{SHOWN}.png'."


@pytest.mark.usefixtures("odd_picture")
def test_people_read_the_same(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("decompose", "recompose", "compare"):
        monkeypatch.setattr(f"lamina.cli.{command}.wants_json", lambda _: False)
    table = lamina("decompose", f"{ODD}.png", "--to", f"{ODD}.ora").out
    assert table.startswith(f"{SHOWN}.png  40 x 30: 2 layers")
    assert f"  wrote {SHOWN}.ora\n" in table
    assert lamina("recompose", f"{ODD}.ora", "--to", "f.png").out.startswith(f"{SHOWN}.ora  40 x 30")
    assert f"wrote d-{SHOWN}.png" in lamina("compare", f"{ODD}.ora", "f.png", "--to", f"d-{ODD}.png").out


@pytest.fixture
def loop() -> Path:
    """loop.png, a link to itself."""
    Path("loop.png").symlink_to("loop.png")
    return Path("loop.png")


@pytest.mark.usefixtures("loop", "picture")
@pytest.mark.parametrize(
    "arguments",
    [
        ["decompose", "loop.png"],
        ["decompose", "loop.png", "--to", "out/"],
        ["recompose", "loop.png", "--to", "flat.png"],
        ["compare", "loop.png", "poster.png"],
    ],
)
def test_a_link_to_itself_cannot_be_read(lamina: Lamina, arguments: list[str]) -> None:
    result = lamina(*arguments)
    assert result.code == 1
    assert result.err.startswith("lamina: 'loop.png' cannot be read: Too many levels of symbolic links.")


@pytest.mark.usefixtures("loop", "picture")
@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("decompose", "loop.png"),
        ("decompose", "loop.png/"),
        ("decompose", "loop.png/flat.png"),
        ("recompose", "loop.png"),
        ("recompose", "loop.png/flat.png"),
    ],
)
def test_a_link_to_itself_cannot_be_written_to(lamina: Lamina, command: str, target: str) -> None:
    assert lamina("decompose", "poster.png", "--to", "stack.ora").code == 0
    result = lamina(command, "poster.png" if command == "decompose" else "stack.ora", "--to", target)
    assert result.code == 1
    assert "cannot be written: Too many levels of symbolic links" in result.err
    assert Path("loop.png").is_symlink()


@pytest.mark.usefixtures("loop")
def test_such_a_link_in_a_folder_is_an_error_of_its_own(lamina: Lamina, draw: Callable[[Path], Path]) -> None:
    draw(Path("a.png"))
    result = lamina("decompose", ".", "--to", "out/")
    first, second = map(json.loads, result.out.splitlines())
    assert (result.code, first["outputs"], second["error"]["code"]) == (1, ["out/a/"], "input_unreadable")
