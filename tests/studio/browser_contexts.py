"""Browsers of a test, and how they are signed in."""

from pathlib import Path

import httpx2
from playwright.sync_api import Browser, BrowserContext

from serving import Served

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE_MS = 20_000


def new_context(
    browser: Browser, server: Served, *, width: int = 1280, height: int = 800, is_phone: bool = False
) -> BrowserContext:
    context = browser.new_context(
        base_url=server.url, viewport={"width": width, "height": height}, has_touch=is_phone, is_mobile=is_phone
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


def sign_in(context: BrowserContext, server: Served, session_cookie: tuple[str, str]) -> None:
    name, value = session_cookie
    context.add_cookies([{"name": name, "value": value, "url": server.url, "httpOnly": True, "sameSite": "Strict"}])


def entered(server: Served) -> tuple[str, str]:
    with httpx2.Client() as client:
        answer = client.get(server.link)
    assert answer.status_code == 303, answer.text
    name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
    return name, value
