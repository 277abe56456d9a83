"""The table and the JSON of `lamina layers list`."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from lamina.cli.printing import print_json, readable
from lamina.cli.terminal_text import aligned, shortened
from lamina.core.layers import BlendMode
from lamina.stacks.document import Document, GroupNode, LayerNode, Node

_NAME_COLUMNS = 48


def print_layers(document: Document, path: str, *, is_json: bool) -> None:
    """Prints all layers and groups: the topmost first in the table, in painting order in JSON."""
    if is_json:
        nodes = [_record(node, groups) for node, groups in document.walk()]
        print_json({"stack": path, "width": document.width, "height": document.height, "layers": nodes})
        return
    rows = [("number", "layer", "kind", "place", ""), *_rows(document.members)]
    click.echo(readable("\n".join(aligned(rows, (True, False, False, False, False)))))


def _rows(nodes: Sequence[Node], depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The members of a group are indented below it."""
    for node in reversed(nodes):
        name = shortened("  " * depth + node.name, _NAME_COLUMNS)
        if isinstance(node, GroupNode):
            yield str(node.id), name, "group", "", ", ".join(_switches(node))
            yield from _rows(node.members, depth + 1)
        else:
            x, y, width, height = node.bounds
            place = f"{width:g} x {height:g} at {x:g},{y:g}"
            yield str(node.id), name, node.kind.value, place, ", ".join([*_switches(node), *_blending(node)])


def _record(node: Node, groups: Sequence[GroupNode]) -> dict[str, Any]:
    record: dict[str, Any] = {
        "number": node.id,
        "name": node.name,
        "type": "group" if isinstance(node, GroupNode) else "layer",
        "kind": node.kind.value,
        "parent": groups[-1].id if groups else None,
        "visible": not node.is_hidden,
        "locked": node.is_locked,
    }
    if isinstance(node, LayerNode):
        text = "\n".join(line.string for line in node.text if line.string)
        record["bbox"] = [round(side, 2) for side in node.bounds]
        record |= {"opacity": round(node.opacity / 255, 4), "blend": node.blend.value, "text": text}
    return record


def _switches(node: Node) -> list[str]:
    return ["hidden"] * node.is_hidden + ["locked"] * node.is_locked


def _blending(node: LayerNode) -> list[str]:
    opacity = [] if node.opacity == 255 else [f"opacity {100 * node.opacity / 255:.0f}%"]
    return opacity if node.blend is BlendMode.NORMAL else [*opacity, node.blend.value]
