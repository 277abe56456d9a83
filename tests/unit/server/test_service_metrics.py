"""What Prometheus is told of jobs, steps, webhooks, machines and requests."""

from dataclasses import replace
from importlib.metadata import version

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lamina.core.jobs import Job, JobRequest, JobState
from lamina.core.ports import Observer, WebhookOutcome, no_observer
from lamina.core.tasks import GenerateTask
from lamina.server.metrics import CONTENT_TYPE, Metrics

QUEUED = Job(
    id="j1",
    key_id="k1",
    request=JobRequest(task=GenerateTask("a red cat"), model="qwen-image"),
    state=JobState.QUEUED,
    attempt=0,
    created_at=1000.0,
    queued_at=1000.0,
    price_micros=45_000,
)
RUNNING = replace(QUEUED, state=JobState.RUNNING, attempt=1, started_at=1000.02)
SUCCEEDED = replace(RUNNING, state=JobState.SUCCEEDED, ended_at=1008.0)
JOB = {"model": "qwen-image", "task": "generate"}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Of the sample of that name and these labels, as a scraper reads it."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    samples = [sample for family in families for sample in family.samples]
    return next((sample.value for sample in samples if sample.name == name and sample.labels == labels), None)


def watched(observer: Observer) -> None:
    observer.job_submitted(QUEUED)
    observer.job_started(RUNNING)
    observer.step_took("qwen-image", 0.2)
    observer.job_ended(SUCCEEDED)
    observer.webhook_attempted("delivered")


def test_a_jobs_life_can_be_followed() -> None:
    metrics = Metrics()
    watched(metrics)
    assert value(metrics, "lamina_jobs_submitted_total", **JOB) == 1
    assert value(metrics, "lamina_jobs_ended_total", state="succeeded", **JOB) == 1
    assert value(metrics, "lamina_job_wait_seconds_sum", **JOB) == pytest.approx(0.02)
    assert value(metrics, "lamina_job_wait_seconds_bucket", le="0.03", **JOB) == 1
    assert value(metrics, "lamina_job_run_seconds_sum", **JOB) == pytest.approx(7.98)
    assert value(metrics, "lamina_step_seconds_bucket", le="0.25", model="qwen-image") == 1
    assert value(metrics, "lamina_webhook_attempts_total", outcome="delivered") == 1


def test_the_second_attempt_of_a_job_does_not_count_as_waiting() -> None:
    metrics = Metrics()
    metrics.job_started(replace(RUNNING, attempt=2, started_at=5000.0))
    assert value(metrics, "lamina_job_wait_seconds_count", **JOB) is None


def test_a_job_that_never_ran_has_no_run_time() -> None:
    metrics = Metrics()
    metrics.job_ended(replace(QUEUED, state=JobState.CANCELLED, ended_at=1001.0))
    assert value(metrics, "lamina_jobs_ended_total", state="cancelled", **JOB) == 1
    assert value(metrics, "lamina_job_run_seconds_count", **JOB) is None


def test_a_clock_that_was_set_back_does_no_harm() -> None:
    metrics = Metrics()
    metrics.job_ended(replace(SUCCEEDED, ended_at=900.0))
    assert value(metrics, "lamina_job_run_seconds_sum", **JOB) == 0


def test_the_queue_is_as_it_was_last_said() -> None:
    metrics = Metrics()
    metrics.set_open_jobs({JobState.QUEUED: 3, JobState.RUNNING: 1})
    metrics.set_open_jobs({JobState.QUEUED: 2})
    assert value(metrics, "lamina_jobs", state="queued") == 2
    assert value(metrics, "lamina_jobs", state="running") == 0


def test_machines_are_shown() -> None:
    metrics = Metrics()
    metrics.set_agents(2)
    metrics.set_device_memory("cuda:0", 10, 80)
    assert value(metrics, "lamina_agents_up") == 2
    assert value(metrics, "lamina_device_memory_used_bytes", device="cuda:0") == 10
    assert value(metrics, "lamina_device_memory_total_bytes", device="cuda:0") == 80


def test_requests_are_counted_by_template() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.request_answered("/v1/jobs/{id}", "GET", 200, 0.004)
    assert value(metrics, "lamina_http_requests_total", route="/v1/jobs/{id}", method="GET", status="200") == 2
    assert value(metrics, "lamina_http_request_seconds_bucket", route="/v1/jobs/{id}", method="GET", le="0.005") == 2


def test_the_version_is_told_and_outcomes_are_there_before_the_first() -> None:
    metrics = Metrics()
    exposed = metrics.exposition().decode()
    assert f'version="{version("lamina")}"' in exposed
    assert [value(metrics, "lamina_webhook_attempts_total", outcome=outcome) for outcome in WebhookOutcome] == [0, 0, 0]
    assert CONTENT_TYPE.startswith("text/plain")


def test_what_users_make_up_does_not_fill_the_memory() -> None:
    metrics = Metrics()
    metrics.request_answered("/v1/jobs", "GET", 200, 0.1)
    for number in range(1000):
        made_up = replace(QUEUED.request, model=f"model-{number}")
        metrics.job_submitted(replace(QUEUED, request=made_up))
        metrics.request_answered(f"/{number}", f"VERB{number}", 404, 0.1)
        metrics.step_took(f"model-{number}", 0.1)
        metrics.webhook_attempted(f"outcome-{number}")
    assert metrics.exposition().count(b"\n") < 10_000
    assert value(metrics, "lamina_jobs_submitted_total", model="other", task="generate") == 1000
    metrics.request_answered("/v1/jobs", "GET", 200, 0.1)
    assert value(metrics, "lamina_http_requests_total", route="/v1/jobs", method="GET", status="200") == 2


def test_no_prompt_is_shown() -> None:
    metrics = Metrics()
    watched(metrics)
    assert b"red cat" not in metrics.exposition()


def test_two_services_in_a_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.job_submitted(QUEUED)
    assert value(other, "lamina_jobs_submitted_total", **JOB) is None


def test_a_service_may_have_no_observer() -> None:
    watched(no_observer)
