"""What every verb of the service needs: the stores, the dispatcher, the limits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Protocol

from lamina.core.jobs import JobRequest
from lamina.core.keys import ApiKey
from lamina.core.ports import Dispatcher, Observer, no_observer
from lamina.core.tasks import TaskKind
from lamina.fetch.fetcher import Fetcher
from lamina.service.signals import Signals
from lamina.store.blobs import Blobs
from lamina.store.database import Database

PATIENT_BYTES, PATIENT_S = 4 << 30, 900.0
"""Of a LoRA or a training's archive behind an address: as much, and it may take so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds. `agent_lost_s`: an agent not heard of for so long has lost its job. `max_attempts`: of a job,
    until it counts as our error. `stall_s`: an engine that tells nothing for so long is killed; `cancel_grace_s`: one
    that is told to stop and does not. `run_s`: of a run, where a request says nothing. `url_s`: how long the address of
    a file is good for; `retention_s`, `upload_s`: how long results and uploads are kept; None is for ever.
    `drain_s`: how long running jobs may go on when the process is to end. `is_failed_charged`: as vendors may.
    `are_stand_ins_charged`: nano is paid for as the model that was asked for. `max_upload_bytes`: of one file;
    `max_stored_bytes`: of a key's uploads together, where the key itself says nothing; None is no limit.
    `training_run_s`: of a training's run; `training_cancel_grace_s`: of one that is told to stop, and saves first.
    """

    agent_lost_s: float = 15.0
    max_attempts: int = 3
    stall_s: float = 300.0
    cancel_grace_s: float = 10.0
    run_s: float = 3600.0
    url_s: float = 24 * 3600.0
    retention_s: float | None = None
    upload_s: float | None = 7 * 24 * 3600.0
    drain_s: float = 30.0
    max_upload_bytes: int = 500 * 1024 * 1024
    is_failed_charged: bool = False
    training_run_s: float = 7 * 24 * 3600.0
    training_cancel_grace_s: float = 120.0
    are_stand_ins_charged: bool = False
    max_stored_bytes: int | None = 100 << 30

    def run_s_of(self, kind: TaskKind) -> float:
        return self.training_run_s if kind is TaskKind.TRAIN else self.run_s

    def cancel_grace_s_of(self, kind: TaskKind) -> float:
        return self.training_cancel_grace_s if kind is TaskKind.TRAIN else self.cancel_grace_s


class Pricing(Protocol):
    """What requests cost, in micro-dollars."""

    def most(self, request: JobRequest) -> int:
        """What is held for it: of a training, for all of its steps and for as many layers as there may be."""
        ...

    def of_pictures(self, kind: TaskKind, model: str, pictures: int = 1) -> int:
        """Of a task of `kind` with `model` that makes so many pictures."""
        ...

    def of_training(self, request: JobRequest, steps: int, layers: int, is_whole: bool) -> int:
        """Of one that did so many steps, with so many layers an example. `is_whole`: it has succeeded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`pricing`: what requests cost. `secret`: signs the URLs of files, one for all processes.
    `base_url`: where clients reach this service; `base_urls`: every name that it goes by. `deliveries_due`: set when
    webhooks or uploads wait to be sent. `known_keys`: by the hash of their secret, with when they were read, by the
    monotonic clock. `cache`: a folder for what may be fetched again. `patient_fetcher`: with the limits of LoRAs and
    archives.
    """

    database: Database
    blobs: Blobs
    fetcher: Fetcher
    dispatcher: Dispatcher
    pricing: Pricing
    secret: bytes
    cache: Path
    base_url: str = "http://127.0.0.1:8080"
    base_urls: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    signals: Signals = field(default_factory=Signals)
    deliveries_due: asyncio.Event = field(default_factory=asyncio.Event)
    observer: Observer = no_observer
    known_keys: dict[str, tuple[float, ApiKey]] = field(default_factory=dict[str, tuple[float, ApiKey]])
    patient_fetcher: Fetcher = field(default_factory=lambda: Fetcher(max_bytes=PATIENT_BYTES, timeout_s=PATIENT_S))
    clock: Callable[[], float] = time
