"""Checks that damaged pictures are read or refused, and cause no other fault.

    scripts/bench picture_fuzz
    scripts/bench picture_fuzz --seed 5 --count 2000

The benchmark damages files of every supported kind at random: it truncates them and changes, removes and inserts bytes.
It reads each twice, each time after other pictures were read and memory full of their samples was freed. A fault is: an
exception that is no `LaminaError`, a library's own message, a different result the second time (uninitialized memory),
output on standard error, or more than five seconds. It prints a line of JSON for every fault and finally a table.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from broken_pictures import Fate, broken_files, fate_of

_LONG_S = 5.0


def main() -> None:
    options = _options()
    ends: Counter[str] = Counter()
    start = time.perf_counter()
    for broken in broken_files(options.seed, options.count):
        fate, printed = _fate_and_print(broken.data)
        fault = fate.fault or (f"prints {printed!r}" if printed else "") or ("" if fate.seconds < _LONG_S else "slow")
        ends["faults" if fault else "refused" if fate.message else "read"] += 1
        if fault:
            print(json.dumps({"file": broken.what, "fault": fault, "seconds": round(fate.seconds, 3)}), flush=True)
            if options.keep:
                Path(options.keep, broken.what.replace("/", "-")).write_bytes(broken.data)
    print(f"\n{'damaged files':>14}{'read':>8}{'refused':>9}{'faults':>8}{'s':>7}")
    seconds = time.perf_counter() - start
    print(f"{options.count:14}{ends['read']:8}{ends['refused']:9}{ends['faults']:8}{seconds:7.0f}")


def _fate_and_print(data: bytes) -> tuple[Fate, str]:
    """The outcome, and what was written to standard error meanwhile, from C or from Python."""
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            fate = fate_of(data)
        finally:
            sys.stderr.flush()
            os.dup2(standard_error, 2)
            os.close(standard_error)
        written.seek(0)
        return fate, written.read(500).decode(errors="replace")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="seed of the damage (1)")
    parser.add_argument("--count", type=int, default=20_000, help="number of files (20000)")
    parser.add_argument("--keep", help="folder to write files with faults into")
    return parser.parse_args()


if __name__ == "__main__":
    main()
