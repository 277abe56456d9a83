"""The command line as real processes with the real engine: terminals, pipes, signals, exit codes, speed."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from waiting import PATIENCE_S, chunks, ended, ending, writer_of

LAMINA = [sys.executable, "-m", "lamina"]


@pytest.fixture
def poster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """poster.png in the current folder: a headline, a disc and a rectangle on a flat ground."""
    monkeypatch.chdir(tmp_path)
    image = Image.new("RGB", (480, 360), "#f4efe6")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 150, 190, 300), fill="#d1495b")
    draw.rectangle((270, 180, 420, 300), fill="#30638e")
    draw.text((50, 40), "SUMMER SALE", fill="#222222", font_size=54)
    image.save("poster.png")
    return tmp_path / "poster.png"


def lamina(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*LAMINA, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, **options)


def in_terminal(*arguments: str, stop_at: bytes = b"") -> tuple[int, str]:
    """Exit code and screen of a run whose three streams are a terminal; interrupted when `stop_at` is on the screen."""
    screen, terminal = pty.openpty()
    command = [*LAMINA, *arguments]
    streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal, "start_new_session": True}
    with ending(subprocess.Popen(command, **streams)) as process:
        os.close(terminal)
        seen = b""
        for chunk in chunks(screen, f"the output of lamina {' '.join(arguments)}"):
            seen += chunk
            if stop_at and stop_at in seen:
                process.send_signal(signal.SIGINT)
                stop_at = b""
        os.close(screen)
        return ended(process), seen.decode()


@pytest.mark.usefixtures("poster")
def test_the_main_job_and_back() -> None:
    done = lamina(
        "decompose", "poster.png", "--to", "out/poster.psd", "--to", "out/layers/", "--to", "p.pptx", "--live-text"
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["recomposition"] == {"max_abs_error": 0, "mean_abs_error": 0}
    assert told["outputs"] == ["out/poster.psd", "out/layers/", "p.pptx"]
    assert "SUMMER SALE" in [layer.get("text") for layer in told["layers"]]
    for stack in ("out/poster.psd", "out/layers"):
        compared = lamina("compare", stack, "poster.png")
        assert json.loads(compared.stdout)["max_abs_error"] == 0
        assert lamina("recompose", stack, "--to", "flat.png").returncode == 0
        with Image.open("flat.png") as flat, Image.open("poster.png") as source:
            np.testing.assert_array_equal(np.asarray(flat)[..., :3], np.asarray(source))


@pytest.mark.usefixtures("poster")
def test_on_a_terminal_there_is_a_progress_line_and_a_table() -> None:
    code, screen = in_terminal("decompose", "poster.png")
    assert code == 0
    progress, _, table = screen.rpartition("\r\x1b[2K")
    assert "reading text" in progress
    assert "\n" not in progress
    assert "poster.png  480 x 360:" in table
    assert "SUMMER SALE" in table
    assert "The layers add up to the picture exactly." in table
    assert "wrote poster.psd" in table


@pytest.mark.usefixtures("poster")
def test_quiet_and_json_on_a_terminal() -> None:
    assert in_terminal("decompose", "poster.png", "--quiet") == (0, "")
    code, screen = in_terminal("decompose", "poster.png", "--json", "--to", "p.zip")
    assert code == 0
    assert json.loads(screen.rpartition("\x1b[2K")[2])["outputs"] == ["p.zip"]


@pytest.mark.usefixtures("poster")
def test_a_pipe_in_and_a_pipe_out() -> None:
    with Path("poster.png").open("rb") as picture:
        done = lamina("decompose", "-", "-n", "2", stdin=picture)
    assert done.returncode == 0
    assert json.loads(done.stdout)["source"] == "-"
    assert Path("picture.psd").is_file()


def test_standard_input_that_is_closed_or_a_keyboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    closed = subprocess.run(
        ["sh", "-c", f"'{LAMINA[0]}' -m lamina decompose - <&-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (closed.returncode, closed.stdout) == (1, "")
    assert closed.stderr.startswith("lamina: Standard input is closed.")
    code, screen = in_terminal("decompose", "-")
    assert code == 1
    assert "Standard input is a terminal." in screen


@pytest.mark.parametrize("redirection", ["| true", ">/dev/full", ">&-"])
@pytest.mark.usefixtures("poster")
def test_standard_output_that_takes_nothing(redirection: str) -> None:
    command = f"'{LAMINA[0]}' -m lamina settings --json {redirection}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1
    assert ("Standard output cannot be used" in done.stderr) == (redirection == ">/dev/full")


def children_of_folder(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_interrupted_while_it_waits_for_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("slow.png")
    command = [*LAMINA, "decompose", "slow.png", "--to", "out/p.psd"]
    with ending(subprocess.Popen(command, stderr=subprocess.PIPE, text=True)) as process:
        writer = writer_of(Path("slow.png"), process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
        os.close(writer)
    assert process.returncode == 130
    assert errors.strip() == "lamina: Interrupted."
    assert children_of_folder(tmp_path) == ["slow.png"]


@pytest.mark.parametrize("stage", [b"reading text", b"solving edges"])
def test_interrupted_at_work(poster: Path, stage: bytes) -> None:
    code, screen = in_terminal("decompose", "poster.png", stop_at=stage)
    assert code == 130
    assert "lamina: Interrupted." in screen
    assert children_of_folder(poster.parent) == ["poster.png"]


def test_terminated_while_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("slow.png")
    with ending(subprocess.Popen([*LAMINA, "decompose", "slow.png"], stderr=subprocess.PIPE, text=True)) as process:
        writer = writer_of(Path("slow.png"), process)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)
        os.close(writer)
    assert (process.returncode, errors) == (143, "")


def test_doctor_tries_the_real_engine() -> None:
    done = lamina("doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    engines = json.loads(done.stdout)["engines"]
    assert engines["classic"]["is_exact"] is True
    assert not engines["nano"]["is_run"], "the diffusion models take long to load: --full runs them"


def test_help_answers_at_once() -> None:
    lamina("--help")
    times_s: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        assert lamina("--help").returncode == 0
        times_s.append(time.perf_counter() - start)
    assert min(times_s) < 0.3


def test_a_cut_picture_leaves_nothing_behind(poster: Path) -> None:
    whole = poster.read_bytes()
    Path("cut.png").write_bytes(whole[: len(whole) // 2])
    done = lamina("decompose", "cut.png")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("lamina: 'cut.png' is corrupt or truncated")
    assert children_of_folder(poster.parent) == ["cut.png", "poster.png"]
