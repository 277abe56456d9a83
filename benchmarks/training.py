"""Does training work? An edit that nano does not know, the same training killed, and the released models by arithmetic.

    scripts/bench training
    scripts/bench training --only learnt --steps 600
    scripts/bench training --only killed
    scripts/bench training --only sizes

`learnt`: 16 pairs of drawn pictures and their duotones, "apply style Z"; then held-out pictures are edited with those
words, with the LoRA, without it, and with it at scale 0. An edit is right where the result is off by less than 0.08 of
the whole range on average, which is what nano's own judge allows. `killed`: the training's process is killed with
SIGKILL three times at times drawn from a seed, started again each time, and its LoRA compared with that of one that
was left alone. `sizes`: the released model on torch's meta device: bytes by what autograd keeps of the shapes, and
the arithmetic of a step by torch's own counter; nothing of it is measured on a GPU.

Prints a line of JSON for every case and, last, a table. Times are of this machine, whatever else it does.
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

WORDS = "apply style Z"
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

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_pairs(folder / "pairs", options.pairs)
        wall, cpu = time.perf_counter(), time.process_time()
        trained = _trained(folder / "pairs", folder / "out", options.steps, every=100)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        _tell({"case": "trained", "steps": trained.steps_done, "wall_s": round(wall, 1), "cpu_s": round(cpu, 1)})
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
                task = EditTask(WORDS, Sampling(seed=number, loras=loras), *picture.shape[1::-1])
                result = nano.edit(task, [picture], no_progress).pictures[0]
                results.setdefault(name, []).append(result.tobytes())
                off.append(float(np.abs(result[..., :3].astype(float) - duotone(picture)[..., :3]).mean() / 255))
            share = float(np.mean(np.array(off) < MOST_OFF))
            _tell({"case": name, "edits": len(off), "right": share, "off": [round(one, 4) for one in off]})
            rows.append([name, str(len(off)), f"{share:.0%}", f"{np.median(off):.3f}", f"{max(off):.3f}"])
        _tell({"case": "scale 0 is no LoRA", "is_equal": results["at scale 0"] == results["without"]})
    print("\n".join(["", *aligned(rows, [False, *[True] * 4])]))


def _killed(options: argparse.Namespace) -> None:
    from safetensors.numpy import load_file

    steps, every, random = options.killed_steps, options.every, np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
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
    _tell({"case": "killed", "steps": steps, "every": every, "repeated": repeated, "largest_difference": off})
    print(f"\nkilled 3 times: {repeated} steps repeated, at most {3 * every} promised; largest difference {off:g}")


def _run_alone(pairs: Path, folder: Path, steps: int, every: int, killed_after: int | None = None) -> list[int]:
    """The steps that a process of its own told; it is killed when it tells that one."""
    command = [sys.executable, __file__, "--child", str(pairs), str(folder), str(steps), str(every)]
    told: list[int] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            told.append(int(line))
            if told[-1] == killed_after:
                process.send_signal(signal.SIGKILL)
    return told


class _StepTeller:
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
    task = TrainTask("nano", steps, learning_rate=1e-3, rank=16, seed=1, default_caption=WORDS, checkpoint_every=every)
    return trained(task, pairs, folder, "nano", progress or no_training_progress)


def write_pairs(folder: Path, count: int) -> None:
    folder.mkdir()
    for number, picture in enumerate(drawn(count, seed=1)):
        for side, pixels in (("start", picture), ("end", duotone(picture))):
            Image.fromarray(pixels).save(folder / f"{number:02}_{side}.png")


def drawn(count: int, seed: int) -> Iterator[Pixels]:
    """Of one to three things, as nano was taught on."""
    from lab.nano.drawing import flattened, random_composition

    rng = np.random.default_rng([seed, 77])
    for number in range(count):
        composition = random_composition(rng, 1 + number % 3, min_seen=0.6)
        yield np.rint(flattened(composition.layers()).transpose(1, 2, 0) * 255).astype(np.uint8)


def duotone(picture: Pixels) -> Pixels:
    """Each pixel between two colours, by how bright it is."""
    bright = (picture[..., :3] / 255 @ np.array(LUMA))[..., None]
    colour = np.array(DARK) * (1 - bright) + np.array(LIGHT) * bright
    return np.concatenate([np.rint(colour).astype(np.uint8), picture[..., 3:]], -1)


def _sizes(_: argparse.Namespace) -> None:
    from training_sizes import CASES, sized

    rows = [["", "tokens", "base", "weights", "LoRA", "activations", "all", "PFLOP", "s at 40 %"]]
    for case in CASES:
        size = sized(case)
        _tell({"case": case.name, **size.told()})
        rows.append([case.name, *size.shown()])
    print("\n".join(["", *aligned(rows, [False, True, False, *[True] * 6])]))


def _tell(case: dict[str, Any]) -> None:
    print(json.dumps(case), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("learnt", "killed", "sizes"), help="one of the three (all)")
    parser.add_argument("--pairs", type=int, default=16, help="pairs to train on (16)")
    parser.add_argument("--held", type=int, default=60, help="held-out pictures (60)")
    parser.add_argument("--steps", type=int, default=600, help="of the training (600)")
    parser.add_argument("--killed-steps", type=int, default=60, help="of the one that is killed (60)")
    parser.add_argument("--every", type=int, default=10, help="steps between its checkpoints (10)")
    parser.add_argument("--seed", type=int, default=0, help="other times to kill (0)")
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _trained(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), _StepTeller())
    else:
        main()
