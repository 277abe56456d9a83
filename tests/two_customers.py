"""Two customers of one engine process: is there anything of the one's picture in the other's layers?"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import numpy as np
from numpy.typing import NDArray

import lamina
from picture_formats import files_of

_WIDTH, _HEIGHT = 64, 48
_MIDDLE = 128  # all samples of the dark picture are below, all of the bright one above


@dataclass(frozen=True, slots=True)
class Pair:
    """One customer's file, and the other's after it. `strays`: samples in the second one's layers that are on the first
    one's side; `before`: the same of the first one's layers, after the pair before.
    """

    first: str
    second: str
    strays: int
    before: int


@dataclass(frozen=True, slots=True)
class Customer:
    """`references`: of the uploaded files by their kinds. `is_dark`: on which side of the middle the samples are."""

    client: httpx2.Client
    references: dict[str, str]
    is_dark: bool


def customer(client: httpx2.Client, kinds: Sequence[str], *, is_dark: bool) -> Customer:
    """Uploads the customer's picture in these kinds of file."""
    files = files_of(_picture(10 if is_dark else 215))
    references: dict[str, str] = {}
    for kind in kinds:
        answer = client.post("/v1/files", files={"file": ("picture", files[kind])})
        assert answer.status_code == 201, answer.text
        references[kind] = answer.json()["reference"]
    return Customer(client, references, is_dark)


def pairs(bright: Customer, dark: Customer) -> Iterator[Pair]:
    """Every kind of the one, right before every kind of the other."""
    for first in bright.references:
        for second in dark.references:
            before = _strays(bright, first)
            yield Pair(first, second, _strays(dark, second), before)


def _picture(lowest: int) -> NDArray[np.uint8]:
    """A smooth one of few levels; alpha, too, is on its side of the middle."""
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH]
    channels = [(x + y) // 6, 8 + x // 4, y // 3, 10 + y // 6]
    return (lowest + np.stack(channels, -1)).astype(np.uint8)


def _strays(one: Customer, kind: str) -> int:
    answer = one.client.post("/v1/decompositions", json={"image": one.references[kind]}, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200 and answer.json()["state"] == "succeeded", f"{kind}: {answer.text}"
    stack_id = answer.json()["id"]
    archive = one.client.get(f"/v1/stacks/{stack_id}.zip")
    assert archive.status_code == 200, archive.text
    strays = 0
    for pixels in _layers(archive.content):
        samples = pixels[pixels[..., 3] > 0]
        if one.is_dark and (samples[:, 3] == 255).all():
            samples = samples[:, :3]  # of a kind without alpha
        strays += int((samples >= _MIDDLE).sum() if one.is_dark else (samples < _MIDDLE).sum())
    return strays


def _layers(archive: bytes) -> list[NDArray[np.uint8]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.zip"
        path.write_bytes(archive)
        return [layer.pixels for layer in lamina.load(path)]
