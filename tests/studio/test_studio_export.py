"""What leaves the Studio: files in each format, single layers, and code that does the same."""

import io
import zipfile

import pytest
from editor_pages import EditorPage, most_different
from own_requests import pixels_of
from PIL import Image
from playwright.sync_api import Download, expect
from psd_tools import PSDImage

OPENINGS = {
    "psd": b"8BPS",
    "pptx": b"PK",
    "svg": b"<",
    "ora": b"PK",
    "tiff": b"II",
    "zip": b"PK",
    "webp": b"RIFF",
    "png": b"\x89PNG",
}


def test_each_format_is_downloaded_under_the_name_of_the_project(editor: EditorPage) -> None:
    editor.page.keyboard.press("Control+s")
    dialog = editor.page.get_by_role("dialog", name="Export")
    formats = dialog.locator(".format")
    assert formats.count() == len(OPENINGS)
    for ending, opening in OPENINGS.items():
        with editor.page.expect_download() as download:
            formats.filter(has_text=f".{ending}").first.click()
        assert download.value.suggested_filename == f"Design.{ending}"
        assert content_of(download.value).startswith(opening)


@pytest.mark.parametrize("is_editable", [True, False])
def test_text_is_editable_in_photoshop_if_that_is_wanted(poster: EditorPage, is_editable: bool) -> None:
    poster.button("Export").click()
    box = poster.page.get_by_label("Editable text and shapes")
    box.set_checked(is_editable)
    with poster.page.expect_download() as download:
        poster.page.locator(".format").filter(has_text=".psd").click()
    kinds = {layer.kind for layer in PSDImage.open(io.BytesIO(content_of(download.value))).descendants()}
    assert ("type" in kinds) == is_editable
    box.set_checked(True)  # the browser remembers it


def test_edits_are_in_what_is_exported(editor: EditorPage) -> None:
    editor.select("Square")
    with editor.edits():
        editor.page.keyboard.press("Delete")
    editor.button("Export").click()
    with editor.page.expect_download() as download:
        editor.page.locator(".format").filter(has_text=".png").last.click()
    assert most_different(pixels_of(content_of(download.value)), editor.preview()) == 0


def test_one_layer_is_saved_as_png(editor: EditorPage) -> None:
    editor.select("Ring")
    with editor.page.expect_download() as download:
        editor.button("Save the layer as PNG").click()
    assert download.value.suggested_filename == "Ring.png"
    assert Image.open(io.BytesIO(content_of(download.value))).size == (100, 100)


def test_a_layer_is_copied(editor: EditorPage) -> None:
    editor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor.select("Ring")
    editor.button("Copy the layer as PNG").click()
    expect(editor.page.get_by_text("Copied.")).to_be_visible()
    kinds = editor.page.evaluate("navigator.clipboard.read().then(items => items.flatMap(item => item.types))")
    assert kinds == ["image/png"]


@pytest.mark.parametrize("language", ["curl", "Python", "fal", "Runware", "Command line"])
def test_code_that_does_the_same_is_shown(editor: EditorPage, language: str) -> None:
    editor.button("Export").click()
    editor.button(language).click()
    sample = editor.page.get_by_role("dialog").locator("pre")
    expect(editor.button(language)).to_have_attribute("aria-pressed", "true")
    if language in ("curl", "fal", "Runware"):
        expect(sample).to_contain_text(editor.page.url.partition("/studio")[0])
    else:
        expect(sample).to_contain_text("lamina")


def test_names_that_files_cannot_have_are_downloaded_too(editor: EditorPage) -> None:
    name = editor.page.get_by_label("Name of the project")
    name.fill("a/b: <c>?")
    name.press("Enter")
    editor.requests.wait_for(editor.stack_id, lambda stack: stack["name"] == "a/b: <c>?")
    editor.button("Export").click()
    with editor.page.expect_download() as download:
        editor.page.locator(".format").filter(has_text=".zip").click()
    assert download.value.suggested_filename.endswith(".zip")
    assert zipfile.is_zipfile(io.BytesIO(content_of(download.value)))


def content_of(download: Download) -> bytes:
    return download.path().read_bytes()
