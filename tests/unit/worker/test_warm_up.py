"""What an engine's process has loaded when it says that it is ready."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from lamina.worker.warm_up import warm_up
warm_up()
print(*sorted({"onnxruntime", "torch", "diffusers"} & set(sys.modules)))
"""


def loaded(**variables: str) -> tuple[list[str], str]:
    """Of the large packages, and what was logged."""
    environment = os.environ | variables
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    return run.stdout.split(), run.stderr


def test_the_engine_that_the_settings_name() -> None:
    assert loaded(LAMINA_ENGINE="classic") == (["onnxruntime"], "")


def test_nano_too_where_it_makes_the_pictures() -> None:
    pytest.importorskip("diffusers", reason="making pictures needs the extra qwen")
    packages, log = loaded(LAMINA_ENGINE="nano", LAMINA_SAFETY="off")
    assert {"torch", "diffusers"} <= set(packages)
    assert "warming up" not in log


def test_nothing_where_the_operator_does_not_want_it() -> None:
    assert loaded(LAMINA_WARM_UP="false") == ([], "")
