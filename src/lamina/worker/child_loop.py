"""The loop of the engine process: runs one order after the other, and exits as soon as its agent is gone.

A thread writes the outputs of a run while the engine works on the next order.
"""

import atexit
import ctypes
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NoReturn, TypeVar

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.faults import FAULTS, fault_of, new_fault_id
from lamina.core.jobs import Failure, Progress
from lamina.worker.protocol import (
    Cancel,
    Checkpoint,
    Command,
    EngineIdle,
    Loading,
    LogLine,
    Loss,
    Preview,
    Run,
    RunMessage,
    RunOrder,
    RunOutcome,
    Sample,
    Stop,
    decode_command,
    encode_message,
    encode_outcome,
    encode_ready,
)

T = TypeVar("T")

_BEAT_S = 5.0
_LONGEST_TRACEBACK = 16_000  # characters, from its end
_LEAST_WORK = 0.002  # CPU time per heartbeat interval; a process that waits for a lock uses less
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)


class RunReport:
    """What a handler reports while it runs. `progress` raises `LaminaError` (cancelled) when the run is cancelled.

    From its start, and after `loading`, until the next `progress`, a run counts as loading a model: the agent gets
    heartbeats as long as the process uses the CPU.
    """

    def __init__(self, send: Callable[[RunMessage], None], is_cancelled: Callable[[], bool]) -> None:
        self._send, self._is_cancelled = send, is_cancelled
        self._loading: str | None = "starting"

    def progress(
        self, stage: str, share: float, step: int | None = None, steps: int | None = None, eta_s: float | None = None
    ) -> None:
        self._loading = None
        self._send(Progress(stage=stage, share=share, step=step, steps=steps, eta_s=eta_s))
        self._stop_if_cancelled()

    def loading(self, stage: str, share: float = 0.0) -> None:
        """As `progress`, before work that takes long without any progress."""
        self.progress(stage, share)
        self._loading = stage

    def preview(self, path: str) -> None:
        self._send(Preview(path))

    def log(self, line: str) -> None:
        self._send(LogLine(line))

    def loss(self, step: int, value: float) -> None:
        self._send(Loss(step, value))

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        self._send(checkpoint)

    def sample(self, step: int, path: str) -> None:
        self._send(Sample(step, path))

    def beat(self) -> None:
        if (stage := self._loading) is not None:
            self._send(Loading(stage))

    def _stop_if_cancelled(self) -> None:
        if self._is_cancelled():
            raise LaminaError(ErrorCode.CANCELLED, "The job was cancelled.")


Writing = Callable[[], RunOutcome]
"""Writes the outputs of a run, when its engine is idle again."""

Handler = Callable[[RunOrder, RunReport], RunOutcome | Writing]
"""Runs an order. A `LaminaError` that it raises becomes the failure of the run, any other exception a fault of ours.
The same holds for the `Writing` that it may return, which runs on another thread."""


def serve(handler: Handler, prepare: Callable[[], None] = lambda: None, beat_s: float = _BEAT_S) -> None:
    """Runs orders from standard input until it gets `Stop`; `prepare` is called before it sends `Ready`.

    Standard output carries messages only; other output goes to standard error from here on. `beat_s`: seconds between
    heartbeats while a model is loaded.
    """
    for ignored in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # they are sent to the whole process group; the agent decides
        signal.signal(ignored, signal.SIG_IGN)
    _die_with_parent()
    served = _EngineServer(*_take_pipes())
    # Registered first, so called last: without it the interpreter spends seconds on unloading torch.
    atexit.register(lambda: os._exit(served.exit_code))
    threading.Thread(target=served.listen, daemon=True).start()
    threading.Thread(target=served.beat, args=(beat_s,), daemon=True).start()
    prepare()
    served.send(encode_ready())
    while not served.is_broken and (order := served.orders.get()) is not None:
        served.run(handler, order)
    served.writer.shutdown()
    served.exit_code = 0


class _EngineServer:
    """`orders`: None is the last. `exit_code`: with which the process exits.

    `is_broken`: the device or the machine failed, so that the process exits and another takes its place.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.orders: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self.exit_code = 1
        self.is_broken = False
        self.writer = ThreadPoolExecutor(1, "writing")
        self._incoming, self._outgoing = incoming, outgoing
        self._sending = threading.Lock()
        self._cancelled: set[int] = set()
        self._report: RunReport | None = None

    def listen(self) -> NoReturn:
        with os.fdopen(self._incoming, "rb") as lines:
            for line in lines:
                match _command(line):
                    case Run() as run:
                        self.orders.put(run)
                    case Cancel(number):
                        self._cancelled.add(number)
                    case Stop():
                        self.orders.put(None)
        os._exit(0)  # the agent is gone, so the run is pointless

    def run(self, handler: Handler, run: Run) -> None:
        number = run.number
        report = RunReport(
            lambda message: self.send(encode_message(number, message)), lambda: number in self._cancelled
        )
        self._report = report
        made = _caught(lambda: handler(run.order, report))
        self._report = None
        self._cancelled.discard(number)
        if isinstance(made, RunOutcome):
            self.is_broken = made.breaks_process
            self.send(encode_outcome(number, made))
            return
        self.send(encode_message(number, EngineIdle()))
        self.writer.submit(lambda: self.send(encode_outcome(number, _caught(made))))

    def beat(self, beat_s: float) -> None:
        before = 0.0
        while True:
            time.sleep(beat_s)
            used = time.process_time() - time.thread_time()  # by all other threads
            if used - before > _LEAST_WORK * beat_s and (report := self._report) is not None:
                report.beat()
            before = used

    def send(self, line: bytes) -> None:
        with self._sending:
            left = memoryview(line)
            try:
                while left:
                    left = left[os.write(self._outgoing, left) :]
            except BrokenPipeError:
                os._exit(0)


def _command(line: bytes) -> Command:
    """A command that cannot be read ends the process, so that no agent waits for the run that it was to start."""
    try:
        return decode_command(line)
    except Exception:  # noqa: BLE001  (whatever is wrong with it)
        traceback.print_exc()
        os._exit(1)


def _caught(work: Callable[[], T]) -> T | RunOutcome:
    try:
        return work()
    except LaminaError as error:
        return _failed_outcome(error)
    except Exception as error:  # noqa: BLE001  # the loop must go on; the agent logs the fault
        fault = fault_of(error, "The engine")
        fault.__cause__ = error
        return _failed_outcome(fault)


def _failed_outcome(error: LaminaError) -> RunOutcome:
    """A fault of ours gets an id, under which the agent logs its traceback."""
    failure, cause = Failure(error.code.value, error.message, error.hint), error.__cause__
    if error.code not in FAULTS or cause is None:
        return RunOutcome(failure=failure)
    fault_id = new_fault_id()
    text = "".join(traceback.format_exception(cause))[-_LONGEST_TRACEBACK:]
    named = replace(failure, message=f"{failure.message} Fault {fault_id} in the log of the service.")
    return RunOutcome(failure=named, fault_id=fault_id, traceback=text)


def _take_pipes() -> tuple[int, int]:
    """The file descriptors of the two pipes, which neither this process nor its children can use otherwise now."""
    sys.stdout.flush()
    sys.stdout = sys.stderr
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def _die_with_parent() -> None:
    """For when no thread notices that the pipe has closed: native code may hold Python's global lock."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
