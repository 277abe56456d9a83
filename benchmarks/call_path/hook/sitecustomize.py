"""Records the calls that a request causes, in each process of the service, for `benchmarks/call_path`.

Python imports this module when it starts, because its folder is on PYTHONPATH. A call belongs to a request if the
function that handles the request, runs its job or runs its order in the engine process is its caller, directly or not.
"""

import json
import os
import sys
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

_SOURCE = os.environ["CALL_PATH_SOURCE"].rstrip("/") + "/"
_FOLDER = Path(os.environ["CALL_PATH_FOLDER"])
_STARTS = (  # of uvicorn; then of lamina, now and in 0.3.0
    "RequestResponseCycle.run_asgi",
    "InProcessDispatcher._serve_slot",
    "InProcessDispatcher._one_after_the_other",
    "Agent.run",
    "run_order",
)

_is_traced: ContextVar[bool] = ContextVar("is_traced", default=False)
_stacks: dict[str, list[str]] = {}  # of each function that was called, from the outermost to itself
_pairs: set[tuple[str, str]] = set()


def _name(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename.removeprefix(_SOURCE)}:{frame.f_code.co_qualname}"


def _stack(frame: FrameType) -> list[str]:
    """The functions of lamina on the stack, the outermost first; none while a module is imported."""
    names: list[str] = []
    caller: FrameType | None = frame
    while caller is not None:
        code = caller.f_code
        if code.co_filename.startswith("<frozen importlib"):
            return []
        if code.co_filename.endswith("asyncio/events.py") and code.co_name == "_run":
            break  # below it is the program that runs the event loop
        if code.co_filename.startswith(_SOURCE):
            names.insert(0, _name(caller))
        caller = caller.f_back
    return names


def _with_definer(names: list[str]) -> list[str]:
    """A function that runs in the database's thread was defined by the function that passed it to the database."""
    for number in range(len(names) - 1, -1, -1):
        definer, is_inner, _ = names[number].partition(".<locals>")
        if is_inner and definer in _stacks and definer not in names:
            return [*_stacks[definer], *names]
    return []


def _record(frame: FrameType, event: str, _argument: Any) -> None:
    if event != "call":
        return
    code = frame.f_code
    if code.co_qualname in _STARTS:
        _is_traced.set(True)
    if not code.co_filename.startswith(_SOURCE) or code.co_name == "<module>":
        return
    stack = _stack(frame)
    if stack and not _is_traced.get():
        stack = _with_definer(stack)
    if not stack:
        return
    pair = (stack[-2] if len(stack) > 1 else "", stack[-1])
    _stacks.setdefault(stack[-1], stack)
    if pair in _pairs:
        return
    _pairs.add(pair)
    line = json.dumps({"ns": time.monotonic_ns(), "caller": pair[0], "called": pair[1], "stack": stack})
    with (_FOLDER / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(line + "\n")


threading.setprofile(_record)
sys.setprofile(_record)
