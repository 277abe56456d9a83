"""The modules without a page of their own: matrices, the tree of layers, what operations do, joined edits, keys."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

DESIGN = """
    const pixels = (width, height) => ({ sha256: 'x', width, height, url: '', preview: '' });
    const layer = (id, left, top, width, height, fields = {}) => ({
        type: 'layer', id, name: `L${id}`, kind: 'object', left, top, pixels: pixels(width, height),
        transform: [1, 0, 0, 1, 0, 0], bbox: [left, top, width, height], opacity: 255, blend: 'normal',
        is_hidden: false, is_locked: false, is_guessed: false, ...fields });
    const group = (id, layers, fields = {}) => ({
        type: 'group', id, name: `G${id}`, kind: 'object', is_hidden: false, is_locked: false, layers, ...fields });
    const nodes = [layer(1, 0, 0, 100, 80), layer(2, 10, 10, 20, 10),
        group(3, [layer(4, 50, 20, 11, 30), layer(5, 0, 0, 5, 5)])];
    const stack = { layers: nodes };
"""
MODULES = ("geometry", "tree", "edits", "keys", "texts")


@pytest.fixture(scope="module")
def studio(cached: Any) -> Any:
    page = cached.new_page()
    page.goto("/studio")
    yield page
    page.close()


def run(page: Page, expression: str) -> Any:
    """What JavaScript says, with the modules by their names and a small design."""
    imports = "".join(f"const {name} = await import(new URL('{name}.js', base)); " for name in MODULES)
    base = "const base = document.querySelector('script[type=module]').src;"
    return page.evaluate(f"async () => {{ {base} {imports} {DESIGN} return {expression}; }}")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("geometry.composed(geometry.shift(3, 4), geometry.scaleAbout(2, 3, [0, 0]))", [2, 0, 0, 3, 6, 12]),
        ("geometry.transformed(geometry.rotateAbout(90, [10, 10]), [15, 10])", [10, 15]),
        ("geometry.rotateAbout(-450, [0, 0])", [0, -1, 1, 0, 0, 0]),
        ("geometry.composed(geometry.rotateAbout(33, [7, 9]), geometry.inverse(geometry.rotateAbout(33, [7, 9])))",
         [1, 0, 0, 1, 0, 0]),
        ("geometry.inverse([0, 0, 0, 0, 5, 5])", None),
        ("geometry.bounds(geometry.rotateAbout(90, [0, 0]), [0, 0, 10, 4])", [-4, 0, 4, 10]),
        ("geometry.union([[0, 0, 1, 1], [5, -2, 1, 1]])", [0, -2, 6, 3]),
        ("geometry.clipped([-5, 90, 20, 20], 100, 100)", [0, 90, 15, 10]),
        ("geometry.clipped([200, 0, 20, 20], 100, 100)[2]", 0),
        ("geometry.fitted([1000, 500], [548, 548]).scale", 0.5),
        ("geometry.fitted([100, 50], [548, 548]).scale", 1),
        ("geometry.onCanvas(geometry.zoomed({scale: 1, x: 5, y: 6}, 2, [30, 40]), [30, 40])", [25, 34]),
        ("geometry.zoomed({scale: 1, x: 0, y: 0}, 1e9, [0, 0]).scale", 32),
        ("geometry.resized([10, 10, 20, 10], 'se', 20, 0, true)", [10, 10, 40, 20]),
        ("geometry.resized([10, 10, 20, 10], 'nw', -20, -10, true)", [-10, 0, 40, 20]),
        ("geometry.resized([10, 10, 20, 10], 'w', 500, 0, true)", [29, 10, 1, 10]),
        ("geometry.transformed(geometry.between([10, 10, 20, 10], [0, 0, 40, 40]), [30, 20])", [40, 40]),
        ("geometry.snap([101, 0, 10, 10], [[90, 200, 10, 10]], 6).right", -1),
        ("geometry.snap([120, 0, 10, 10], [[90, 200, 10, 10]], 6)", {"right": 0, "down": 0, "lines": []}),
    ],
)  # fmt: skip
def test_geometry(studio: Page, expression: str, value: Any) -> None:
    found = run(studio, expression)
    assert found == (value if value is None or isinstance(value, dict) else pytest.approx(value, abs=1e-9))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("tree.rows(nodes).map(({node, depth}) => [node.id, depth])", [[3, 0], [5, 1], [4, 1], [2, 0], [1, 0]]),
        ("tree.rows(nodes, new Set([3])).map(({node}) => node.id)", [3, 2, 1]),
        ("tree.find(nodes, 9)", None),
        ("tree.placeOf(nodes, 5).position", 1),
        ("tree.placeOf(nodes, 5).parent.id", 3),
        ("tree.boxOf(nodes[2])", [0, 0, 61, 50]),
        ("tree.outermost(nodes, [5, 3, 1])", [1, 3]),
        ("tree.mapped(nodes, node => [4, 5].includes(node.id) ? [] : [node]).map(node => node.id)", [1, 2]),
        ("tree.mapped(nodes, node => [node]) .every((node, at) => node === nodes[at])", True),
        ("tree.shownLayers([group(9, [layer(8, 0, 0, 1, 1)], {is_hidden: true})])[0].isHidden", True),
    ],
)
def test_the_tree(studio: Page, expression: str, value: Any) -> None:
    assert run(studio, expression) == value


@pytest.mark.parametrize(
    ("operations", "shown", "value"),
    [
        ([{"op": "move", "layer": 2, "right": 5}], "tree.find(after, 2).bbox", [15, 10, 20, 10]),
        ([{"op": "move", "layer": 3, "down": 5}], "tree.boxOf(tree.find(after, 3))", [0, 5, 61, 50]),
        ([{"op": "scale", "layer": 2, "across": 2, "down": 1}], "tree.find(after, 2).bbox", [0, 10, 40, 10]),
        ([{"op": "rotate", "layer": 4, "degrees": 90}], "tree.find(after, 4).bbox", [40, 30, 30, 11]),
        ([{"op": "flip", "layer": 2, "axis": "vertical"}], "tree.find(after, 2).transform", [1, 0, 0, -1, 0, 30]),
        ([{"op": "hide", "layer": 3}], "tree.find(after, 3).is_hidden", True),
        ([{"op": "delete", "layer": 4}, {"op": "delete", "layer": 5}], "tree.find(after, 3)", None),
        ([{"op": "hide", "layer": 3}, {"op": "ungroup", "layer": 3}],
         "after.map(n => n.is_hidden)", [False, False, True, True]),
        ([{"op": "reorder", "layer": 1, "parent": 3, "position": 1}],
         "tree.find(after, 3).layers.map(n => n.id)", [4, 1, 5]),
        ([{"op": "reorder", "layer": 5, "parent": None, "position": 0}], "after.map(n => n.id)", [5, 1, 2, 3]),
    ],
)  # fmt: skip
def test_operations_are_shown_before_the_server_answers(
    studio: Page, operations: list[Any], shown: str, value: Any
) -> None:
    wanted = json.dumps(operations)
    assert run(studio, f"(after => {shown})(edits.applied(stack, {wanted}).layers)") == value


@pytest.mark.parametrize("name", ["merge", "group", "duplicate", "complete", "set_text", "replace"])
def test_operations_that_only_the_server_knows(studio: Page, name: str) -> None:
    assert run(studio, f"edits.applied(stack, [{{op: '{name}', layer: 2}}])") is None


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ({"op": "move", "layer": 2, "right": 1, "down": 0}, {"op": "move", "layer": 2, "right": 2, "down": 3},
         {"op": "move", "layer": 2, "right": 3, "down": 3}),
        ({"op": "opacity", "layer": 2, "opacity": 1}, {"op": "opacity", "layer": 2, "opacity": 9},
         {"op": "opacity", "layer": 2, "opacity": 9}),
        ({"op": "move", "layer": 2, "right": 1, "down": 0}, {"op": "move", "layer": 1, "right": 2, "down": 3}, None),
        ({"op": "hide", "layer": 2}, {"op": "hide", "layer": 2}, None),
        ({"op": "rotate", "layer": 2, "degrees": 5}, {"op": "rotate", "layer": 2, "degrees": 5}, None),
    ],
)  # fmt: skip
def test_edits_that_go_on_are_joined(studio: Page, first: Any, second: Any, both: Any) -> None:
    found = run(studio, f"edits.joined([{json.dumps(first)}], [{json.dumps(second)}])")
    assert found == (None if both is None else [both])


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("edits.dropping(nodes, 1, 3, 'into')", {"op": "reorder", "layer": 1, "parent": 3, "position": 2}),
        ("edits.dropping(nodes, 1, 2, 'above')", {"op": "reorder", "layer": 1, "parent": None, "position": 1}),
        ("edits.dropping(nodes, 1, 2, 'below')", None),
        ("edits.dropping(nodes, 3, 4, 'above')", None),
        ("edits.dropping(nodes, 3, 3, 'into')", None),
        ("edits.reordering(nodes, 1, 'down')", None),
        ("edits.reordering(nodes, 1, 'top')", {"op": "reorder", "layer": 1, "parent": None, "position": 2}),
        ("edits.reordering(nodes, 5, 'down')", {"op": "reorder", "layer": 5, "parent": 3, "position": 0}),
    ],
)
def test_places_that_rows_are_put_to(studio: Page, call: str, value: Any) -> None:
    assert run(studio, call) == value


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ({"key": "z", "ctrlKey": True}, "undo"),
        ({"key": "Z", "ctrlKey": True, "shiftKey": True}, "redo"),
        ({"key": "я", "code": "KeyZ", "ctrlKey": True}, "undo"),
        ({"key": "“", "code": "BracketLeft", "altKey": True}, "selectBelow"),
        ({"key": "?", "shiftKey": True}, "help"),
        ({"key": "Delete"}, "delete"),
        ({"key": "x"}, None),
        ({"key": "z"}, None),
    ],
)
def test_keys(studio: Page, event: dict[str, Any], action: str | None) -> None:
    assert run(studio, f"keys.actionOf(new KeyboardEvent('keydown', {json.dumps(event)}))") == action


def test_keys_are_text_where_text_is_edited(studio: Page) -> None:
    pressed = "{ target: Object.assign(document.createElement('input'), {type: 'text'}), key: 'Delete', code: '' }"
    assert run(studio, f"keys.actionOf({pressed})") is None


def test_each_key_has_one_action_and_each_action_exists(studio: Page) -> None:
    names = run(studio, "keys.KEYS.flatMap(({keys}) => keys)")
    assert len(names) == len(set(names))
    assert run(studio, "keys.helpRows().every(({label, keys}) => label && keys.length)")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("texts.duration(0.2)", "1 s"),
        ("texts.duration(75)", "1 min"),
        ("texts.duration(5400)", "1.5 h"),
        ("texts.sizeOf(5)", "1 KiB"),
        ("texts.whenOf(new Date(Date.now() - 7200e3).toISOString())", "2 h ago"),
        ("texts.texts.layers.selected(1)", "1 layer selected"),
    ],
)
def test_texts(studio: Page, call: str, text: str) -> None:
    assert run(studio, call) == text
