"""What happens to edits when others edit, too, when the server is away, and when the session ends: none is lost."""

import re
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from browser_contexts import entered, new_context, sign_in
from drawn_designs import openraster
from editor_pages import EditorPage
from own_requests import Requests, nodes
from playwright.sync_api import Browser, BrowserContext, Page, expect
from watched_pages import Watched

from serving import Served, lamina, served
from waiting import ended

AWAY = "The server cannot be reached. Your edits are kept"


@pytest.fixture
def other(
    browser: Browser, server: Served, session_cookie: tuple[str, str], watched: Watched
) -> Generator[BrowserContext]:
    """Another browser, whose network can be cut."""
    context = new_context(browser, server)
    sign_in(context, server, session_cookie)
    context.on("page", watched.watch)
    yield context
    context.close()


@pytest.mark.parametrize("choice", ["Apply mine on top", "Take theirs"])
def test_edits_made_without_a_network_meet_those_of_somebody_else(
    editor: EditorPage, other: BrowserContext, watched: Watched, choice: str
) -> None:
    watched.allowed += ["ERR_INTERNET_DISCONNECTED", "409"]
    mine = EditorPage(other.new_page(), editor.requests, editor.stack_id).open()
    other.set_offline(True)
    mine.drag_on_canvas((320, 60), (250, 100), "Alt")
    mine.select("Ring")
    mine.page.keyboard.press("Control+j")
    expect(mine.page.get_by_text(AWAY)).to_be_visible()
    editor.select("Square")
    with editor.edits():
        editor.page.keyboard.press("ArrowDown")
    other.set_offline(False)
    dialog = mine.page.get_by_role("dialog", name="Changed elsewhere")
    expect(dialog).to_contain_text("Another tab or person has changed this project")
    dialog.get_by_role("button", name=choice).click()
    expect(dialog).to_have_count(0)
    expect(mine.page.locator(".save-state")).to_have_text("Saved")
    found = nodes(mine.stack())
    is_mine = choice == "Apply mine on top"
    assert found["Square"]["bbox"][:2] == ([230, 81] if is_mine else [300, 41])
    assert ("Ring copy" in found) == is_mine
    expect(mine.row("Ring copy")).to_have_count(1 if is_mine else 0)


def test_another_tab_shows_what_was_changed(editor: EditorPage, other: BrowserContext) -> None:
    second = EditorPage(other.new_page(), editor.requests, editor.stack_id).open()
    with editor.edits():
        editor.select("Ring")
        editor.page.keyboard.press("Delete")
    expect(second.row("Ring")).to_have_count(0)
    with second.edits():
        second.page.keyboard.press("Control+z")
    expect(editor.row("Ring")).to_have_count(1)


def test_two_tabs_that_edit_at_once_are_told(editor: EditorPage, other: BrowserContext, watched: Watched) -> None:
    watched.allowed.append("409")
    second = EditorPage(other.new_page(), editor.requests, editor.stack_id).open()
    editor.requests.edit(editor.stack_id, {"op": "rename", "layer": 2, "name": "Wheel"})
    second.click_at(320, 60)
    second.page.keyboard.press("ArrowRight")
    dialog = second.page.get_by_role("dialog", name="Changed elsewhere")
    dialog.get_by_role("button", name="Apply mine on top").click()
    expect(second.row("Wheel")).to_be_visible()
    second.requests.wait_for(second.stack_id, lambda stack: nodes(stack)["Square"]["bbox"][0] == 301)


@pytest.fixture
def away(tmp_path: Path, browser: Browser, watched: Watched) -> Generator["Away"]:
    """A server of its own that can be killed and started again, and a page of it."""
    watched.allowed += ["ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE"]
    with Away(tmp_path, browser, watched) as one:
        yield one


class Away:
    def __init__(self, folder: Path, browser: Browser, watched: Watched) -> None:
        self.folder, self.browser, self.watched = folder, browser, watched

    def __enter__(self) -> "Away":
        self.server = served(self.folder)
        one = self.server.__enter__()
        self.url, self.process, self.watched.origin = one.url, one.process, one.url
        self.cookie = entered(one)
        self.context = new_context(self.browser, one)
        sign_in(self.context, one, self.cookie)
        self.context.on("page", self.watched.watch)
        self.requests = Requests(one.url, self.cookie)
        stack = self.requests.create(self.requests.upload("design.ora", openraster()), "Design")
        self.editor = EditorPage(self.context.new_page(), self.requests, stack).open()
        return self

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        ended(self.process)
        self.server.__exit__(None, None, None)

    def start(self) -> None:
        port = self.url.rpartition(":")[2]
        self.server = served(self.folder, "--port", port)
        self.process = self.server.__enter__().process

    def __exit__(self, *_: object) -> None:
        self.context.close()
        self.requests.client.close()
        self.server.__exit__(None, None, None)


def test_a_killed_server_loses_no_edits(away: Away) -> None:
    editor = away.editor
    with editor.edits():
        editor.drag_on_canvas((320, 60), (330, 60), "Alt")
    away.kill()
    make_edits(editor)
    expect(editor.page.get_by_text(AWAY)).to_be_visible()
    prompt = editor.page.get_by_label("What should change")
    prompt.fill("a red wheel")
    away.start()
    expect(editor.page.locator(".save-state")).to_have_text("Saved")
    expect(prompt).to_have_value("a red wheel")
    check_edits(editor)


def test_edits_that_were_not_sent_survive_a_reload(away: Away) -> None:
    editor = away.editor
    away.watched.allowed.append("409")  # of an edit that arrived, and whose answer the page did not wait for
    away.kill()
    make_edits(editor)
    away.start()
    editor.page.reload()
    expect(editor.row("Wheel")).to_be_visible()
    editor.requests.wait_for(editor.stack_id, lambda stack: "Wheel" in nodes(stack) and not nodes(stack).get("Panel"))
    check_edits(editor)


def make_edits(editor: EditorPage) -> None:
    editor.drag_on_canvas((320, 60), (250, 100), "Alt")
    editor.select("Ring")
    editor.page.keyboard.press("F2")
    editor.page.get_by_label("Name of the layer").fill("Wheel")
    editor.page.keyboard.press("Enter")
    editor.page.get_by_label("Opacity").fill("50")
    editor.select("Panel")
    editor.page.keyboard.press("Delete")
    editor.select("Wheel")


def check_edits(editor: EditorPage) -> None:
    found = nodes(editor.stack())
    assert found["Square"]["bbox"][:2] in ([230, 80], [240, 80])
    assert (found["Wheel"]["opacity"], "Panel" in found) == (127, False)
    editor.expect_names(["Card", "Label", "Square", "Wheel", "Background"])


def test_a_session_that_has_ended_is_renewed_over_the_page(away: Away) -> None:
    away.watched.allowed += ["401", "404"]  # the page of the other key looks for its stack
    made = lamina(away.folder, "keys", "create", "--name", "guest")
    key = re.search(r"lamina_\S+|\S{30,}", made.stdout)
    assert key, made.stdout
    page = signed_in_with(away.context, key[0])
    (cookie,) = away.context.cookies()
    requests = Requests(away.url, (cookie.get("name", ""), cookie.get("value", "")))
    editor = EditorPage(page, requests, requests.create(requests.upload("design.ora", openraster()), "Own")).open()
    away.context.clear_cookies()
    editor.drag_on_canvas((320, 60), (250, 100), "Alt")
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_contain_text("what you did is still here")
    dialog.get_by_label("API key").fill("no such key")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    with requests.edited(editor.stack_id):
        dialog.get_by_label("API key").fill(key[0])
        dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".save-state")).to_have_text("Saved")
    assert editor.node("Square")["bbox"][:2] == [230, 80]
    requests.client.close()


def signed_in_with(context: BrowserContext, key: str) -> Page:
    context.clear_cookies()
    page = context.new_page()
    page.goto("/studio")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def test_a_project_that_was_deleted_is_told(editor: EditorPage, watched: Watched) -> None:
    watched.allowed.append("404")
    assert editor.requests.client.delete(f"/v1/stacks/{editor.stack_id}").is_success
    editor.click_at(320, 60)
    editor.page.keyboard.press("ArrowRight")
    expect(editor.page.get_by_text("This project does not exist any more.")).to_be_visible()
    expect(editor.page).to_have_url(re.compile("/studio$"))
