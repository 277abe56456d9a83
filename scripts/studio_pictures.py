"""Takes the screenshots of the Studio in docs/pictures; scripts/readme_pictures calls it.

.venv/bin/python scripts/studio_pictures.py docs/pictures
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT = 1280, 800
COLOURS = 256
WAIT_S = 120
LOADED = "() => [...document.querySelectorAll('img.layer')].every(image => image.complete && image.naturalWidth)"


def main() -> None:
    folder = Path(sys.argv[1])
    with studio("poster.png", "light") as page:
        page.get_by_role("button", name="Yellow object, right", exact=True).click()
        saved(page, folder / "studio.png")
        page.goto(re.sub(r"/studio.*", "/studio", page.url))
        page.get_by_role("link", name="poster").wait_for()
        saved(page, folder / "studio-home.png")
    with studio("lantern.png", "dark") as page:
        page.locator(".layer-name").first.click()
        saved(page, folder / "studio-dark.png")


@contextmanager
def studio(example: str, scheme: Literal["light", "dark"]) -> Generator[Page]:
    """The editor of an example, as `lamina studio` opens it, in a data folder of its own."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("Chromium was not found. Install the package chromium of the distribution.")
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        command = [ROOT / ".venv/bin/lamina", "studio", ROOT / "examples" / example, "--no-browser", "--data", data]
        server = subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True)  # noqa: S603
        assert server.stdout is not None  # noqa: S101
        try:
            link = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+/studio/enter\S*", line)))
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            page.set_default_timeout(WAIT_S * 1000)
            page.goto(link)
            page.locator("img.layer").first.wait_for(state="attached")
            page.wait_for_function(LOADED)
            yield page
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(WAIT_S)


def saved(page: Page, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
