"""The command line when its terminal goes away or understands nothing: real processes, real signals."""

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from waiting import PATIENCE_S, ending, next_line, writer_of

LAMINA = [sys.executable, "-m", "lamina"]


@pytest.fixture
def poster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """poster.png in the current folder: a headline and a disc on a flat ground."""
    monkeypatch.chdir(tmp_path)
    image = Image.new("RGB", (480, 360), "#f4efe6")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 150, 190, 300), fill="#d1495b")
    draw.text((50, 40), "SUMMER SALE", fill="#222222", font_size=54)
    image.save("poster.png")
    return tmp_path / "poster.png"


def in_terminal(*arguments: str, term: str, hang_up_at: bytes = b"") -> tuple[int, str]:
    """Exit code and screen of a run on a terminal of that kind, which goes away when `hang_up_at` is on the screen."""
    pid, screen = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever the tests were started under
        os.execve(LAMINA[0], [*LAMINA, *arguments], os.environ | {"TERM": term})  # noqa: S606
    seen = b""
    while not (hang_up_at and hang_up_at in seen):
        _await_readable(screen, pid, f"the screen shows {seen!r}")
        try:
            chunk = os.read(screen, 4096)
        except OSError:  # Linux's way to say that the other side has closed
            break
        if not chunk:
            break
        seen += chunk
    os.close(screen)  # of a terminal that is gone, the kernel tells its programs by SIGHUP
    ended = os.pidfd_open(pid)
    _await_readable(ended, pid, "the process has not ended")
    status = os.waitid(os.P_PIDFD, ended, os.WEXITED)
    os.close(ended)
    assert status is not None
    return (status.si_status if status.si_code == os.CLD_EXITED else -status.si_status), seen.decode()


def _await_readable(descriptor: int, pid: int, meanwhile: str) -> None:
    if not select.select([descriptor], [], [], PATIENCE_S)[0]:
        os.kill(pid, signal.SIGKILL)
        pytest.fail(f"Nothing happened for {PATIENCE_S} s; {meanwhile}.")


@pytest.mark.parametrize("stage", [b"reading text", b"writing out/p.psd"])
def test_a_terminal_that_goes_away_leaves_nothing_half_written(poster: Path, stage: bytes) -> None:
    code, _ = in_terminal("decompose", "poster.png", "--to", "out/p.psd", "--to", "l/", term="xterm", hang_up_at=stage)
    assert code == 129
    left = {str(path.relative_to(poster.parent)) for path in poster.parent.rglob("*")}
    assert left <= {"poster.png", "out", "out/p.psd"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_between_the_first_byte_and_the_last(number: signal.Signals, code: int, tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from lamina.cli import main; from lamina.imaging import atomic_files\n"
        "def work(*_, **__):\n"
        "    with atomic_files.atomic_file(Path('whole.bin')) as file:\n"
        "        file.write(b'half'); file.flush(); print(len(os.listdir('.')), flush=True); sys.stdin.read()\n"
        "main.main.main = work; main.run([])\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    with ending(started) as process:
        assert next_line(process) == "1\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (code, "")
    assert not list(tmp_path.iterdir())


def test_under_nohup_it_goes_on(poster: Path) -> None:
    os.mkfifo("slow.png")
    command = ["nohup", *LAMINA, "decompose", "slow.png", "--to", "p.ora"]
    with ending(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as process:
        pipe = writer_of(Path("slow.png"), process)
        os.set_blocking(pipe, True)
        with os.fdopen(pipe, "wb") as file:
            process.send_signal(signal.SIGHUP)
            file.write(poster.read_bytes())
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert Path("p.ora").is_file()


@pytest.mark.usefixtures("poster")
def test_a_dumb_terminal_gets_no_control_sequences() -> None:
    code, screen = in_terminal("decompose", "poster.png", term="dumb")
    assert code == 0
    assert "\x1b" not in screen
    assert screen.startswith("poster.png  480 x 360:")
    assert "wrote poster.psd" in screen
