"""Is a job lost, charged twice or a webhook forgotten, whatever is killed, frozen or taken away?

    scripts/bench chaos
    scripts/bench chaos --store postgres --jobs 500 --seconds 120 --seed 7

Two gateways and their agents as real processes, customers who try again, and mischief drawn by lot from the seed; what
the database says when all is over. On Postgres the server itself is stopped at once and started again, too. Prints a
line of JSON for every storm and, last, a table; the exit code is 1 where anything is wrong.
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
        assert server is not None  # noqa: S101  (it is in no other plan)
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
    told = {**asdict(verdict), **asdict(storm), "acts": dict(storm.acts)}
    del told["promised"]
    return told


def _table(rows: list[dict[str, Any]]) -> list[list[str]]:
    return [[name, *(str(row[name]) for row in rows)] for name in rows[0] if name != "crashes"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=(*BOTH, "both"), default="both")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="over which the jobs come and the mischief is done")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
