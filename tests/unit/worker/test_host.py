"""The engine's process as an agent sees it, with a child that behaves as it is told."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from lamina.core.acceleration import Acceleration, StepCache
from lamina.core.job_results import PictureFile, PicturesResult
from lamina.core.jobs import Delivery, InputRole, Progress
from lamina.core.tasks import EditTask, GenerateTask, Lora, Sampling
from lamina.worker.host import EngineDied, EngineHung, EngineLimits, EngineLost, EngineProcess
from lamina.worker.protocol import (
    EngineIdle,
    LogLine,
    Run,
    RunMessage,
    RunOrder,
    RunOutcome,
    decode_command,
    encode_command,
)
from waiting import completed, ending, next_line

COMMAND = [sys.executable, str(Path(__file__).with_name("acting_child.py"))]
PATIENCE_S = 30.0

Messages = list[RunMessage]


def pictures_of(outcome: RunOutcome) -> PicturesResult:
    assert isinstance(outcome.result, PicturesResult)
    return outcome.result


def order(prompt: str, attempt: int = 1, job_id: str = "job") -> RunOrder:
    return RunOrder(job_id=job_id, attempt=attempt, task=GenerateTask(prompt), folder="/nowhere")


def with_engine(
    use: Callable[[EngineProcess], Awaitable[None]],
    limits: EngineLimits | None = None,
    on_log: Callable[[str], None] = lambda _: None,
) -> None:
    """Runs `use` with a child that is ready, and stops it, in time."""

    async def scene() -> None:
        engine = EngineProcess(COMMAND, None, limits or EngineLimits(stall_s=PATIENCE_S), on_log)
        async with asyncio.timeout(PATIENCE_S):
            await engine.start()
            try:
                await use(engine)
            finally:
                await engine.stop()
                assert not engine.is_alive and engine.pid is None

    completed(scene())


async def ran(engine: EngineProcess, prompt: str) -> tuple[RunOutcome, Messages]:
    told: Messages = []
    return await engine.run(order(prompt), told.append), told


async def cancelled_when_running(engine: EngineProcess, prompt: str) -> RunOutcome:
    """Cancelled at the first message."""
    return await engine.run(order(prompt), lambda _: engine.cancel("job"))


def is_gone(pid: int) -> bool:
    """Waits until the process has ended, whosever child it is."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE_S)[0])
    finally:
        os.close(descriptor)


def test_a_run_tells_its_steps_and_gives_its_outputs() -> None:
    async def use(engine: EngineProcess) -> None:
        outcome, told = await ran(engine, "steps 3 0")
        assert told == [
            Progress(stage="step 1", share=1 / 3, step=1, steps=3, eta_s=0.0),
            Progress(stage="step 2", share=2 / 3, step=2, steps=3, eta_s=0.0),
            Progress(stage="step 3", share=1.0, step=3, steps=3, eta_s=0.0),
        ]
        assert pictures_of(outcome).pictures == (PictureFile(file="0.png", content_type="image/png", seed=7),)
        assert outcome.failure is None and not outcome.is_cancelled and not outcome.is_users_fault
        assert pictures_of(outcome).prompt == "job/1"

    with_engine(use)


def test_an_order_arrives_as_it_was_given() -> None:
    given = RunOrder(
        job_id="job",
        attempt=2,
        task=EditTask("青い \ud800", Sampling(loras=(Lora("/lora"),), acceleration=Acceleration(cache=StepCache.TEA))),
        folder="/a folder",
        inputs={InputRole.PICTURE: ("/a", "/b")},
        engine="nano",
        delivery=Delivery(format="webp", quality=80, is_watermarked=True, safety=False),
    )
    assert decode_command(encode_command(Run(3, given))) == Run(3, given)


def test_the_child_is_kept_from_run_to_run() -> None:
    async def use(engine: EngineProcess) -> None:
        await engine.start()
        outcomes = [(await ran(engine, prompt))[0] for prompt in ("steps 1 0", "refuse", "broken", "steps 1 0")]
        assert pictures_of(outcomes[0]).seed == pictures_of(outcomes[-1]).seed == engine.pid

    with_engine(use)


def test_messages_may_be_awaited() -> None:
    async def use(engine: EngineProcess) -> None:
        told: Messages = []

        async def slow(message: RunMessage) -> None:
            await asyncio.sleep(0)
            told.append(message)

        assert (await engine.run(order("steps 2 0"), slow)).failure is None
        assert len(told) == 2

    with_engine(use)


def test_what_the_user_did_wrong_is_told_in_the_errors_own_words() -> None:
    async def use(engine: EngineProcess) -> None:
        outcome, _ = await ran(engine, "refuse")
        assert outcome.is_users_fault and outcome.failure is not None
        assert outcome.failure.code == "input_not_an_image"
        assert (outcome.failure.message, outcome.failure.hint) == ("The picture is not a picture.", "Send another.")

    with_engine(use)


def test_an_error_of_ours_is_our_fault_and_its_traceback_comes_with_an_id() -> None:
    async def use(engine: EngineProcess) -> None:
        pid = engine.pid
        outcome, _ = await ran(engine, "broken")
        assert outcome.failure is not None and outcome.is_engines_fault and not outcome.is_users_fault
        assert outcome.failure.code == "engine_failed" and outcome.failure.hint
        assert "ZeroDivisionError" in outcome.failure.message
        assert len(outcome.fault_id) == 8 and outcome.fault_id in outcome.failure.message
        assert "in broken\n" in outcome.traceback and outcome.traceback.endswith("ZeroDivisionError\n")
        assert pictures_of((await ran(engine, "steps 1 0"))[0]).seed == pid

    with_engine(use)


def test_after_an_error_of_its_device_the_child_makes_way_for_another() -> None:
    async def use(engine: EngineProcess) -> None:
        first = engine.pid
        outcome, _ = await ran(engine, "device")
        assert outcome.failure is not None and not outcome.is_engines_fault and not outcome.is_users_fault
        assert outcome.failure.code == "engine_crashed" and "illegal memory access" in outcome.traceback
        assert not engine.is_alive
        await engine.start()
        assert pictures_of((await ran(engine, "steps 1 0"))[0]).seed == engine.pid != first

    with_engine(use)


NATIVE = ["SIGSEGV", "SIGABRT", "SIGILL", "SIGBUS", "SIGFPE"]


@pytest.mark.parametrize(("name", "is_own_doing"), [*((name, True) for name in NATIVE), ("SIGKILL", False)])
def test_a_signal_that_native_code_gets_is_the_runs_own_doing(name: str, is_own_doing: bool) -> None:
    async def use(engine: EngineProcess) -> None:
        with pytest.raises(EngineDied) as died:
            await ran(engine, f"crash {signal.Signals[name].value}" if is_own_doing else "killed")
        assert died.value.exit_code == -signal.Signals[name]
        assert died.value.is_own_doing is is_own_doing

    with_engine(use)


def test_nobody_knows_whose_doing_it_was_while_another_is_written() -> None:
    async def use(engine: EngineProcess) -> None:
        first = await once_made(engine, "write 30")
        for doomed in (ran(engine, f"crash {signal.SIGSEGV.value}"), first):
            with pytest.raises(EngineDied) as died:
                await doomed
            assert not died.value.is_own_doing

    with_engine(use)


@pytest.mark.parametrize(("prompt", "code"), [("exit 3", 3), ("exit 0", 0), ("killed", -signal.SIGKILL)])
def test_a_child_that_dies_costs_the_attempt_and_can_be_started_again(prompt: str, code: int) -> None:
    async def use(engine: EngineProcess) -> None:
        first = engine.pid
        with pytest.raises(EngineDied) as died:
            await ran(engine, prompt)
        assert (died.value.exit_code, died.value.code) == (code, "engine_crashed")
        assert died.value.log[-1] == "last words" or prompt == "killed"
        assert not engine.is_alive
        with pytest.raises(EngineDied):
            await ran(engine, "steps 1 0")
        await engine.start()
        assert engine.pid != first
        assert (await ran(engine, "steps 1 0"))[0].failure is None

    with_engine(use)


@pytest.mark.parametrize("prompt", ["hang", "frozen", "wait 1000"])
def test_a_child_that_says_nothing_is_killed(prompt: str) -> None:
    async def use(engine: EngineProcess) -> None:
        pid = engine.pid
        with pytest.raises(EngineHung, match="sent no message"):
            await ran(engine, prompt)
        assert pid is not None and is_gone(pid)
        assert not engine.is_alive

    with_engine(use, EngineLimits(stall_s=0.5))


def test_a_child_that_is_stopped_by_a_signal_is_killed() -> None:
    async def use(engine: EngineProcess) -> None:
        def freeze(_: RunMessage) -> None:
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGSTOP)

        with pytest.raises(EngineHung):
            await engine.run(order("steps 1000 0.02"), freeze)

    with_engine(use, EngineLimits(stall_s=0.5))


def test_loading_counts_as_progress_while_the_process_works() -> None:
    async def use(engine: EngineProcess) -> None:
        outcome, told = await ran(engine, "work 1.5")
        assert outcome.failure is None
        assert "Loading" in {type(message).__name__ for message in told}

    with_engine(use, EngineLimits(stall_s=0.75))


def test_a_cancelled_run_stops_at_its_next_step_and_the_child_lives() -> None:
    async def use(engine: EngineProcess) -> None:
        pid = engine.pid
        engine.cancel("job")  # nothing runs
        outcome = await cancelled_when_running(engine, "steps 1000 0.02")
        assert outcome.is_cancelled and not outcome.is_users_fault
        assert (await ran(engine, "steps 2 0"))[0].failure is None
        assert engine.pid == pid

    with_engine(use)


@pytest.mark.parametrize("prompt", ["deaf", "hang", "frozen"])
def test_a_child_that_does_not_stop_when_cancelled_is_killed(prompt: str) -> None:
    async def use(engine: EngineProcess) -> None:
        outcome = await cancelled_when_running(engine, prompt)
        assert outcome.is_cancelled
        assert not engine.is_alive
        await engine.start()
        assert (await ran(engine, "steps 2 0.05"))[0].failure is None

    with_engine(use, EngineLimits(stall_s=PATIENCE_S, cancel_grace_s=0.2))


def test_a_run_that_nobody_waits_for_any_more_is_ended() -> None:
    async def use(engine: EngineProcess) -> None:
        pid, started = engine.pid, asyncio.Event()
        task = asyncio.create_task(engine.run(order("steps 1000 0.02"), lambda _: started.set()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await engine.start()
        assert engine.pid != pid
        assert pictures_of((await ran(engine, "steps 1 0"))[0]).seed == engine.pid

    with_engine(use)


async def once_made(engine: EngineProcess, prompt: str) -> asyncio.Task[RunOutcome]:
    """A run of the job "first" whose engine is done with it; until then no other may begin."""
    made = asyncio.Event()

    def hear(message: RunMessage) -> None:
        if isinstance(message, EngineIdle):
            made.set()

    first = asyncio.create_task(engine.run(order(prompt, job_id="first"), hear))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one run at a time"):
        await ran(engine, "steps 1 0")
    await made.wait()
    return first


def test_the_next_run_begins_while_what_was_made_is_written() -> None:
    async def use(engine: EngineProcess) -> None:
        first = await once_made(engine, "write 0.5")
        outcome, told = await ran(engine, "steps 2 0")
        assert not first.done()
        assert pictures_of(outcome).prompt == "job/1" and len(told) == 2
        assert pictures_of(await first).prompt == "first/1"

    with_engine(use)


def test_what_cannot_be_written_is_our_fault_and_the_child_goes_on() -> None:
    async def use(engine: EngineProcess) -> None:
        pid = engine.pid
        outcome, _ = await ran(engine, "spoil")
        assert outcome.failure is not None and outcome.failure.code == "engine_failed"
        assert pictures_of((await ran(engine, "steps 1 0"))[0]).seed == pid

    with_engine(use)


def test_cancelling_is_for_the_run_of_that_job_alone() -> None:
    async def use(engine: EngineProcess) -> None:
        pid = engine.pid
        first = await once_made(engine, "write 0.3")
        engine.cancel("first", 0.1)  # it is made, so that it ends in its time
        outcome = await engine.run(order("steps 3 0.2"), lambda _: engine.cancel("first", 0.1))
        assert outcome.failure is None and (await first).failure is None
        assert engine.pid == pid

    with_engine(use)


def test_a_run_that_is_only_written_may_be_abandoned() -> None:
    async def use(engine: EngineProcess) -> None:
        pid = engine.pid
        first = await once_made(engine, "write 0.3")
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert pictures_of((await ran(engine, "write 0"))[0]).seed == pid  # and the late word of the first goes nowhere

    with_engine(use)


def test_a_child_that_dies_takes_what_it_was_writing_with_it() -> None:
    async def use(engine: EngineProcess) -> None:
        first = await once_made(engine, "write 100")
        with pytest.raises(EngineDied):
            await ran(engine, "killed")
        with pytest.raises(EngineDied):
            await first

    with_engine(use)


def test_stopping_lets_what_is_written_be_written() -> None:
    async def use(engine: EngineProcess) -> None:
        first = await once_made(engine, "write 0.3")
        await engine.stop()
        assert (await first).failure is None

    with_engine(use)


def test_what_is_printed_does_not_get_among_the_messages() -> None:
    logged: list[str] = []

    async def use(engine: EngineProcess) -> None:
        assert (await ran(engine, "print"))[0].failure is None
        assert (await ran(engine, "steps 1 0"))[0].failure is None

    with_engine(use, on_log=logged.append)
    assert logged == ["printed before it serves", "from Python", "from below"]


def test_what_is_no_message_is_passed_over() -> None:
    async def use(engine: EngineProcess) -> None:
        outcome, told = await ran(engine, "intrude")
        assert outcome.failure is None
        assert [message.stage for message in told if isinstance(message, Progress)] == ["before", "after"]

    with_engine(use)


def test_a_flood_on_standard_error_blocks_nothing_and_little_of_it_is_kept() -> None:
    logged: list[str] = []

    async def use(engine: EngineProcess) -> None:
        assert (await ran(engine, "noise 5000000"))[0].failure is None
        with pytest.raises(EngineDied) as died:
            await ran(engine, "exit 1")
        assert len(died.value.log) <= 51
        assert sum(map(len, died.value.log)) < 300_000

    with_engine(use, on_log=logged.append)
    assert len(logged) < 5000


def test_a_child_that_cannot_be_started_or_does_not_get_ready_is_an_error() -> None:
    async def scene() -> None:
        with pytest.raises(EngineLost, match="cannot be started"):
            await EngineProcess(["/no/such/program"]).start()
        with pytest.raises(EngineDied, match="exit code 4"):
            await EngineProcess([sys.executable, "-c", "raise SystemExit(4)"]).start()
        waits = EngineProcess([sys.executable, "-c", "input()"], limits=EngineLimits(start_s=0.5))
        with pytest.raises(EngineHung):
            await waits.start()
        assert not waits.is_alive

    completed(scene())


def test_stopping_lets_the_run_end_that_ends_in_time() -> None:
    async def use(engine: EngineProcess) -> None:
        stopping: list[asyncio.Task[None]] = []
        outcome = await engine.run(order("steps 2 0.05"), lambda _: stopping.append(asyncio.create_task(engine.stop())))
        assert outcome.failure is None
        await asyncio.gather(*stopping)

    with_engine(use)


def test_stopping_ends_a_run_that_does_not_end_in_time() -> None:
    async def use(engine: EngineProcess) -> None:
        stopping: list[asyncio.Task[None]] = []
        with pytest.raises(EngineDied):
            await engine.run(order("hang"), lambda _: stopping.append(asyncio.create_task(engine.stop())))
        await asyncio.gather(*stopping)

    with_engine(use, EngineLimits(stall_s=PATIENCE_S, stop_grace_s=0.2))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_to_the_whole_group_are_the_agents_business(number: signal.Signals) -> None:
    async def use(engine: EngineProcess) -> None:
        def interrupt(message: RunMessage) -> None:
            if isinstance(message, Progress) and message.step == 1 and engine.pid is not None:
                os.kill(engine.pid, number)

        assert (await engine.run(order("steps 3 0.05"), interrupt)).failure is None

    with_engine(use)


AGENT = """
import asyncio, sys
from lamina.core.tasks import GenerateTask
from lamina.worker.host import EngineProcess
from lamina.worker.protocol import RunOrder

async def main():
    engine = EngineProcess(sys.argv[2:])
    await engine.start()
    order = RunOrder(job_id="job", attempt=1, task=GenerateTask(sys.argv[1]), folder="/nowhere")
    await engine.run(order, lambda _: print(engine.pid, flush=True))

asyncio.run(main())
"""


@pytest.mark.parametrize("prompt", ["hang", "frozen", "steps 100000 0.02"])
def test_when_the_agent_is_killed_its_child_does_not_outlive_it(prompt: str) -> None:
    command = [sys.executable, "-c", AGENT, prompt, *COMMAND]
    with ending(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as agent:
        child = int(next_line(agent))
        agent.kill()
        assert is_gone(child)


def test_messages_come_as_they_are_sent() -> None:
    async def use(engine: EngineProcess) -> None:
        begin = time.monotonic()
        first: list[float] = []
        await engine.run(order("steps 5 0.2"), lambda _: first.append(time.monotonic()))
        assert first[0] - begin < first[-1] - begin - 0.5

    with_engine(use)


def test_a_line_of_log_is_a_message() -> None:
    async def use(engine: EngineProcess) -> None:
        told: Messages = []

        def hear(message: RunMessage) -> None:
            told.append(message)
            engine.cancel("job")

        await engine.run(order("deaf"), hear)
        assert told[0] == LogLine("still here")

    with_engine(use, EngineLimits(stall_s=PATIENCE_S, cancel_grace_s=0.1))
