"""The cache of LoRAs from URLs: each is downloaded once an hour, and incomplete downloads do not stay."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Job
from lamina.core.tasks import GenerateTask, Lora, Sampling
from lamina.jobs.run.loras import with_local_loras
from lamina.jobs.submit import submit
from lamina.service.service import Service
from services import Clock, new_key, request, run

URL = "https://example.org/a.safetensors"


class Download:
    """A fetcher that writes one content, and counts its downloads."""

    count = 0

    def check(self, _url: str) -> None: ...

    async def fetch(self, _url: str, to: Path) -> None:
        self.count += 1
        to.write_bytes(b"lora")


@pytest.fixture
def download() -> Download:
    return Download()


@pytest.fixture
def caching(service: Service, download: Any) -> Service:
    return replace(service, fetcher=download, patient_fetcher=download)


def job_with(service: Service, source: str) -> Job:
    task = GenerateTask("a", Sampling(loras=(Lora(source),)))
    return run(submit(service, new_key(service), request(task=task)))


def local_path(service: Service, job: Job, folder: Path) -> Path:
    return Path(run(with_local_loras(service, job, folder)).loras[0].path)


def test_a_lora_is_downloaded_once_an_hour(caching: Service, clock: Clock, download: Download, tmp_path: Path) -> None:
    job = job_with(caching, URL)
    first = local_path(caching, job, tmp_path)
    assert (first.read_bytes(), local_path(caching, job, tmp_path), download.count) == (b"lora", first, 1)
    clock.now += 3601
    assert (local_path(caching, job, tmp_path), download.count) == (first, 2)


def test_what_a_killed_process_left_incomplete_is_deleted_after_a_day(
    caching: Service, clock: Clock, tmp_path: Path
) -> None:
    job = job_with(caching, URL)
    complete = local_path(caching, job, tmp_path)
    incomplete = complete.with_suffix(".0197-left")
    incomplete.write_bytes(b"lo")
    clock.now += 3601
    local_path(caching, job, tmp_path)
    assert incomplete.exists(), "another process may still be writing it"
    clock.now += 24 * 3600
    local_path(caching, job, tmp_path)
    assert list(complete.parent.iterdir()) == [complete]


def test_a_path_of_this_machine_is_refused(caching: Service, tmp_path: Path) -> None:
    job = job_with(caching, URL)
    lora = tmp_path / "a.safetensors"
    lora.write_bytes(b"lora")
    task = GenerateTask("a", Sampling(loras=(Lora(str(lora)),)))
    with pytest.raises(LaminaError) as caught:
        run(with_local_loras(caching, replace(job, request=replace(job.request, task=task)), tmp_path))
    assert caught.value.code is ErrorCode.LORA_UNUSABLE
