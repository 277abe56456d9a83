"""What `decompose` and `convert` say about what each layer became in editable files."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pptx import Presentation

from lamina.cli.decomposition_report import render_json, render_table
from lamina.cli.export_report import export_columns
from lamina.core.layer_tree import grouped
from lamina.core.layers import Group, Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import TextStyle
from lamina.execution.decompose import Stack, load
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.export_report import ExportedLayer
from lamina.imaging.saving import save
from lamina.imaging.shapes.shape import Residual

Lamina = Callable[..., Any]


@pytest.fixture(autouse=True)
def stack(folder: Path) -> LayerStack:
    """stack.psd: on 80 x 60, a background, noise and a line of text with a style."""
    line = TextLine("Open", ((10.0, 10.0), (60.0, 10.0), (60.0, 24.0), (10.0, 24.0)), (200, 0, 0), 20.0)
    style = TextStyle(size_px=20.0, colour=(200, 0, 0), script="Latn")
    letters = np.full((14, 50, 4), (200, 0, 0, 255), np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 4), np.uint8)
    layers = (
        Layer("Background", LayerKind.BACKGROUND, np.full((60, 80, 4), 255, np.uint8)),
        Layer("Noise", LayerKind.OBJECT, noise, 50, 35),
        Layer("Text: Open", LayerKind.TEXT, letters, 10, 10, text=(line,), style=style),
    )
    made = LayerStack(80, 60, layers)
    save(made, folder / "stack.psd")
    return made


def became(lamina: Lamina, *options: str) -> list[list[str]]:
    done = lamina("convert", "stack.psd", *options, "--json")
    assert (done.code, done.err) == (0, "")
    return [[layer["became"] for layer in export["layers"]] for export in json.loads(done.out)["exports"]]


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--editable", ["rectangle", "picture", "editable text"]),
        ("--live-text", ["picture", "picture", "editable text"]),
        ("--live-shapes", ["rectangle", "picture", "picture"]),
    ],
)
def test_convert_says_what_each_layer_became(option: str, expected: list[str], lamina: Lamina) -> None:
    assert became(lamina, "--to", "a.svg", "--to", "a.pptx", option) == [expected, expected]
    shapes = Presentation("a.pptx").slides[0].shapes
    assert [shape.shape_type.name == "PICTURE" for shape in shapes] == [name == "picture" for name in expected]


def test_both_options_are_editable(lamina: Lamina) -> None:
    both = became(lamina, "--to", "a.svg", "--live-text", "--live-shapes")
    assert both == [["rectangle", "picture", "editable text"]]


def test_the_residual_is_in_levels(lamina: Lamina) -> None:
    done = lamina("convert", "stack.psd", "--to", "a.svg", "--live-shapes", "--json")
    layers = json.loads(done.out)["exports"][0]["layers"]
    assert layers[0] == {"index": 0, "became": "rectangle", "residual": {"inside": 0, "edges": 0.0}}
    assert layers[1] == {"index": 1, "became": "picture"}


def test_type_layers_and_flat_pictures(lamina: Lamina) -> None:
    files = became(lamina, "--to", "a.psd", "--to", "a.png", "--to", "layers/", "--editable")
    assert files == [["picture", "picture", "picture and type layer"], ["flattened"] * 3, ["picture"] * 3]


def test_nothing_is_said_about_pictures(lamina: Lamina) -> None:
    assert "exports" not in json.loads(lamina("convert", "stack.psd", "--to", "a.svg", "--json").out)


def test_decompose_says_it_too(lamina: Lamina, picture: Path) -> None:
    done = lamina("decompose", str(picture), "--to", "a.svg", "--editable", "--json")
    report = json.loads(done.out)
    (export,) = report["exports"]
    assert export["path"] == "a.svg"
    assert [layer["index"] for layer in export["layers"]] == list(range(len(report["layers"])))
    assert export["layers"][1]["became"] == "editable text"


def test_the_table_has_a_column_for_each_kind_of_file() -> None:
    shape, picture = ExportedLayer("circle", Residual(inside=1, edges=0.5)), ExportedLayer("picture")
    exports = [("a.svg", (picture, shape)), ("b.svg", (picture, shape)), ("a.pptx", (picture, picture))]
    assert export_columns(exports) == [["in .svg", "picture", "circle, ±1"], ["in .pptx", "picture", "picture"]]


def test_python_writes_shapes_alone_too() -> None:
    loaded = load("stack.psd")
    text = loaded.save("a.svg", live_shapes=True).read_text("utf-8")
    assert ("<rect" in text, "<text" in text) == (True, False)
    text = loaded.save("a.svg", live_text=True).read_text("utf-8")
    assert ("<rect" in text, "<text" in text) == (False, True)


def test_the_terminal_shows_what_the_layers_became(stack: LayerStack) -> None:
    loaded = load("stack.psd")
    exports = [("a.svg", loaded.export("a.svg", ExportOptions(editable_text=True, native_shapes=True)))]
    made = Stack(stack.width, stack.height, stack.layers, engine="classic", seconds=1.0)
    table = render_table(made, "stack.psd", ["a.svg"], 120, exports)
    assert table[1].endswith("coverage  in .svg")
    assert [line.split("%")[-1].strip() for line in table[2:5]] == ["editable text", "picture", "rectangle, ±0"]


CARD, INNER = Group("Card", LayerKind.PANEL), Group("Words", is_hidden=True)
LISTED = [
    {"name": "Card", "kind": "panel", "visible": True, "locked": False, "parent": None},
    {"name": "Words", "kind": "object", "visible": False, "locked": False, "parent": 0},
]


@pytest.fixture
def tree(stack: LayerStack, folder: Path) -> LayerStack:
    """tree.ora: the noise in a group, and the text in a group in it."""
    ground, noise, text = stack
    made = replace(stack, layers=(ground, *grouped((noise, *grouped([text], INNER)), CARD)))
    save(made, folder / "tree.ora")
    return made


@pytest.mark.parametrize("command", [("convert", "--to", "a.psd"), ("recompose", "--to", "a.png")])
def test_groups_are_listed(command: tuple[str, ...], tree: LayerStack, lamina: Lamina) -> None:
    report = json.loads(lamina(command[0], "tree.ora", *command[1:], "--json").out)
    assert (report["layers"], report["groups"], report["group_of_layer"]) == (len(tree), LISTED, [None, 0, 1])


def test_a_decomposition_lists_its_groups(tree: LayerStack) -> None:
    made = Stack(tree.width, tree.height, tree.layers, engine="classic", seconds=1.0)
    report = render_json(made, "tree.png", [])
    assert report["groups"] == LISTED
    assert [layer.get("group") for layer in report["layers"]] == [None, 0, 1]


def test_the_terminal_shows_layers_within_their_groups(tree: LayerStack) -> None:
    made = Stack(tree.width, tree.height, tree.layers, engine="classic", seconds=1.0)
    exports = [("a.svg", (ExportedLayer("circle"), ExportedLayer("picture"), ExportedLayer("picture")))]
    lines = render_table(made, "tree.png", [], 120, exports)[2:7]
    assert [line.partition("  ")[2].split(" x ")[0].rstrip(" 0123456789") for line in lines] == [
        "   Card            group",
        "     Words         group",
        "2      Text: Open  text",
        "1    Noise         object",
        "0  Background      background",
    ]
    assert [line.split("%")[-1].strip() for line in lines[2:]] == ["picture", "picture", "circle"]
