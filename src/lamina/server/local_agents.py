"""The agents of this machine: one or more a device, each with an engine process that has the device to itself."""

import importlib.util
import logging
import os
import sys
from pathlib import Path

from lamina.core.placement import AUTO
from lamina.jobs.run.agent import Agent
from lamina.jobs.run.agent_pool import Workforce
from lamina.server.bootstrap import Installation
from lamina.settings import Settings
from lamina.worker.host import EngineLimits, EngineProcess

_GPUS = Path("/proc/driver/nvidia/gpus")
_CHILD_FOR_TESTS = "LAMINA_TEST_ENGINE_CHILD"
_log = logging.getLogger("lamina.engines")


def workforce_of(installation: Installation) -> Workforce | None:
    """None where the settings want no agents here."""
    settings = installation.settings
    devices = [device for device in devices_of(settings) for _ in range(settings.agents)]
    agents = [Agent(installation.service, _engine(installation, device), device) for device in devices]
    return Workforce(installation.service, agents) if agents else None


def devices_of(settings: Settings) -> list[str]:
    """As the setting `device` names them. Torch is asked for nothing: it would cost this process 200 MB."""
    if settings.device != AUTO:
        return [settings.device]
    count = len(list(_GPUS.iterdir())) if _GPUS.is_dir() and importlib.util.find_spec("torch") is not None else 0
    return [f"cuda:{number}" for number in range(count)] or [AUTO]


def _engine(installation: Installation, device: str) -> EngineProcess:
    limits = installation.service.limits
    return EngineProcess(
        _child_command(),
        {**os.environ, "LAMINA_DEVICE": device},
        EngineLimits(stall_s=limits.stall_s, cancel_grace_s=limits.cancel_grace_s),
        lambda line: _log.info("%s", line),
    )


def _child_command() -> list[str]:
    other = os.environ.get(_CHILD_FOR_TESTS)
    return [sys.executable, other] if other else [sys.executable, "-m", "lamina.worker.child"]
