"""The API keeps to its own OpenAPI document, whatever is sent: no crash, no status that is not documented."""

import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from serving import Served, served

_EXAMPLES, _LONGEST_S = "8", 400


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("openapi")
    with served(folder) as one:
        yield one
    assert '"exception"' not in (folder / "log").read_text()


def test_what_comes_back_is_what_the_document_says(service: Served, tmp_path: Path) -> None:
    """Not every request that fits the schema can be done: a model may not be for that, a file may not be there."""
    command = [
        Path(sys.executable).with_name("schemathesis"), "run", f"{service.url}/openapi.json",
        "-H", f"Authorization: Bearer {service.key}", "--max-examples", _EXAMPLES, "--seed", "1",
        "--phases", "examples,coverage,fuzzing", "--checks", "all",
        "--exclude-checks", "positive_data_acceptance",
    ]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=_LONGEST_S)
    assert run.returncode == 0, run.stdout[-6000:]
