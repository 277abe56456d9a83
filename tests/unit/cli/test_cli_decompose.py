"""`lamina decompose` as a user meets it: files, folders, standard input, where it writes, what it prints."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Lamina = Callable[..., Any]
Draw = Callable[[Path], Path]
PixelsOf = Callable[[Path], np.ndarray]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_one_picture_goes_to_a_psd_here(lamina: Lamina, draw: Draw, folder: Path) -> None:
    draw(folder / "somewhere" / "poster.png")
    result = lamina("decompose", "somewhere/poster.png")
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    assert told["outputs"] == ["poster.psd"]
    assert (folder / "poster.psd").read_bytes()[:4] == b"8BPS"
    assert names_in(folder) == ["poster.psd", "somewhere"]


@pytest.mark.usefixtures("picture")
def test_the_json(lamina: Lamina) -> None:
    told = json.loads(lamina("decompose", "poster.png", "--to", "p.ora", "--to", "p/").out)
    assert told.pop("seconds") >= 0
    assert told == {
        "source": "poster.png",
        "engine": "classic",
        "width": 40,
        "height": 30,
        "layers": [
            {"index": 0, "name": "Background", "kind": "background", "bbox": [0, 0, 40, 30]},
            {"index": 1, "name": "Text: 左 left", "kind": "text", "bbox": [0, 0, 20, 30], "text": "左 left"},
        ],
        "recomposition": {"max_abs_error": 0, "mean_abs_error": 0},
        "outputs": ["p.ora", "p/"],
    }
    assert Path("p.ora").is_file()
    assert Path("p/manifest.json").is_file()


@pytest.mark.usefixtures("picture")
def test_the_budget_reaches_the_engine(lamina: Lamina) -> None:
    assert len(json.loads(lamina("decompose", "poster.png", "-n", "1").out)["layers"]) == 1


@pytest.mark.parametrize("budget", ["0", "101", "-1", "two"])
@pytest.mark.usefixtures("picture")
def test_a_budget_out_of_range_is_a_usage_error(lamina: Lamina, budget: str) -> None:
    result = lamina("decompose", "poster.png", "-n", budget)
    assert result.code == 2
    assert result.err.startswith("lamina: Invalid value for '-n'")
    assert not Path("poster.psd").exists()


@pytest.mark.usefixtures("picture")
def test_quiet_prints_nothing(lamina: Lamina) -> None:
    result = lamina("decompose", "poster.png", "--quiet")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert Path("poster.psd").exists()


def test_quiet_still_prints_errors(lamina: Lamina) -> None:
    result = lamina("decompose", "poster.png", "--quiet")
    assert (result.code, result.out) == (1, "")
    assert result.err == "lamina: There is no file 'poster.png'. Check the name and the current folder.\n"


def test_standard_input(lamina: Lamina, picture: Path) -> None:
    result = lamina("decompose", "-", stdin=picture.read_bytes())
    assert result.code == 0
    told = json.loads(result.out)
    assert (told["source"], told["outputs"]) == ("-", ["picture.psd"])


def test_empty_standard_input(lamina: Lamina) -> None:
    result = lamina("decompose", "-")
    assert (result.code, result.err) == (
        1,
        "lamina: Standard input is empty (0 bytes). Export or download it again.\n",
    )


@pytest.mark.usefixtures("picture")
def test_a_psd_that_is_there_is_replaced_only_when_named(lamina: Lamina) -> None:
    Path("poster.psd").write_text("years of work")
    result = lamina("decompose", "poster.png")
    assert result.code == 1
    assert "'poster.psd' already exists" in result.err
    assert Path("poster.psd").read_text() == "years of work"
    assert lamina("decompose", "poster.png", "--to", "poster.psd").code == 0
    assert Path("poster.psd").read_bytes()[:4] == b"8BPS"


def test_a_folder_gives_its_pictures_in_order(lamina: Lamina, draw: Draw, folder: Path) -> None:
    for name in ("b.png", "a.webp", ".hidden.png", "deeper/c.png"):
        draw(folder / "in" / name)
    (folder / "in" / "notes.txt").write_text("milk")
    result = lamina("decompose", "in", "--to", "out/")
    assert result.code == 0
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["source"] for line in lines] == ["in/a.webp", "in/b.png"]
    assert [line["outputs"] for line in lines] == [["out/a/"], ["out/b/"]]
    assert names_in(Path("out")) == ["a", "b"]


def test_a_folder_of_one_picture_is_treated_as_several(lamina: Lamina, draw: Draw, folder: Path) -> None:
    draw(folder / "in" / "a.png")
    result = lamina("decompose", "in", "--to", "out/")
    assert len(result.out.splitlines()) == 1
    assert Path("out/a/manifest.json").is_file()


@pytest.mark.usefixtures("picture")
def test_a_folder_without_pictures(lamina: Lamina) -> None:
    Path("in").mkdir()
    result = lamina("decompose", "in", "poster.png")
    assert result.code == 1
    assert result.err.startswith("lamina: The folder 'in' contains no pictures.")
    assert Path("poster.psd").is_file()


def test_one_bad_picture_does_not_stop_the_others(lamina: Lamina, draw: Draw, folder: Path) -> None:
    draw(folder / "a.png")
    draw(folder / "c.png")
    Path("b.png").write_bytes(Path("a.png").read_bytes()[:60])
    result = lamina("decompose", "a.png", "b.png", "c.png")
    assert result.code == 1
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["source"] for line in lines] == ["a.png", "b.png", "c.png"]
    assert lines[1]["error"]["code"] == "input_corrupt"
    assert result.err.count("\n") == 1
    assert result.err.startswith("lamina: 'b.png' is corrupt or truncated")
    assert sorted(path.name for path in Path().glob("*.psd")) == ["a.psd", "c.psd"]


def test_the_same_picture_twice_is_done_once(lamina: Lamina, picture: Path) -> None:
    result = lamina("decompose", "poster.png", str(picture), ".")
    assert result.code == 0
    assert len(result.out.splitlines()) == 1


def test_stem_and_name_in_the_path(lamina: Lamina, draw: Draw, folder: Path) -> None:
    draw(folder / "a.png")
    draw(folder / "a.webp")
    assert lamina("decompose", "a.png", "a.webp", "--to", "out/{name}.ora", "--to", "out2/{name}/").code == 0
    assert names_in(Path("out")) == ["a.png.ora", "a.webp.ora"]


@pytest.mark.parametrize("target", ["{stem}.psd", "out/", "out/{stem}/"])
def test_two_pictures_never_share_an_output(lamina: Lamina, draw: Draw, folder: Path, target: str) -> None:
    draw(folder / "a.png")
    draw(folder / "more" / "a.png")
    result = lamina("decompose", "a.png", "more/a.png", "--to", target)
    assert (result.code, result.out) == (1, "")
    assert "'a.png' and 'more/a.png' would both be written to" in result.err
    assert names_in(folder) == ["a.png", "more"]


@pytest.mark.usefixtures("picture")
def test_one_place_named_in_two_ways_is_told_as_such(lamina: Lamina) -> None:
    result = lamina("decompose", "poster.png", "--to", "a.psd", "--to", "sub/../a.psd")
    assert result.code == 1
    assert "'sub/../a.psd' is given twice, with two spellings" in result.err


def test_several_pictures_need_a_place_each(lamina: Lamina, draw: Draw, folder: Path) -> None:
    draw(folder / "a.png")
    draw(folder / "b.png")
    result = lamina("decompose", "a.png", "b.png", "--to", "all.psd")
    assert result.code == 2
    assert "Several pictures cannot be written to one file, 'all.psd'." in result.err
    assert "Use {stem} in the path, as in '{stem}.psd'" in result.err


@pytest.mark.usefixtures("picture")
def test_an_existing_folder_needs_no_slash(lamina: Lamina) -> None:
    Path("layers").mkdir()
    assert json.loads(lamina("decompose", "poster.png", "--to", "layers").out)["outputs"] == ["layers/"]
    assert Path("layers/manifest.json").is_file()


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("poster.xyz", 2, "has the unknown extension '.xyz'"),
        ("poster", 2, "has no extension"),
        ("", 2, "--to is empty"),
        ("poster.png", 1, "is also an input"),
        ("notes.txt/", 1, "is a file, and the output is a folder"),
        ("notes.txt/poster.psd", 1, "cannot be written"),
        ("taken/", 1, "contains files that Lamina did not write"),
    ],
)
def test_a_bad_output_is_told_before_any_work(
    lamina: Lamina, folder: Path, picture: Path, target: str, code: int, words: str
) -> None:
    Path("notes.txt").write_text("milk")
    Path("taken").mkdir()
    Path("taken/thing").write_text("mine")
    before = picture.read_bytes()
    result = lamina("decompose", "poster.png", "--to", "good.ora", "--to", target)
    assert (result.code, result.out) == (code, "")
    assert words in result.err
    assert result.err.count("\n") == 1
    assert names_in(folder) == ["notes.txt", "poster.png", "taken"]
    assert picture.read_bytes() == before


@pytest.mark.usefixtures("picture")
def test_outputs_inside_each_other(lamina: Lamina) -> None:
    result = lamina("decompose", "poster.png", "--to", "out/", "--to", "out/poster.psd")
    assert result.code == 1
    assert "is inside the output" in result.err


def test_control_characters_in_a_name_do_not_reach_the_terminal(lamina: Lamina) -> None:
    result = lamina("decompose", "a\x1b[31m\nb.png")
    assert "\x1b" not in result.err
    assert result.err.count("\n") == 1


def test_the_composite_of_what_was_written_is_the_picture(lamina: Lamina, pixels_of: PixelsOf, picture: Path) -> None:
    assert lamina("decompose", "poster.png", "--to", "p.psd", "--to", "p/", "--to", "p.zip").code == 0
    for stack in ("p.psd", "p", "p.zip"):
        assert lamina("recompose", stack, "--to", "flat.png").code == 0
        np.testing.assert_array_equal(pixels_of(Path("flat.png")), pixels_of(picture))


def test_the_first_frame_of_an_animation(lamina: Lamina, pixels_of: PixelsOf) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save("film.gif", save_all=True, append_images=frames[1:])
    assert lamina("decompose", "film.gif", "--to", "flat.png").code == 0
    assert pixels_of(Path("flat.png"))[0, 0].tolist() == [255, 0, 0, 255]
