"""A real server with a real engine, and a real browser, whose pages fail the test for what they should not do."""

import shutil
from collections.abc import Generator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from watched_pages import Watched

from serving import Served, served

PATIENCE_MS = 30_000
_TEST_S = 180
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright has no limit for what a page evaluates."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_TEST_S))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """With classic and nano, and a key named "studio" that all pages share."""
    with served(tmp_path_factory.mktemp("studio"), child=None) as one:
        yield one


@pytest.fixture(scope="session")
def session_cookie(server: Served) -> tuple[str, str]:
    """The name and value of the cookie that the server's one-time link sets."""
    with httpx2.Client() as client:
        entered = client.get(server.link)
    assert entered.status_code == 303, entered.text
    name, _, value = entered.headers["set-cookie"].partition(";")[0].partition("=")
    return name, value


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """For a module, because its loop of events must not be there when other tests want one."""
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium was found: install the distribution's package (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def watched(server: Served) -> Generator[Watched]:
    one = Watched(server.url)
    yield one
    assert one.unexpected() == []


@pytest.fixture
def visitor(browser: Browser, server: Served, watched: Watched) -> Generator[BrowserContext]:
    """A browser that is not signed in."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    context.on("page", watched.watch)
    yield context
    context.close()


@pytest.fixture
def signed_in(visitor: BrowserContext, server: Served, session_cookie: tuple[str, str]) -> BrowserContext:
    name, value = session_cookie
    visitor.add_cookies([{"name": name, "value": value, "url": server.url, "httpOnly": True, "sameSite": "Strict"}])
    return visitor


@pytest.fixture
def page(signed_in: BrowserContext) -> Page:
    """An empty tab of a browser that is signed in: `page.goto("/studio")`."""
    return signed_in.new_page()
