"""What the pages of a test do: their errors, and requests to other places, fail it."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

_OF_THE_PAGE = ("data", "blob", "about")


@dataclass
class Watched:
    """What the pages of a test have done. `allowed`: patterns of console errors that the test expects."""

    origin: str
    faults: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Violations of the Content-Security-Policy are errors on the console."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.on("request", self._on_request)

    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self.allowed)]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith(f"{self.origin}/") and urlsplit(request.url).scheme not in _OF_THE_PAGE:
            self.faults.append(f"request to another place: {request.url}")
