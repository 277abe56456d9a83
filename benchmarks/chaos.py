"""Checks that no job is lost, no job is charged twice and no webhook is missing after processes were killed or frozen.

    scripts/bench chaos
    scripts/bench chaos --store postgres --jobs 500 --seconds 120 --seed 7

Two gateways and their agents run as real processes. Clients retry, faults are drawn at random from the seed, and the
database is checked at the end. On Postgres, the database server is also stopped immediately and started again. The
benchmark prints a line of JSON for every run and finally a table; the exit code is 1 if a check failed.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lamina.cli.terminal_text import aligned

sys.path.append(str(Path(__file__).parents[1] / "tests"))
sys.path.append(str(Path(__file__).parents[1] / "tests" / "integration"))

from chaos_storm import Plan, run_storm

from stores import BOTH, Postgres

_OUTAGE_S = 5.0


def main() -> int:
    options = _options()
    rows: list[dict[str, Any]] = []
    for store in BOTH if options.store == "both" else [options.store]:
        server = Postgres() if store == "postgres" else None
        try:
            rows.append({"store": store, "seed": options.seed, **_storm(server, options)})
            print(json.dumps(rows[-1]), flush=True)
        finally:
            if server is not None:
                server.remove()
    print("\n".join(aligned(_table(rows), [False] + [True] * len(rows))))
    return 1 if any(row["wrong"] for row in rows) else 0


def _storm(server: Postgres | None, options: argparse.Namespace) -> dict[str, Any]:
    async def outage() -> None:
        assert server is not None  # noqa: S101  (only plans with a server call it)
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.sleep(_OUTAGE_S)
        await asyncio.to_thread(server.start)

    times = max(1, round(options.seconds / 20))
    plan = Plan(
        options.seed, options.jobs, options.seconds, 600.0,
        agent_kills=2 * times, engine_kills=2 * times, gateway_kills=times, freezes=times, hangs=times,
        gateway_freezes=times, is_one_spared=False, outages=1 if server else 0, outage=outage,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="lamina-chaos-") as folder:
        verdict, storm = run_storm(Path(folder), server.new_database() if server else None, plan)
    row = {**asdict(verdict), **asdict(storm), "acts": dict(storm.acts)}
    del row["promised"]
    return row


def _table(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [[name, *(str(row[name]) for row in rows)] for name in rows[0] if name != "crashes"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=(*BOTH, "both"), default="both", help="database (both)")
    parser.add_argument("--jobs", type=int, default=200, help="number of jobs (200)")
    parser.add_argument("--seconds", type=float, default=60.0, help="duration of the submits and the faults (60)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the faults (1)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
