"""Undo and redo, the list of revisions, and files that come back from other programs."""

import io

import pytest
from drawn_designs import NAMES
from editor_pages import EditorPage, most_different
from own_requests import nodes
from playwright.sync_api import expect
from psd_tools import PSDImage


def test_undo_and_redo_also_after_a_reload(editor: EditorPage) -> None:
    editor.select("Square")
    with editor.edits():
        editor.page.keyboard.press("Delete")
    with editor.edits():
        editor.button("Hide Ring").click()
    with editor.edits():
        editor.page.keyboard.press("Control+z")
    expect(editor.button("Hide Ring")).to_be_visible()
    editor.page.reload()
    editor.loaded()
    expect(editor.row("Square")).to_have_count(0)
    with editor.edits():
        editor.button("Undo").click()
    editor.expect_names(NAMES)
    expect(editor.button("Undo")).to_be_disabled()
    for keys in ("Control+Shift+z", "Control+y"):
        with editor.edits():
            editor.page.keyboard.press(keys)
    expect(editor.button("Show Ring")).to_be_visible()
    expect(editor.row("Square")).to_have_count(0)
    expect(editor.button("Redo")).to_be_disabled()


def test_undo_pressed_at_once_after_an_edit_undoes_it(editor: EditorPage) -> None:
    editor.select("Square")
    editor.page.keyboard.press("Delete")
    editor.page.keyboard.press("Control+z")
    editor.expect_names(NAMES)
    expect(editor.page.locator(".save-state")).to_have_text("Saved")
    editor.expect_names(NAMES)
    editor.requests.wait_for(editor.stack_id, lambda stack: stack["redo"] is not None and "Square" in nodes(stack))


def test_revisions_are_listed_and_gone_to(editor: EditorPage) -> None:
    before = editor.preview()
    for name in ("Square", "Ring", "Label"):
        editor.select(name)
        with editor.edits():
            editor.page.keyboard.press("Delete")
    editor.button("Revisions").click()
    dialog = editor.page.get_by_role("dialog", name="Revisions")
    rows = dialog.locator(".revisions li")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("Label")
    expect(rows.first).to_contain_text("current")
    with editor.edits():
        rows.last.get_by_role("button").click()
    expect(dialog.locator(".revisions li[aria-current]")).to_have_count(1)
    expect(rows.last).to_contain_text("current")
    editor.requests.wait_for(editor.stack_id, lambda stack: stack["revision"] == 1)
    editor.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    editor.expect_names(NAMES)
    assert most_different(editor.preview(), before) == 0
    editor.button("Revisions").click()
    rows.first.get_by_role("button").click()
    editor.requests.wait_for(editor.stack_id, lambda stack: stack["revision"] == 4)


@pytest.mark.parametrize("is_changed", [True, False])
def test_a_file_that_was_edited_elsewhere_is_brought_back(editor: EditorPage, is_changed: bool) -> None:
    before = editor.preview()
    content = editor.requests.content(f"/v1/stacks/{editor.stack_id}.psd")
    if is_changed:
        image = PSDImage.open(io.BytesIO(content))
        layer = next(layer for layer in image.descendants() if layer.name == "Square")
        layer.name, layer.left = "Red square", layer.left - 40
        next(layer for layer in image.descendants() if layer.name == "Label").visible = False
        file = io.BytesIO()
        image.save(file)
        content = file.getvalue()
    editor.button("Revisions").click()
    with editor.page.expect_file_chooser() as chooser:
        editor.button("Bring an edited file back").click()
    chooser.value.set_files({"name": "d.psd", "mimeType": "image/vnd.adobe.photoshop", "buffer": content})
    told = editor.page.locator(".told")
    if not is_changed:
        expect(told).to_contain_text("Nothing has changed.")
        assert most_different(editor.preview(), before) == 0
        return
    expect(told).to_contain_text("moved by 40 px left")
    expect(told).to_contain_text("Red square")
    editor.page.keyboard.press("Escape")
    assert editor.node("Red square")["bbox"][:2] == [260, 40]
    expect(editor.button("Show Label")).to_be_visible()
