"""Each SDK with its default address, unchanged but for its key, under `lamina redirect`."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from clients import JAVASCRIPT, PYTHON_V1, PYTHON_V2, Client, Under, javascript, python_v1, python_v2
from compat import shows

from serving import Served

GENERATION = {"model": "runware:108@1", "positivePrompt": "a red circle", "width": 128, "height": 128}
BOTH = (GENERATION, {**GENERATION, "positivePrompt": "steps 2 0.1"})
Started = Callable[[str, Under], AbstractContextManager[Client]]

SDKS: dict[str, tuple[Started, str]] = {
    PYTHON_V1: (lambda key, under: python_v1(None, key, under=under), "imageInference"),
    PYTHON_V2: (lambda key, under: python_v2(None, key, "websocket", under=under), "run"),
    JAVASCRIPT: (lambda key, under: javascript(None, key, under=under), "imageInference"),
}


def redirect(server: Served) -> Sequence[str]:
    port = server.url.rpartition(":")[2]
    options = ["--strict", "--only", "runware", "--port", port, "--data", str(server.data)]
    return [sys.executable, "-m", "lamina", "redirect", *options, "--"]


@shows("Connection", "the default address, under lamina redirect", by=tuple(SDKS))
@pytest.mark.parametrize(("started", "call"), SDKS.values(), ids=SDKS)
def test_an_sdk_that_is_told_nothing(lamina_server: Served, started: Started, call: str) -> None:
    with started(lamina_server.key, redirect(lamina_server)) as client:
        assert client.connected["connected"], client.connected
        for wanted in BOTH:
            (item,) = client.get(call, wanted)
            assert item["imageURL"]
