"""The main path without a mouse, and the sheet that tells the keys."""

import pytest
from editor_pages import EditorPage
from own_requests import nodes
from playwright.sync_api import Page, expect

from serving import poster


def test_from_a_picture_to_a_file_without_a_mouse(tab: Page) -> None:
    tab.on("filechooser", lambda _: None)  # from now on: a key may be faster than the start of waiting
    tab.goto("/studio", wait_until="networkidle")
    tab_to(tab, "choose files")
    expect(tab.get_by_role("button", name="choose files")).to_be_focused()
    with tab.expect_file_chooser() as chooser:
        tab.keyboard.press("Enter")
    chooser.value.set_files({"name": "Fair.png", "mimeType": "image/png", "buffer": poster()})
    expect(tab.get_by_role("button", name="Take apart")).to_be_enabled()
    tab_to(tab, "Take apart")
    tab.keyboard.press("Enter")
    expect(tab.locator("img.layer").first).to_be_visible(timeout=60_000)
    tab.keyboard.press("Control+s")
    expect(tab.get_by_role("dialog", name="Export")).to_be_visible()
    tab_to(tab, ".psd")
    with tab.expect_download() as download:
        tab.keyboard.press("Enter")
    assert download.value.suggested_filename == "Fair.psd"
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_have_count(0)


def test_a_layer_is_found_renamed_moved_and_deleted_without_a_mouse(editor: EditorPage) -> None:
    keyboard = editor.page.keyboard
    keyboard.press("Alt+BracketLeft")
    assert editor.selected() == ["Card"]
    for _ in range(3):
        keyboard.press("Alt+BracketLeft")
    assert editor.selected() == ["Square"]
    editor.announced("Square")
    with editor.edits():
        keyboard.press("Shift+ArrowLeft")
    keyboard.press("F2")
    keyboard.press("Control+a")
    keyboard.type("Tile")
    with editor.edits():
        keyboard.press("Enter")
    assert nodes(editor.stack())["Tile"]["bbox"][:2] == [290, 40]
    with editor.edits():
        keyboard.press("Delete")
    with editor.edits():
        keyboard.press("Control+z")
    expect(editor.row("Tile")).to_be_visible()


def test_rows_are_reached_and_selected_by_tab_and_enter(editor: EditorPage) -> None:
    tab_to(editor.page, "Square")
    editor.page.keyboard.press("Enter")
    assert editor.selected() == ["Square"]
    tab_to(editor.page, "Lock Square")
    with editor.edits():
        editor.page.keyboard.press(" ")
    expect(editor.button("Unlock Square")).to_be_focused()


def test_the_help_sheet_tells_the_keys_and_closes(editor: EditorPage) -> None:
    editor.page.keyboard.press("?")
    dialog = editor.page.get_by_role("dialog", name="Keys")
    for label, key in (("Undo", "Ctrl Z"), ("Separate by a box", "B"), ("Merge down", "Ctrl E"), ("Rename", "F2")):
        row = dialog.locator("div", has=editor.page.locator(f"dt:text-is('{label}')")).last
        expect(row.locator("kbd").first).to_have_text(key)
    editor.page.keyboard.press("?")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("key", ["Delete", "ArrowLeft", "Control+g"])
def test_keys_do_nothing_behind_a_dialog_and_without_a_selection(editor: EditorPage, key: str) -> None:
    editor.page.keyboard.press(key)
    editor.select("Square")
    editor.page.keyboard.press("Control+s")
    expect(editor.page.get_by_role("dialog")).to_be_visible()
    editor.page.keyboard.press(key)
    editor.page.keyboard.press("Escape")
    expect(editor.page.get_by_role("dialog")).to_have_count(0)
    assert editor.selected() == ["Square"]
    assert editor.stack()["revision"] == 1


def test_the_focus_returns_after_a_dialog(editor: EditorPage) -> None:
    editor.button("Revisions").focus()
    editor.page.keyboard.press("Enter")
    expect(editor.page.get_by_role("dialog")).to_be_visible()
    editor.page.keyboard.press("Escape")
    expect(editor.button("Revisions")).to_be_focused()


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until what has the name is focused."""
    for _ in range(90):
        page.keyboard.press("Tab")
        if name == page.evaluate(
            "() => { const e = document.activeElement;"
            " return e.getAttribute('aria-label') ?? e.querySelector('strong')?.textContent ?? e.textContent.trim() }"
        ):
            return
    raise AssertionError(f"Tab does not get to {name}")
