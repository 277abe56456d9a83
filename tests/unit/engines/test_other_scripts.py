"""Lines in scripts that the recogniser does not know are read by Tesseract, and stay without a string if it cannot."""

import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.core.composite import composite
from lamina.core.layers import LayerKind, TextLine
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic import ClassicEngine, other_scripts

PICTURES = Path(__file__).parent / "pictures"
HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"


def lines_of(name: str, program: str) -> list[TextLine]:
    picture = np.asarray(Image.open(PICTURES / f"{name}.png").convert("RGBA"))
    stack = ClassicEngine(tesseract=program).decompose(picture, DecomposeTask())
    assert np.array_equal(composite(stack), picture)
    return [line for layer in stack if layer.kind is LayerKind.TEXT for line in layer.text]


def texts(name: str, program: str) -> list[str]:
    return sorted(line.string for line in lines_of(name, program))


@pytest.fixture(autouse=True)
def forget_models() -> None:
    other_scripts.installed_models.cache_clear()


def program(folder: Path, rows: str, languages: str = "Cyrillic") -> str:
    """A program that is called as Tesseract is, lists `languages`, and reads `rows` of TSV."""
    path = folder / "reader"
    (folder / "rows").write_text(f"{HEADER}\n{rows}", "utf-8")
    path.write_text(
        f'#!/bin/sh\nif [ "$1" = --list-langs ]; then printf "List:\\n{languages}\\n"; exit; fi\n'
        f'cat > "{folder}/pages"; cat "{folder}/rows"\n',
        "utf-8",
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def row(page: int, confidence: float, text: str) -> str:
    return f"5\t{page}\t1\t1\t1\t1\t0\t0\t9\t9\t{confidence}\t{text}\n"


@pytest.mark.parametrize(
    ("name", "expected"), [("cyrillic", ["Летняя ярмарка", "Свежий хлеб", "ТЕАТР"]), ("arabic", ["مرحبا بالعالم"])]
)
def test_tesseract_reads_other_scripts(name: str, expected: list[str]) -> None:
    if not {"Cyrl", "Arab"} <= set(other_scripts.installed_models("tesseract")):
        pytest.skip("Tesseract or its models of Cyrillic and Arabic are not installed")
    lines = lines_of(name, "tesseract")
    assert sorted(line.string for line in lines) == expected
    assert all(line.quad[0][1] < line.quad[3][1] for line in lines)  # upright


def test_the_reader_gets_a_page_for_each_line_and_one_upside_down(tmp_path: Path) -> None:
    reader = program(tmp_path, row(1, 95, "Один") + row(2, 90, "нидО") + row(5, 95, "Три"))
    assert texts("cyrillic", reader) == ["", "Один", "Три"]
    with Image.open(tmp_path / "pages") as pages:
        assert pages.n_frames == 6  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "rows",
    [
        row(1, 50, "Один"),  # not sure
        row(1, 95, "ODIN"),  # not the script of the model
        row(9, 95, "Один"),  # no such page
        "nonsense\n",
        "",
    ],
)
def test_what_cannot_be_right_is_not_taken(tmp_path: Path, rows: str) -> None:
    assert texts("cyrillic", program(tmp_path, rows)) == ["", "", ""]


@pytest.mark.parametrize("languages", ["eng", "osd", ""])
def test_models_of_other_scripts_are_needed(tmp_path: Path, languages: str) -> None:
    assert texts("cyrillic", program(tmp_path, row(1, 95, "Один"), languages)) == ["", "", ""]
    assert not (tmp_path / "pages").exists()


def test_the_model_of_a_script_is_taken_before_those_of_languages(tmp_path: Path) -> None:
    listed = program(tmp_path, "", "rus\\nscript/Cyrillic\\nara\\nfas\\neng")
    assert other_scripts.installed_models(listed) == {"Cyrl": "script/Cyrillic", "Arab": "ara+fas"}


def test_without_the_program_nothing_changes() -> None:
    assert texts("cyrillic", "/nowhere/tesseract") == ["", "", ""]
