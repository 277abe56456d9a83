"""Compares the models with Lamina's optimizations to the models as diffusers runs them: time, memory and difference.

    scripts/bench gpu --small                           # on any CPU, in under 3 minutes
    python benchmarks/gpu --out figures                 # on a CUDA GPU: all pieces, in under 10 minutes
    python benchmarks/gpu --out figures --only denoise_640 --limit-s 120

The models have random weights in the released models' architecture. Each piece has a time limit and writes its figures
at once, so that a short lease on a machine still yields some of them; the table is written again after each. The stock
and the optimized model run alternately in one process, and the best time of each counts. On a GPU the stock model is
measured in eager mode and with compiled blocks. The benchmark prints a line of JSON for each case on standard output,
and its progress on standard error; the folder of `--out` gets `figures.json` and `figures.md`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
if (ROOT / "src" / "lamina").is_dir():  # a checkout that is not installed; lab is never installed
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

import torch  # noqa: E402
from cases import FULL, SMALL, Piece  # noqa: E402  # pyright: ignore[reportImplicitRelativeImport]
from figures import Figures, Machine  # noqa: E402  # pyright: ignore[reportImplicitRelativeImport]


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device("cpu" if options.small else options.device)
    scale = SMALL if options.small else FULL
    figures = Figures(Machine.of(device, is_small=options.small), options.out)
    pieces = [piece for piece in scale.pieces if not options.only or piece.name in options.only]
    for piece in pieces:
        _report(f"{piece.name}: at most {options.limit_s or piece.limit_s} s")
        _measured(piece, figures, device, options.limit_s or piece.limit_s)
    print(figures.table(), file=sys.stderr)


def _measured(piece: Piece, figures: Figures, device: torch.device, limit_s: float) -> None:
    begin = time.monotonic()
    try:
        for case in piece.measure(device, begin + limit_s):
            figures.add(case)
            print(json.dumps(case.line()), flush=True)
    except (RuntimeError, NotImplementedError) as error:  # out of memory, or a missing kernel
        figures.failed(piece.name, " ".join(str(error).split())[:300])
        _report(f"{piece.name} failed: {error}")
    finally:
        if device.type == "cuda":
            torch.cuda.empty_cache()
    _report(f"{piece.name}: {time.monotonic() - begin:.0f} s")


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small models on the CPU")
    names = list(dict.fromkeys(piece.name for scale in (FULL, SMALL) for piece in scale.pieces))
    parser.add_argument("--only", action="append", choices=names, help="piece to measure; may be repeated (all)")
    parser.add_argument("--limit-s", type=float, help="time limit of each piece in seconds (its own)")
    parser.add_argument(
        "--out", type=Path, help="folder for figures.json and figures.md, which are extended piece by piece"
    )
    parser.add_argument("--device", default="cuda", help="device of the full-size models (cuda)")
    parser.add_argument("--threads", type=int, default=1, help="number of CPU threads (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
