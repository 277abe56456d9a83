"""Starts and watches the engine process of an agent, gives it one run after the other, and kills it if it hangs.

It works on one run at a time. The outputs of a run may still be written while it works on the next.
"""

import asyncio
import inspect
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Failure
from lamina.core.log_context import with_fields
from lamina.worker.pipes import EnginePipes, Message
from lamina.worker.protocol import (
    Cancel,
    EngineIdle,
    Ready,
    Run,
    RunMessage,
    RunOrder,
    RunOutcome,
    Stop,
    Unrecognized,
    encode_command,
)

_log = logging.getLogger(__name__)
OnMessage = Callable[[RunMessage], Awaitable[None] | None]

_OF_NATIVE_CODE = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGILL, signal.SIGBUS, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS}
)
_HINT = "Try again; if it happens each time, try a smaller picture."
_CANCELLED = RunOutcome(failure=Failure(ErrorCode.CANCELLED.value, "The job was cancelled."))


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Seconds after which the process is killed. `start_s`: while it gets ready; `stall_s`: without any message during
    a run; `cancel_grace_s`: after its run was cancelled; `stop_grace_s`: after the command to stop.
    """

    start_s: float = 300.0
    stall_s: float = 300.0
    cancel_grace_s: float = 20.0
    stop_grace_s: float = 5.0


class EngineLost(LaminaError):  # noqa: N818  # the state of the engine
    """The process is gone, and the attempt has failed (engine_crashed). `log`: its last lines on standard error."""

    def __init__(self, message: str, log: tuple[str, ...]) -> None:
        super().__init__(ErrorCode.ENGINE_CRASHED, message, _HINT)
        self.log = log


class EngineDied(EngineLost):
    """It exited or was killed by a signal. `exit_code`: negative is the number of the signal.

    `was_alone`: whether the run that gets this error was the only one that the process had.
    """

    def __init__(self, exit_code: int | None, log: tuple[str, ...], was_alone: bool = False) -> None:
        name = _signal_name(exit_code)
        how = f"signal {-(exit_code or 0)}, {name}" if name is not None else f"exit code {exit_code}"
        super().__init__(f"The engine's process ended unexpectedly ({how}).", log)
        self.exit_code, self.was_alone = exit_code, was_alone

    @property
    def is_own_doing(self) -> bool:
        """Whether the run crashed the process: by a signal that native code causes, such as SIGSEGV."""
        return self.was_alone and self.exit_code is not None and -self.exit_code in _OF_NATIVE_CODE


class EngineHung(EngineLost):
    """It sent no message for `silent_s` seconds and was killed."""

    def __init__(self, silent_s: float, log: tuple[str, ...]) -> None:
        super().__init__(f"The engine sent no message for {silent_s:g} seconds and was killed.", log)
        self.silent_s = silent_s


@dataclass(slots=True)
class _Run:
    """`killing`: the timer that kills the process if it does not stop a cancelled run."""

    number: int
    job_id: str
    is_cancelled: bool = False
    killing: asyncio.TimerHandle | None = None


class EngineProcess:
    """A process that speaks `worker.protocol`, such as `python -m lamina.worker.child`.

    `environment`: None is that of this process. `on_log`: called for each line on its standard error, at most 200 per
    second. After an `EngineLost` it can be started again.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        limits: EngineLimits | None = None,
        on_log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._command, self._environment = tuple(command), environment
        self._limits, self._on_log = limits or EngineLimits(), on_log
        self._child: EnginePipes | None = None
        self._runs = 0
        self._working: _Run | None = None
        self._is_leaving = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self.is_alive else None

    @property
    def is_alive(self) -> bool:
        child = self._child
        is_there = child is not None and child.exit_code is None and not child.is_killed and not child.is_output_closed
        return is_there and not self._is_leaving

    async def start(self) -> None:
        """Returns when the process is ready; at once if it is alive. Raises `EngineLost`."""
        if self.is_alive:
            return
        if self._child is not None:
            await (self.stop() if self._is_leaving else self._child.ended.wait())
        self._is_leaving = False
        try:
            self._child = child = await EnginePipes.opened(
                self._command, self._environment, self._on_log, self._note_exit
            )
        except OSError as error:
            raise EngineLost(f"The engine process cannot be started: {error}.", ()) from error
        try:
            with child.subscribed(None):
                while not isinstance(await self._next(child, None, self._limits.start_s), Ready):
                    pass
        except asyncio.CancelledError:
            self.kill()
            await child.ended.wait()  # so that a loop that closes now does not leave it behind
            raise

    async def run(self, order: RunOrder, on_message: OnMessage) -> RunOutcome:
        """Runs the order. `on_message`: called for each message in turn; an awaitable that it returns is awaited.

        The next run may begin after `EngineIdle`, though this one has not ended. A run that was cancelled has an
        outcome as well, even where the process had to be killed for it. Cancelling the asyncio task that awaits the run
        kills the process that works on it. Raises `EngineDied`, `EngineHung`: in all runs that have not ended then.
        """
        if self._working is not None:
            raise RuntimeError("the engine works on one run at a time")
        child = self._child
        if child is None:
            raise RuntimeError("the engine has not been started")
        self._runs += 1
        self._working = run = _Run(self._runs, order.job_id)
        try:
            with child.subscribed(run.number):
                child.send(encode_command(Run(run.number, order)))
                return await self._outcome_of(child, run, on_message)
        except EngineLost:
            if not run.is_cancelled:
                raise
            return _CANCELLED
        except BaseException:
            if self._working is run:  # if its outputs are only being written, it ends by itself
                self.kill()
            raise
        finally:
            self._leave(run)

    def cancel(self, job_id: str, grace_s: float | None = None) -> None:
        """Asks the run of the job, if the engine works on it, to stop at its next step; kills a process that does not.

        `grace_s`: after how many seconds; None is as the limits say.
        """
        run = self._working
        if self._child is None or run is None or run.job_id != job_id or run.is_cancelled:
            return
        run.is_cancelled = True
        self._child.send(encode_command(Cancel(run.number)))
        run.killing = asyncio.get_running_loop().call_later(
            self._limits.cancel_grace_s if grace_s is None else grace_s, self._child.kill
        )

    async def stop(self) -> None:
        """Lets the process exit after its run, and kills it after the grace period. It has exited when this returns."""
        if self._child is None:
            return
        self._is_leaving = True
        self._child.send(encode_command(Stop()))
        try:
            async with asyncio.timeout(self._limits.stop_grace_s):
                await self._child.ended.wait()
        except TimeoutError:
            self.kill()
            await self._child.ended.wait()

    def kill(self) -> None:
        """Kills the process at once; a run that waits for it raises `EngineDied`."""
        if self._child is not None:
            self._child.kill()

    def _note_exit(self, child: EnginePipes) -> None:
        """Logs the exit, unless the process got the command to stop."""
        if self._is_leaving and not child.is_killed:
            return
        job_id = self._working.job_id if self._working is not None else None
        fields = with_fields(
            pid=child.pid, exit_code=child.exit_code, signal=_signal_name(child.exit_code), running_job_id=job_id
        )
        if child.is_killed:
            _log.warning("an engine process was killed by its agent", extra=fields)
        else:
            _log.error("an engine process died", extra=fields)

    def _leave(self, run: _Run) -> None:
        if self._working is run:
            self._working = None
        if run.killing is not None:
            run.killing.cancel()

    async def _outcome_of(self, child: EnginePipes, run: _Run, on_message: OnMessage) -> RunOutcome:
        while True:
            message = await self._next(child, run.number, self._limits.stall_s)
            match message:
                case RunOutcome():
                    self._is_leaving |= message.breaks_process and self._working is run
                    return message
                case Unrecognized(is_outcome=True):
                    self.kill()
                    raise EngineLost("The engine's process sent an invalid outcome.", child.log.kept())
                case Unrecognized() | Ready():
                    continue
                case EngineIdle():
                    self._leave(run)
                case _:
                    pass
            handling = on_message(message)
            if inspect.isawaitable(handling):
                await handling

    async def _next(self, child: EnginePipes, run: int | None, within_s: float) -> Message:
        try:
            message = await child.next(run, within_s)
        except TimeoutError:
            child.kill()
            await child.ended.wait()
            raise EngineHung(within_s, child.log.kept()) from None
        if message is None:
            raise EngineDied(child.exit_code, child.log.kept(), was_alone=child.runs_at_end == 1)
        return message


def _signal_name(exit_code: int | None) -> str | None:
    try:
        return signal.Signals(-exit_code).name if exit_code is not None and exit_code < 0 else None
    except ValueError:
        return str(-exit_code) if exit_code is not None else None
