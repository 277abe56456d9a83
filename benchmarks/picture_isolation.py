"""Checks that the result of one customer contains nothing of another customer's picture, for every kind of file.

    scripts/bench picture_isolation
    scripts/bench picture_isolation --kinds 8

The benchmark starts a real `lamina serve` with one engine process and two keys. One customer's picture is bright, the
other's is dark. Each is uploaded in every kind of file, and every kind of the first is decomposed right before every
kind of the second. A stray is a sample of a layer whose brightness is on the other side of the middle. It prints a line
of JSON for every pair with strays and finally a table.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from picture_formats import WRITERS
from serving import lamina, served
from two_customers import Customer, customer, pairs


def main() -> None:
    kinds = list(WRITERS)[: _options().kinds]
    start = time.perf_counter()
    count = with_strays = strays = 0
    with tempfile.TemporaryDirectory() as folder, _customers(Path(folder), kinds) as (bright, dark):
        for pair in pairs(bright, dark):
            count += 1
            in_pair = pair.strays + pair.before
            strays += in_pair
            with_strays += in_pair > 0
            if in_pair:
                print(json.dumps(asdict(pair)), flush=True)
    print(f"\n{'kinds of file':>14}{'pairs':>8}{'decompositions':>16}{'pairs with strays':>19}{'strays':>8}{'s':>7}")
    print(f"{len(kinds):14}{count:8}{2 * count:16}{with_strays:19}{strays:8}{time.perf_counter() - start:7.0f}")


@contextmanager
def _customers(folder: Path, kinds: list[str]) -> Generator[tuple[Customer, Customer]]:
    with served(folder, "--agents", "1", child=None) as service:
        key = json.loads(lamina(folder, "keys", "create", "--json").stdout)["key"]
        with service.as_key(key) as other:
            yield customer(service.client, kinds, is_dark=False), customer(other, kinds, is_dark=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", type=int, default=len(WRITERS), help="number of kinds of file (all)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
