"""A service on each of the stores, with a clock that the test moves."""

from pathlib import Path

import pytest

from lamina.service.service import Service
from lamina.store.database import Database
from services import Clock, service_on


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(database: Database, tmp_path: Path, clock: Clock) -> Service:
    return service_on(database, tmp_path, clock=clock)
