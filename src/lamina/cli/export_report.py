"""Report of what each layer became in the files that were written, as JSON or as columns of a table."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # numpy is imported when there is work for it
    from lamina.imaging.export_report import ExportedLayer

    Export = tuple[str, Sequence[ExportedLayer]]
    """A path, and what the layers became in that file, bottom first."""


def render_exports(exports: "Sequence[Export]") -> list[dict[str, Any]]:
    """An object for each file. Residuals are levels of 0 to 255."""
    return [
        {"path": path, "layers": [_record(index, layer) for index, layer in enumerate(layers)]}
        for path, layers in exports
    ]


def export_columns(exports: "Sequence[Export]") -> list[list[str]]:
    """For each file, unless another one of its format says the same: a heading, and a cell for each layer."""
    columns = [[_heading(path), *map(_cell, layers)] for path, layers in exports]
    return [column for number, column in enumerate(columns) if column not in columns[:number]]


def _record(index: int, layer: "ExportedLayer") -> dict[str, Any]:
    residual = layer.residual
    measured = {} if residual is None else {"residual": {"inside": residual.inside, "edges": residual.edges}}
    return {"index": index, "became": layer.content, **measured}


def _heading(path: str) -> str:
    suffix = PurePath(path).suffix
    return f"in {suffix}" if suffix else "in folder"


def _cell(layer: "ExportedLayer") -> str:
    if layer.residual is None:
        return layer.content
    return f"{layer.content}, \N{PLUS-MINUS SIGN}{layer.residual.inside}"
