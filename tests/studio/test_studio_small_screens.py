"""The Studio on phones, with fingers, and on large screens: all can be reached, and nothing lies beside the page."""

from collections.abc import Generator

import pytest
from browser_contexts import new_context, sign_in
from editor_pages import EditorPage
from own_requests import Requests
from playwright.sync_api import Browser, Page, expect
from watched_pages import Watched

from serving import Served

PHONE = {"width": 360, "height": 740}
LARGE = {"width": 2560, "height": 1300}


@pytest.fixture
def phone(
    browser: Browser,
    server: Served,
    session_cookie: tuple[str, str],
    watched: Watched,
    requests: Requests,
    design_file: str,
) -> Generator[EditorPage]:
    """The page of a project on a screen that is touched."""
    context = new_context(browser, server, width=PHONE["width"], height=PHONE["height"], is_phone=True)
    sign_in(context, server, session_cookie)
    context.on("page", watched.watch)
    yield EditorPage(context.new_page(), requests, requests.create(design_file, "Design")).open()
    context.close()


@pytest.mark.parametrize("size", [PHONE, LARGE])
@pytest.mark.parametrize("path", ["/studio", "/studio/generate", "/studio/edit", "/studio/jobs"])
def test_pages_are_as_wide_as_the_screen(tab: Page, size: dict[str, int], path: str) -> None:
    tab.set_viewport_size({"width": size["width"], "height": size["height"]})
    tab.goto(path, wait_until="networkidle")
    assert beside(tab) == []


def test_sheets_hold_layers_and_properties_on_a_phone(phone: EditorPage) -> None:
    page = phone.page
    assert beside(page) == []
    expect(page.locator(".layers-panel")).not_to_be_in_viewport()
    page.get_by_role("button", name="Layers", exact=True).tap()
    expect(page.locator(".layers-panel")).to_be_in_viewport()
    with phone.edits():
        phone.button("Hide Ring").tap()
    phone.name_of("Square").tap()
    page.get_by_role("button", name="Properties", exact=True).tap()
    expect(page.locator(".properties-panel")).to_be_in_viewport()
    expect(page.locator(".layers-panel")).not_to_be_in_viewport()
    with phone.edits():
        page.get_by_label("X", exact=True).fill("20")
        page.get_by_label("X", exact=True).blur()
    assert beside(page) == []
    page.get_by_role("button", name="Properties", exact=True).tap()
    expect(page.locator(".properties-panel")).not_to_be_in_viewport()


def test_buttons_are_large_enough_for_fingers(phone: EditorPage) -> None:
    phone.page.get_by_role("button", name="Layers", exact=True).tap()
    sizes = phone.page.evaluate(
        """() => [...document.querySelectorAll('button')].filter(button => button.checkVisibility())
            .map(button => [button.getAttribute('aria-label') ?? button.textContent, button.getBoundingClientRect()])
            .filter(([, box]) => Math.min(box.width, box.height) < 24).map(([name]) => name)"""
    )
    assert sizes == []


def test_export_fits_a_phone(phone: EditorPage) -> None:
    phone.button("Export").tap()
    dialog = phone.page.get_by_role("dialog", name="Export")
    expect(dialog.locator(".format").first).to_be_in_viewport()
    assert beside(phone.page) == []
    dialog.get_by_role("button", name="Close").tap()
    expect(dialog).to_have_count(0)


def test_two_fingers_zoom_and_one_moves_a_layer(phone: EditorPage) -> None:
    before = phone.scale()
    x, y = phone.at(200, 150)
    touch = phone.page.context.new_cdp_session(phone.page)

    def fingers(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": px, "y": py, "id": number} for number, (px, py) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    fingers("touchStart", (x - 30, y))
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for step in (40, 50, 60):
        fingers("touchMove", (x - step, y), (x + step, y))
    fingers("touchEnd")
    assert phone.scale() == pytest.approx(before * 2, rel=0.1)
    assert phone.stack()["revision"] == 1
    phone.button("Fit to window").tap()
    sx, sy = phone.at(320, 60)
    with phone.edits():
        fingers("touchStart", (sx, sy))
        fingers("touchMove", (sx - 20, sy + 10))
        fingers("touchMove", (sx - 40, sy + 20))
        fingers("touchEnd")
    assert phone.node("Square")["bbox"][0] < 280


def test_a_large_screen_shows_more(editor: EditorPage) -> None:
    editor.page.set_viewport_size({"width": LARGE["width"], "height": LARGE["height"]})
    assert beside(editor.page) == []
    stage = editor.page.locator(".stage").bounding_box()
    assert stage is not None
    assert stage["width"] > 1900
    x, y = editor.at(200, 150)
    assert (x, y) == pytest.approx((stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2), abs=1)


def beside(page: Page) -> list[str]:
    """What can be seen by scrolling to the side only."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide <= 0:
        return []
    return page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
            .map(one => one.outerHTML.slice(0, 80)).slice(0, 5)"""
    ) or [f"{wide} px"]
