"""Servers that speak Pixazo's API: with an engine that does nothing, and one of the older layered generation."""

from collections.abc import Generator
from pathlib import Path

import pytest
from asking import Pixazo

from serving import served

PRIVATE = {"LAMINA_ALLOW_PRIVATE_URLS": "true"}  # the tests' own servers stand on this machine


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pixazo")


@pytest.fixture(scope="session")
def pixazo(folder: Path) -> Generator[Pixazo]:
    with served(folder, **PRIVATE) as service:
        yield Pixazo(service, service.key)
    assert "exception" not in (folder / "log").read_text()


@pytest.fixture(scope="session")
def older(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pixazo]:
    with served(tmp_path_factory.mktemp("older"), LAMINA_PIXAZO_LAYERED_GENERATION="old", **PRIVATE) as service:
        yield Pixazo(service, service.key)
