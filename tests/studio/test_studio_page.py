"""The Studio's page as browsers get it: it loads from this server alone, is small, and runs nothing but its files."""

import pytest
from playwright.sync_api import BrowserContext, Page
from watched_pages import Watched

MOST_BYTES_AS_SENT, MOST_BYTES, MOST_REQUESTS = 150_000, 400_000, 40
MOST_MS = 3000  # of a machine that runs other tests; benchmarks measure it


def test_the_page_shows_itself(page: Page) -> None:
    page.goto("/studio")
    page.get_by_role("heading", level=1).wait_for()
    assert page.title().endswith("Lamina Studio")


@pytest.mark.parametrize("path", ["/studio/", "/studio/s/0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"])
def test_addresses_below_the_studio_load_the_same_files(page: Page, watched: Watched, path: str) -> None:
    watched.allowed.append("404")  # there is no such stack
    page.goto("/studio", wait_until="networkidle")
    there = code_of(watched)
    watched.requests.clear()
    page.goto(path, wait_until="networkidle")
    assert there <= code_of(watched)


def code_of(watched: Watched) -> set[str]:
    return {request.url for request in watched.requests if request.url.endswith((".js", ".css"))}


def test_it_is_as_small_as_promised(page: Page, watched: Watched) -> None:
    page.goto("/studio", wait_until="networkidle")
    own = [request for request in watched.requests if "/v1/stacks/" not in request.url]  # pictures of projects are not
    answers = [request.response() for request in own]
    assert len(answers) <= MOST_REQUESTS
    sizes = [answer.request.sizes() for answer in answers if answer]
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) <= MOST_BYTES_AS_SENT
    assert sum(len(answer.body()) for answer in answers if answer) <= MOST_BYTES


def test_files_are_not_requested_twice(page: Page) -> None:
    page.goto("/studio", wait_until="networkidle")
    page.goto("/studio", wait_until="networkidle")
    sent = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.name.includes('/assets/')).map(e => e.transferSize)"
    )
    assert len(sent) > 5
    assert set(sent) == {0}


def test_it_can_be_used_soon(page: Page) -> None:
    page.goto("/studio")
    ready_ms = page.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
        " - performance.getEntriesByType('navigation')[0].responseEnd"
    )
    assert ready_ms < MOST_MS


@pytest.mark.parametrize(
    "attempt",
    [
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.head.append(s)",
        "document.body.innerHTML += `<img src=x onerror='window.ran = 1'>`",
        "document.body.insertAdjacentHTML('beforeend', `<div style='color: red'>`)",
        "setTimeout('window.ran = 1')",
        "fetch('http://127.0.0.1:9/').catch(() => 0)",
        "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/picture.png'}))",
        "document.head.append(Object.assign(document.createElement('base'), {href: 'http://127.0.0.1:9/'}))",
    ],
)
def test_the_policy_stops_what_pages_should_not_do(page: Page, watched: Watched, attempt: str) -> None:
    watched.allowed += ["Content Security Policy", "127.0.0.1:9/", "404"]
    page.goto("/studio")
    page.evaluate(
        """() => {
            window.stopped = new Promise(done =>
                document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective)));
        }"""
    )
    page.evaluate(f"() => {{ {attempt} }}")
    assert page.evaluate("Promise.race([window.stopped, new Promise(r => setTimeout(r, 5000))])")
    assert page.evaluate("window.ran") is None


def test_no_other_page_can_show_it(visitor: BrowserContext, watched: Watched) -> None:
    watched.allowed += ["frame-ancestors", "favicon.ico"]
    page = visitor.new_page()
    page.goto("/health")
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.evaluate(
            "() => { document.body.append(Object.assign(document.createElement('iframe'), {src: '/studio'})) }"
        )


def test_a_module_can_be_tried_by_itself(page: Page) -> None:
    page.goto("/studio")
    batched = page.evaluate(
        """async () => {
            const { signal, computed } = await import('@preact/signals-core');
            const count = signal(1), twice = computed(() => count.value * 2);
            count.value = 21;
            return twice.value;
        }"""
    )
    assert batched == 42
