"""Text of a stack is set with an uploaded font over HTTP, and with a font file on the command line."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from drawn_fonts import drawn_collection, drawn_font
from installed_fonts import FONTS
from lamina.core.layers import Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import TextStyle, Typeface, TypefaceClass
from lamina.imaging.saving import save
from lamina.stacks.lettering import Row, Typesetter
from lamina.typesetting.frames import TextFrame
from lamina.typesetting.installed import FontFile
from serving import Served, lamina, problem, served

BLACK = FONTS / "LaminaSans-Black.ttf"
FACE = Typeface(family="No Such Font", confidence=1.0, weight=400, is_italic=False, type_class=TypefaceClass.SANS)
STYLE = TextStyle(size_px=32.0, line_height_px=40.0, colour=(180, 20, 40), typeface=FACE)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("fonts")
    with served(folder) as one:
        yield one
    assert "exception" not in (folder / "log").read_text()


@pytest.fixture
def stack(service: Served, tmp_path: Path) -> dict[str, Any]:
    upload = service.client.post("/v1/files", files={"file": ("text.zip", text_file(tmp_path).read_bytes())}).json()
    return service.client.post("/v1/stacks", json={"source": upload["reference"]}).json()


def text_file(folder: Path) -> Path:
    """A stack of one text layer, "Hello", whose font is not installed."""
    row = Row("Hello", 20.0, 60.0)
    lettering = Typesetter(FontFile(BLACK, 0), STYLE).drawn([row])
    line = TextLine(row.string, TextFrame(0.0).quad(lettering.boxes[0]), STYLE.colour, STYLE.size_px)
    layer = Layer("Title", LayerKind.TEXT, lettering.pixels, lettering.left, lettering.top, text=(line,), style=STYLE)
    return save(LayerStack(240, 100, (layer.cropped(),)), folder / "text.zip")


def uploaded(client: httpx2.Client, content: bytes) -> str:
    return client.post("/v1/files", files={"file": ("font", content)}).json()["reference"]


def patched(client: httpx2.Client, stack: dict[str, Any], *operations: dict[str, Any]) -> httpx2.Response:
    return client.patch(f"/v1/stacks/{stack['id']}", json={"operations": list(operations)}, headers={"If-Match": '"1"'})


def test_text_is_set_with_an_uploaded_font(service: Served, stack: dict[str, Any]) -> None:
    client, font = service.client, uploaded(service.client, BLACK.read_bytes())
    missing = problem(patched(client, stack, {"op": "set_text", "layer": 1, "words": "Sale"}), 422, "task_invalid")
    assert "not installed" in missing["detail"]
    answer = patched(
        client,
        stack,
        {"op": "set_text", "layer": 1, "words": "Sale", "font": font},
        {"op": "set_text", "layer": 1, "size": 20.0, "font": font},
    )
    assert answer.status_code == 200, answer.text
    layer = answer.json()["layers"][0]
    assert (layer["text"], layer["style"]["typeface"]["family"], layer["style"]["size_px"]) == (
        "Sale",
        "Lamina Sans",
        20.0,
    )
    assert client.get(f"/v1/stacks/{stack['id']}.psd?editable=true").status_code == 200


def test_fonts_that_cannot_be_used_are_refused(service: Served, stack: dict[str, Any], tmp_path: Path) -> None:
    client = service.client
    collection = drawn_collection(tmp_path / "drawn.ttc", drawn_font(tmp_path / "drawn.ttf"))
    cut = BLACK.read_bytes()[:900]
    for content, status, code in (
        (b"hello", 422, "task_invalid"),
        (collection.read_bytes(), 422, "task_invalid"),
        (cut, 422, "input_corrupt"),
        (b"\0\1\0\0" + bytes(21 << 20), 413, "input_too_large"),
    ):
        operation = {"op": "set_text", "layer": 1, "words": "Sale", "font": uploaded(client, content)}
        told = problem(patched(client, stack, {"op": "hide", "layer": 1}, operation), status, code)
        assert told["hint"]
        assert "lamina-" not in told["detail"], "the name of a folder of the server"
    font = uploaded(client, BLACK.read_bytes())
    many = [{"op": "set_text", "layer": 1, "words": "Sale", "font": font}] * 11
    assert "More than 10" in problem(patched(client, stack, *many), 422, "task_invalid")["detail"]
    absent = {"op": "set_text", "layer": 1, "font": "file:019d0000-0000-7000-8000-000000000000"}
    problem(patched(client, stack, absent), 404, "not_found")
    problem(patched(client, stack, {**absent, "font": "file:1"}), 422, "task_invalid")
    unchanged = client.get(f"/v1/stacks/{stack['id']}").json()
    assert (unchanged["revision"], unchanged["layers"][0]["is_hidden"]) == (1, False)


def test_the_command_takes_a_font_file(tmp_path: Path) -> None:
    words = ("layers", "set-text", str(text_file(tmp_path)), "Title", "Sale", "--to", "out.zip", "--font")
    done = lamina(tmp_path, *words, str(BLACK))
    assert done.returncode == 0, done.stderr
    assert '"Sale"' in lamina(tmp_path, "layers", "list", "out.zip", "--json").stdout
    collection = drawn_collection(tmp_path / "two.ttc", drawn_font(tmp_path / "one.ttf"))
    for font, code, message in (("no.ttf", 1, "There is no font 'no.ttf'"), (str(collection), 2, "is a collection")):
        refused = lamina(tmp_path, *words, font)
        assert (refused.returncode, message in refused.stderr) == (code, True), refused.stderr
