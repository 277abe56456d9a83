"""The Studio's pages have no fault that axe-core knows, in light and dark."""

import re

import pytest
from accessibility import violations
from editor_pages import EditorPage
from own_requests import Requests
from playwright.sync_api import BrowserContext, Page, expect
from watched_pages import Watched

from serving import poster as drawn_poster

SCHEMES = ("light", "dark")


@pytest.mark.parametrize("path", ["/studio", "/studio/generate", "/studio/edit", "/studio/jobs"])
def test_pages(tab: Page, poster_job: str, path: str) -> None:
    assert poster_job  # it is listed
    tab.goto(path, wait_until="networkidle")
    tab.get_by_role("heading", level=1).wait_for()
    assert in_both(tab) == []


def test_the_first_page_of_a_visitor(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/studio")
    page.get_by_role("heading", name="Sign in").wait_for()
    assert in_both(page) == []


def test_the_page_of_a_run(tab: Page, requests: Requests) -> None:
    tab.goto(f"/studio/new?picture={requests.upload('fair.png', drawn_poster())}")
    expect(tab.get_by_role("button", name="Take apart")).to_be_enabled()
    assert in_both(tab) == []
    tab.get_by_label("Engine").select_option("nano")
    tab.get_by_label("Description of the picture").wait_for()
    assert in_both(tab) == []


def test_the_editor(poster: EditorPage) -> None:
    assert in_both(poster.page) == []
    poster.select("Headline: SUMMER FAIR")
    poster.page.get_by_label("Words").wait_for()
    assert in_both(poster.page) == []
    with poster.edits():
        poster.button("Lock Headline: SUMMER FAIR").click()
    poster.page.get_by_text("The layer is locked.").wait_for()
    assert in_both(poster.page) == []


@pytest.mark.parametrize("dialog", ["Export", "Revisions", "Keys"])
def test_dialogs(editor: EditorPage, dialog: str) -> None:
    editor.button(dialog).click()
    editor.page.get_by_role("dialog", name=dialog).wait_for()
    if dialog == "Revisions":
        editor.page.locator(".revisions li").first.wait_for()
    assert in_both(editor.page) == []


def test_the_dialogs_of_conflicts_and_messages(editor: EditorPage, watched: Watched) -> None:
    watched.allowed += ["409", "401"]
    editor.requests.edit(editor.stack_id, {"op": "rename", "layer": 2, "name": "Wheel"})
    editor.click_at(320, 60)
    editor.page.keyboard.press("ArrowRight")
    editor.page.get_by_role("dialog", name="Changed elsewhere").wait_for()
    assert in_both(editor.page) == []


def test_the_dialog_of_a_session_that_has_ended(
    signed_in: BrowserContext, design_file: str, requests: Requests, watched: Watched
) -> None:
    watched.allowed.append("401")
    editor = EditorPage(signed_in.new_page(), requests, requests.create(design_file, "Design")).open()
    signed_in.clear_cookies()
    editor.button("Hide Ring").click()
    editor.page.get_by_role("dialog", name="Sign in").wait_for()
    assert in_both(editor.page) == []


def test_messages_and_small_screens(editor: EditorPage) -> None:
    editor.page.set_viewport_size({"width": 360, "height": 740})
    editor.page.get_by_role("button", name="Layers", exact=True).click()
    assert in_both(editor.page) == []


def test_faults_are_found(tab: Page) -> None:
    tab.goto("/studio")
    tab.get_by_role("heading", level=1).wait_for()
    tab.evaluate("() => { document.body.append(document.createElement('input'), new Image()) }")
    assert {found.partition(":")[0] for found in violations(tab)} >= {"image-alt", "label"}


def in_both(page: Page) -> list[str]:
    """The violations in each colour scheme."""
    found: list[str] = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [f"{scheme}: {re.sub(' +', ' ', each)}" for each in violations(page)]
    return found
