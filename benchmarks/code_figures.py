"""How large, how typed and how positional is the code? Counts that decision record 20 refers to.

    scripts/bench code_figures
    scripts/bench code_figures --list

Of `src/lamina`, which is what the wheel ships: lines of Python; lines that mention a mapping from strings to values of
unknown type; calls with six or more positional arguments; dataclasses with more than four fields that accept them by
position. Prints one line of JSON; with --list, every place, too.
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
# Functions that take any number of like things, or come from C and have no keywords.
_VARIADIC = frozenset({"Table", "create_table", "pack", "pack_into", "permute", "problems", "reshape", "view"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print every place")
    is_listed = parser.parse_args().list
    lines, places = 0, {"untyped mappings": [], "positional calls": [], "positional dataclasses": []}
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        lines += len(text.splitlines())
        tree, name = ast.parse(text), path.relative_to(SOURCE.parent)
        found = {
            "untyped mappings": (n for n, line in enumerate(text.splitlines(), 1) if _UNTYPED.search(line)),
            "positional calls": _positional_calls(tree),
            "positional dataclasses": _positional_dataclasses(tree),
        }
        for what, numbers in found.items():
            places[what] += [f"{name}:{number}" for number in numbers]
    if is_listed:
        for what, at in places.items():
            print("\n".join([f"{what}:", *at, ""]))
    print(json.dumps({"lines": lines} | {what: len(at) for what, at in places.items()}))


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
        fields = sum(isinstance(statement, ast.AnnAssign) for statement in node.body)
        if is_dataclass and not is_keyword_only and fields > _MOST_FIELDS:
            yield node.lineno


if __name__ == "__main__":
    main()
