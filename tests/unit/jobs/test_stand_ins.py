"""Who stands in is not paid for: decided from what has run, in the transaction that ends the job."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.job_results import StackResult, TrainingResult
from lamina.core.jobs import Job, JobState
from lamina.core.keys import ApiKey
from lamina.core.tasks import TrainTask
from lamina.jobs.cancel import cancel
from lamina.jobs.end import end
from lamina.jobs.retry import LOST, try_again
from lamina.jobs.run.training_progress import keep_checkpoint
from lamina.jobs.submit import submit
from lamina.service.service import Limits, Service
from lamina.store import events, wallets
from lamina.worker.protocol import Checkpoint
from services import PRICE, balance, job_now, ledger_of, new_key, request, run, started, wrong_balances

NOTE = "Nano made this in the place of qwen-image"


def running(service: Service, **changes: Any) -> tuple[ApiKey, Job]:
    key = new_key(service, credit_micros=PRICE)
    return key, started(service, run(submit(service, key, request(**changes))).id)


def succeeded(service: Service, job: Job, engine: str, **facts: Any) -> Job | None:
    of = TrainingResult if isinstance(job.request.task, TrainTask) else StackResult
    result = of(engine=engine, notes=("A note.",), **facts)
    return service.database.write_now(
        lambda connection: end(connection, service, job.id, job.attempt, JobState.SUCCEEDED, result=result)
    )


@pytest.mark.parametrize(
    ("named", "engine", "charged"),
    [
        ("qwen-image", "nano", 0),
        ("qwen-image", "qwen", PRICE),
        ("qwen-image", "classic", PRICE),
        ("qwen-image", "another-lamina", PRICE),
        ("nano", "nano", PRICE),
        ("", "nano", PRICE),
    ],
)
def test_what_nano_made_for_another_model_costs_nothing(
    service: Service, named: str, engine: str, charged: int
) -> None:
    key, job = running(service, named_model=named)
    assert balance(service, key) == 0
    after = succeeded(service, job, engine)
    assert after is not None
    assert after.charged_micros == charged
    assert balance(service, key) == PRICE - charged
    back = ("settle", 0) if charged else ("release", PRICE)
    assert ledger_of(service, job.id) == [("hold", -PRICE), back]
    assert wrong_balances(service) == []


def test_a_stand_in_is_told_in_the_result_and_in_the_ledger(service: Service) -> None:
    _, job = running(service, named_model="qwen-image")
    succeeded(service, job, "nano")
    after = job_now(service, job.id)
    assert after.result is not None
    assert (after.result.stands_in_for, after.result.is_free, after.cost_micros) == ("qwen-image", True, 0)
    assert after.result.notes == ("A note.", f"{NOTE}, and costs nothing.")
    told = service.database.write_now(lambda connection: events.after(connection, job.id, 0))
    assert [event.data["line"] for event in told if event.kind == "log"] == [after.result.notes[-1]]
    entries = service.database.write_now(lambda connection: wallets.entries_of_job(connection, job.id))
    assert entries[-1].note == "a-model, free: nano stood in"


def test_an_operator_may_charge_for_stand_ins(service: Service) -> None:
    service = replace(service, limits=Limits(are_stand_ins_charged=True))
    key, job = running(service, named_model="qwen-image")
    succeeded(service, job, "nano")
    after = job_now(service, job.id)
    assert after.result is not None
    assert (after.result.stands_in_for, after.result.is_free, after.cost_micros) == ("qwen-image", False, PRICE)
    assert after.result.notes[-1] == f"{NOTE}."
    assert (after.charged_micros, balance(service, key)) == (PRICE, 0)


def test_a_key_that_pays_nothing_is_told_that_a_stand_in_is_free(service: Service) -> None:
    job = started(service, run(submit(service, new_key(service), request(named_model="qwen-image"))).id)
    succeeded(service, job, "nano")
    assert (job_now(service, job.id).charged_micros, job_now(service, job.id).cost_micros) == (0, 0)


def test_the_price_is_held_until_it_is_known_who_made_it(service: Service) -> None:
    key, job = running(service, named_model="qwen-image")
    with pytest.raises(LaminaError) as caught:
        run(submit(service, key, request(named_model="qwen-image")))
    assert caught.value.code is ErrorCode.FUNDS_INSUFFICIENT
    succeeded(service, job, "nano")
    assert run(submit(service, key, request(named_model="qwen-image"))).price_micros == PRICE


def test_an_attempt_that_is_void_changes_no_money(service: Service) -> None:
    key, job = running(service, named_model="qwen-image")
    run(try_again(service, job, LOST))
    again = started(service, job.id)
    assert succeeded(service, job, "nano") is None
    succeeded(service, again, "qwen")
    assert balance(service, key) == 0
    assert succeeded(service, again, "nano") is None
    assert ledger_of(service, job.id) == [("hold", -PRICE), ("settle", 0)]


STEPS = 10
TRAINING = {"task": TrainTask(steps=STEPS), "model": "qwen-image-edit-plus-trainer"}


@pytest.mark.parametrize(("named", "charged"), [("qwen-image-edit-2511", 0), ("", PRICE)])
def test_a_lora_of_a_stand_in_costs_nothing(service: Service, named: str, charged: int) -> None:
    key, job = running(service, named_model=named, **TRAINING)
    after = succeeded(service, job, "nano", steps_done=STEPS, layer_count=1)
    assert after is not None
    assert (after.charged_micros, balance(service, key)) == (charged, PRICE - charged)


@pytest.mark.parametrize(("engine", "charged"), [("nano", 0), ("qwen", 4 * PRICE // STEPS)])
def test_a_training_that_is_stopped_is_charged_by_who_did_its_steps(
    service: Service, tmp_path: Path, engine: str, charged: int
) -> None:
    """While it waits for another agent, so that nobody but the checkpoint knows."""
    key, job = running(service, named_model="qwen-image-edit-2511", **TRAINING)
    path = tmp_path / "told-4"
    path.write_bytes(b"after 4 steps")
    run(
        keep_checkpoint(
            service, job, Checkpoint(step=4, path=str(path), name="checkpoint-4.safetensors", engine=engine)
        )
    )
    run(try_again(service, job, LOST))
    run(cancel(service, key.id, job.id))
    after = job_now(service, job.id)
    assert after.result is not None
    assert (after.state, after.result.engine) == (JobState.CANCELLED, engine)
    assert (after.charged_micros, balance(service, key)) == (charged, PRICE - charged)
    assert wrong_balances(service) == []
