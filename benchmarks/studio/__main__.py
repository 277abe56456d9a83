"""Measures the Studio in headless Chromium, with a real server.

    scripts/bench studio
    scripts/bench studio --only monkey --actions 5000

Weight: what the browser gets for the first page. Start: `lamina studio PICTURE` in a folder of its own, until the
layers are on screen. Frames: a layer is dragged for two seconds while 10 and 40 layers of 1024 x 1024 pixels are shown.
Fidelity: the canvas at 100 % against the server's composite. Monkey: random actions of a user; every 250 actions the
page is compared with the server. The benchmark prints a line of JSON for each case, and ends with 1 if one fails.
"""

import argparse
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from statistics import median
from typing import Any

import numpy as np
from browser import ROOT, Studio, studio
from monkey import monkey_figures
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Response, sync_playwright

_DRAG_S = 2.0
_START_LIMIT_S = 60
_POSTER = ROOT / "examples" / "poster.png"


def main() -> None:
    options = _options()
    cases: dict[str, Callable[[argparse.Namespace], Generator[dict[str, Any]]]] = {
        "weight": _weight, "start": _start, "frames": _frames, "fidelity": _fidelity, "monkey": _monkey,
    }  # fmt: skip
    is_right = True
    for name, case in cases.items():
        if options.only in (None, name):
            for figures in case(options):
                print(json.dumps(figures), flush=True)
                is_right &= not (figures.get("wrong composites") or figures.get("console errors"))
    sys.exit(0 if is_right else 1)


def _weight(_: argparse.Namespace) -> Generator[dict[str, Any]]:
    with studio() as one:
        page = one.page
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        session = page.context.new_cdp_session(page)
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto(f"{one.server.url}/studio", wait_until="networkidle")
        sent = [int(answer.all_headers().get("content-length", "0")) for answer in answers]
        navigation = page.evaluate("performance.getEntriesByType('navigation')[0].toJSON()")
        yield {
            "what": "first page", "requests": len(answers),
            "as sent, bytes": sum(sent),
            "raw, bytes": sum(len(answer.body()) for answer in answers),
            "interactive after the HTML, ms": round(navigation["domInteractive"] - navigation["responseEnd"]),
            "loaded after the HTML, ms": round(navigation["loadEventEnd"] - navigation["responseEnd"]),
        }  # fmt: skip


def _start(_: argparse.Namespace) -> Generator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="lamina-studio-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 1150})
        command = [sys.executable, "-m", "lamina", "studio", str(_POSTER), "--no-browser"]
        environment = {**os.environ, "LAMINA_DATA": folder, "LAMINA_PORT": "0"}
        began = time.perf_counter()
        server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None  # noqa: S101
            link = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+/studio/enter\S*", line)))
            printed = time.perf_counter() - began
            page.goto(link)
            page.wait_for_function(
                "() => { const all = [...document.querySelectorAll('img.layer')];"
                " return all.length >= 10 && all.every(image => image.complete && image.naturalWidth) }",
                timeout=_START_LIMIT_S * 1000,
            )
            layers = time.perf_counter() - began
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(_START_LIMIT_S)
        yield {"what": "lamina studio, s", "address printed": round(printed, 2), "ten layers": round(layers, 2)}


def _frames(_: argparse.Namespace) -> Generator[dict[str, Any]]:
    for layers in (10, 40):
        with studio() as one:
            one.open(one.new_stack(layers))
            intervals = _drag(one)
            yield {
                "what": f"drag, {layers} layers", "frames per second": round(1000 / median(intervals), 1),
                "p95 of frames, ms": round(sorted(intervals)[int(0.95 * len(intervals))], 1),
            }  # fmt: skip


def _drag(one: Studio) -> list[float]:
    """The milliseconds between frames while the topmost layer is dragged in circles."""
    page = one.page
    box = page.locator("img.layer").last.bounding_box()
    assert box is not None  # noqa: S101
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(
        """() => {
            window.frames_ = [];
            let last = performance.now();
            const tick = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(tick); };
            requestAnimationFrame(tick);
        }"""
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 9, y)
    page.evaluate("window.frames_.length = 0")
    end = time.monotonic() + _DRAG_S
    while (now := time.monotonic()) < end:
        page.mouse.move(x + 100 * math.sin(4 * now), y + 100 * math.cos(4 * now))
    intervals: list[float] = page.evaluate("window.frames_")
    page.mouse.up()
    return intervals[1:]


def _fidelity(_: argparse.Namespace) -> Generator[dict[str, Any]]:
    with studio() as one:
        one.page.evaluate("localStorage.setItem('lamina-backdrop', JSON.stringify('white'))")
        for name, stack_id in (
            ("ten drawn layers", one.new_stack(10)),
            ("the README's poster", one.decomposed(_POSTER)),
        ):
            one.open(stack_id)
            one.page.keyboard.press("Control+1")
            one.page.wait_for_timeout(300)
            seen = one.page.locator(".canvas").screenshot()
            difference = np.abs(_samples(seen) - _samples(one.preview(stack_id)))
            largest, mean = int(difference.max()), round(float(difference.mean()), 3)
            yield {"what": f"canvas against composite, {name}, levels", "largest": largest, "mean": mean}


def _samples(png: bytes) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int64)


def _monkey(options: argparse.Namespace) -> Generator[dict[str, Any]]:
    with studio() as one:
        yield monkey_figures(one, options.actions, options.every, options.seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["weight", "start", "frames", "fidelity", "monkey"], help="only this case")
    parser.add_argument("--actions", type=int, default=1000, help="number of the monkey's actions (1000)")
    parser.add_argument("--every", type=int, default=250, help="number of actions between checks (250)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the monkey's random numbers (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
