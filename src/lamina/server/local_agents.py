"""Creates the agents of this machine: one or more per device, each with an engine process of its own."""

import importlib.util
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from lamina.core.placement import AUTO
from lamina.jobs.run.agent import Agent
from lamina.jobs.run.agent_pool import AgentPool
from lamina.server.bootstrap import Installation
from lamina.settings import Settings
from lamina.worker.host import EngineLimits, EngineProcess

_GPUS = Path("/proc/driver/nvidia/gpus")
ENGINE_COMMAND = (sys.executable, "-m", "lamina.worker.child")
_log = logging.getLogger("lamina.engines")


def agent_pool_of(installation: Installation, engine_command: Sequence[str]) -> AgentPool | None:
    """The agents that the settings ask for; None if they ask for none. `engine_command`: starts an engine process."""
    settings = installation.settings
    devices = [device for device in devices_of(settings) for _ in range(settings.agents)]
    agents = [Agent(installation.service, _engine(installation, engine_command, device), device) for device in devices]
    return AgentPool(installation.service, agents) if agents else None


def devices_of(settings: Settings) -> list[str]:
    """Device names as in the setting `device`. GPUs are counted without torch, which would cost this process 200 MB."""
    if settings.device != AUTO:
        return [settings.device]
    count = len(list(_GPUS.iterdir())) if _GPUS.is_dir() and importlib.util.find_spec("torch") is not None else 0
    return [f"cuda:{number}" for number in range(count)] or [AUTO]


def _engine(installation: Installation, command: Sequence[str], device: str) -> EngineProcess:
    limits = installation.service.limits
    return EngineProcess(
        list(command),
        {**os.environ, "LAMINA_DEVICE": device, "LAMINA_WARM_UP": str(installation.settings.warm_up).lower()},
        EngineLimits(stall_s=limits.stall_s, cancel_grace_s=limits.cancel_grace_s),
        lambda line: _log.info("%s", line),
    )
