"""Checks that every variant of TIFF is read exactly or refused, independently of uninitialized memory.

    scripts/bench tiff_table
    scripts/bench tiff_table --every 10

The benchmark writes a TIFF of every combination of sample type, channels, compression, predictor, planes, tiles, byte
order and extra samples with other writers than our reader's: tifffile, libtiff (through Pillow and OpenCV) and a writer
in the tests. It reads each twice in this process, each time after other pictures were read and memory full of their
samples was freed, and compares with the truth, exactly except for JPEG. It prints a line of JSON for every file that
was not read correctly and finally a table.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.picture import read_picture

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from tiff_files import TiffFile, all_files
from used_memory import fill_freed_memory

_LEVELS = (0x5A, 0xC3)  # of the samples with which the memory is filled


def main() -> None:
    every = _options().every
    counts: Counter[tuple[str, str]] = Counter()
    start = time.perf_counter()
    for number, file in enumerate(all_files()):
        if number % every:
            continue
        verdict = _verdict(file)
        counts[file.name.split()[0], verdict] += 1
    writers = sorted({writer for writer, _ in counts})
    print(f"\n{'written by':14}{'right':>8}{'wrong':>8}{'refused':>9}")
    for writer in writers:
        print(f"{writer:14}" + _row([counts[writer, verdict] for verdict in ("right", "wrong", "refused")]))
    sums = [sum(counts[writer, verdict] for writer in writers) for verdict in ("right", "wrong", "refused")]
    print(f"{'all':14}" + _row(sums) + f"   in {time.perf_counter() - start:.0f} s")


def _row(numbers: list[int]) -> str:
    return f"{numbers[0]:8}{numbers[1]:8}{numbers[2]:9}"


def _verdict(file: TiffFile) -> str:
    verdicts: list[str] = []
    for level in _LEVELS:
        fill_freed_memory(level, 4 * 64 * 64)
        verdict, reason = _read_once(file)
        verdicts.append(verdict)
        if verdict != "right":
            print(json.dumps({"file": file.name, "verdict": verdict, "reason": reason}), flush=True)
    return "wrong" if len(set(verdicts)) > 1 else verdicts[0]


def _read_once(file: TiffFile) -> tuple[str, str]:
    try:
        pixels = read_picture(file.data).pixels
    except LaminaError as error:
        is_named = error.code is ErrorCode.INPUT_NOT_AN_IMAGE
        return "refused" if is_named else "wrong", error.message
    if file.truth is None:
        return "wrong", "read, although the range of its samples is unknown"
    if pixels.shape != file.truth.shape:
        return "wrong", f"the shape {pixels.shape}"
    most = int(np.abs(pixels.astype(int) - file.truth).max())
    return ("right", "") if most <= file.tolerance else ("wrong", f"{most} levels off")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="read only every N-th file (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
