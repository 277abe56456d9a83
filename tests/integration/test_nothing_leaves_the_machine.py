"""Taking a picture apart opens no connection and leaves nothing behind but what was asked for."""

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw

# Connections that Python itself opens are errors; those of compiled code cannot be seen from here, but would-be
# senders keep their queue and their identifier in the user's folders, which must stay empty.
PROGRAM = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
from lamina.cli.main import run
run(["decompose", "picture.png", "--to", "picture.psd", "--quiet"])
"""


def test_a_run_opens_no_connection_and_writes_nothing_into_the_users_folders(tmp_path: Path) -> None:
    image = Image.new("RGB", (320, 240), "#f4efe6")
    ImageDraw.Draw(image).text((30, 40), "SALE", fill="#222222", font_size=64)
    image.save(tmp_path / "picture.png")
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_", "LAMINA_"))}
    environment = kept | {"HOME": str(home), "USERPROFILE": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "picture.png", "picture.psd"]
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []
