"""The mark by which contract tests say what they show."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shows(group, *names, by): what a contract test shows, for docs/compat")
