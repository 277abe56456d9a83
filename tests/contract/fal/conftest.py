"""A service that speaks fal's API with an engine that does nothing, and fal's own clients."""

from collections.abc import Generator
from pathlib import Path

import pytest
from fal_clients import JAVASCRIPT, OLDER_JAVASCRIPT, JavaScript, Python, javascript_client, python_client

from serving import Served, poster, served

_SETTINGS = {
    "LAMINA_ALLOW_PRIVATE_URLS": "true",  # the tests' own servers stand on this machine
    "LAMINA_MAX_UPLOAD_BYTES": str(200 << 20),
}


@pytest.fixture(scope="session")
def fal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fal")


@pytest.fixture(scope="session")
def fal(fal_folder: Path) -> Generator[Served]:
    with served(fal_folder, **_SETTINGS) as service:
        service.client.headers["Authorization"] = f"Key {service.key}"
        yield service
    assert "exception" not in (fal_folder / "log").read_text()


@pytest.fixture(scope="session")
def python(fal: Served, fal_folder: Path) -> Generator[Python]:
    with python_client(fal, fal_folder) as client:
        yield client


@pytest.fixture(
    scope="session",
    params=[pytest.param(JAVASCRIPT, id="1.10.1"), pytest.param(OLDER_JAVASCRIPT, id="1.8.5")],
)
def javascript(request: pytest.FixtureRequest, fal: Served) -> JavaScript:
    return javascript_client(request.param, fal)


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("picture") / "poster.png"
    path.write_bytes(poster())
    return str(path)


@pytest.fixture(scope="session")
def picture_url(fal: Served) -> str:
    """Of an uploaded picture."""
    headers = {"X-Fal-File-Name": "poster.png", "Content-Type": "image/png"}
    return fal.client.post("/fal/cdn/files/upload", content=poster(), headers=headers).json()["access_url"]
