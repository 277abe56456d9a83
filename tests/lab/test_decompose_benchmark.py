"""`scripts/bench decompose`, with an engine that gives the picture back untouched."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.decompose import main
from lab.evaluation.score_table import render_score_table
from lab.evaluation.trials import Score
from lab.posters import BACKGROUNDS, Poster, poster
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.ports import Progress
from lamina.core.tasks import DecomposeTask
from lamina.engines import registry
from lamina.imaging.saving import load


class Untouched:
    name = "untouched"
    is_exact = True
    follows_selections = True

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:  # noqa: ARG002
        height, width = picture.shape[:2]
        return LayerStack(width, height, (Layer("Background", LayerKind.BACKGROUND, picture.copy()),))


@pytest.fixture(autouse=True)
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "start_engine", lambda name, config: Untouched())  # noqa: ARG005

    def small(seed: int, background: str) -> Poster:
        return poster(seed, background, (320, 240))  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr("lab.evaluation.trials.poster", small)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run_command(*arguments: str) -> str:
        assert main(arguments) == 0
        return capsys.readouterr().out

    return run_command


def test_json_is_a_line_for_every_poster_and_one_for_every_ground(run: Callable[..., str]) -> None:
    lines = [json.loads(line) for line in run("--seeds", "2", "--background", "flat", "--json").splitlines()]
    assert [line.get("seed") for line in lines] == [0, 1, None]
    assert lines[-1]["background"] == "flat"
    assert lines[-1]["posters"] == 2
    assert lines[0]["max_abs_error"] == 0


def test_seeds_and_quality_are_as_asked(run: Callable[..., str]) -> None:
    lines = [json.loads(line) for line in run("--seeds", "1", "--first-seed", "7", "--jpeg", "85").splitlines()]
    assert [(line.get("seed"), line["background"], line["jpeg_quality"]) for line in lines[:3]] == [
        (7, background, 85) for background in BACKGROUNDS
    ]


def test_kept_posters_can_be_looked_at(run: Callable[..., str], tmp_path: Path) -> None:
    run("--seeds", "1", "--background", "flat", "--keep", str(tmp_path / "kept"))
    place = tmp_path / "kept" / "flat-0"
    assert (place / "poster.png").stat().st_size > 1000
    assert load(place / "true").has_same_content(poster(0, "flat", (320, 240)).stack)
    assert len(load(place / "found")) == 1


def test_a_bad_background_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as end:
        main(["--background", "marble"])
    assert end.value.code == 2


def test_an_evaluation_goes_on_with_the_other_posters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Untouched):
        def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress) -> LayerStack:
            if picture.shape[0] == 320:
                raise ValueError("too tall")
            return super().decompose(picture, task, progress)

    def small(seed: int, background: str) -> Poster:
        return poster(seed, background, (320, 320 if seed == 1 else 240))  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr("lab.evaluation.trials.poster", small)
    monkeypatch.setattr(registry, "start_engine", lambda name, config: Failing())  # noqa: ARG005
    assert main(["--seeds", "3", "--background", "flat", "--json"]) == 1
    told = capsys.readouterr()
    assert [json.loads(line).get("seed") for line in told.out.splitlines()] == [0, 2, None]
    assert "The engine failed on the poster flat 1" in told.err
    assert "ValueError: too tall" in told.err


def test_the_table_has_a_line_for_each_ground() -> None:
    score = Score(1, "flat", None, 9, 9, 0.91, 0.95, None, 0.002, 0, 0, 8, 9, 1.5, 0.01, 0.9, 0.001, 0.99)
    head, line = render_score_table([score])
    assert head.split()[0] == "background"
    assert line.split()[:6] == ["flat", "PNG", "1", "0.910", "0.950", "-"]
