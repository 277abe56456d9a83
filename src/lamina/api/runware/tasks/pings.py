"""The ping task: shows that the connection is alive."""

from collections.abc import AsyncIterator, Sequence

from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Pong
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.wire import PING

PONG = Pong(taskType=PING, pong=True)


async def ping(_caller: Caller, _task: TaskFields) -> AsyncIterator[Sequence[Pong]]:
    yield [PONG]
