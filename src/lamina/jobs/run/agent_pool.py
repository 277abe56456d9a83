"""The agents of one process: starts their engines, registers them, and gives them jobs until the process stops."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Sequence

from lamina.core.errors import LaminaError
from lamina.core.jobs import Job
from lamina.jobs.retry import give_back
from lamina.jobs.run.agent import Agent
from lamina.service.service import Service
from lamina.store import agents as agents_store
from lamina.worker.host import EngineLost

_log = logging.getLogger(__name__)
_REGISTER_AGAIN_S = 1.0
_START_TRIES, _START_AGAIN_S = 3, 1.0


class AgentPool:
    """`is_ready`: its engines are up. At shutdown running jobs get `Limits.drain_s` and then go back to the queue."""

    def __init__(self, service: Service, agents: Sequence[Agent], start_again_s: float = _START_AGAIN_S) -> None:
        """`start_again_s`: the wait before an engine that was killed while it started is started again, in seconds."""
        self._service, self._agents, self._start_again_s = service, agents, start_again_s
        self._idle: asyncio.Queue[Agent] = asyncio.Queue()
        self.is_ready = self._is_draining = False
        self._runs: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as tasks:
            await asyncio.gather(*(_start(agent, self._start_again_s) for agent in self._agents))
            self.is_ready = True
            for agent in self._agents:  # only now: agents send no heartbeats while engines start
                await agent.register()
                self._idle.put_nowait(agent)
            beating = tasks.create_task(self._beat())
            serving = tasks.create_task(self._service.dispatcher.serve(self._run, len(self._agents)))
            try:
                yield
            finally:
                await self._drain()
                for task in (serving, beating, *self._runs):
                    task.cancel()
        if self._runs:
            await asyncio.wait(self._runs)
        await asyncio.gather(*(self._stop(agent) for agent in self._agents), return_exceptions=True)

    async def _run(self, job_id: str) -> None:
        """Returns when the agent can take the next job, which may be before this one has ended."""
        agent = await self._idle.get()
        is_free = asyncio.Event()
        run: asyncio.Task[None] | None = None
        try:
            if self._is_draining:
                await asyncio.Event().wait()  # until it is cancelled; the job stays queued
            run = asyncio.create_task(self._run_job(agent, job_id, is_free))
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)
            await is_free.wait()
        except asyncio.CancelledError:
            if run is not None:
                run.cancel()
                await asyncio.wait({run})
            raise
        finally:
            self._idle.put_nowait(agent)

    async def _run_job(self, agent: Agent, job_id: str, is_free: asyncio.Event) -> None:
        try:
            await agent.run(job_id, is_free.set)
        except LaminaError as error:  # the store is unavailable
            _log.error("job %s: %s", job_id, error)
            await self._register_again(agent)
        except Exception:  # noqa: BLE001  (the worker loop: one run must not end the others)
            _log.exception("job %s: the agent has failed", job_id)
            await self._register_again(agent)
        finally:
            is_free.set()

    async def _register_again(self, agent: Agent) -> None:
        """Under a new id, so that the sweep queues again what was running under the old one."""
        old_id = agent.id
        while True:
            await asyncio.sleep(_REGISTER_AGAIN_S)
            with contextlib.suppress(LaminaError):
                await agent.register()
                await self._service.database.write(lambda connection: agents_store.remove(connection, old_id))
                return

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._service.limits.agent_lost_s / 4)
            for agent in self._agents:
                try:
                    await agent.beat()
                except LaminaError as error:
                    _log.warning("agent %s: %s", agent.id, error)

    async def _drain(self) -> None:
        self._is_draining = True
        if running := self._running():
            _log.info("waiting up to %g s for %d running jobs to end", self._service.limits.drain_s, len(running))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._service.limits.drain_s):
                while self._running():
                    await asyncio.sleep(0.05)
        for job in self._running():
            _log.info("job %s goes back to the queue", job.id)
            with contextlib.suppress(LaminaError):
                await give_back(self._service, job)

    def _running(self) -> list[Job]:
        return [job for agent in self._agents for job in agent.running]

    async def _stop(self, agent: Agent) -> None:
        await agent.engine.stop()
        await self._service.database.write(lambda connection: agents_store.remove(connection, agent.id))


async def _start(agent: Agent, again_s: float) -> None:
    """Tries again if the engine process was killed while it started. Raises `EngineLost` if it cannot start."""
    for _ in range(_START_TRIES - 1):
        try:
            await agent.engine.start()
        except EngineLost as error:
            _log.warning("%s It is started again.", error.message)
            await asyncio.sleep(again_s)
        else:
            return
    await agent.engine.start()
