"""The rows of a table of layers and groups, with the topmost first, as programs for images list them."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lamina.cli.terminal_text import shortened

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.core.layer_tree import Node
    from lamina.core.layers import Layer

_INDENT = "  "


def layer_rows(
    nodes: "Sequence[Node]", name_columns: int, cells: "Callable[[int, Layer | None], Sequence[str]]", depth: int = 0
) -> Iterator[tuple[str, ...]]:
    """Each row: the index, which groups do not have, the indented name in at most that many columns, and the cells.

    `cells`: of the layer with that index, or of a group if there is no layer.
    """
    from lamina.core.layer_tree import GroupNode

    for node in reversed(nodes):
        if isinstance(node, GroupNode):
            yield ("", _indented(node.group.name, depth, name_columns), *cells(-1, None))
            yield from layer_rows(node.members, name_columns, cells, depth + 1)
        else:
            name = _indented(node.layer.name, depth, name_columns)
            yield (str(node.index), name, *cells(node.index, node.layer))


def _indented(name: str, depth: int, columns: int) -> str:
    return shortened(_INDENT * depth + name, columns)
