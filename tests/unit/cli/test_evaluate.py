"""`lamina eval`, with an engine that gives the picture back untouched."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lamina.cli.evaluate import BACKGROUND_NAMES, evaluate
from lamina.cli.score_table import render_score_table
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.ports import Progress
from lamina.core.tasks import DecomposeTask
from lamina.engines import registry as choice
from lamina.imaging.evaluation import Score
from lamina.imaging.posters import BACKGROUNDS, Poster, poster
from lamina.imaging.saving import load


class Untouched:
    name = "untouched"
    is_exact = True

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:  # noqa: ARG002
        height, width = picture.shape[:2]
        return LayerStack(width, height, (Layer("Background", LayerKind.BACKGROUND, picture.copy()),))


@pytest.fixture(autouse=True)
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "start_engine", lambda name, wishes: Untouched())  # noqa: ARG005

    def small(seed: int, background: str) -> Poster:
        return poster(seed, background, (320, 240))  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr("lamina.imaging.evaluation.poster", small)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(evaluate, list(arguments), catch_exceptions=False, standalone_mode=False)
    assert result.return_value == 0
    return result.output


def test_json_is_a_line_for_every_poster_and_one_for_every_ground() -> None:
    lines = [json.loads(line) for line in _run("--seeds", "2", "--background", "flat", "--json").splitlines()]
    assert [line.get("seed") for line in lines] == [0, 1, None]
    assert lines[-1]["background"] == "flat"
    assert lines[-1]["posters"] == 2
    assert lines[0]["max_abs_error"] == 0


def test_seeds_and_quality_are_as_asked() -> None:
    lines = [json.loads(line) for line in _run("--seeds", "1", "--first-seed", "7", "--jpeg", "85").splitlines()]
    assert [(line.get("seed"), line["background"], line["jpeg_quality"]) for line in lines[:3]] == [
        (7, background, 85) for background in BACKGROUNDS
    ]


def test_kept_posters_can_be_looked_at(tmp_path: Path) -> None:
    _run("--seeds", "1", "--background", "flat", "--keep", str(tmp_path / "kept"))
    place = tmp_path / "kept" / "flat-0"
    assert (place / "poster.png").stat().st_size > 1000
    assert load(place / "true").has_same_content(poster(0, "flat", (320, 240)).stack)
    assert len(load(place / "found")) == 1


def test_a_bad_background_is_a_usage_error() -> None:
    result = CliRunner().invoke(evaluate, ["--background", "marble"])
    assert result.exit_code == 2


def test_the_names_of_backgrounds_are_those_of_the_posters() -> None:
    assert BACKGROUND_NAMES == BACKGROUNDS


def test_the_table_has_a_line_for_each_ground() -> None:
    score = Score(1, "flat", None, 9, 9, 0.91, 0.95, None, 0.002, 0, 0, 8, 9, 1.5, 0.01, 0.9, 0.001, 0.99)
    head, line = render_score_table([score])
    assert head.split()[0] == "background"
    assert line.split()[:6] == ["flat", "PNG", "1", "0.910", "0.950", "-"]
