"""Measures edits of stacks: a rename, a preview, what 1,000 renames store, and 500 clients at one stack.

    scripts/bench stacks
    scripts/bench stacks --store sqlite --only patch

The services are real `lamina serve` processes; Postgres is started for them. Patch: one rename after the other over one
connection, from the request to the response. Preview: the PNG of ten layers of 1024 x 1024 pixels, of which the lowest
is opaque and the others have soft edges; after an edit each time. Storm: the clients rename one stack through two
processes, each of which gets a SIGKILL while the clients wait for answers; half of the clients send the revision that
they have seen and try again after a 409. The benchmark prints a line of JSON for each case, and ends with 1 if an edit
is lost or mixed with another.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx2
import numpy as np
import sqlalchemy as sa

from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.saving import save
from lamina.store.database import Database
from lamina.store.tables import stack_revisions

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "tests" / "integration"))

from stack_storm import StormPlan, run_stack_storm

from serving import served
from stores import Postgres

_SIDE_PX, _LAYERS = 1024, 10


def main() -> None:
    options = _options()
    is_right = True
    for store in ("sqlite", "postgres") if options.store is None else (options.store,):
        with tempfile.TemporaryDirectory(prefix="lamina-stacks-") as folder, _database(store) as url:
            for case in _measured(Path(folder), url, options):
                print(json.dumps({"store": store, **case}), flush=True)
                is_right &= not (case.get("lost") or case.get("mixed"))
    sys.exit(0 if is_right else 1)


def _measured(folder: Path, url: str | None, options: argparse.Namespace) -> Generator[dict[str, Any]]:
    if options.only in (None, "patch"):
        database_url = url or f"sqlite:///{folder / 'lamina.db'}"
        with served(folder, "--database", database_url) as service:
            yield from _edits(service.client, _stack(service.client, folder), database_url, options.renames)
    if options.only in (None, "storm"):
        plan = StormPlan(clients=options.clients, edits=1, kills=2)
        place = folder / "storm"
        place.mkdir()
        verdict = asyncio.run(run_stack_storm(place, url, plan))
        yield {"what": f"{plan.clients} clients", **verdict.figures()}


def _edits(client: httpx2.Client, stack_id: str, database_url: str, renames: int) -> Generator[dict[str, Any]]:
    times = [_renamed(client, stack_id, number) for number in range(1, renames + 1)]
    yield {"what": "rename, ms", **_percentiles(times)}
    yield {"what": f"{renames} renames stored, bytes", "bytes": _stored_bytes(database_url)}
    previews: list[float] = []
    for number in range(renames + 1, renames + 31):
        _renamed(client, stack_id, number)
        began = time.perf_counter()
        assert client.get(f"/v1/stacks/{stack_id}/preview.png").status_code == 200  # noqa: S101
        previews.append(time.perf_counter() - began)
    yield {"what": f"preview of {_LAYERS} layers, ms", **_percentiles(previews[1:])}


def _renamed(client: httpx2.Client, stack_id: str, revision: int) -> float:
    body = {"operations": [{"op": "rename", "layer": 1 + revision % _LAYERS, "name": f"Name {revision}"}]}
    began = time.perf_counter()
    answer = client.patch(f"/v1/stacks/{stack_id}", json=body, headers={"If-Match": f'"{revision}"'})
    seconds = time.perf_counter() - began
    assert answer.status_code == 200, answer.text  # noqa: S101
    return seconds


def _percentiles(times_s: list[float]) -> dict[str, float]:
    return {"p50": round(1000 * median(times_s), 1), "p99": round(1000 * quantiles(times_s, n=100)[98], 1)}


def _stored_bytes(database_url: str) -> int:
    database = Database(database_url)
    try:
        query = sa.select(sa.func.sum(sa.func.length(stack_revisions.c.document))).where(stack_revisions.c.number > 1)
        return database.write_now(lambda connection: int(connection.execute(query).scalar_one()))
    finally:
        database.close()


def _stack(client: httpx2.Client, folder: Path) -> str:
    path = save(LayerStack(_SIDE_PX, _SIDE_PX, tuple(map(_layer, range(_LAYERS)))), folder / "drawn.zip")
    upload = client.post("/v1/files", files={"file": ("drawn.zip", path.read_bytes())}).json()
    answer = client.post("/v1/stacks", json={"source": upload["reference"]})
    assert answer.status_code == 201, answer.text  # noqa: S101
    return answer.json()["id"]


def _layer(number: int) -> Layer:
    """The lowest is opaque; the others are discs with a soft edge, of 600 pixels across."""
    down, across = np.mgrid[0:_SIDE_PX, 0:_SIDE_PX]
    distance = np.hypot(across - 512 + 40 * number, down - 400 - 20 * number)
    alpha = np.clip(300 - distance, 0, 255) if number else np.full_like(distance, 255)
    colours = (across * (number + 1) // 4 % 256, down // 4, (across + down) // 8)
    return Layer(f"Layer {number}", LayerKind.OBJECT, np.stack([*colours, alpha], -1).astype(np.uint8))


@contextmanager
def _database(store: str) -> Generator[str | None]:
    """A URL; None for SQLite, which is in the folder of each service."""
    if store == "sqlite":
        yield None
        return
    server = Postgres()
    try:
        yield server.new_database()
    finally:
        server.remove()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=["sqlite", "postgres"], help="only this database")
    parser.add_argument("--only", choices=["patch", "storm"], help="only this measurement")
    parser.add_argument("--renames", type=int, default=900, help="number of renames (900)")
    parser.add_argument("--clients", type=int, default=500, help="number of clients at one stack (500)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
