"""What an engine says of a run is kept to its last word, however the run ends."""

from collections.abc import Callable
from typing import Any

import pytest

from lamina.core.errors import ErrorCode
from lamina.core.jobs import Failure, JobState
from lamina.core.tasks import TaskKind
from lamina.service.engine_process import EngineLost
from lamina.service.engine_protocol import LogLine, Loss, RunOrder, RunOutcome
from lamina.service.service import Service
from lamina.service.submitting import submit
from lamina.service.working.agent import Agent
from lamina.store import events
from services import job_now, new_key, request, run

REFUSED = RunOutcome(failure=Failure(ErrorCode.TASK_INVALID, "It cannot be done.", "Ask for something else."))


class TalkativeEngine:
    """Says two things and is gone at once, so that nobody had time to write them down."""

    def __init__(self, outcome: RunOutcome | Exception) -> None:
        self.outcome = outcome

    async def start(self) -> None:
        pass

    async def run(self, _order: RunOrder, hear: Callable[[Any], None]) -> RunOutcome:
        hear(Loss(1, 0.5))
        hear(LogLine("last words"))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.mark.parametrize("outcome", [REFUSED, EngineLost("killed", ())], ids=["ended", "lost"])
def test_the_last_words_are_kept(service: Service, outcome: RunOutcome | Exception) -> None:
    engine: Any = TalkativeEngine(outcome)

    async def whole() -> str:
        job = await submit(service, new_key(service), request(kind=TaskKind.GENERATE, task={"prompt": "a tree"}))
        agent = Agent(service, engine)
        await agent.register()
        await agent.run(job.id, lambda: None)
        return job.id

    job_id = run(whole())
    told = service.database.write_now(lambda connection: events.after(connection, job_id, 0))
    kinds = [event.kind for event in told]
    assert kinds.count("loss") == kinds.count("log") == 1
    if outcome is REFUSED:
        assert job_now(service, job_id).state is JobState.FAILED
        assert kinds[-1] == "state"
