"""Builds a service from the settings: the only place that chooses the adapter for each interface."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time

from lamina.accounts.pricing import PricesOfRequests
from lamina.api.fal.webhooks import fal_writer
from lamina.api.native.webhooks import native_writer
from lamina.api.pixazo.translate import DIALECT as PIXAZO
from lamina.api.pixazo.webhooks import pixazo_writer
from lamina.api.runware.webhooks import runware_writer
from lamina.core.catalog import MODELS, Model
from lamina.core.ports import Dispatcher
from lamina.engines.weights.places import check_transformer, find
from lamina.fetch.fetcher import Fetcher
from lamina.jobs.dispatch.in_process import InProcessDispatcher
from lamina.server.metrics import Metrics
from lamina.server.stores import open_database, open_files
from lamina.service.service import PATIENT_BYTES, PATIENT_S, Limits, Service
from lamina.settings import Settings, data_folder, roots
from lamina.store.database import Database
from lamina.store.secrets import secret
from lamina.webhooks.delivery import Writer
from lamina.webhooks.signing import SigningKey, loaded_keys, new_key, stored_keys

_DAY_S = 86_400.0
_FILE_SECRET, _SIGNING_KEYS = "file addresses", "webhook signatures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A service that is ready to run. `signing_keys`: the first one signs. `writers`: of webhooks, by API.

    `engines_up`: set when the agents of this process, if there are any, can run jobs. `started_at`: when this
    process opened it, in seconds since 1970.
    """

    settings: Settings
    service: Service
    metrics: Metrics
    signing_keys: tuple[SigningKey, ...]
    writers: Mapping[str, Writer]
    engines_up: asyncio.Event = field(default_factory=asyncio.Event)
    started_at: float = field(default_factory=time)

    def is_here(self, model: Model) -> bool:
        """Whether this machine has the model's weights; nano's come with the package."""
        return not model.checkpoint.repository or find(model, roots(self.settings)) is not None


def open_installation(settings: Settings, base_url: str) -> Installation:
    """`base_url`: where clients reach the service, unless the settings say otherwise. Raises `LaminaError`:
    store_unavailable, ...
    """
    if settings.agents:
        _check_transformers(settings)
    database = open_database(settings)
    limits, metrics = limits_of(settings), Metrics()
    file_secret, keys = _secrets(database)
    service = Service(
        database=database,
        blobs=open_files(settings),
        fetcher=Fetcher(settings.allow_private_urls, limits.max_upload_bytes),
        dispatcher=_dispatcher(database, limits),
        pricing=PricesOfRequests(settings.prices or "", dialects_priced_by_request=[PIXAZO]),
        secret=file_secret,
        cache=data_folder(settings) / "cache",
        base_url=settings.base_url or base_url,
        base_urls=(base_url, base_url.replace("127.0.0.1", "localhost")),
        limits=limits,
        observer=metrics,
        patient_fetcher=Fetcher(settings.allow_private_urls, PATIENT_BYTES, PATIENT_S),
    )
    return Installation(
        settings=settings, service=service, metrics=metrics, signing_keys=keys, writers=_writers(service, keys[0])
    )


def _check_transformers(settings: Settings) -> None:
    """Fails at the start instead of at the first job. Raises `LaminaError` (weights_missing)."""
    model_roots = roots(settings)
    for name in model_roots.transformers:
        check_transformer(MODELS[name], model_roots)


def _writers(service: Service, key: SigningKey) -> dict[str, Writer]:
    return {
        "native": native_writer(service, key),
        "fal": fal_writer(service, key),
        "pixazo": pixazo_writer(service),
        "runware": runware_writer(service),
    }


def limits_of(settings: Settings) -> Limits:
    return Limits(
        agent_lost_s=settings.agent_lost_s,
        max_attempts=settings.max_attempts,
        stall_s=settings.stall_s,
        cancel_grace_s=settings.cancel_grace_s,
        run_s=settings.run_s,
        url_s=settings.url_s,
        retention_s=_seconds(settings.retention_days),
        upload_s=_seconds(settings.upload_days),
        drain_s=settings.drain_s,
        max_upload_bytes=settings.max_upload_bytes,
        is_failed_charged=settings.charge_failed,
        training_run_s=settings.training_run_s,
        training_cancel_grace_s=settings.training_cancel_grace_s,
        are_stand_ins_charged=settings.charge_stand_ins,
        max_stored_bytes=settings.max_stored_bytes or None,
    )


def _dispatcher(database: Database, limits: Limits) -> Dispatcher:
    if not database.is_postgres:
        return InProcessDispatcher(database)
    from lamina.jobs.dispatch.procrastinate import ProcrastinateDispatcher

    dispatcher = ProcrastinateDispatcher(database, database.url, limits.agent_lost_s)
    dispatcher.open()
    return dispatcher


def _secrets(database: Database) -> tuple[bytes, tuple[SigningKey, ...]]:
    file_secret = database.write_now(lambda connection: secret(connection, _FILE_SECRET, lambda: os.urandom(32)))
    stored = database.write_now(
        lambda connection: secret(connection, _SIGNING_KEYS, lambda: stored_keys((new_key(),)))
    )  # fmt: skip
    return file_secret, loaded_keys(stored)


def _seconds(days: float | None) -> float | None:
    return days * _DAY_S if days else None
