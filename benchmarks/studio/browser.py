"""A real server and a page of its Studio in headless Chromium, with a stack of drawn layers."""

import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.saving import save

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests"))

from serving import Served, served  # noqa: E402

SIDE_PX = 1024
_TIMEOUT_MS = 60_000


@dataclass
class Studio:
    """`errors`: what the page wrote to the console as errors, and its uncaught exceptions. `refusals`: requests that
    the server answered with a status from 400 to 499, which the browser writes to the console, too.
    """

    server: Served
    page: Page
    folder: Path
    errors: list[str] = field(default_factory=list[str])
    refusals: list[str] = field(default_factory=list[str])

    def note(self, text: str, address: str) -> None:
        is_refusal = "responded with a status of 4" in text
        (self.refusals if is_refusal else self.errors).append(f"{text} {address}")

    def open(self, stack_id: str) -> None:
        """Opens the editor and waits until all its images are loaded."""
        self.page.goto(f"{self.server.url}/studio/s/{stack_id}")
        self.page.wait_for_function(
            "() => { const all = [...document.querySelectorAll('img.layer')];"
            " return all.length && all.every(image => image.complete && image.naturalWidth) }"
        )

    def new_stack(self, layers: int) -> str:
        path = save(LayerStack(SIDE_PX, SIDE_PX, tuple(map(_layer, range(layers)))), self.folder / "drawn.zip")
        upload = self.server.client.post("/v1/files", files={"file": ("drawn.zip", path.read_bytes())}).json()
        answer = self.server.client.post("/v1/stacks", json={"source": upload["reference"], "name": "Drawn"})
        assert answer.status_code == 201, answer.text  # noqa: S101
        return answer.json()["id"]

    def decomposed(self, picture: Path) -> str:
        """The id of a stack that the classic engine makes of a picture."""
        client = self.server.client
        upload = client.post("/v1/files", files={"file": (picture.name, picture.read_bytes())}).json()
        job = client.post(
            "/v1/decompositions", json={"image": upload["reference"]}, headers={"Prefer": "wait=120"}, timeout=150
        ).json()
        assert job["state"] == "succeeded", job  # noqa: S101
        return client.post("/v1/stacks", json={"source": f"job:{job['id']}"}).json()["id"]

    def preview(self, stack_id: str) -> bytes:
        return self.server.client.get(f"/v1/stacks/{stack_id}/preview.png", params={"size": SIDE_PX}).content

    def metric(self, name: str) -> float:
        """A metric of the page from the browser, after its garbage is collected."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
        session.detach()
        return next(metric["value"] for metric in metrics if metric["name"] == name)


@contextmanager
def studio(width: int = 1440, height: int = 1150) -> Generator[Studio]:
    """A page that is signed in with the server's key, as is its client; the stage shows 1024 x 1024 pixels at 100 %."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("Chromium was not found. Install the package chromium of the distribution.")
    with (
        tempfile.TemporaryDirectory(prefix="lamina-studio-") as name,
        served(Path(name), child=None) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(_TIMEOUT_MS)
        one = Studio(server, page, Path(name))
        page.on(
            "console",
            lambda said: one.note(said.text, str(said.location.get("url", ""))) if said.type == "error" else None,
        )
        page.on("pageerror", lambda error: one.errors.append(str(error)))
        page.goto(f"{server.url}/studio")
        page.get_by_label("API key").fill(server.key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector(".drop-area")
        yield one
        browser.close()


def _layer(number: int) -> Layer:
    """The lowest is opaque; the others are discs with a soft edge, of 300 to 600 pixels across."""
    down, across = np.mgrid[0:SIDE_PX, 0:SIDE_PX]
    radius = 150 + 25 * (number % 7)
    distance = np.hypot(across - 200 - 97 * number % 620, down - 200 - 61 * number % 620)
    alpha = np.clip(radius - distance, 0, 255) if number else np.full_like(distance, 255)
    colours = (across * (number + 1) // 4 % 256, down // 4, (across + down) // 8)
    kind = LayerKind.OBJECT if number else LayerKind.BACKGROUND
    return Layer(f"Layer {number}", kind, np.stack([*colours, alpha], -1).astype(np.uint8))
