"""What the Studio asks of engines and of files: separate, take apart, complete, replace, edit by words."""

import io

import numpy as np
import pytest
from drawn_designs import LABEL, NAMES, PANEL
from editor_pages import LEVELS, EditorPage, most_different
from own_requests import node_names
from PIL import Image
from playwright.sync_api import expect
from watched_pages import Watched


def test_what_is_in_a_box_becomes_a_layer_and_the_picture_stays(poster: EditorPage) -> None:
    before, names = poster.preview(), poster.names()
    x, y, width, height = poster.node("Beige object, centre")["bbox"]
    poster.button("Separate by a box").click()
    with poster.edits():
        poster.drag_on_canvas((x + 40, y - 4), (x + width - 30, y + height * 0.4))
        expect(poster.page.get_by_role("progressbar")).to_be_visible()
    expect(poster.page.locator(".proposal")).to_have_count(0)
    assert len(node_names(poster.stack())) > len(names)
    assert len(poster.selected()) == 1
    assert most_different(poster.preview(), before) == 0


def test_what_is_clicked_becomes_a_layer_and_the_picture_stays(poster: EditorPage) -> None:
    before, names = poster.preview(), poster.names()
    poster.page.keyboard.press("p")
    x, y, width, _ = poster.node("Beige object, centre")["bbox"]
    with poster.edits():
        poster.page.mouse.click(*poster.at(x + width * 0.55, y + 70))
    assert len(node_names(poster.stack())) > len(names)
    assert most_different(poster.preview(), before) == 0
    expect(poster.button("Move")).to_have_attribute("aria-pressed", "true")


def test_a_layer_is_taken_apart_into_a_group(poster: EditorPage) -> None:
    before = poster.preview()
    poster.select("Red object, left")
    with poster.edits():
        poster.button("Take apart").click()
    group = poster.node("Red object, left")
    assert group["type"] == "group"
    assert len(group["layers"]) > 1
    expect(poster.button("Close group Red object, left")).to_be_visible()
    assert most_different(poster.preview(), before) == 0


def test_what_has_no_layer_cannot_be_separated(editor: EditorPage) -> None:
    editor.select("Background")
    with editor.edits():
        editor.page.keyboard.press("Delete")
    editor.page.keyboard.press("p")
    editor.page.mouse.click(*editor.at(20, 250))
    expect(editor.page.get_by_role("alert")).to_contain_text("There is no layer at this place.")


def test_the_hidden_part_of_a_layer_is_completed_and_marked(poster: EditorPage) -> None:
    before = poster.preview()
    poster.select("Circle, right")
    with poster.edits():
        poster.button("Complete hidden part").click()
    expect(poster.row("Circle, right")).to_contain_text("guessed")
    assert poster.node("Circle, right")["is_guessed"]
    assert most_different(poster.preview(), before) == 0


def test_a_layer_is_replaced_by_a_file(editor: EditorPage) -> None:
    editor.select("Label")
    with editor.page.expect_file_chooser() as chooser:
        editor.button("Replace by a file").click()
    with editor.edits():
        chooser.value.set_files({"name": "logo.png", "mimeType": "image/png", "buffer": plain(120, 40, "#00ff00")})
    x, y, width, height = LABEL
    shown = editor.shown()[y + 5 : y + height - 5, x + 5 : x + width - 5]
    assert np.abs(shown[..., :3].astype(int) - (0, 255, 0)).max() <= LEVELS
    assert most_different(editor.shown(), editor.preview()) <= LEVELS


def test_what_is_no_picture_does_not_replace_a_layer(editor: EditorPage, watched: Watched) -> None:
    watched.allowed.append("status of 4")
    editor.select("Label")
    with editor.page.expect_file_chooser() as chooser:
        editor.button("Replace by a file").click()
    chooser.value.set_files({"name": "logo.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(editor.page.get_by_role("alert")).to_be_visible()
    expect(editor.page.locator(".save-state")).to_have_text("Saved")
    assert editor.stack()["revision"] == 1


@pytest.mark.parametrize("answer", ["Accept", "Discard"])
def test_a_layer_is_edited_by_words(editor: EditorPage, answer: str) -> None:
    before = editor.preview()
    editor.select("Panel")
    editor.page.get_by_label("What should change").fill("make it red")
    editor.button("Propose").click()
    proposal = editor.page.get_by_role("group", name="Proposal for Panel")
    expect(proposal.get_by_role("button", name="Accept")).to_be_visible(timeout=60_000)
    assert most_different(editor.preview(), before) == 0
    if answer == "Accept":
        with editor.edits():
            proposal.get_by_role("button", name="Accept").click()
        after = editor.preview().copy()
        left, top, width, height = PANEL
        assert most_different(after, before) > 0
        after[top : top + height, left : left + width] = before[top : top + height, left : left + width]
        assert most_different(after, before) == 0  # outside the panel nothing has changed
    else:
        proposal.get_by_role("button", name="Discard").click()
        assert editor.stack()["revision"] == 1
    expect(proposal).to_have_count(0)


def test_a_proposal_can_be_cancelled(editor: EditorPage) -> None:
    editor.select("Panel")
    editor.page.get_by_label("What should change").fill("make it red")
    editor.button("Propose").click()
    proposal = editor.page.locator(".proposal")
    proposal.get_by_role("button", name="Cancel").click()
    expect(proposal).to_have_count(0)
    expect(editor.button("Propose")).to_be_enabled()
    editor.expect_names(NAMES)


def plain(width: int, height: int, colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()
