"""What users of other editors expect: clicks beside thin things, a choice of fonts, one job a click."""

from pathlib import Path

from editor_pages import EditorPage
from own_requests import Requests
from playwright.sync_api import Browser, Page, expect

from serving import Served

HEADLINE = "Headline: SUMMER FAIR"
EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_click_between_the_letters_selects_the_text(poster: EditorPage) -> None:
    x, y, width, height = poster.node(HEADLINE)["bbox"]
    for share in range(1, 20):
        poster.click_at(x + width * share / 20, y + height / 2)
        assert poster.selected() == [HEADLINE], share
    poster.click_at(x + width / 2, y - 60)
    assert poster.selected() == ["Background"]


def test_the_list_shows_what_is_selected_on_the_stage(editor: EditorPage) -> None:
    editor.page.set_viewport_size({"width": 900, "height": 360})
    editor.button("Close group Card").click()
    expect(editor.name_of("Label")).to_have_count(0)
    editor.click_at(230, 210)
    expect(editor.name_of("Label")).to_have_attribute("aria-current", "true")
    expect(editor.name_of("Label")).to_be_in_viewport()
    editor.click_at(390, 290)
    expect(editor.name_of("Background")).to_have_attribute("aria-current", "true")
    expect(editor.name_of("Background")).to_be_in_viewport()


def test_a_click_on_the_stage_draws_no_ring_around_it(editor: EditorPage) -> None:
    editor.click_at(320, 60)
    assert editor.selected() == ["Square"]
    expect(editor.page.locator(".stage")).to_be_focused()
    assert not editor.page.locator(".stage").evaluate("stage => stage.matches(':focus-visible')")


def test_the_fonts_of_the_server_are_offered_with_a_weight_that_they_have(poster: EditorPage) -> None:
    page = poster.page
    poster.select(HEADLINE)
    expect(page.get_by_text("Roboto is not installed on the server.")).to_be_visible()
    page.get_by_label("Weight").select_option("900")
    page.get_by_label("Fonts of the server").select_option("Lamina Sans")
    expect(page.locator("input[list=fonts]")).to_have_value("Lamina Sans")
    expect(page.get_by_text("is not installed on the server.")).to_have_count(0)
    with poster.edits():
        poster.button("Set text").click()
    assert poster.node(HEADLINE)["style"]["typeface"]["family"] == "Lamina Sans"


def test_fonts_are_told_to_browsers_that_are_signed_in_only(server: Served, requests: Requests) -> None:
    assert server.client.get("/studio/fonts", headers={"Authorization": ""}).status_code == 401
    families = requests.client.get("/studio/fonts").json()["families"]
    assert next(family for family in families if family["name"] == "Lamina Sans")["weights"]


def test_a_double_click_starts_one_job(page: Page, requests: Requests) -> None:
    before = len(requests.client.get("/v1/jobs?limit=100").json()["jobs"])
    reference = requests.upload("lantern.png", (EXAMPLES / "lantern.png").read_bytes())
    page.goto(f"/studio/new?picture={reference}&name=Night")
    page.get_by_role("button", name="Take apart").dblclick()
    page.wait_for_url("**/studio/s/**")
    expect(page.get_by_label("Name of the project")).to_have_value("Night")
    assert len(requests.client.get("/v1/jobs?limit=100").json()["jobs"]) == before + 1


def test_pictures_are_shown_under_every_name_of_the_server(
    browser: Browser, server: Served, requests: Requests
) -> None:
    """As at another port, where one is forwarded: the server names its files by base_url."""
    cookie = next(iter(requests.client.cookies.jar))
    reference = requests.upload("poster.png", (EXAMPLES / "poster.png").read_bytes())
    address = server.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=address)
    context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": address}])
    page = context.new_page()
    page.goto(f"/studio/new?picture={reference}")
    picture = page.locator(".run-picture img")
    expect(picture).to_have_js_property("naturalWidth", 1024)
    context.close()


def test_the_selection_is_marked_in_forced_colours(editor: EditorPage) -> None:
    editor.page.emulate_media(forced_colors="active")
    editor.select("Ring")
    outlines = "row => getComputedStyle(row).outlineStyle"
    assert editor.row("Ring").evaluate(outlines) == "solid"
    assert editor.row("Square").evaluate(outlines) == "none"


def test_enter_leaves_the_name_of_the_project(editor: EditorPage) -> None:
    name = editor.page.get_by_label("Name of the project")
    name.fill("Fair")
    name.press("Enter")
    expect(name).not_to_be_focused()
    expect(editor.page).to_have_title("Fair – Lamina Studio")
    name.fill("Nothing")
    name.press("Escape")
    expect(name).to_have_value("Fair")


def test_a_job_opens_the_project_that_it_has_or_a_new_one(page: Page, requests: Requests) -> None:
    job = requests.decomposed(requests.upload("lantern.png", (EXAMPLES / "lantern.png").read_bytes()))
    named = requests.create(f"job:{job}", "Night")
    open_last = page.locator(".job").first.get_by_role("button", name="Open")
    page.goto("/studio/jobs")
    open_last.click()
    page.wait_for_url(f"**/studio/s/{named}")
    page.goto("/studio/jobs")
    assert requests.client.delete(f"/v1/stacks/{named}").status_code == 204
    open_last.click()
    page.wait_for_url("**/studio/s/**")
    expect(page.locator(".layer-name").first).to_be_visible()


def test_messages_are_shown_over_a_dialog(editor: EditorPage) -> None:
    editor.button("Export").click()
    editor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor.button("Copy").click()
    message = editor.page.get_by_role("dialog", name="Export").locator(".message")
    expect(message).to_have_text("Copied.")
    message.get_by_role("button", name="Close").click()
    expect(editor.page.locator(".message")).to_have_count(0)
