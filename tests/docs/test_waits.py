"""No test waits without an end: what waits has a limit of its own, or goes through `waiting`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import ROOT

TESTS = ROOT / "tests"
PROGRAMS = {"acting_child.py", "backing_up_much.py", "python_v1.py", "python_v2.py"}  # children: who starts them waits
FILES = [path for path in sorted(TESTS.rglob("*.py")) if path.name not in PROGRAMS | {"waiting.py"}]
ENDLESS_WITHOUT_TIMEOUT = {"subprocess.run", "subprocess.check_call", "subprocess.check_output", "subprocess.call"}
ENDLESS_WITHOUT_TIMEOUT |= {"urlopen", "urllib.request.urlopen", "socket.create_connection"}
ENDLESS_WITHOUT_ARGUMENTS = {"acquire", "communicate", "get", "join", "result", "wait"}
INSTEAD = {"asyncio.run": "completed", "os.waitpid": "ended", "os.wait": "ended"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_every_wait_has_an_end(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert [f"line {line}: {words}" for line, words in sorted(endless_waits(tree))] == []


def endless_waits(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Coroutines may await anything: `completed` has the limit."""
    awaiting = {
        id(node) for part in ast.walk(tree) if isinstance(part, ast.AsyncFunctionDef) for node in ast.walk(part)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and ast.unparse(node.iter).endswith(".stdout"):
            yield node.lineno, f"{ast.unparse(node.iter)}: take waiting.next_line"
        elif isinstance(node, ast.withitem) and ast.unparse(node.context_expr).startswith("subprocess.Popen("):
            yield node.context_expr.lineno, "subprocess.Popen: put waiting.ending around it"
        elif isinstance(node, ast.Call) and (remedy := remedy_for(node, id(node) in awaiting)):
            yield node.lineno, f"{ast.unparse(node)}: {remedy}"


def remedy_for(call: ast.Call, is_awaiting: bool) -> str:
    """Empty where it needs none."""
    name = ast.unparse(call.func)
    if name in INSTEAD:
        return f"take waiting.{INSTEAD[name]}"
    if any(keyword.arg in ("timeout", None) for keyword in call.keywords):
        return ""
    if name in ENDLESS_WITHOUT_TIMEOUT:
        return "give it a timeout"
    return "give it a limit, or take waiting's" if is_endless_method(call) and not is_awaiting else ""


def is_endless_method(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.args:
        return False
    name, owner = call.func.attr, ast.unparse(call.func.value)
    return name in ENDLESS_WITHOUT_ARGUMENTS or (name == "readline" and owner.endswith(".stdout"))
