"""The Studio's main path in Firefox, which speaks WebDriver BiDi itself: no driver has to be installed."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sdks import node_with
from serving import served

_DRIVER = Path(__file__).parent / "drivers" / "firefox.mjs"
_PUPPETEER = "puppeteer-core@24.43.1"
_RUN_S = 170


def test_a_picture_comes_apart_and_a_layer_is_moved_and_renamed(tmp_path: Path) -> None:
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    if firefox is None:
        pytest.skip("no Firefox was found: install the distribution's package (Debian: apt-get install firefox-esr)")
    modules = node_with(_PUPPETEER)
    with served(tmp_path, child=None) as server:
        command = ["node", str(_DRIVER), str(modules), firefox, server.link, str(tmp_path / "seen.png")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_RUN_S)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["names"]) == 10
    assert told["names"][2] == "Cat"
    left, top = map(float, re.findall(r"[-\d.]+", told["moved"])[4:])
    assert left < 730
    assert top < 560
    assert told["errors"] == []
