"""Runs in the processes that read untrusted content: bounds on memory and time, and errors as JSON."""

import json
import resource
import sys
from collections.abc import Callable

from lamina.core.errors import ErrorCode, LaminaError
from lamina.installation import hide_local_paths


def run_bounded(work: Callable[[], None], *, memory_bytes: int, processor_s: int) -> None:
    """Ends the process with 1 and the error on standard output if `work` raises a `LaminaError`, or lacks memory.

    `memory_bytes`: of addresses, of which libraries reserve more than they use.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s))
    hide_local_paths()
    try:
        work()
    except MemoryError:
        _fail(LaminaError(ErrorCode.INPUT_TOO_LARGE, "The file does not fit into memory.", "Reduce its size."))
    except LaminaError as error:
        _fail(error)


def _fail(error: LaminaError) -> None:
    json.dump({"code": error.code.value, "message": error.message, "hint": error.hint}, sys.stdout)
    sys.exit(1)
