"""How pictures come in: dropped, pasted, chosen, by address, as samples; and the page on which they are taken apart."""

import base64
import re

import pytest
from browser_contexts import EXAMPLES
from drawn_designs import openraster
from own_requests import Requests
from playwright.sync_api import FilePayload, Page, expect
from watched_pages import Watched

from serving import poster as poster_png

PICTURE: FilePayload = {"name": "Summer fair.png", "mimeType": "image/png", "buffer": poster_png()}
_TRANSFER = """([name, type, content]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name, { type }));
    return data;
}"""


@pytest.fixture
def home(tab: Page) -> Page:
    tab.goto("/studio")
    expect(tab.get_by_role("heading", name="Take a picture apart")).to_be_visible()
    return tab


@pytest.mark.parametrize("how", ["choose", "drop", "paste", "sample"])
def test_a_picture_opens_the_page_of_its_run(home: Page, how: str) -> None:
    if how == "choose":
        choose(home, PICTURE)
    elif how == "sample":
        home.get_by_role("button", name="lantern.png").click()
    else:
        bring(home, how, "Summer fair.png", "image/png", PICTURE["buffer"])
    name = "lantern" if how == "sample" else "Summer fair"
    expect(home.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(home.get_by_alt_text(f"{name}.png")).to_be_visible()
    expect(home.get_by_role("button", name="Take apart")).to_be_enabled()


def test_a_picture_is_taken_apart_into_a_project(home: Page) -> None:
    choose(home, PICTURE)
    home.get_by_label("Layers").select_option(label="At most 4")
    home.get_by_label("Engine").select_option("classic")
    home.get_by_role("button", name="Take apart").click()
    expect(home.locator("img.layer").first).to_be_visible(timeout=60_000)
    expect(home).to_have_url(re.compile("/studio/s/"))
    expect(home.get_by_label("Name of the project")).to_have_value("Summer fair")
    assert 2 <= home.locator(".layer-row").count() <= 4
    home.go_back()
    expect(home.get_by_role("link", name=re.compile("Summer fair")).first).to_be_visible()


def test_boxes_and_clicks_on_the_picture_become_layers(home: Page) -> None:
    choose(home, {**PICTURE, "name": "marked.png", "buffer": (EXAMPLES / "lantern.png").read_bytes()})
    home.wait_for_function("() => document.querySelector('.run-picture img')?.naturalWidth")
    box = home.get_by_alt_text("marked.png").bounding_box()
    assert box is not None
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    home.mouse.move(x + width * 0.3, y + height * 0.3)
    home.mouse.down()
    home.mouse.move(x + width * 0.6, y + height * 0.7)
    home.mouse.up()
    expect(home.get_by_text("Take this: 1 thing")).to_be_visible()
    home.mouse.click(x + width * 0.8, y + height * 0.2)
    expect(home.get_by_text("Take this: 2 things")).to_be_visible()
    expect(home.locator(".place-box")).to_have_count(1)
    home.get_by_role("button", name="Clear").click()
    expect(home.locator(".place-box")).to_have_count(0)
    home.mouse.click(x + width * 0.5, y + height * 0.5)
    with home.expect_request("**/v1/decompositions") as sent:
        home.get_by_role("button", name="Take apart").click()
    fields = sent.value.post_data_json
    assert fields is not None
    (place,) = fields["select"]
    assert place["point"] == pytest.approx([0.5, 0.5], abs=0.01)
    expect(home.locator("img.layer").first).to_be_visible(timeout=60_000)


def test_a_run_can_be_cancelled_and_started_again(home: Page) -> None:
    choose(home, {**PICTURE, "buffer": (EXAMPLES / "poster.png").read_bytes()})
    home.get_by_role("button", name="Take apart").click()
    expect(home.get_by_role("progressbar")).to_be_visible()
    home.get_by_role("button", name="Cancel").click()
    expect(home.get_by_text("The job was cancelled.")).to_be_visible()
    expect(home.get_by_role("button", name="Try again")).to_be_enabled()


def test_a_failed_run_is_told_in_words(home: Page) -> None:
    choose(home, {**PICTURE, "name": "broken.png", "buffer": PICTURE["buffer"][:300]})
    home.get_by_role("button", name="Take apart").click()
    problem = home.get_by_role("alert")
    expect(problem).to_be_visible()
    expect(problem).to_contain_text(re.compile("image|picture", re.IGNORECASE))


def test_a_picture_that_was_deleted_meanwhile_is_told(home: Page, requests: Requests, watched: Watched) -> None:
    watched.allowed.append("404")
    choose(home, PICTURE)
    expect(home.get_by_role("button", name="Take apart")).to_be_enabled()
    reference = re.search(r"file:([0-9a-f-]+)", home.url)
    assert reference is not None
    assert requests.client.delete(f"/v1/files/{reference[1]}").is_success
    home.get_by_role("button", name="Take apart").click()
    expect(home.get_by_role("alert")).to_contain_text(reference[1])


def test_a_file_of_layers_opens_with_its_layers(home: Page) -> None:
    choose(home, {"name": "My design.ora", "mimeType": "", "buffer": openraster()})
    expect(home.locator(".layer-row")).to_have_count(6)
    expect(home.get_by_label("Name of the project")).to_have_value("My design")


def test_a_photoshop_file_opens_with_its_layers(home: Page, requests: Requests, design_file: str) -> None:
    stack = requests.create(design_file, "Photoshop")
    bring(home, "drop", "Work.psd", "image/vnd.adobe.photoshop", requests.content(f"/v1/stacks/{stack}.psd"))
    expect(home.locator(".layer-row")).to_have_count(6)
    expect(home.get_by_label("Name of the project")).to_have_value("Work")


def test_of_several_files_each_is_submitted(home: Page) -> None:
    choose(home, {**PICTURE, "name": "one.png"}, {**PICTURE, "name": "two.png"})
    expect(home.get_by_text("2 pictures submitted.")).to_be_visible()
    home.get_by_role("link", name="Jobs").click()
    expect(home.locator(".job").nth(1)).to_contain_text("Decomposition")


@pytest.mark.parametrize("how", ["choose", "drop", "paste"])
def test_what_is_no_picture_is_refused(home: Page, how: str) -> None:
    if how == "choose":
        choose(home, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    else:
        bring(home, how, "notes.txt", "text/plain", b"hello")
    expect(home.get_by_role("alert")).to_contain_text("notes.txt is neither a picture nor a file of layers.")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(home: Page) -> None:
    home.route("**/studio/session", lambda route: route.fulfill(json=small_limits(route.fetch().json())))
    home.reload()
    choose(home, {**PICTURE, "buffer": poster_png(900, 700)})
    expect(home.get_by_role("alert")).to_contain_text("Summer fair.png is larger than 2 KiB")


def small_limits(session: dict[str, object]) -> dict[str, object]:
    return {**session, "limits": {"max_upload_bytes": 2000}}


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/picture.png", "http://picture.test/a.png"])
def test_an_address_that_may_not_be_fetched_is_refused_in_words(home: Page, watched: Watched, address: str) -> None:
    watched.allowed.append("status of 4")
    home.get_by_label("Address of a picture").fill(address)
    home.get_by_role("button", name="Open", exact=True).click()
    expect(home.get_by_role("alert")).to_contain_text(re.compile("address|host|reach", re.IGNORECASE))


def choose(page: Page, *files: FilePayload) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="choose files").click()
    chooser.value.set_files(list(files))


def bring(page: Page, how: str, name: str, media_type: str, content: bytes) -> None:
    data = page.evaluate_handle(_TRANSFER, [name, media_type, base64.b64encode(content).decode()])
    if how == "drop":
        for event in ("dragenter", "dragover", "drop"):
            page.locator(".drop-area").dispatch_event(event, {"dataTransfer": data})
    else:
        page.evaluate(
            "data => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))", data
        )
