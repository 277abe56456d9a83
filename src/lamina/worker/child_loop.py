"""The child's side of an engine process: takes orders one after the other, and is gone as soon as its agent is.

What a run has made is written by a thread of its own, while the engine is at the next order.
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
_LONGEST_TRACEBACK = 16_000  # characters; its end says most
_LEAST_WORK = 0.002  # of a beat's time, on the processor: a process that waits for a lock uses less
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)


class RunReport:
    """What a handler tells while it runs. `progress` raises `LaminaError` (cancelled) when the agent wants it to stop.

    From its beginning, and from `loading` on, until `progress` is told, a run counts as loading a model: as long as the
    process works, the agent hears of it.
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
        """As `progress`, for what takes long without a word."""
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
"""What is left to do of a run when its engine is free again."""

Handler = Callable[[RunOrder, RunReport], RunOutcome | Writing]
"""Does what an order says, or raises: a `LaminaError` is told in its own words, anything else as a fault of ours. So
does the `Writing` that it may leave, on another thread."""


def serve(handler: Handler, prepare: Callable[[], None] = lambda: None, beat_s: float = _BEAT_S) -> None:
    """Takes orders from standard input until told to stop; `prepare` is called before it says that it is ready.

    Standard output is for messages only: what else is printed goes to standard error from here on. `beat_s`: how often
    a run that loads a model gives a sign of life.
    """
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they go to the whole group; the agent decides
        signal.signal(ignored, signal.SIG_IGN)
    _die_with_parent()
    served = _Served(*_taken_pipes())
    # Registered first, so called last: taking torch apart would take the interpreter seconds.
    atexit.register(lambda: os._exit(served.exit_code))
    threading.Thread(target=served.listen, daemon=True).start()
    threading.Thread(target=served.beat, args=(beat_s,), daemon=True).start()
    prepare()
    served.send(encode_ready())
    while not served.is_spoiled and (order := served.orders.get()) is not None:
        served.run(handler, order)
    served.writer.shutdown()
    served.exit_code = 0


class _Served:
    """`orders`: None is the last. `exit_code`: of the process, as things stand.

    `is_spoiled`: its device or its machine failed, and it leaves for another to take its place.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.orders: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self.exit_code = 1
        self.is_spoiled = False
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
        os._exit(0)  # the agent is gone, and nobody waits for what is running

    def run(self, handler: Handler, run: Run) -> None:
        number = run.number
        report = RunReport(
            lambda message: self.send(encode_message(number, message)), lambda: number in self._cancelled
        )
        self._report = report
        made = _done(lambda: handler(run.order, report))
        self._report = None
        self._cancelled.discard(number)
        if isinstance(made, RunOutcome):
            self.is_spoiled = made.is_spoiling
            self.send(encode_outcome(number, made))
            return
        self.send(encode_message(number, EngineIdle()))
        self.writer.submit(lambda: self.send(encode_outcome(number, _done(made))))

    def beat(self, beat_s: float) -> None:
        before = 0.0
        while True:
            time.sleep(beat_s)
            used = time.process_time() - time.thread_time()  # by all threads but this one
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


def _done(work: Callable[[], T]) -> T | RunOutcome:
    try:
        return work()
    except LaminaError as error:
        return _failed(error)
    except Exception as error:  # noqa: BLE001  # the loop that must go on; the agent logs and counts it
        told = fault_of(error, "The engine")
        told.__cause__ = error
        return _failed(told)


def _failed(error: LaminaError) -> RunOutcome:
    """A fault of ours gets an id, under which the agent logs where it came from."""
    failure, cause = Failure(error.code.value, error.message, error.hint), error.__cause__
    if error.code not in FAULTS or cause is None:
        return RunOutcome(failure=failure)
    fault_id = new_fault_id()
    told = "".join(traceback.format_exception(cause))[-_LONGEST_TRACEBACK:]
    named = replace(failure, message=f"{failure.message} Fault {fault_id} in the log of the service.")
    return RunOutcome(failure=named, fault_id=fault_id, traceback=told)


def _taken_pipes() -> tuple[int, int]:
    """File descriptors of the two pipes, which nothing else in this process or of its children has from now on."""
    sys.stdout.flush()
    sys.stdout = sys.stderr
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def _die_with_parent() -> None:
    """For when no thread of this process gets to see that the pipe has closed: native code may hold Python's lock."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
