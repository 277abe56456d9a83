"""What every operation of the service needs: the stores, the dispatcher, the limits."""

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
"""Limits for fetching a LoRA or a training archive from a URL: its size in bytes, and the time in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of the service. Times are in seconds, sizes in bytes.

    `agent_lost_s`: an agent without a heartbeat for this long has lost its job. `max_attempts`: attempts of a job until
    it fails with an internal error. `stall_s`: an engine that sends nothing for this long is killed; `cancel_grace_s`:
    so is one that does not stop in this time. `run_s`: the longest run, unless the request has a limit. `url_s`: how
    long a signed URL is valid. `retention_s`, `upload_s`: how long results and uploads are kept; None is forever.
    `drain_s`: how long running jobs may continue during a shutdown. `is_failed_charged`: whether failed jobs are
    charged. `are_stand_ins_charged`: whether results that nano made instead of the requested model are charged.
    `max_upload_bytes`: of one file. `max_stored_bytes`: of all uploads of a key, unless the key has its own limit; None
    is unlimited. `training_run_s`: the longest training. `training_cancel_grace_s`: as `cancel_grace_s`, for trainings,
    which save a checkpoint first.
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
        """The amount to hold: for a training, the price of all its steps with the largest number of layers."""
        ...

    def of_pictures(self, kind: TaskKind, model: str, pictures: int = 1) -> int:
        """The price of a task of `kind` with `model` that makes `pictures` pictures."""
        ...

    def of_training(self, request: JobRequest, steps: int, layers: int, is_whole: bool) -> int:
        """The price of a training of `steps` steps with `layers` layers per example. `is_whole`: it succeeded."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running service.

    `pricing`: computes prices. `secret`: signs the URLs of files; all processes share it. `cache`: a folder for content
    that can be fetched again. `base_url`: where clients reach the service; `base_urls`: its other addresses.
    `outbox_changed`: set when a webhook is waiting. `known_keys`: a cache by the hash of the secret, with the monotonic
    time at which each was read. `patient_fetcher`: fetches LoRAs and archives, which are large.
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
    outbox_changed: asyncio.Event = field(default_factory=asyncio.Event)
    observer: Observer = no_observer
    known_keys: dict[str, tuple[float, ApiKey]] = field(default_factory=dict[str, tuple[float, ApiKey]])
    patient_fetcher: Fetcher = field(default_factory=lambda: Fetcher(max_bytes=PATIENT_BYTES, timeout_s=PATIENT_S))
    clock: Callable[[], float] = time
