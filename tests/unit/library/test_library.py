"""`import lamina` as a program uses it; the engine is a quick stand-in."""

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lamina
from lamina.core.ports import Progress
from lamina.core.tasks import DecomposeTask
from lamina.engines import registry as choice


class ColumnsEngine:
    """Cuts a picture into as many upright strips as there are layers in the budget (2 by default)."""

    name = "classic"
    is_exact = True
    follows_selections = True

    def decompose(self, picture: np.ndarray, task: DecomposeTask, progress: Progress) -> lamina.LayerStack:
        height, width = picture.shape[:2]
        edges = np.linspace(0, width, (task.layers or 2) + 1).astype(int)
        layers: list[lamina.Layer] = []
        for left, right in pairwise(edges):
            layers.append(lamina.Layer(f"Strip {left}", lamina.LayerKind.OBJECT, picture[:, left:right], int(left)))
            progress("cutting", right / width)
        return lamina.LayerStack(width, height, tuple(layers))


@pytest.fixture(autouse=True)
def quick_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(
        choice.ENGINES,
        "classic",
        choice.EngineEntry(name="classic", needs=(), extra="", start=lambda _: ColumnsEngine()),
    )


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(4).integers(0, 256, (6, 12, 4), np.uint8)


def test_the_call_of_the_readme(pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save("poster.png")
    stack = lamina.decompose("poster.png", layers=6)
    assert stack.save("poster.psd") == Path("poster.psd")
    assert len(stack) == 6
    assert (stack.engine, stack[0].name) == ("classic", "Strip 0")
    assert stack.seconds is not None and stack.seconds >= 0
    assert stack.error is not None and stack.error.max_abs_error == 0


def test_every_way_to_give_a_picture(pixels: np.ndarray) -> None:
    image = Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, "PNG")
    Path("p.png").write_bytes(file.getvalue())
    for given in ("p.png", Path("p.png"), file.getvalue(), pixels, image, lamina.read_picture("p.png")):
        stack = lamina.decompose(given)
        visible = pixels[..., 3] > 0
        np.testing.assert_array_equal(stack.composite()[visible], pixels[visible])


@pytest.mark.parametrize("target", ["p.psd", "p.ora", "p.zip", "p/"])
def test_saved_and_loaded_again(pixels: np.ndarray, target: str) -> None:
    stack = lamina.decompose(pixels, layers=3)
    stack.save(target)
    again = lamina.load(target)
    assert again.has_same_content(stack)
    assert (again.engine, again.seconds, again.picture, again.error) == (None, None, None, None)
    again.save("again.ora")


def test_what_is_not_as_it_was_in_a_file_is_noted() -> None:
    lamina.Stack(3, 2, ()).save("none.ora")
    assert lamina.load("none.ora").notes == ("The file contains no layers.",)


def test_progress_is_told(pixels: np.ndarray) -> None:
    told: list[tuple[str, float]] = []
    lamina.decompose(pixels, progress=lambda stage, share_done: told.append((stage, share_done)))
    assert told == [("reading the picture", 0.0), ("cutting", 0.5), ("cutting", 1.0)]


def test_progress_can_stop_it(pixels: np.ndarray) -> None:
    def stop(stage: str, share_done: float) -> None:
        if share_done >= 0.5:
            raise lamina.LaminaError(lamina.ErrorCode.CANCELLED, f"Stopped while {stage}.")

    with pytest.raises(lamina.LaminaError, match="Stopped while cutting"):
        lamina.decompose(pixels, progress=stop)


def test_settings_fill_in_what_the_call_leaves_out(pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_LAYERS", "4")
    assert len(lamina.decompose(pixels)) == 4
    assert len(lamina.decompose(pixels, layers=1)) == 1


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"layers": 101}, "task_invalid", "Ask for 1 to 100"),
        ({"layers": "all"}, "task_invalid", "Ask for 1 to 100"),
        ({"engine": "magic"}, "engine_unavailable", "There is no engine 'magic'. There are: auto, classic."),
    ],
)
def test_wrong_options(pixels: np.ndarray, options: dict[str, object], code: str, words: str) -> None:
    with pytest.raises(lamina.LaminaError, match=words) as caught:
        lamina.decompose(pixels, **options)  # pyright: ignore[reportArgumentType]
    assert caught.value.code == code


class BrokenEngine(ColumnsEngine):
    def decompose(self, picture: np.ndarray, task: DecomposeTask, progress: Progress) -> lamina.LayerStack:  # noqa: ARG002
        progress("breaking", 0.5)
        raise ZeroDivisionError("said by the engine")


def test_an_engines_own_fault_is_one_of_our_errors(pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        choice.ENGINES,
        "classic",
        choice.EngineEntry(name="classic", needs=(), extra="", start=lambda _: BrokenEngine()),
    )
    with pytest.raises(lamina.LaminaError, match="The classic engine failed") as raised:
        lamina.decompose(pixels)
    assert raised.value.code == "engine_failed"
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_what_the_callers_progress_raises_is_the_callers_own(pixels: np.ndarray) -> None:
    def stop(*_: object) -> None:
        raise TimeoutError("enough")

    with pytest.raises(TimeoutError, match="enough"):
        lamina.decompose(pixels, progress=stop)
