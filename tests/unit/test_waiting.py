"""Waits that come to their limit fail, say what they waited for, and leave nothing behind."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import waiting

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_process_that_does_not_end() -> None:
    process = subprocess.Popen(SLEEPER)
    with pytest.raises(AssertionError, match=r"time\.sleep\(600\) did not end within 0\.2 s"):
        waiting.ended(process, within_s=0.2)
    assert process.poll() is not None


def test_a_process_that_says_nothing() -> None:
    with (
        waiting.ending(subprocess.Popen(SLEEPER, stdout=subprocess.PIPE, text=True)) as process,
        pytest.raises(AssertionError, match=r"said nothing for 0\.2 s"),
    ):
        waiting.next_line(process, within_s=0.2)


def test_a_process_that_is_left_before_it_has_ended() -> None:
    with pytest.raises(KeyError), waiting.ending(subprocess.Popen(SLEEPER)) as process:
        raise KeyError
    assert process.poll() is not None


def test_a_pipe_that_nobody_reads(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with waiting.ending(subprocess.Popen(SLEEPER)) as process:
        with pytest.raises(AssertionError, match=r"reads .*pipe: not within 0\.2 s"):
            waiting.writer_of(tmp_path / "pipe", process, within_s=0.2)
        process.kill()
        waiting.ended(process)
        with pytest.raises(AssertionError, match=r"ended \(-9\) and did not read"):
            waiting.writer_of(tmp_path / "pipe", process)


def test_output_that_does_not_end() -> None:
    with waiting.ending(subprocess.Popen(SLEEPER, stdout=subprocess.PIPE)) as process:
        assert process.stdout is not None
        with pytest.raises(AssertionError, match="the words: not at its end"):
            list(waiting.chunks(process.stdout.fileno(), "the words", within_s=0.2))


def test_threads_events_and_coroutines() -> None:
    event = threading.Event()
    thread = threading.Thread(target=event.wait, args=(60,), name="idler")
    thread.start()
    with pytest.raises(AssertionError, match="the thread idler did not end"):
        waiting.joined(thread, within_s=0.1)
    with pytest.raises(AssertionError, match="it is done: not within"):
        waiting.happened(event, "it is done", within_s=0.1)
    event.set()
    waiting.joined(thread)
    with pytest.raises(TimeoutError):
        waiting.completed(asyncio.sleep(60), within_s=0.1)
    with pytest.raises(AssertionError, match="never: not within"):
        waiting.until(lambda: False, "never", within_s=0.1)
    with pytest.raises(AssertionError, match="never: not within"):
        waiting.completed(waiting.until_async(lambda: False, "never", within_s=0.1))

    async def seven() -> int:
        return 7

    assert waiting.completed(waiting.until_async(seven, "it is seven")) == 7
