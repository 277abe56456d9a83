"""Runs the service, or its agents alone, until a signal ends the process, and shuts it down gracefully."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

import uvicorn

from lamina.api.shared.context import ApiContext
from lamina.core.errors import LaminaError
from lamina.jobs.retention import keep_forgetting
from lamina.jobs.run.agent_pool import AgentPool
from lamina.jobs.sweep import keep_sweeping
from lamina.server.app import make_app, most_body_bytes
from lamina.server.bootstrap import Installation
from lamina.server.listening import is_loopback
from lamina.server.local_agents import ENGINE_COMMAND, agent_pool_of
from lamina.server.logs import UVICORN_OPTIONS
from lamina.webhooks.delivery import keep_delivering

_INTERRUPTED = 130
_ANSWERS_S = 5  # how long open requests may take to finish during a shutdown


def run_server(
    installation: Installation, listener: socket.socket, engine_command: Sequence[str] = ENGINE_COMMAND
) -> None:
    """Runs the API, and agents if the settings ask for some, until SIGTERM, SIGHUP or Ctrl-C. Raises `LaminaError`.

    `engine_command`: starts the process of an engine.
    """
    _run(_serve(installation, listener, engine_command))


def run_agents(installation: Installation, engine_command: Sequence[str] = ENGINE_COMMAND) -> None:
    """Runs agents without an API; otherwise as `run_server`. Raises `LaminaError`."""
    _run(_work(installation, engine_command))


async def _serve(installation: Installation, listener: socket.socket, engine_command: Sequence[str]) -> None:
    settings = installation.settings
    context = ApiContext(
        service=installation.service,
        is_here=installation.is_here,
        result_wait_s=settings.pixazo_wait_s,
        has_older_layers=settings.pixazo_layered_generation == "old",
    )
    server = _Server(
        uvicorn.Config(
            make_app(installation, context, listener.getsockname()[1] if is_loopback(listener) else None),
            lifespan="off",
            server_header=False,
            ws_max_size=most_body_bytes(installation),
            ws_per_message_deflate=False,  # costs 100 kB per idle connection, and images do not compress
            timeout_graceful_shutdown=_ANSWERS_S,
            **UVICORN_OPTIONS,  # pyright: ignore[reportArgumentType]
        )
    )

    def close() -> None:
        context.is_closing.set()
        server.should_exit = True

    with _closed_by_signals(close):
        await _run_with_background_tasks(
            installation, engine_command, context.is_closing, server.serve(sockets=[listener])
        )


async def _work(installation: Installation, engine_command: Sequence[str]) -> None:
    is_closing = asyncio.Event()
    with _closed_by_signals(is_closing.set):
        await _run_with_background_tasks(installation, engine_command, is_closing, is_closing.wait())


async def _run_with_background_tasks(
    installation: Installation, engine_command: Sequence[str], is_closing: asyncio.Event, main: Coroutine[Any, Any, Any]
) -> None:
    """Runs `main` with the agents and the background loops; agents drain while the last requests are answered."""
    service = installation.service
    async with asyncio.TaskGroup() as tasks:
        loops = [
            tasks.create_task(keep_sweeping(service)),
            tasks.create_task(keep_delivering(service, installation.writers)),
            tasks.create_task(keep_forgetting(service)),
        ]
        agent_pool = agent_pool_of(installation, engine_command)
        if agent_pool is None:
            installation.engines_up.set()
        working = (
            tasks.create_task(_run_agents(agent_pool, is_closing, installation.engines_up)) if agent_pool else None
        )
        try:
            await main
        finally:
            is_closing.set()
        if agent_pool is not None and working is not None:
            if not agent_pool.is_ready:  # an engine that does not start must not keep the process alive
                working.cancel()
            await asyncio.wait({working})
        for loop in loops:
            loop.cancel()


async def _run_agents(agent_pool: AgentPool, is_closing: asyncio.Event, engines_up: asyncio.Event) -> None:
    async with agent_pool.serving():
        engines_up.set()
        await is_closing.wait()


@contextlib.contextmanager
def _closed_by_signals(close: Callable[[], None]) -> Generator[None]:
    """Calls `close` on the first signal; the second ends the process at once. Engines notice that."""
    is_closing = False

    def handle_signal() -> None:
        nonlocal is_closing
        if is_closing:
            os._exit(_INTERRUPTED)
        is_closing = True
        close()

    loop = asyncio.get_running_loop()
    handles_hangup = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # not so under nohup
    handled = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if handles_hangup else []))
    for number in handled:
        loop.add_signal_handler(number, handle_signal)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves the signals to `_closed_by_signals`."""
        yield


def _run(main: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(main)
    except BaseExceptionGroup as group:
        errors, others = group.split(LaminaError)
        if errors is not None and others is None:
            raise _first(errors) from None
        raise


def _first(group: BaseExceptionGroup[LaminaError]) -> LaminaError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
