"""Collects metrics of jobs, requests and devices, and exports them in the Prometheus text format."""

import platform
from collections.abc import Mapping
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

from lamina.core.catalog import MODELS
from lamina.core.jobs import OPEN, Job, JobState
from lamina.core.ports import WebhookOutcome
from lamina.core.prices import TRAINERS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
NO_MODEL = "none"

_SHORT_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LONG_S = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MAX_ROUTES = 300
_JOB_LABELS = ("model", "task")


class Metrics:
    """An `Observer` with its own registry. To bound the number of label values, unknown values become "other"."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._routes: set[str] = set()
        ProcessCollector(registry=self._registry)
        self._describe_build()
        self._open_job_metrics()
        self._open_machine_metrics()
        self._open_http_metrics()

    def exposition(self) -> bytes:
        """All metrics in the text format of `CONTENT_TYPE`."""
        return generate_latest(self._registry)

    def job_submitted(self, job: Job) -> None:
        self._submitted.labels(*_labels(job)).inc()

    def job_started(self, job: Job) -> None:
        """Records the waiting time of first attempts only: that of a retry is not the time until a machine is free."""
        if job.attempt <= 1 and job.waited_s is not None:
            self._waited.labels(*_labels(job)).observe(max(0.0, job.waited_s))

    def job_ended(self, job: Job) -> None:
        self._ended.labels(job.state.value, *_labels(job)).inc()
        if job.ran_s is not None:
            self._ran.labels(*_labels(job)).observe(max(0.0, job.ran_s))

    def step_took(self, model: str, seconds: float) -> None:
        self._steps.labels(_model(model)).observe(seconds)

    def webhook_attempted(self, outcome: str) -> None:
        self._webhooks.labels(outcome if outcome in set(WebhookOutcome) else OTHER).inc()

    def request_answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """`route`: the path template, such as "/v1/jobs/{id}". `seconds`: the time to the last byte; for event streams
        to the first byte."""
        labels = (self._bounded(route), method if method in _METHODS else OTHER)
        self._requests.labels(*labels, str(status)).inc()
        self._request_seconds.labels(*labels).observe(seconds)

    def request_crashed(self, route: str) -> None:
        """A request has failed with an unexpected exception."""
        self._crashes.labels(self._bounded(route)).inc()

    def set_open_jobs(self, counts: Mapping[JobState, int]) -> None:
        """Sets the current number of queued and running jobs; states that are missing in `counts` have none."""
        for state in OPEN:
            self._open_jobs.labels(state.value).set(counts.get(state, 0))

    def set_agents(self, up: int) -> None:
        self._agents.set(up)

    def set_device_memory(self, device: str, used_bytes: int, total_bytes: int) -> None:
        """`device`: "cpu", "cuda:0", ..."""
        self._memory_used.labels(device).set(used_bytes)
        self._memory_total.labels(device).set(total_bytes)

    def _describe_build(self) -> None:
        build = Info("lamina_build", "The running version.", registry=self._registry)
        build.info({"version": version("lamina"), "python": platform.python_version()})

    def _open_job_metrics(self) -> None:
        registry = self._registry
        self._submitted = Counter("lamina_jobs_submitted", "Jobs submitted.", _JOB_LABELS, registry=registry)
        self._ended = Counter(
            "lamina_jobs_ended", "Jobs ended, by final state.", ("state", *_JOB_LABELS), registry=registry
        )
        self._waited = Histogram(
            "lamina_job_wait_seconds",
            "Time from submission to first start.",
            _JOB_LABELS,
            registry=registry,
            buckets=_LONG_S,
        )
        self._ran = Histogram(
            "lamina_job_run_seconds",
            "Time from the last start to the end.",
            _JOB_LABELS,
            registry=registry,
            buckets=_LONG_S,
        )
        self._steps = Histogram(
            "lamina_step_seconds", "Time of one step of a model.", ("model",), registry=registry, buckets=_SHORT_S
        )
        self._open_jobs = Gauge("lamina_jobs", "Jobs currently queued and running.", ("state",), registry=registry)
        self._webhooks = Counter(
            "lamina_webhook_attempts", "Attempts to deliver webhooks.", ("outcome",), registry=registry
        )
        self.set_open_jobs({})
        for outcome in WebhookOutcome:  # so that rates are correct from the first attempt
            self._webhooks.labels(outcome.value)

    def _open_machine_metrics(self) -> None:
        self._agents = Gauge("lamina_agents_up", "Agents with a recent heartbeat.", registry=self._registry)
        self._memory_used = Gauge(
            "lamina_device_memory_used_bytes", "Memory in use.", ("device",), registry=self._registry
        )
        self._memory_total = Gauge(
            "lamina_device_memory_total_bytes", "Total memory.", ("device",), registry=self._registry
        )

    def _open_http_metrics(self) -> None:
        registry = self._registry
        labels = ("route", "method")
        self._requests = Counter("lamina_http_requests", "Requests answered.", (*labels, "status"), registry=registry)
        self._request_seconds = Histogram(
            "lamina_http_request_seconds",
            "Time to the last byte; for event streams to the first byte.",
            labels,
            registry=registry,
            buckets=_SHORT_S,
        )
        self._crashes = Counter("lamina_http_crashes", "Unexpected exceptions.", ("route",), registry=registry)

    def _bounded(self, route: str) -> str:
        """Limits the number of routes, so that memory stays bounded even if a route is not a template."""
        if route not in self._routes:
            if len(self._routes) >= _MAX_ROUTES:
                return OTHER
            self._routes.add(route)
        return route


def _labels(job: Job) -> tuple[str, str]:
    return _model(job.request.model), job.request.kind.value


def _model(name: str) -> str:
    if not name:
        return NO_MODEL
    return name if name in MODELS or name in TRAINERS else OTHER
