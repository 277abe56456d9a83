"""A real server with a real engine, and pages of it in a real browser; what they should not do fails the test."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from browser_contexts import EXAMPLES, PATIENCE_MS, entered, new_context, sign_in
from drawn_designs import openraster
from editor_pages import EditorPage
from own_requests import Requests
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from watched_pages import Watched

from installed_fonts import FONTS
from serving import Served, served

_TEST_S = 180
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright has no limit for what a page evaluates."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_TEST_S))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """With classic and nano, and a key named "studio" that all pages share. The posters' typefaces are installed."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(FONTS, home / ".fonts")
    with served(tmp_path_factory.mktemp("studio"), child=None, HOME=str(home)) as one:
        yield one


@pytest.fixture(scope="session")
def session_cookie(server: Served) -> tuple[str, str]:
    """The name and value of the cookie that the server's one-time link sets."""
    return entered(server)


@pytest.fixture(scope="session")
def requests(server: Served, session_cookie: tuple[str, str]) -> Generator[Requests]:
    """As the pages send them."""
    one = Requests(server.url, session_cookie)
    yield one
    one.client.close()


@pytest.fixture(scope="session")
def design_file(requests: Requests) -> str:
    """The reference of the file of `drawn_designs`."""
    return requests.upload("design.ora", openraster())


@pytest.fixture(scope="session")
def poster_job(requests: Requests) -> str:
    """The id of a decomposition of examples/poster.png into ten layers."""
    return requests.decomposed(requests.upload("poster.png", (EXAMPLES / "poster.png").read_bytes()))


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """For a module, because its loop of events must not be there when other tests want one."""
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium was found: install the distribution's package (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE_MS)
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
    context = new_context(browser, server)
    context.on("page", watched.watch)
    yield context
    context.close()


@pytest.fixture
def signed_in(visitor: BrowserContext, server: Served, session_cookie: tuple[str, str]) -> BrowserContext:
    sign_in(visitor, server, session_cookie)
    return visitor


@pytest.fixture
def page(signed_in: BrowserContext) -> Page:
    """An empty tab of a browser that is signed in: `page.goto("/studio")`."""
    return signed_in.new_page()


@pytest.fixture(scope="module")
def cached(browser: Browser, server: Served, session_cookie: tuple[str, str]) -> Generator[BrowserContext]:
    """A browser that is signed in, and keeps the files of the pages for the tests of a module."""
    context = new_context(browser, server)
    sign_in(context, server, session_cookie)
    yield context
    context.close()


@pytest.fixture
def tab(cached: BrowserContext, watched: Watched) -> Generator[Page]:
    """An empty tab, as `page`, whose files need not be loaded again."""
    one = cached.new_page()
    watched.watch(one)
    yield one
    one.close()


@pytest.fixture
def editor(tab: Page, requests: Requests, design_file: str) -> EditorPage:
    """The page of a new project of the design in `drawn_designs`, whose layers are shown."""
    return EditorPage(tab, requests, requests.create(design_file, "Design")).open()


@pytest.fixture
def poster(tab: Page, requests: Requests, poster_job: str) -> EditorPage:
    """The page of a new project of examples/poster.png."""
    return EditorPage(tab, requests, requests.create(f"job:{poster_job}", "Poster")).open()
