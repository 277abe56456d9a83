"""Under LAMINA_TEST_ALL=1 a skipped test fails, unless what it misses is a GPU: a reason that begins with "no GPU"."""

import os
from collections.abc import Generator

import pytest

pytest_plugins = ["signal_dispositions", "stores"]

_FORGIVEN = "no GPU"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    is_expected_failure = hasattr(report, "wasxfail")
    if os.environ.get("LAMINA_TEST_ALL") != "1" or report.outcome != "skipped" or is_expected_failure:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(_FORGIVEN):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which LAMINA_TEST_ALL=1 does not allow: {reason}"
