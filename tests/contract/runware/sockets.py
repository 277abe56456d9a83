"""A bare WebSocket client, for what no SDK would send, and to see each frame as it comes."""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import websockets

from waiting import completed

_PATIENCE_S = 30
GENERATION = {"taskType": "imageInference", "model": "runware:108@1", "positivePrompt": "a circle"}
SIZE = {"width": 128, "height": 128}


class Socket:
    def __init__(self, connection: Any) -> None:
        self.connection = connection

    async def say(self, *tasks: Any) -> None:
        await self.connection.send(json.dumps(tasks))

    async def say_text(self, text: str | bytes) -> None:
        await self.connection.send(text)

    async def hear(self) -> dict[str, Any]:
        """The next frame, whole."""
        return json.loads(await asyncio.wait_for(self.connection.recv(), _PATIENCE_S))

    async def data(self) -> list[dict[str, Any]]:
        frame = await self.hear()
        assert list(frame) == ["data"], frame
        return frame["data"]

    async def error(self) -> dict[str, Any]:
        """Of a frame that has one error and nothing else."""
        frame = await self.hear()
        assert list(frame) == ["errors"], frame
        (error,) = frame["errors"]
        return error

    async def ask(self, *tasks: Any) -> list[dict[str, Any]]:
        await self.say(*tasks)
        return await self.data()

    async def authenticate(self, key: str, **more: Any) -> str:
        """The session's UUID."""
        (item,) = await self.ask({"taskType": "authentication", "apiKey": key, **more})
        assert item["taskType"] == "authentication"
        assert "taskUUID" not in item
        return item["connectionSessionUUID"]


@asynccontextmanager
async def bare(url: str, path: str = "/v1", **options: Any) -> AsyncGenerator[Socket]:
    async with websockets.connect(url.replace("http", "ws", 1) + path, max_size=None, **options) as connection:
        yield Socket(connection)


@asynccontextmanager
async def at_home(url: str, key: str, path: str = "/v1", **options: Any) -> AsyncGenerator[Socket]:
    """Authenticated."""
    async with bare(url, path, **options) as socket:
        await socket.authenticate(key)
        yield socket


def run(work: Coroutine[Any, Any, None]) -> None:
    completed(work)


def generation(**changes: Any) -> dict[str, Any]:
    return {**GENERATION, **SIZE, "taskUUID": str(uuid.uuid4()), **changes}


def task(task_type: str, **fields: Any) -> dict[str, Any]:
    return {"taskType": task_type, "taskUUID": str(uuid.uuid4()), **fields}
