"""Counts the lines, untyped mappings and positional arguments of the code, as decision record 20 reports them.

    scripts/bench code_figures
    scripts/bench code_figures --list

The counts are of `src/lamina`, which the wheel ships: lines of Python; lines that mention a mapping from strings to
values of unknown type; calls with six or more positional arguments; dataclasses with more than four fields that accept
them by position. The benchmark prints one line of JSON; with --list, it also prints every place.
"""

import argparse
import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "lamina"
_UNTYPED = re.compile(r"\b(?:Mapping|dict)\[str, (?:Any|object|Json\w*|JSON\w*)\b")
_MOST_POSITIONAL, _MOST_FIELDS = 5, 4
# These take any number of arguments of the same kind, or are written in C and have no keywords.
_VARIADIC = frozenset({"Table", "create_table", "pack", "pack_into", "permute", "problems", "reshape", "view"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print every place that was counted")
    is_listed = parser.parse_args().list
    lines, places = 0, {"untyped mappings": [], "positional calls": [], "positional dataclasses": []}
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        lines += len(text.splitlines())
        tree, name = ast.parse(text), path.relative_to(SOURCE.parent)
        numbers_of = {
            "untyped mappings": (n for n, line in enumerate(text.splitlines(), 1) if _UNTYPED.search(line)),
            "positional calls": _positional_calls(tree),
            "positional dataclasses": _positional_dataclasses(tree),
        }
        for kind, numbers in numbers_of.items():
            places[kind] += [f"{name}:{number}" for number in numbers]
    if is_listed:
        for kind, positions in places.items():
            print("\n".join([f"{kind}:", *positions, ""]))
    print(json.dumps({"lines": lines} | {kind: len(positions) for kind, positions in places.items()}))


def _positional_calls(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] in _VARIADIC:
            continue
        positional = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
        if len(positional) > _MOST_POSITIONAL:
            yield node.lineno


def _positional_dataclasses(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
        is_dataclass = any(decorator.startswith("dataclass") for decorator in decorators)
        is_keyword_only = any("kw_only=True" in decorator for decorator in decorators)
        fields = [ast.unparse(line.annotation) for line in node.body if isinstance(line, ast.AnnAssign)]
        positional = fields.index("KW_ONLY") if "KW_ONLY" in fields else len(fields)
        if is_dataclass and not is_keyword_only and positional > _MOST_FIELDS:
            yield node.lineno


if __name__ == "__main__":
    main()
