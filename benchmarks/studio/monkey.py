"""Random actions of a user in the Studio, and the checks that must hold whatever they do."""

import io
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from browser import Studio
from PIL import Image
from playwright.sync_api import Error, Locator, Page

KEYS = [
    "v",
    "h",
    "d",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    "Shift+ArrowLeft",
    "Shift+ArrowDown",
    "Alt+]",
    "Alt+[",
    "Control+a",
    "Escape",
    "Escape",
    "Control+]",
    "Control+[",
    "Control+Shift+]",
    "Control+Shift+[",
    "Control+Shift+h",
    "Control+Shift+l",
    "Control+j",
    "Control+g",
    "Control+Shift+g",
    "Control+e",
    "Control+Shift+e",
    "Delete",
    "Control+z",
    "Control+z",
    "Control+z",
    "Control+Shift+z",
    "Control+0",
    "Control+1",
    "Control+=",
    "Control+-",
    "F2",
    "?",
    "Control+s",
    "Control+Shift+y",
    "Enter",
    "Tab",
]
_SAVED = "() => document.querySelector('.save-state')?.textContent === 'Saved'"
_SHOW_OTHERS = (
    "visibility => document.querySelectorAll('.overlay, .messages').forEach(e => (e.style.visibility = visibility))"
)
_MOST_LEVELS = 8  # of ten soft layers over each other, each rounded to 8 bits by the browser
_MOST_MEAN_LEVELS = 2.5  # where layers are scaled or turned, two resamplers differ at edges


class Monkey:
    """Acts on the open editor. `composites`: the largest and the mean differences that were seen at checks."""

    def __init__(self, studio: Studio, seed: int) -> None:
        self._studio = studio
        self._random = random.Random(seed)  # noqa: S311
        self.wrong: list[str] = []
        self.checks = 0

    def act(self) -> None:
        """One action; what it aims at may be gone by then, which is no fault."""
        weighted: Sequence[tuple[Callable[[Page], None], int]] = (
            (self._press, 8), (self._click_stage, 5), (self._drag_stage, 5), (self._click_button, 5),
            (self._click_row, 5), (self._set_number, 1), (self._set_opacity, 1), (self._set_blend, 1), (self._wheel, 1),
        )  # fmt: skip
        actions, weights = zip(*weighted, strict=True)
        try:
            self._random.choices(actions, weights)[0](self._studio.page)
        except Error as error:
            if "Timeout" not in str(error) and "not attached" not in str(error):
                raise

    def check(self, stack_id: str) -> None:
        """The page's layers are the server's, and what it shows is what the server composites."""
        self.checks += 1
        page = self._studio.page
        for _ in range(4):
            page.keyboard.press("Escape")
        page.wait_for_function(_SAVED)
        stack = self._studio.server.client.get(f"/v1/stacks/{stack_id}").json()
        names = [each["name"] for each in _shown(stack["layers"])]
        shown = page.locator("img.layer").evaluate_all("all => all.map(image => image.alt)")
        if names != shown:
            self.wrong.append(f"layers: {names} on the server, {shown} in the page")
        difference = np.abs(self._seen(page).astype(int) - self._composited(stack_id))
        is_plain = all(each["transform"][:4] == [1, 0, 0, 1] for each in _shown(stack["layers"]))
        largest, mean = int(difference.max()), float(difference.mean())
        if (is_plain and largest > _MOST_LEVELS) or mean > _MOST_MEAN_LEVELS:
            self.wrong.append(f"composite: largest {largest}, mean {mean:.2f} at revision {stack['revision']}")

    def _seen(self, page: Page) -> np.ndarray:
        page.evaluate("document.activeElement?.blur()")
        page.keyboard.press("Control+1")
        page.wait_for_function("() => [...document.querySelectorAll('img.layer')].every(image => image.complete)")
        page.evaluate(_SHOW_OTHERS, "hidden")
        picture = page.locator(".canvas").screenshot()
        page.evaluate(_SHOW_OTHERS, "")
        return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))

    def _composited(self, stack_id: str) -> np.ndarray:
        """Over white, as the benchmark's page shows it."""
        picture = Image.open(io.BytesIO(self._studio.preview(stack_id))).convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        return np.asarray(Image.alpha_composite(ground, picture).convert("RGB")).astype(int)

    def _press(self, page: Page) -> None:
        key = self._random.choice(KEYS)
        if key in ("Delete", "Control+e", "Control+Shift+e") and page.locator(".layer-row").count() < 6:
            return
        page.keyboard.press(key)

    def _point(self, page: Page) -> tuple[float, float]:
        box = page.locator(".stage").bounding_box()
        assert box is not None  # noqa: S101
        return box["x"] + self._random.random() * box["width"], box["y"] + self._random.random() * box["height"]

    def _click_stage(self, page: Page) -> None:
        held = self._random.choice(["", "", "Shift"])
        if held:
            page.keyboard.down(held)
        page.mouse.click(*self._point(page))
        if held:
            page.keyboard.up(held)

    def _drag_stage(self, page: Page) -> None:
        start = self._point(page)
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(start[0] + self._random.randint(-90, 90), start[1] + self._random.randint(-90, 90), steps=4)
        if self._random.random() < 0.1:
            page.keyboard.press("Escape")
        page.mouse.up()

    def _one_of(self, found: Locator) -> Locator | None:
        count = found.count()
        return found.nth(self._random.randrange(count)) if count else None

    def _click_button(self, page: Page) -> None:
        """Not those that need an engine, leave the page or open a window of the system."""
        names = "zoom|fit|undo|redo|duplicate|group|raise|lower|top|bottom|flip|rotate|eye|hide|show|lock|close|open"
        within = "dialog[open]" if page.locator("dialog[open]").count() else "body"
        found = page.locator(f"{within} button:enabled").filter(visible=True)
        matching = [
            index
            for index, name in enumerate(found.evaluate_all("all => all.map(b => b.ariaLabel ?? b.textContent)"))
            if any(word in name.lower() for word in names.split("|")) and "file" not in name.lower()
        ]
        if matching:
            found.nth(self._random.choice(matching)).click(timeout=1000)

    def _click_row(self, page: Page) -> None:
        if row := self._one_of(page.locator(".layer-name")):
            row.click(timeout=1000, modifiers=self._random.choice([[], [], ["Control"], ["Shift"]]))

    def _set_number(self, page: Page) -> None:
        if field := self._one_of(page.locator(".properties input[type=number]:enabled")):
            field.fill(str(self._random.randint(-50, 900)), timeout=1000)
            field.press("Enter", timeout=1000)

    def _set_opacity(self, page: Page) -> None:
        if slider := self._one_of(page.locator(".properties input[type=range]:enabled")):
            slider.fill(str(self._random.randint(0, 100)), timeout=1000)

    def _set_blend(self, page: Page) -> None:
        if choice := self._one_of(page.locator(".properties select:enabled")):
            choice.select_option(index=self._random.randrange(12), timeout=1000)

    def _wheel(self, page: Page) -> None:
        page.mouse.move(*self._point(page))
        if self._random.random() < 0.5:
            page.keyboard.down("Control")
        page.mouse.wheel(0, self._random.choice([-120, 120]))
        page.keyboard.up("Control")


def _shown(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The layers, lowest first."""
    return [layer for node in nodes for layer in (_shown(node["layers"]) if node["type"] == "group" else [node])]


def monkey_figures(studio: Studio, actions: int, every: int, seed: int) -> dict[str, Any]:
    """Acts for `actions` actions, and checks after each `every`. Memory is compared between two fresh stacks."""
    page = studio.page
    stack_id = studio.new_stack(10)
    page.evaluate("localStorage.setItem('lamina-backdrop', JSON.stringify('white'))")
    studio.open(stack_id)
    monkey = Monkey(studio, seed)
    for _ in range(min(200, actions)):  # so that what is made once is there
        monkey.act()
    monkey.check(stack_id)
    before = _bytes_at_home(studio)
    page.go_back()
    page.wait_for_selector("img.layer", state="attached")
    for number in range(actions):
        monkey.act()
        if (number + 1) % every == 0:
            monkey.check(stack_id)
            print(
                json.dumps({"actions": number + 1, "wrong": len(monkey.wrong), "errors": len(studio.errors)}),
                flush=True,
            )
    after = _bytes_at_home(studio)
    return {
        "what": "monkey", "actions": actions, "checks": monkey.checks, "wrong composites": len(monkey.wrong),
        "console errors": len(studio.errors), "refused requests": len(studio.refusals),
        "memory growth": round(after / before - 1, 3),
        "seen": [*monkey.wrong, *studio.errors][:5],
    }  # fmt: skip


def _bytes_at_home(studio: Studio) -> float:
    """The memory of the page's objects where no stack is open."""
    for _ in range(4):
        studio.page.keyboard.press("Escape")
    studio.page.get_by_role("link", name="Projects").click()
    studio.page.wait_for_selector(".drop-area")
    studio.page.wait_for_timeout(500)
    return studio.metric("JSHeapUsedSize")
