"""The Studio's pages have no fault that axe-core knows."""

from accessibility import violations
from playwright.sync_api import BrowserContext, Page


def test_the_first_page(page: Page) -> None:
    page.goto("/studio")
    page.get_by_role("heading", level=1).wait_for()
    assert violations(page) == []


def test_the_first_page_of_a_visitor(visitor: BrowserContext) -> None:
    page = visitor.new_page()
    page.goto("/studio")
    page.get_by_role("heading", level=1).wait_for()
    assert violations(page) == []


def test_faults_are_found(page: Page) -> None:
    page.goto("/studio")
    page.get_by_role("heading", level=1).wait_for()
    page.evaluate("() => { document.body.append(document.createElement('input'), new Image()) }")
    assert {found.partition(":")[0] for found in violations(page)} >= {"image-alt", "label"}
