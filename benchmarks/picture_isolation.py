"""Is there anything of one customer's picture in another's result, whatever kinds of file they send?

    scripts/bench picture_isolation
    scripts/bench picture_isolation --kinds 8

A real `lamina serve` with one engine process and two keys. One customer's picture is bright, the other's dark; each is
uploaded in every kind of file, and every kind of the one is decomposed right before every kind of the other. A sample
of any layer that is on the other's side of the middle is a stray. Prints a line of JSON for every pair with strays and,
last, a table.
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
    begun = time.perf_counter()
    count = with_strays = strays = 0
    with tempfile.TemporaryDirectory() as folder, _customers(Path(folder), kinds) as (bright, dark):
        for pair in pairs(bright, dark):
            count += 1
            found = pair.strays + pair.before
            strays += found
            with_strays += found > 0
            if found:
                print(json.dumps(asdict(pair)), flush=True)
    print(f"\n{'kinds of file':>14}{'pairs':>8}{'decompositions':>16}{'pairs with strays':>19}{'strays':>8}{'s':>7}")
    print(f"{len(kinds):14}{count:8}{2 * count:16}{with_strays:19}{strays:8}{time.perf_counter() - begun:7.0f}")


@contextmanager
def _customers(folder: Path, kinds: list[str]) -> Generator[tuple[Customer, Customer]]:
    with served(folder, "--agents", "1", child=None) as service:
        key = json.loads(lamina(folder, "keys", "create", "--json").stdout)["key"]
        with service.as_key(key) as other:
            yield customer(service.client, kinds, is_dark=False), customer(other, kinds, is_dark=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", type=int, default=len(WRITERS), help="Take so many kinds of file.")
    return parser.parse_args()


if __name__ == "__main__":
    main()
