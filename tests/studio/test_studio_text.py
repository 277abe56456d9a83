"""The words of a text layer: set anew, with another size and colour, and brought back as they were."""

from editor_pages import LEVELS, EditorPage, most_different
from playwright.sync_api import expect
from watched_pages import Watched

HEADLINE = "Headline: SUMMER FAIR"


def test_text_is_set_and_brought_back_to_the_original_pixels(poster: EditorPage) -> None:
    page = poster.page
    page.set_viewport_size({"width": 1500, "height": 1200})
    before = poster.preview()
    poster.select(HEADLINE)
    expect(page.get_by_label("Words")).to_have_value("SUMMER FAIR")
    page.get_by_label("Words").fill("WINTER FAIR")
    page.locator("input[list=fonts]").fill("Lamina Sans")
    expect(page.get_by_text("The picture seems to use Roboto.")).to_be_visible()
    page.get_by_label("Colour").fill("#ff0080")
    with poster.edits():
        poster.button("Set text").click()
    assert poster.node(HEADLINE)["text"] == "WINTER FAIR"
    expect(poster.name_of(HEADLINE)).to_have_text("WINTER FAIR")
    assert most_different(poster.shown(), poster.preview()) <= LEVELS
    assert most_different(poster.preview(), before) > 100
    poster.select(HEADLINE)
    with poster.edits():
        poster.button("Back to the original pixels").click()
    assert most_different(poster.preview(), before) == 0
    expect(page.get_by_label("Words")).to_have_value("SUMMER FAIR")


def test_a_double_click_on_text_edits_its_words(poster: EditorPage) -> None:
    x, y, _, height = poster.node(HEADLINE)["bbox"]
    poster.page.mouse.dblclick(*poster.at(x + 40, y + height / 2))
    expect(poster.page.get_by_label("Words")).to_be_focused()
    poster.page.keyboard.press("Control+a")
    poster.page.keyboard.type("Delete this b p d")
    expect(poster.page.get_by_label("Words")).to_have_value("Delete this b p d")
    assert poster.stack()["revision"] == 1


def test_a_font_that_is_not_there_is_told(poster: EditorPage, watched: Watched) -> None:
    watched.allowed.append("422")
    poster.select(HEADLINE)
    poster.page.locator("input[list=fonts]").fill("No Such Font 7")
    poster.button("Set text").click()
    expect(poster.page.get_by_role("alert")).to_contain_text("No Such Font 7")
    expect(poster.page.locator("input[list=fonts]")).to_have_value("No Such Font 7")


def test_what_is_typed_is_still_there_after_a_change_elsewhere(poster: EditorPage) -> None:
    poster.select(HEADLINE)
    poster.page.get_by_label("Words").fill("AUTUMN")
    poster.requests.edit(poster.stack_id, {"op": "rename", "layer": 1, "name": "Sky"})
    expect(poster.row("Sky")).to_be_visible()
    expect(poster.page.get_by_label("Words")).to_have_value("AUTUMN")
    poster.page.locator("input[list=fonts]").fill("Lamina Sans")
    with poster.edits():
        poster.button("Set text").click()
    assert poster.node(HEADLINE)["text"] == "AUTUMN"


def test_changes_of_one_layer_are_not_shown_at_another(poster: EditorPage) -> None:
    poster.select(HEADLINE)
    poster.page.get_by_label("Words").fill("AUTUMN")
    poster.select("Text: Saturday, 2 pm, in the park")
    expect(poster.page.get_by_label("Words")).to_have_value("Saturday, 2 pm, in the park")
