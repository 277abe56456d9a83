"""Runs a service, or its agents alone, until the process is told to end; then lets go of everything in good order."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import uvicorn

from lamina.api.native.access import Desk
from lamina.core.errors import LaminaError
from lamina.jobs.retention import keep_forgetting
from lamina.jobs.run.agent_pool import Workforce
from lamina.jobs.sweep import keep_sweeping
from lamina.server.app import make_app, most_body_bytes
from lamina.server.bootstrap import Installation
from lamina.server.local_agents import workforce_of
from lamina.server.logs import UVICORN_OPTIONS
from lamina.webhooks.delivery import keep_delivering

_INTERRUPTED = 130
_ANSWERS_S = 5  # that open requests get to end, when the process is to


def run_server(installation: Installation, listener: socket.socket) -> None:
    """The API, with agents if the settings want some, until SIGTERM, SIGHUP or Ctrl-C. Raises `LaminaError`."""
    _run(_served(installation, listener))


def run_agents(installation: Installation) -> None:
    """Agents without an API. Raises `LaminaError`."""
    _run(_worked(installation))


async def _served(installation: Installation, listener: socket.socket) -> None:
    desk = Desk(installation.service, installation.is_here)
    server = _Server(
        uvicorn.Config(
            make_app(installation, desk),
            lifespan="off",
            server_header=False,
            ws_max_size=most_body_bytes(installation),
            ws_per_message_deflate=False,  # it costs each idle socket 100 kB, and pictures do not become smaller
            timeout_graceful_shutdown=_ANSWERS_S,
            **UVICORN_OPTIONS,  # pyright: ignore[reportArgumentType]
        )
    )

    def close() -> None:
        desk.is_closing.set()
        server.should_exit = True

    with _told_to_end(close):
        await _beside(installation, desk.is_closing, server.serve(sockets=[listener]))


async def _worked(installation: Installation) -> None:
    is_closing = asyncio.Event()
    with _told_to_end(is_closing.set):
        await _beside(installation, is_closing, is_closing.wait())


async def _beside(installation: Installation, is_closing: asyncio.Event, main: Coroutine[Any, Any, Any]) -> None:
    """The main thing, and what goes on beside it; agents drain while the last requests are answered."""
    service = installation.service
    async with asyncio.TaskGroup() as tasks:
        loops = [
            tasks.create_task(keep_sweeping(service)),
            tasks.create_task(keep_delivering(service, installation.writers)),
            tasks.create_task(keep_forgetting(service)),
        ]
        workforce = workforce_of(installation)
        if workforce is None:
            installation.engines_up.set()
        working = tasks.create_task(_at_work(workforce, is_closing, installation.engines_up)) if workforce else None
        try:
            await main
        finally:
            is_closing.set()
        if workforce is not None and working is not None:
            if not workforce.has_begun:  # an engine that does not come up must not keep the process from ending
                working.cancel()
            await asyncio.wait({working})
        for loop in loops:
            loop.cancel()


async def _at_work(workforce: Workforce, is_closing: asyncio.Event, engines_up: asyncio.Event) -> None:
    async with workforce.at_work():
        engines_up.set()
        await is_closing.wait()


@contextlib.contextmanager
def _told_to_end(close: Callable[[], None]) -> Generator[None]:
    """The first signal asks; the second is not to be argued with. Engines see that their agent is gone."""
    asked = False

    def hear() -> None:
        nonlocal asked
        if asked:
            os._exit(_INTERRUPTED)
        asked = True
        close()

    loop = asyncio.get_running_loop()
    is_tied = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # not so under nohup
    heeded = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if is_tied else []))
    for number in heeded:
        loop.add_signal_handler(number, hear)
    try:
        yield
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Signals are ours."""
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
