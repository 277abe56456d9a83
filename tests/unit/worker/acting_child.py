"""An engine that needs no time and does what the prompt says: `serve` with behaviours, for tests.

"steps N S": N steps of S seconds. "hang": says nothing for ever. "frozen": the same, and no other thread can run.
"exit N": ends with that code, its last words on standard error. "killed": by signal 9. "crash N": by signal N.
"refuse": a user's error. "broken": an error of ours. "device": one of a GPU. "deaf": a step now and then, never looking
whether it was cancelled. "print": on standard output, from Python and from below. "intrude": lines that are no message,
and messages of no run, among its own. "noise N": N bytes on standard error. "work S", "wait S": loading for S seconds,
working or not. "write S": is done, but for S seconds of writing. "spoil": is done, but what it writes is broken.
"""

import ctypes
import os
import signal
import threading
import time

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import PictureFile, PicturesResult
from lamina.core.tasks import GenerateTask
from lamina.worker.child_loop import RunReport, Writing, serve
from lamina.worker.protocol import RunOrder, RunOutcome

OUTGOING = os.dup(1)  # for "intrude": nothing else gets at the pipe of the messages
_BEAT_S = 0.05


def act(order: RunOrder, report: RunReport) -> RunOutcome | Writing:
    assert isinstance(order.task, GenerateTask)
    what, *arguments = order.task.prompt.split()
    numbers = [float(argument) for argument in arguments]
    if what in WRITES:
        return lambda: WRITES[what](*numbers) or outcome_of(order)
    ACTS[what](report, *numbers)
    return outcome_of(order)


def outcome_of(order: RunOrder) -> RunOutcome:
    """Its seed is the id of the process, and its prompt says which order it is of."""
    picture = PictureFile(file="0.png", content_type="image/png", seed=7)
    name = f"{order.job_id}/{order.attempt}"
    return RunOutcome(result=PicturesResult(engine="acting", seed=os.getpid(), prompt=name, pictures=(picture,)))


def steps(report: RunReport, count: float, step_s: float) -> None:
    for number in range(1, int(count) + 1):
        time.sleep(step_s)
        report.progress(f"step {number}", number / count, number, int(count), (count - number) * step_s)


def hang(report: RunReport) -> None:
    report.log("hanging")
    threading.Event().wait()


def frozen(report: RunReport) -> None:
    report.log("frozen")
    ctypes.PyDLL(None).sleep(1000)  # PyDLL does not let go of the interpreter's lock


def leave(_: RunReport, code: float) -> None:
    os.write(2, b"last words\n")
    os._exit(int(code))


def killed(_: RunReport) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(_: RunReport) -> None:
    raise LaminaError(ErrorCode.INPUT_NOT_AN_IMAGE, "The picture is not a picture.", "Send another.")


def broken(_: RunReport) -> None:
    raise ZeroDivisionError


def device(_: RunReport) -> None:
    raise RuntimeError("CUDA error: an illegal memory access was encountered")


def crash(_: RunReport, number: float) -> None:
    signal.signal(int(number), signal.SIG_DFL)
    os.kill(os.getpid(), int(number))
    threading.Event().wait()


def deaf(report: RunReport) -> None:
    while True:
        report.log("still here")
        time.sleep(_BEAT_S)


def prints(_: RunReport) -> None:
    print("from Python", flush=True)  # noqa: T201
    os.write(1, b"from below\n")


def intrude(report: RunReport) -> None:
    report.progress("before", 0.1)
    for line in (b"\xff\x00 no JSON", b"[1, 2]", b'{"type": 5}', b'{"type": "done", "run": 0}', b"[" * 100_000):
        os.write(OUTGOING, line + b"\n")
    os.write(OUTGOING, b'{"type": "of a later version", "run": 1}\n{"type": "log", "run": 1, "words": ""}\n')
    report.progress("after", 0.9)


def noise(_: RunReport, count: float) -> None:
    line = b"x" * 99 + b"\n"
    for _number in range(int(count) // len(line)):
        os.write(2, line)
    os.write(2, b"y" * int(count))


def work(report: RunReport, seconds: float) -> None:
    report.loading("loading the model")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


def wait(report: RunReport, seconds: float) -> None:
    report.loading("loading the model")
    time.sleep(seconds)


def spoil() -> None:
    raise ZeroDivisionError


WRITES = {"write": time.sleep, "spoil": spoil}
ACTS = {
    "steps": steps,
    "hang": hang,
    "frozen": frozen,
    "exit": leave,
    "killed": killed,
    "refuse": refuse,
    "broken": broken,
    "device": device,
    "crash": crash,
    "deaf": deaf,
    "print": prints,
    "intrude": intrude,
    "noise": noise,
    "work": work,
    "wait": wait,
}

if __name__ == "__main__":
    print("printed before it serves", flush=True)  # noqa: T201
    serve(act, beat_s=_BEAT_S)
