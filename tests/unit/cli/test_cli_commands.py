"""`recompose`, `compare`, `settings`, `doctor`, the group itself and its exit codes."""

import json
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lamina.cli.main import COMMANDS
from lamina.engines import registry as choice
from lamina.settings import Settings

Lamina = Callable[..., Any]
Draw = Callable[[Path], Path]
PixelsOf = Callable[[Path], np.ndarray]


@pytest.fixture
def stack(lamina: Lamina, picture: Path) -> Path:
    """poster.ora, made of poster.png."""
    assert lamina("decompose", picture, "--to", "poster.ora").code == 0
    return Path("poster.ora")


def test_help_names_every_command_and_every_command_has_help(lamina: Lamina) -> None:
    result = lamina("--help")
    assert result.code == 0
    for name, (_, _, help_text) in COMMANDS.items():
        assert f"{name} " in result.out
        assert help_text in result.out
        assert lamina(name, "--help").out.startswith(f"Usage: lamina {name} ")


def test_no_arguments_show_the_help(lamina: Lamina) -> None:
    result = lamina()
    assert result.code == 2
    assert "Commands:" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["decompose"], "Missing argument 'INPUT...'"),
        (["decompose", "a.png", "--engine", "magic"], "'magic' is not one of 'auto', 'classic'"),
        (["recompose", "a.psd"], "Missing option '--to'"),
        (["recompose", "a.psd", "--to", "b.psd"], "'b.psd' has no extension of an image format"),
        (["recompose", "a.psd", "--to", "b.jpg", "--background", "redd"], "'redd' is not a colour such as white"),
        (["recompose", "a.psd", "--to", "b.jpg", "--background", "rgb(300,0,0)"], "is not a colour such as white"),
        (["compare", "a.psd", "b.png", "--to", "b.jpg"], "'b.jpg' does not end in .png"),
        (["compare", "a.psd"], "Missing argument 'PICTURE'"),
        (["edit"], "Missing argument 'PROMPT'"),
        (["edit", "-", "-", "a"], "Standard input (-) can be given only once"),
        (["generate", "a", "--strength", "0.3"], "--strength needs --image"),
        (["generate", "a", "--size", "²x²"], "is not a size such as 1024x768"),
        (["generate", "a", "--size", f"{'9' * 5000}x64"], "is not a size such as 1024x768"),
        (["edit", "a.png"], "Only one argument was given, 'a.png'"),
        (["connect", "fal", "--url", "ftp://x/"], "'ftp://x/' is not a URL such as http://HOST"),
        (["connect", "runware", "--url", "nowhere"], "'nowhere' is not a URL such as http://HOST"),
    ],
)
def test_usage_errors_are_one_line_and_exit_with_2(lamina: Lamina, arguments: list[str], words: str) -> None:
    result = lamina(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("lamina: ")
    assert words in result.err
    assert result.err.count("\n") == 1


def test_compare_exact(lamina: Lamina, stack: Path) -> None:
    told = json.loads(lamina("compare", str(stack), "poster.png").out)
    assert (told["max_abs_error"], told["mean_abs_error"], told["differing_share"]) == (0, 0, 0)


def test_compare_shows_where_and_how_much(lamina: Lamina, pixels_of: PixelsOf, stack: Path, picture: Path) -> None:
    pixels = pixels_of(picture).copy()
    pixels[3, 5, 1] -= 5
    Image.fromarray(pixels).save("other.png")
    result = lamina("compare", str(stack), "other.png", "--to", "difference.png")
    told = json.loads(result.out)
    assert told["max_abs_error"] == pytest.approx(5 / 255)
    assert told["differing_share"] == pytest.approx(1 / 1200)
    assert told["outputs"] == ["difference.png"]
    shown = pixels_of(Path("difference.png"))
    assert shown[3, 5].tolist() == [0, 255, 0, 255]
    assert np.count_nonzero(shown[..., :3]) == 1


def test_compare_with_a_picture_of_another_size(lamina: Lamina, stack: Path) -> None:
    Image.new("RGB", (3, 3)).save("small.png")
    result = lamina("compare", str(stack), "small.png", "--to", "difference.png")
    assert result.code == 1
    assert "40 x 30" in result.err and "3 x 3" in result.err
    assert not Path("difference.png").exists()


@pytest.mark.usefixtures("picture")
def test_a_picture_is_not_a_stack(lamina: Lamina) -> None:
    result = lamina("compare", "poster.png", "poster.png")
    assert result.code == 1
    assert "is not a layered file" in result.err


def test_settings_say_where_they_come_from(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_LAYERS", "5")
    Path("lamina.toml").write_text("max_megapixels = 32\nlayers = 3\n")
    told = json.loads(lamina("settings", "--json").out)
    assert list(told) == [setting.name for setting in fields(Settings)]
    assert told["engine"] == {"value": "auto", "from": "default"}
    assert told["layers"] == {"value": 5, "from": "LAMINA_LAYERS"}
    assert told["max_megapixels"] == {"value": 32.0, "from": "lamina.toml"}
    rows = [line.split() for line in lamina("settings").out.splitlines()]
    assert rows[:4] == [
        ["setting", "value", "from"],
        ["engine", "auto", "default"],
        ["layers", "5", "LAMINA_LAYERS"],
        ["max_megapixels", "32", "lamina.toml"],
    ]
    assert [name for name, *_ in rows[1:]] == list(told)


def test_settings_do_not_show_a_secret(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_EXPANDER_KEY", "sk-hush")
    for told in (lamina("settings"), lamina("settings", "--json")):
        assert "(set)" in told.out and "hush" not in told.out + told.err


@pytest.mark.usefixtures("picture")
def test_a_wrong_setting_keeps_lamina_from_starting(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_LAYRES", "5")
    result = lamina("decompose", "poster.png")
    assert result.code == 3
    assert result.err == "lamina: The environment variable LAMINA_LAYRES is unknown. Did you mean LAMINA_LAYERS?\n"


@pytest.mark.usefixtures("picture")
def test_the_size_limit_is_a_setting(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_MAX_MEGAPIXELS", "0.001")
    result = lamina("decompose", "poster.png")
    assert result.code == 1
    assert "has 40 x 30 pixels (0.0012 megapixels); the limit is 0.001." in result.err


def test_doctor_names_the_scripts_that_tesseract_reads(
    lamina: Lamina, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = folder / "tesseract"
    program.write_text("#!/bin/sh\nprintf 'List:\\nell\\nrus\\nukr\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("LAMINA_TESSERACT", str(program))
    assert json.loads(lamina("doctor", "--json").out)["scripts"] == {"Cyrl": "rus+ukr", "Grek": "ell"}
    assert "Scripts     Cyrl, Grek\n" in lamina("doctor").out
    monkeypatch.setenv("LAMINA_TESSERACT", "off")
    assert "others with Tesseract" in lamina("doctor").out


def test_doctor_of_a_healthy_machine(lamina: Lamina) -> None:
    result = lamina("doctor", "--json")
    assert result.code == 0
    told = json.loads(result.out)
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    assert told["cpu_cores"] >= 1
    assert told["packages"]["numpy"] == np.__version__
    assert len(told["ocr_models"]) >= 2
    assert told["engines"]["classic"]["is_ready"] is True
    assert "ready; decomposed a test picture into 2 layers" in lamina("doctor").out


@pytest.mark.usefixtures("picture")
def test_an_engine_that_lacks_a_package(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = choice.ENGINES["classic"]
    broken = choice.EngineEntry(name="classic", needs=("no_such_package",), extra="", start=entry.start)
    monkeypatch.setitem(choice.ENGINES, "classic", broken)
    result = lamina("doctor")
    assert result.code == 3
    assert "classic: cannot start: not installed: no_such_package. Install Lamina again: " in result.out
    result = lamina("decompose", "poster.png")
    assert result.code == 3
    assert result.err.startswith(
        "lamina: The classic engine cannot start: no_such_package is not installed. Install Lamina again: "
    )


@pytest.mark.usefixtures("picture")
def test_an_engine_that_breaks_on_import(lamina: Lamina, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: object) -> Any:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setitem(choice.ENGINES, "classic", choice.EngineEntry(name="classic", needs=(), extra="", start=start))
    assert "libGL.so.1" in lamina("decompose", "poster.png").err
    assert lamina("doctor").code == 3
