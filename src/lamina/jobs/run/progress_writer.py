"""Writes the progress, log and losses of a run to the store at a limited rate, and reads whether it is cancelled."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable

from sqlalchemy import Connection

from lamina.core.jobs import Job, Progress
from lamina.core.tasks import SHOWN_LOSSES
from lamina.jobs.run.training_progress import keep_checkpoint, keep_sample
from lamina.service.service import Service
from lamina.store import events, jobs
from lamina.store.job_rows import progress_record
from lamina.worker.protocol import Checkpoint, EngineIdle, Loading, LogLine, Loss, Preview, RunMessage, Sample

_AT_MOST_EVERY_S, _AT_LEAST_EVERY_S = 0.25, 0.5
_OF_ELAPSED = 1 / 200  # the longer a run, the fewer its events


class ProgressWriter:
    """Of one run of a job. The engine calls `on_message`; the agent calls `write` and `pause` in turn."""

    def __init__(self, service: Service, job: Job) -> None:
        self._service, self._job = service, job
        self._progress = Progress()
        self._lines: list[str] = []
        self._loss: Loss | None = None
        self._late_losses: deque[float] = deque(maxlen=SHOWN_LOSSES)
        self._has_news, self._writing = False, asyncio.Lock()
        self._started, self._stepped = time.monotonic(), 0.0

    def on_message(self, message: RunMessage) -> Awaitable[None] | None:
        """Takes in a message. Checkpoints and samples return an awaitable that ends when they are stored."""
        match message:
            case Progress():
                self._has_news = True
                self._time_step(message.step)
                self._progress = message
            case LogLine():
                self._has_news = True
                self._lines.append(message.line)
            case Loading():
                self._has_news = True
                self._progress = Progress(stage=message.stage, share=self._progress.share)
            case Loss():
                self._has_news = True
                self._loss = message
                self._late_losses.append(message.value)
            case Checkpoint():
                return keep_checkpoint(self._service, self._job, message)
            case Sample():
                return keep_sample(self._service, self._job, message)
            case Preview():
                pass  # the service does not offer previews
            case EngineIdle():
                pass  # handled by the run
        return None

    async def write(self) -> bool | None:
        """Writes what is new. Returns whether the job is to be cancelled; None if another attempt has begun."""
        async with self._writing:
            return await self._write()

    async def flush(self) -> None:
        """Writes the lines and losses that came after the last `write`, when the run is over."""
        async with self._writing:
            if self._lines or self._loss is not None:
                await self._write()

    async def _write(self) -> bool | None:
        job_id, attempt, progress = self._job.id, self._job.attempt, self._progress
        lines, loss = self._lines, None if self._loss is None else self._loss_event(self._loss)
        if not self._has_news:
            return await self._service.database.read(lambda connection: jobs.is_to_stop(connection, job_id, attempt))
        self._lines, self._loss, self._has_news = [], None, False

        def work(connection: Connection) -> bool | None:
            is_to_stop = jobs.write_progress(connection, job_id, attempt, progress)
            if is_to_stop is None:
                return None
            now = self._service.clock()
            for line in lines:
                events.append(connection, job_id, "log", {"line": line}, now)
            if loss is not None:
                events.append(connection, job_id, "loss", loss, now)
            if progress.stage:
                events.append(connection, job_id, "progress", progress_record(progress), now)
            return is_to_stop

        is_to_stop = await self._service.database.write(work)
        self._service.signals.changed(job_id)
        return is_to_stop

    def _loss_event(self, latest: Loss) -> dict[str, float]:
        mean = sum(self._late_losses) / len(self._late_losses)
        return {"step": latest.step, "loss": round(mean, 6)}

    def _time_step(self, step: int | None) -> None:
        if step is None or step == self._progress.step:
            return
        now = time.monotonic()
        if self._stepped:
            self._service.observer.step_took(self._job.request.model, now - self._stepped)
        self._stepped = now

    async def pause(self) -> None:
        """Waits until it is time to write again."""
        elapsed_s = time.monotonic() - self._started
        pause_s = min(max(_AT_MOST_EVERY_S, elapsed_s * _OF_ELAPSED), _AT_LEAST_EVERY_S if not self._has_news else 60.0)
        await self._service.signals.wait(self._job.id, pause_s)
