"""`lamina studio`: starts a server for this machine alone, or finds the one that runs, and opens the browser."""

import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from lamina_with_engine import ENGINE_CHILD
from serving import NO_OP_CHILD, PROGRAM, environment_of, lamina, poster, served
from waiting import ended, next_line, until

_START_S = 60
_DESKTOP = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


@contextmanager
def studio(folder: Path, *arguments: str, **variables: str) -> Generator[tuple[str, "subprocess.Popen[str]"]]:
    """What the command prints at its start, and its process. Ctrl-C ends it, with 0."""
    environment = environment_of(folder, **{ENGINE_CHILD: str(NO_OP_CHILD), **variables})
    for name in _DESKTOP:
        if name not in variables:
            environment.pop(name, None)
    command = [sys.executable, "-W", "error", "-c", PROGRAM, "studio", *arguments]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        try:
            lines: list[str] = []
            while line := next_line(process, _START_S):
                lines.append(line)
                if "Ctrl-C" in line:
                    break
            assert lines and "Ctrl-C" in lines[-1], (folder / "log").read_text()
            words = "".join(lines)
            httpx2.get(f"{origin_of(words)}/health", timeout=_START_S)  # from now on it handles signals
            yield words, process
            process.send_signal(signal.SIGINT)
            assert ended(process) == 0
        finally:
            if process.poll() is None:
                process.kill()
                ended(process)
            process.stdout.close()


def link_of(words: str) -> str:
    found = re.search(r"Studio +(http://127\.0\.0\.1:\d+/studio/enter\?\S+)", words)
    assert found, words
    return found[1]


def origin_of(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", text)
    assert found, text
    return found[0]


def test_the_picture_is_being_decomposed_when_the_link_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a poster.png").write_bytes(poster())
    with studio(tmp_path, "a poster.png", "--port", "0") as (words, _), httpx2.Client(timeout=60) as client:
        link = link_of(words)
        entered = client.get(link)
        assert entered.status_code == 303
        to = re.fullmatch(r"/studio/new\?picture=file:([0-9a-f-]{36})&job=([0-9a-f-]{36})", entered.headers["location"])
        assert to
        job = client.get(f"{origin_of(link)}/v1/jobs/{to[2]}").json()
        assert (job["kind"], job["charged_usd"]) == ("decompose", "0.00")
        file = client.get(f"{origin_of(link)}/v1/files/{to[1]}").json()
        assert (file["name"], file["content_type"], file["size"]) == ("a poster.png", "image/png", len(poster()))
        assert client.get(f"{origin_of(link)}{entered.headers['location']}").status_code == 200


def test_projects_are_kept_for_the_next_start(tmp_path: Path) -> None:
    with studio(tmp_path, "--port", "0") as (words, _), httpx2.Client(timeout=60) as client:
        origin = origin_of(link_of(words))
        client.get(link_of(words))
        file = client.post(f"{origin}/v1/files", files={"file": ("a.png", poster())}, headers={"Origin": origin}).json()
    with studio(tmp_path, "--port", "0") as (words, _), httpx2.Client(timeout=60) as client:
        client.get(link_of(words))
        assert client.get(f"{origin_of(link_of(words))}/v1/files/{file['id']}").status_code == 200
    assert lamina(tmp_path, "keys", "list").stdout.count('"studio"') == 1


def test_the_first_serve_afterwards_still_shows_a_key(tmp_path: Path) -> None:
    with studio(tmp_path, "--port", "0") as (words, _):
        httpx2.get(link_of(words))
    with served(tmp_path) as one:
        assert one.key.startswith("lam_")


def test_a_running_server_is_used(tmp_path: Path) -> None:
    (tmp_path / "poster.png").write_bytes(poster())
    with served(tmp_path) as one, httpx2.Client(timeout=60) as client:
        made = lamina(tmp_path, "studio", "poster.png", "--no-browser", LAMINA_PORT=one.url.rpartition(":")[2])
        assert (made.returncode, made.stderr) == (0, "")
        link = link_of(made.stdout)
        assert link.startswith(f"{one.url}/studio/enter?")
        entered = client.get(link)
        file_id = entered.headers["location"].partition("file:")[2].partition("&")[0]
        assert client.get(f"{one.url}/v1/files/{file_id}").status_code == 200


def test_a_server_of_another_folder_is_not_used(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with served(tmp_path / "one") as one:
        port = one.url.rpartition(":")[2]
        with studio(tmp_path / "two", LAMINA_PORT=port) as (words, _):
            assert not link_of(words).startswith(f"{one.url}/")
        refused = lamina(tmp_path / "two", "studio", "--port", port)
        assert refused.returncode == 3
        assert f"Another program listens on 127.0.0.1:{port}." in refused.stderr


def test_a_port_of_another_program_is_left_to_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with studio(tmp_path, LAMINA_PORT=port) as (words, _):
            assert f":{port}/" not in link_of(words)


def test_only_this_machine_reaches_it_whatever_the_settings_say(tmp_path: Path) -> None:
    public = {"LAMINA_HOST": "0.0.0.0", "LAMINA_BASE_URL": "https://lamina.example"}  # noqa: S104
    with studio(tmp_path, "--port", "0", **public) as (words, _), httpx2.Client(timeout=60) as client:
        origin = origin_of(link_of(words))
        client.get(link_of(words))
        file = client.post(f"{origin}/v1/files", files={"file": ("a.png", poster())}, headers={"Origin": origin}).json()
        assert file["url"].startswith(f"{origin}/files/")


def test_the_browser_gets_the_link_and_the_terminal_the_address(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    with studio(tmp_path, "--port", "0", BROWSER=str(browser)) as (words, _):
        until(opened.exists, "the browser")
        link = opened.read_text()
        assert "enter" not in words
        assert f"Studio  {origin_of(link)}/studio\n" in words
        assert httpx2.get(link).headers["location"] == "/studio"


def test_a_browser_that_does_not_start_is_told(tmp_path: Path) -> None:
    with studio(tmp_path, "--port", "0", BROWSER="/no/such/browser", PATH="/no/such/folder") as (_, process):
        line = next_line(process, _START_S)
        assert line.startswith("  No browser could be opened. Open http://127.0.0.1:")
        assert httpx2.get(line.split()[-1]).status_code == 303


@pytest.mark.parametrize(
    ("content", "words"), [(None, "There is no file"), (b"no picture", "not"), (poster()[:200], "truncated")]
)
def test_what_is_no_picture_is_refused_before_anything_starts(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "poster.png").write_bytes(content)
    refused = lamina(tmp_path, "studio", "poster.png", "--no-browser")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "data").exists()
