"""Stacks as a resource of a real service, over HTTP, on both stores: created, edited, undone, exported, deleted."""

import io
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

from lamina.accounts.keys import KeyTerms, create_key
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.saving import load, save
from lamina.store.database import Database
from serving import Served, poster, problem, served
from stores import BOTH, TEMPLATE, Postgres

NO_SUCH = "019d0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module", params=BOTH)
def store_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('store') / 'lamina.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database(TEMPLATE)
        yield url
        server.drop_database(url)


@pytest.fixture(scope="module")
def service(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("stacks")
    with served(folder, "--database", store_url) as one:
        yield one
    assert "exception" not in (folder / "log").read_text()


@pytest.fixture
def client(service: Served, store_url: str) -> Generator[httpx2.Client]:
    """With a key of its own."""
    with client_of(service, store_url) as one:
        yield one


def client_of(service: Served, store_url: str) -> httpx2.Client:
    database = Database(store_url)
    try:
        _, secret = create_key(database, KeyTerms(), time.time())
    finally:
        database.close()
    return service.as_key(secret)


def drawn(folder: Path, ending: str = "zip") -> bytes:
    """A file of a background and two layers that overlap."""
    random = np.random.default_rng(4)
    back = np.full((60, 80, 4), (240, 230, 200, 255), np.uint8)
    disc, word = (random.integers(0, 256, (20, 30, 4), np.uint8) for _ in range(2))
    layers = (
        Layer("Background", LayerKind.BACKGROUND, back),
        Layer("Disc", LayerKind.OBJECT, disc, 10, 12),
        Layer("Word", LayerKind.OBJECT, word, 20, 20),
    )
    return save(LayerStack(80, 60, layers), folder / f"drawn.{ending}").read_bytes()


def created(client: httpx2.Client, content: bytes, **fields: Any) -> dict[str, Any]:
    upload = client.post("/v1/files", files={"file": ("drawn", content)})
    answer = client.post("/v1/stacks", json={"source": upload.json()["reference"], **fields})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/v1/stacks/{body['id']}"
    return body


def edited(client: httpx2.Client, stack: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    answer = patched(client, stack["id"], stack["revision"], *operations)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    return answer.json()


def patched(client: httpx2.Client, stack_id: str, revision: object, *operations: dict[str, Any]) -> httpx2.Response:
    headers = {"If-Match": f'"{revision}"'}
    return client.patch(f"/v1/stacks/{stack_id}", json={"operations": list(operations)}, headers=headers)


def picture_of(answer: httpx2.Response) -> np.ndarray[Any, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def stepped(client: httpx2.Client, stack: dict[str, Any], way: str) -> httpx2.Response:
    return client.post(f"/v1/stacks/{stack['id']}/{way}", headers={"If-Match": f'"{stack["revision"]}"'})


def test_a_layered_file_is_edited_and_comes_back(client: httpx2.Client, tmp_path: Path) -> None:
    stack = created(client, drawn(tmp_path), name="Poster")
    assert (stack["name"], stack["width"], stack["height"], stack["revision"]) == ("Poster", 80, 60, 1)
    background, disc, word = stack["layers"]
    assert [each["name"] for each in stack["layers"]] == ["Background", "Disc", "Word"]
    original = composite(load(tmp_path / "drawn.zip"))
    assert (picture_of(client.get(f"/v1/stacks/{stack['id']}/preview.png")) == original).all()

    grouping = {"op": "group", "layers": [disc["id"], word["id"]], "name": "Card"}
    renamed = edited(client, stack, grouping, {"op": "rename", "layer": disc["id"], "name": "Moon"})
    card = renamed["layers"][1]
    assert (card["type"], card["name"], [each["name"] for each in card["layers"]]) == (
        "group",
        "Card",
        ["Moon", "Word"],
    )
    assert card["layers"][0]["pixels"] == disc["pixels"]
    merged = edited(client, renamed, {"op": "merge", "layers": [background["id"], card["id"]], "name": "All"})
    assert [layer["name"] for layer in merged["layers"]] == ["All"]
    assert (picture_of(client.get(f"/v1/stacks/{stack['id']}/preview.png")) == original).all()

    undone = stepped(client, merged, "undo").json()
    assert (undone["revision"], undone["undo"], undone["redo"]) == (2, 1, 3)
    assert undone["layers"] == renamed["layers"]
    redone = stepped(client, undone, "redo").json()
    assert redone["layers"] == merged["layers"]
    undone = stepped(client, redone, "undo").json()
    moved = edited(client, undone, {"op": "move", "layer": word["id"], "right": 3, "down": -2})
    assert (moved["revision"], moved["redo"]) == (4, None)

    told = client.get(f"/v1/stacks/{stack['id']}/revisions").json()["revisions"]
    assert [(each["number"], each["description"], each["is_current"]) for each in told] == [
        (4, 'move "Word"', True),
        (2, 'group "Disc", "Word", rename "Disc" to "Moon"', False),
        (1, "created", False),
    ]
    assert client.get(f"/v1/stacks/{stack['id']}").json()["layers"] == moved["layers"]
    for ending in ("psd", "ora", "zip", "pptx", "svg", "png"):
        sent = client.get(f"/v1/stacks/{stack['id']}.{ending}")
        assert sent.status_code == 200, sent.text
        (tmp_path / f"back.{ending}").write_bytes(sent.content)
    back = load(tmp_path / "back.psd")
    assert [(layer.name, layer.left, layer.top) for layer in back] == [
        ("Background", 0, 0),
        ("Moon", 10, 12),
        ("Word", 23, 18),
    ]
    assert (composite(back) == picture_of(client.get(f"/v1/stacks/{stack['id']}.png"))).all()

    listed = client.get("/v1/stacks").json()["stacks"]
    assert [(each["id"], each["revision"]) for each in listed] == [(stack["id"], 4)]
    assert client.delete(f"/v1/stacks/{stack['id']}").status_code == 204
    assert client.get("/v1/stacks").json() == {"stacks": [], "next": None}
    problem(client.get(f"/v1/stacks/{stack['id']}"), 404, "not_found")


def test_a_repeated_request_returns_the_same_stack(client: httpx2.Client, tmp_path: Path) -> None:
    upload = client.post("/v1/files", files={"file": ("drawn", drawn(tmp_path))})
    body, headers = {"source": upload.json()["reference"]}, {"Idempotency-Key": "poster-1"}
    first, second = (client.post("/v1/stacks", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code, first.json()["id"]) == (201, 201, second.json()["id"])
    assert (second.headers["etag"], second.headers["location"]) == ('"1"', f"/v1/stacks/{first.json()['id']}")
    other = client.post("/v1/stacks", json={**body, "name": "Other"}, headers=headers)
    assert first.json()["id"] in problem(other, 409, "idempotency_conflict")["detail"]
    assert len(client.get("/v1/stacks").json()["stacks"]) == 1


def test_pixels_are_shown_without_a_key_and_only_with_a_good_signature(client: httpx2.Client, tmp_path: Path) -> None:
    stack = created(client, drawn(tmp_path))
    pixels = stack["layers"][0]["pixels"]
    with httpx2.Client() as anyone:
        whole = anyone.get(pixels["url"])
        assert picture_of(whole).shape == (60, 80, 4)
        assert "immutable" in whole.headers["cache-control"]
        assert max(picture_of(anyone.get(pixels["preview"])).shape[:2]) <= 192
        problem(anyone.get(pixels["url"] + "x"), 404, "not_found")
        problem(anyone.get(pixels["url"].split("?")[0]), 404, "not_found")
        other = stack["layers"][1]["pixels"]["sha256"]
        problem(anyone.get(pixels["url"].replace(pixels["sha256"], other)), 404, "not_found")


def test_each_revision_can_be_seen_and_the_stack_be_renamed(client: httpx2.Client, tmp_path: Path) -> None:
    stack = created(client, drawn(tmp_path))
    preview = f"/v1/stacks/{stack['id']}/preview.png"
    original = picture_of(client.get(preview))
    edited(client, stack, {"op": "hide", "layer": 1})
    answer = client.get(preview, params={"revision": 1})
    assert (picture_of(answer) == original).all()
    assert "immutable" in answer.headers["cache-control"]
    assert (picture_of(client.get(preview, params={"revision": 2})) != original).any()
    problem(client.get(preview, params={"revision": 3}), 404, "not_found")

    address, any_revision = f"/v1/stacks/{stack['id']}", {"If-Match": "*"}
    named = client.patch(address, json={"name": "Fair"}, headers=any_revision).json()
    assert (named["name"], named["revision"]) == ("Fair", 2)
    assert client.get("/v1/stacks").json()["stacks"][0]["name"] == "Fair"
    both = {"name": "Fair", "operations": [{"op": "hide", "layer": 1}]}
    for wrong in (both, {}, {"name": ""}, {"operations": []}):
        problem(client.patch(address, json=wrong, headers=any_revision), 422, "task_invalid")


def test_a_stale_revision_is_told_the_current_one(client: httpx2.Client, tmp_path: Path) -> None:
    stack = created(client, drawn(tmp_path))
    edited(client, stack, {"op": "hide", "layer": 1})
    answer = patched(client, stack["id"], 1, {"op": "hide", "layer": 1, "hidden": False})
    assert problem(answer, 409, "state_conflict")["revision"] == 2
    assert answer.headers["etag"] == '"2"'
    assert problem(stepped(client, stack, "undo"), 409, "state_conflict")["revision"] == 2
    body = {"operations": [{"op": "hide", "layer": 1}]}
    assert client.patch(f"/v1/stacks/{stack['id']}", json=body).status_code == 428
    assert client.patch(f"/v1/stacks/{stack['id']}", json=body, headers={"If-Match": "*"}).json()["revision"] == 3
    problem(client.patch(f"/v1/stacks/{stack['id']}", json=body, headers={"If-Match": "x"}), 422, "task_invalid")
    problem(stepped(client, {**stack, "revision": 3}, "redo"), 409, "state_conflict")


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "rename", "layer": 99, "name": "Nothing"},
        {"op": "reorder", "layer": 4, "parent": 4, "position": 0},
        {"op": "scale", "layer": 1, "across": 1e-9, "down": 1e-9},
        {"op": "scale", "layer": 1, "across": 0, "down": 1},
        {"op": "scale", "layer": 1, "across": 1e6, "down": 1e6},
        {"op": "move", "layer": 1, "right": 1e300},
        {"op": "rename", "layer": 1, "name": " "},
        {"op": "paint", "layer": 1},
        {"op": "split", "layer": 1},
        {"op": "opacity", "layer": 4, "opacity": 4},
        {"op": "complete", "layer": 1},
        {"op": "refine", "layer": 2, "mask": "data:image/png;base64,AAAA"},
        {"op": "set_text", "layer": 2, "words": "SALE"},
        {"op": "set_text", "layer": 2, "colour": [256, 0, 0]},
        {"op": "restore_text", "layer": 2},
        {"op": "replace", "layer": 1, "image": "data:image/png;base64,AAAA"},
        {"op": "replace", "layer": 1, "image": "file:" + NO_SUCH},
    ],
)
def test_a_bad_operation_is_refused_and_nothing_is_applied(
    client: httpx2.Client, tmp_path: Path, operation: dict[str, Any]
) -> None:
    stack = edited(client, created(client, drawn(tmp_path)), {"op": "group", "layers": [2, 3]})
    answer = patched(client, stack["id"], 2, {"op": "rename", "layer": 1, "name": "Changed"}, operation)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["hint"]
    assert client.get(f"/v1/stacks/{stack['id']}").json()["layers"][0]["name"] == "Background"


def test_a_stack_has_at_most_100_layers(client: httpx2.Client, tmp_path: Path) -> None:
    stack = created(client, drawn(tmp_path))
    full = edited(client, stack, *[{"op": "duplicate", "layer": 3}] * 97)
    answer = patched(client, full["id"], full["revision"], {"op": "duplicate", "layer": 3})
    assert "101 layers" in problem(answer, 422, "task_invalid")["detail"]


@pytest.mark.parametrize("ending", ["psd", "ora", "zip"])
def test_a_file_that_was_cut_is_refused(client: httpx2.Client, tmp_path: Path, ending: str) -> None:
    content = drawn(tmp_path, ending)
    upload = client.post("/v1/files", files={"file": ("cut", content[: len(content) // 2])})
    answer = client.post("/v1/stacks", json={"source": upload.json()["reference"]})
    told = problem(answer, 422, "input_corrupt")
    assert "/" not in told["detail"]
    assert client.get("/v1/stacks").json()["stacks"] == []


def test_what_is_no_stack_is_refused(client: httpx2.Client) -> None:
    for content in (b"hello", b"", b"%PDF-1.7"):
        upload = client.post("/v1/files", files={"file": ("text", content)})
        answer = client.post("/v1/stacks", json={"source": upload.json()["reference"]})
        assert answer.status_code == 422, answer.text
    for source in ("job:" + NO_SUCH, "file:" + NO_SUCH):
        problem(client.post("/v1/stacks", json={"source": source}), 404, "not_found")
    problem(client.post("/v1/stacks", json={"source": "job:1"}), 422, "task_invalid")
    problem(client.post("/v1/stacks", json={"source": "http://10.0.0.1/x"}), 422, "address_refused")


def test_a_layer_gets_the_pixels_of_a_picture(client: httpx2.Client, tmp_path: Path) -> None:
    stack = created(client, drawn(tmp_path))
    upload = client.post("/v1/files", files={"file": ("poster.png", poster(80, 60))}).json()
    replaced = edited(client, stack, {"op": "replace", "layer": 1, "image": upload["reference"]})
    assert replaced["layers"][0]["pixels"]["sha256"] != stack["layers"][0]["pixels"]["sha256"]
    client.delete(f"/v1/files/{upload['id']}")
    hidden = edited(client, replaced, {"op": "hide", "layer": 2}, {"op": "hide", "layer": 3})
    shown = picture_of(client.get(f"/v1/stacks/{hidden['id']}/preview.png"))
    assert (shown == np.asarray(Image.open(io.BytesIO(poster(80, 60))).convert("RGBA"))).all()


def test_a_layer_is_completed_and_gets_a_new_edge(client: httpx2.Client, tmp_path: Path) -> None:
    """A square that another one hides a quarter of; then a mask takes the lower half of it away."""
    back = np.full((60, 80, 4), (240, 230, 200, 255), np.uint8)
    below = np.full((30, 30, 4), (0, 0, 200, 255), np.uint8)
    below[15:, 15:] = 0
    layers = (
        Layer("Background", LayerKind.BACKGROUND, back),
        Layer("Blue", LayerKind.OBJECT, below, 20, 10),
        Layer("Red", LayerKind.OBJECT, np.full((20, 20, 4), (200, 0, 0, 255), np.uint8), 35, 25),
    )
    stack = created(client, save(LayerStack(80, 60, layers), tmp_path / "hidden.zip").read_bytes())
    before = picture_of(client.get(f"/v1/stacks/{stack['id']}/preview.png"))
    completed = edited(client, stack, {"op": "complete", "layer": 2})
    assert completed["layers"][1]["is_guessed"]
    assert (picture_of(client.get(f"/v1/stacks/{stack['id']}/preview.png")) == before).all()
    alone = edited(client, completed, {"op": "delete", "layer": 3})
    assert picture_of(client.get(f"/v1/stacks/{stack['id']}/preview.png"))[38, 48].tolist() == [0, 0, 200, 255]
    mask = np.zeros((60, 80), np.uint8)
    mask[10:25, 20:50] = 255
    encoded = io.BytesIO()
    Image.fromarray(mask).save(encoded, "PNG")
    upload = client.post("/v1/files", files={"file": ("mask.png", encoded.getvalue())}).json()
    shown = picture_of(client.get(f"/v1/stacks/{stack['id']}/preview.png"))
    edited(client, alone, {"op": "refine", "layer": 2, "mask": upload["reference"]})
    assert (picture_of(client.get(f"/v1/stacks/{stack['id']}/preview.png")) == shown).all()


def test_keys_do_not_see_the_stacks_of_others(
    service: Served, client: httpx2.Client, store_url: str, tmp_path: Path
) -> None:
    stack = created(client, drawn(tmp_path))
    with client_of(service, store_url) as other:
        path = f"/v1/stacks/{stack['id']}"
        assert other.get("/v1/stacks").json()["stacks"] == []
        for answer in (
            other.get(path),
            other.get(f"{path}.psd"),
            other.get(f"{path}/preview.png"),
            other.get(f"{path}/revisions"),
            patched(other, stack["id"], 1, {"op": "hide", "layer": 1}),
            stepped(other, stack, "undo"),
            other.delete(path),
        ):
            problem(answer, 404, "not_found")


def test_a_file_that_was_edited_elsewhere_is_the_next_revision(client: httpx2.Client, tmp_path: Path) -> None:
    stack = created(client, drawn(tmp_path))
    sent = client.get(f"/v1/stacks/{stack['id']}.psd").content
    untouched = returned(client, stack, sent)
    assert (untouched["is_empty"], untouched["changes"], untouched["stack"]["revision"]) == (True, [], 2)
    (tmp_path / "sent.psd").write_bytes(sent)
    layers = load(tmp_path / "sent.psd").layers
    moved = (layers[0], replace(layers[1], left=layers[1].left + 5), replace(layers[2], name="Headline"))
    save(LayerStack(80, 60, moved), tmp_path / "edited.psd")
    body = returned(client, untouched["stack"], (tmp_path / "edited.psd").read_bytes())
    assert sorted(change["type"] for change in body["changes"]) == ["moved", "renamed"]
    assert [layer["id"] for layer in body["stack"]["layers"]] == [1, 2, 3]
    assert body["stack"]["layers"][1]["pixels"]["sha256"] == stack["layers"][1]["pixels"]["sha256"]
    undone = stepped(client, body["stack"], "undo").json()
    assert [layer["name"] for layer in undone["layers"]] == ["Background", "Disc", "Word"]


def returned(client: httpx2.Client, stack: dict[str, Any], content: bytes) -> dict[str, Any]:
    upload = client.post("/v1/files", files={"file": ("edited.psd", content)}).json()
    headers = {"If-Match": f'"{stack["revision"]}"'}
    answer = client.post(f"/v1/stacks/{stack['id']}/revisions", json={"source": upload["reference"]}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()
