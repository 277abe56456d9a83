"""Measures training: an edit that nano cannot do, a training that is killed, and the memory for the released models.

    scripts/bench training
    scripts/bench training --only learnt --steps 600
    scripts/bench training --only killed
    scripts/bench training --only sizes

`learnt`: trains on 16 pairs of drawn pictures and their duotones, "apply style Z", and edits held-out pictures with
this prompt: with the LoRA, without it, and with it at scale 0. An edit is right if the mean difference is below 0.08 of
the range, as in the evaluation of nano. `killed`: kills the training's process with SIGKILL three times, at times drawn
from a seed, restarts it each time, and compares its LoRA with that of an uninterrupted training. `sizes`: computes
bytes and arithmetic of a step of the released model on torch's meta device; nothing of it is measured on a GPU.

The benchmark prints a line of JSON for every case and finally a table. Times depend on the machine and its load.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lamina.cli.terminal_text import aligned
from lamina.core.layers import Pixels

PROMPT = "apply style Z"
DARK, LIGHT = (26, 13, 77), (255, 230, 153)
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
MOST_OFF = 0.08
BATCH = 8


def main() -> None:
    options = _options()
    for only, run in (("learnt", _learnt), ("killed", _killed), ("sizes", _sizes)):
        if options.only in (None, only):
            run(options)


def _learnt(options: argparse.Namespace) -> None:
    from lamina.core.ports import no_progress
    from lamina.core.tasks import EditTask, Lora, Sampling
    from lamina.engines.registry import start_picture_maker

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_pairs(folder / "pairs", options.pairs)
        wall, cpu = time.perf_counter(), time.process_time()
        trained = _trained(folder / "pairs", folder / "out", options.steps, every=100)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        _print_case({"case": "trained", "steps": trained.steps_done, "wall_s": round(wall, 1), "cpu_s": round(cpu, 1)})
        nano = start_picture_maker("nano")
        rows = [["", "edits", "right", "off, median", "off, at most"]]
        results: dict[str, list[bytes]] = {}
        for name, loras in (
            ("with the LoRA", (Lora(str(trained.lora)),)),
            ("without", ()),
            ("at scale 0", (Lora(str(trained.lora), 0.0),)),
        ):
            off: list[float] = []
            for number, picture in enumerate(drawn(options.held, seed=2)):
                task = EditTask(PROMPT, Sampling(seed=number, loras=loras), *picture.shape[1::-1])
                result = nano.edit(task, [picture], no_progress).pictures[0]
                results.setdefault(name, []).append(result.tobytes())
                off.append(float(np.abs(result[..., :3].astype(float) - duotone(picture)[..., :3]).mean() / 255))
            share = float(np.mean(np.array(off) < MOST_OFF))
            _print_case(
                {"case": name, "edits": len(off), "right": share, "off": [round(difference, 4) for difference in off]}
            )
            rows.append([name, str(len(off)), f"{share:.0%}", f"{np.median(off):.3f}", f"{max(off):.3f}"])
        _print_case({"case": "scale 0 is no LoRA", "is_equal": results["at scale 0"] == results["without"]})
    print("\n".join(["", *aligned(rows, [False, *[True] * 4])]))


def _killed(options: argparse.Namespace) -> None:
    from safetensors.numpy import load_file

    steps, every, random = options.killed_steps, options.every, np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_pairs(folder / "pairs", options.pairs)
        done = _run_alone(folder / "pairs", folder / "whole", steps, every)
        again: list[int] = []
        for _ in range(3):
            first = max(again, default=0)
            again += _run_alone(
                folder / "pairs", folder / "killed", steps, every, int(random.integers(first + 1, steps))
            )
        again += _run_alone(folder / "pairs", folder / "killed", steps, every)
        whole, killed = (load_file(folder / name / "lora.safetensors") for name in ("whole", "killed"))
        off = max(float(np.abs(matrix - killed[name]).max()) for name, matrix in whole.items())
    repeated = len(again) - len(done)
    _print_case({"case": "killed", "steps": steps, "every": every, "repeated": repeated, "largest_difference": off})
    print(f"\nkilled 3 times: {repeated} steps repeated, at most {3 * every} allowed; largest difference {off:g}")


def _run_alone(pairs: Path, folder: Path, steps: int, every: int, killed_after: int | None = None) -> list[int]:
    """The steps that a separate process printed; it is killed when it prints `killed_after`."""
    command = [sys.executable, __file__, "--child", str(pairs), str(folder), str(steps), str(every)]
    steps_done: list[int] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            steps_done.append(int(line))
            if steps_done[-1] == killed_after:
                process.send_signal(signal.SIGKILL)
    return steps_done


class _StepPrinter:
    def __call__(self, stage: str, share_done: float, step: Any = None, /) -> None: ...

    def loss(self, step: int, _value: float, /) -> None:
        print(step, flush=True)

    def checkpoint(self, step: int, path: str, /) -> None: ...

    def sample(self, step: int, path: str, /) -> None: ...


def _trained(pairs: Path, folder: Path, steps: int, every: int, progress: Any = None) -> Any:
    from lamina.core.ports import no_training_progress
    from lamina.core.tasks import TrainTask
    from lamina.execution.training import trained

    os.environ["LAMINA_TRAINING_BATCH"] = str(BATCH)
    task = TrainTask("nano", steps, learning_rate=1e-3, rank=16, seed=1, default_caption=PROMPT, checkpoint_every=every)
    return trained(task, pairs, folder, "nano", progress or no_training_progress)


def write_pairs(folder: Path, count: int) -> None:
    folder.mkdir()
    for number, picture in enumerate(drawn(count, seed=1)):
        for side, pixels in (("start", picture), ("end", duotone(picture))):
            Image.fromarray(pixels).save(folder / f"{number:02}_{side}.png")


def drawn(count: int, seed: int) -> Iterator[Pixels]:
    """Pictures of one to three things, as nano was trained on."""
    from lab.nano.drawing import flattened, random_composition

    rng = np.random.default_rng([seed, 77])
    for number in range(count):
        composition = random_composition(rng, 1 + number % 3, min_seen=0.6)
        yield np.rint(flattened(composition.layers()).transpose(1, 2, 0) * 255).astype(np.uint8)


def duotone(picture: Pixels) -> Pixels:
    """The picture with each pixel between two colours, according to its luma."""
    bright = (picture[..., :3] / 255 @ np.array(LUMA))[..., None]
    colour = np.array(DARK) * (1 - bright) + np.array(LIGHT) * bright
    return np.concatenate([np.rint(colour).astype(np.uint8), picture[..., 3:]], -1)


def _sizes(_: argparse.Namespace) -> None:
    from training_sizes import CASES, sized

    rows = [["", "tokens", "base", "weights", "LoRA", "activations", "all", "PFLOP", "s at 40 %"]]
    for case in CASES:
        size = sized(case)
        _print_case({"case": case.name, **size.record()})
        rows.append([case.name, *size.cells()])
    print("\n".join(["", *aligned(rows, [False, True, False, *[True] * 6])]))


def _print_case(case: dict[str, Any]) -> None:
    print(json.dumps(case), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("learnt", "killed", "sizes"), help="measurement (all)")
    parser.add_argument("--pairs", type=int, default=16, help="number of pairs to train on (16)")
    parser.add_argument("--held", type=int, default=60, help="number of held-out pictures (60)")
    parser.add_argument("--steps", type=int, default=600, help="number of steps of the training (600)")
    parser.add_argument(
        "--killed-steps", type=int, default=60, help="number of steps of the training that is killed (60)"
    )
    parser.add_argument("--every", type=int, default=10, help="number of steps between its checkpoints (10)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the times at which it is killed (0)")
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _trained(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), _StepPrinter())
    else:
        main()
