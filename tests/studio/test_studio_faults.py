"""What the Studio says when the server is at its limits or its engine fails, and that nothing is lost by it."""

import os
import re
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from browser_contexts import EXAMPLES, entered, new_context, sign_in
from drawn_designs import openraster
from editor_pages import EditorPage
from own_requests import Requests
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from watched_pages import Watched

from serving import poster, served

MOST_STORED = 300_000


@pytest.fixture(scope="module")
def small(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator["Small"]:
    """A server that keeps little, and does nothing with pictures."""
    folder = tmp_path_factory.mktemp("small")
    with served(folder, LAMINA_MAX_STORED_BYTES=str(MOST_STORED), LAMINA_MAX_UPLOAD_BYTES="200000") as server:
        context = new_context(browser, server)
        cookie = entered(server)
        sign_in(context, server, cookie)
        one = Small(context, Requests(server.url, cookie))
        yield one
        one.requests.client.close()
        context.close()


class Small:
    def __init__(self, context: BrowserContext, requests: Requests) -> None:
        self.context, self.requests = context, requests

    def page(self, watched: Watched) -> Page:
        watched.origin = str(self.requests.client.base_url).rstrip("/")
        page = self.context.new_page()
        watched.watch(page)
        return page


def test_a_full_storage_is_told_and_the_project_stays(small: Small, watched: Watched) -> None:
    watched.allowed.append("status of 4")
    stack = small.requests.create(small.requests.upload("design.ora", openraster()), "Design")
    editor = EditorPage(small.page(watched), small.requests, stack).open()
    for size in (190_000, 50_000, 10_000, 1000):
        while small.requests.client.post("/v1/files", files={"file": ("noise.bin", os.urandom(size))}).is_success:
            pass
    editor.select("Label")
    with editor.page.expect_file_chooser() as chooser:
        editor.button("Replace by a file").click()
    chooser.value.set_files({"name": "p.png", "mimeType": "image/png", "buffer": poster(900, 700)})
    told = editor.page.get_by_role("alert")
    expect(told).to_contain_text(re.compile("storage|stored|bytes", re.IGNORECASE))
    assert editor.stack()["revision"] == 1
    with editor.edits():
        editor.button("Hide Ring").click()
    editor.page.close()


def test_a_file_that_is_too_large_is_told_before_it_is_sent(small: Small, watched: Watched) -> None:
    page = small.page(watched)
    page.goto("/studio")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="choose files").click()
    chooser.value.set_files({"name": "big.png", "mimeType": "image/png", "buffer": bytes(200_001)})
    expect(page.get_by_role("alert")).to_contain_text("big.png is larger than 196 KiB")
    assert not [request for request in watched.requests if request.url.endswith("/v1/files")]
    page.close()


def test_an_engine_that_is_killed_is_started_again_or_told(tab: Page, requests: Requests) -> None:
    picture = requests.upload("poster.png", (EXAMPLES / "poster.png").read_bytes())
    tab.goto(f"/studio/new?picture={picture}")
    tab.get_by_label("Layers").select_option("auto")
    tab.get_by_role("button", name="Take apart").click()
    expect(tab.get_by_role("progressbar")).to_be_visible()
    job = requests.client.get("/v1/jobs", params={"limit": 1}).json()["jobs"][0]["id"]
    requests.wait_for_job(job, "running")
    killed = engines()
    assert killed
    for process in killed:
        os.kill(process, signal.SIGKILL)
    expect(tab.locator("img.layer").first.or_(tab.get_by_role("alert")).first).to_be_visible(timeout=60_000)


def engines() -> list[int]:
    """The processes that the servers of this test have started."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if b"lamina.worker.child" in words and is_ours(parent):
            found.append(int(folder.name))
    return found


def is_ours(process: int) -> bool:
    while process > 1 and process != os.getpid():
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process == os.getpid()


def test_a_fault_of_the_page_is_told(editor: EditorPage, watched: Watched) -> None:
    watched.allowed.append("Not JSON|SyntaxError|Unexpected token")
    editor.page.route(
        f"**/v1/stacks/{editor.stack_id}/revisions*", lambda route: route.fulfill(status=200, body="no JSON")
    )
    editor.button("Revisions").click()
    dialog = editor.page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("The page has a fault. Reload it: edits are kept.")


@pytest.mark.parametrize("status", [500, 502, 503])
def test_edits_are_sent_again_after_faults_of_the_server(editor: EditorPage, watched: Watched, status: int) -> None:
    watched.allowed.append(f"status of {status}")
    left = [0, 1]

    def fail(route: Route) -> None:
        if route.request.method == "PATCH" and left:
            left.pop()
            route.fulfill(status=status, body="<h1>Bad gateway</h1>")
        else:
            route.continue_()

    editor.page.route(f"**/v1/stacks/{editor.stack_id}", fail)
    editor.button("Hide Ring").click()
    expect(editor.page.locator(".save-state")).to_have_text("Saved")
    assert not left
    assert editor.node("Ring")["is_hidden"]


def test_an_answer_that_is_lost_does_not_make_an_edit_twice(editor: EditorPage, watched: Watched) -> None:
    watched.allowed += ["ERR_FAILED", "409"]
    lost = [0]

    def lose(route: Route) -> None:
        if route.request.method == "PATCH" and lost:
            lost.pop()
            route.fetch()
            route.abort()
        else:
            route.continue_()

    editor.page.route(f"**/v1/stacks/{editor.stack_id}", lose)
    editor.drag_on_canvas((320, 60), (250, 100), "Alt")
    expect(editor.page.locator(".save-state")).to_have_text("Saved")
    assert not lost
    assert (editor.node("Square")["bbox"][:2], editor.stack()["revision"]) == ([230, 80], 2)
    expect(editor.page.get_by_role("dialog")).to_have_count(0)
