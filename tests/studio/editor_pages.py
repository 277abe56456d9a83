"""The page of a project as its user sees it: rows by name, places on the canvas, and the picture that is shown."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from own_requests import Json, Requests, nodes, pixels_of
from playwright.sync_api import Locator, Page, expect

from lamina.core.layers import Pixels

LEVELS = 3
"""By how much the browser's compositing may differ from the server's, of 255."""

_EDGE_LEVELS, _EDGE_SHARE = 90, 0.04
_ARE_LOADED = """() => {
    const images = [...document.querySelectorAll('img.layer')].filter(image => image.style.display !== 'none');
    return images.length > 0 && images.every(image => image.complete && image.naturalWidth);
}"""


@dataclass
class EditorPage:
    page: Page
    requests: Requests
    stack_id: str

    def open(self) -> "EditorPage":
        self.page.goto(f"/studio/s/{self.stack_id}")
        return self.loaded()

    def loaded(self) -> "EditorPage":
        self.page.wait_for_function(_ARE_LOADED)
        return self

    def row(self, name: str) -> Locator:
        return self.page.locator(f'.layer-row:has(> .layer-name[title="{name}"])')

    def name_of(self, name: str) -> Locator:
        return self.row(name).locator(".layer-name")

    def names(self) -> list[str]:
        return [row.get_attribute("title") or "" for row in self.page.locator(".layer-name").all()]

    def expect_names(self, names: list[str]) -> None:
        expect(self.page.locator(".layer-name")).to_have_count(len(names))
        for at, name in enumerate(names):
            expect(self.page.locator(".layer-name").nth(at)).to_have_attribute("title", name)

    def select(self, name: str) -> None:
        self.name_of(name).click()
        expect(self.name_of(name)).to_have_attribute("aria-current", "true")

    def selected(self) -> list[str]:
        rows = self.page.locator(".layer-name[aria-current=true]").all()
        return [row.get_attribute("title") or "" for row in rows]

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def announced(self, text: str) -> None:
        """In the region that screen readers read aloud."""
        expect(self.page.locator("[aria-live=polite].visually-hidden")).to_contain_text(text)

    def actual_size(self) -> None:
        self.page.keyboard.press("Control+1")
        expect(self.page.locator(".zoom")).to_have_text("100 %")

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place on the screen of a point of the canvas."""
        box = self.page.locator(".canvas").bounding_box()
        assert box is not None
        scale = self.scale()
        return box["x"] + x * scale, box["y"] + y * scale

    def scale(self) -> float:
        return self.page.locator(".canvas").evaluate("canvas => new DOMMatrix(getComputedStyle(canvas).transform).a")

    def click_at(self, x: float, y: float, *modifiers: str) -> None:
        for modifier in modifiers:
            self.page.keyboard.down(modifier)
        self.page.mouse.click(*self.at(x, y))
        for modifier in modifiers:
            self.page.keyboard.up(modifier)

    def drag(self, start: tuple[float, float], end: tuple[float, float], *modifiers: str, drops: bool = True) -> None:
        """From one place of the screen to another."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        for modifier in modifiers:
            self.page.keyboard.down(modifier)
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.page.mouse.move(*end)
        if drops:
            self.page.mouse.up()
        for modifier in modifiers:
            self.page.keyboard.up(modifier)

    def drag_on_canvas(self, start: tuple[float, float], end: tuple[float, float], *modifiers: str) -> None:
        self.drag(self.at(*start), self.at(*end), *modifiers)

    def handle(self, name: str) -> tuple[float, float]:
        box = self.page.locator(f"[data-handle={name}]").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def stack(self) -> Json:
        """As the server has it."""
        return self.requests.stack(self.stack_id)

    def node(self, name: str) -> Json:
        return nodes(self.stack())[name]

    @contextmanager
    def edits(self, revisions: int = 1) -> Generator[None]:
        """Waits until the server has what is done inside, and the page says so."""
        with self.requests.edited(self.stack_id, revisions):
            yield
        expect(self.page.locator(".save-state")).to_have_text("Saved")

    def shown(self) -> Pixels:
        """(height, width, 4): the canvas as it is on the screen, at 100 %, without a selection over it."""
        self.page.keyboard.press("Escape")
        expect(self.page.locator(".layer-name[aria-current=true]")).to_have_count(0)
        self.actual_size()
        self.loaded()
        box = self.page.locator(".canvas").bounding_box()
        assert box is not None
        return pixels_of(self.page.screenshot(clip=box, animations="disabled"))

    def preview(self) -> Pixels:
        return self.requests.preview(self.stack_id)


def most_different(one: Pixels, other: Pixels) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def are_alike(one: Pixels, other: Pixels) -> bool:
    """As `most_different` within `LEVELS`, but for edges of layers that are resampled: there, programs differ."""
    different = np.abs(one.astype(int) - other).max(axis=2)
    return bool(different.max() <= _EDGE_LEVELS and (different > LEVELS).mean() <= _EDGE_SHARE)
