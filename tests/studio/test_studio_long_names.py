"""Names that are longer than the place they are shown in, and names that look like something else."""

from editor_pages import EditorPage
from playwright.sync_api import expect


def test_a_long_name_does_not_push_the_locks_and_buttons_out_of_the_page(editor: EditorPage) -> None:
    editor.select("Ring")
    with editor.edits():
        editor.page.keyboard.press("F2")
        editor.page.get_by_label("Name of the layer").fill("A very long name " * 11)
        editor.page.keyboard.press("Enter")
    for name in ("Delete", "Duplicate"):
        expect(editor.button(name).first).to_be_in_viewport(ratio=1)
    for lock in editor.page.locator(".layer-row .lock").all():
        expect(lock).to_be_in_viewport(ratio=1)
