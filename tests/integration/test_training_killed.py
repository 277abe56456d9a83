"""A training whose process is killed, again and again, ends with the LoRA of one that was not."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from PIL import Image
from safetensors.torch import load_file

from waiting import ended, ending, next_line

STEPS, EVERY, KILLS = 8, 2, 3

# Tells each checkpoint, and each step that it does, on a line of its own.
SCRIPT = """
import json, sys
from pathlib import Path
from lamina.core.tasks import TrainTask
from lamina.execution.training import trained

class Telling:
    def __call__(self, stage, share_done, step=None, /): ...
    def loss(self, step, value, /): self.tell("step", step)
    def checkpoint(self, step, path, /): self.tell("checkpoint", step)
    def sample(self, step, path, /): ...
    def tell(self, what, step): print(json.dumps([what, step]), flush=True)

task = TrainTask(**json.loads(sys.argv[3]))
trained(task, Path(sys.argv[1]), Path(sys.argv[2]), "nano", Telling())
"""


def test_killed_three_times_it_ends_with_the_same_lora(tmp_path: Path) -> None:
    archive = tmp_path / "pairs"
    archive.mkdir()
    for name, colour in (("a_start", "red"), ("a_end", "blue"), ("b_start", "green"), ("b_end", "white")):
        Image.new("RGB", (64, 64), colour).save(archive / f"{name}.png")
    assert run(archive, tmp_path / "whole") == list(range(1, STEPS + 1))
    done: list[int] = []
    for kill in range(KILLS):
        done += run(archive, tmp_path / "killed", killed_after=2 * (kill + 1) + 1)
    done += run(archive, tmp_path / "killed")
    assert set(done) == set(range(1, STEPS + 1))
    assert len(done) - STEPS <= KILLS * EVERY  # repeated
    whole, killed = (load_file(tmp_path / name / "lora.safetensors") for name in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    assert max(float((matrix - killed[name]).abs().max()) for name, matrix in whole.items()) <= 1e-6


def run(archive: Path, folder: Path, killed_after: int | None = None) -> list[int]:
    """The steps that it told. `killed_after`: it is killed when it tells that step."""
    task = {
        "model": "nano", "steps": STEPS, "rank": 2, "seed": 3, "learning_rate": 0.01,
        "default_caption": "style z", "checkpoint_every": EVERY,
    }  # fmt: skip
    steps: list[int] = []
    command = [sys.executable, "-c", SCRIPT, str(archive), str(folder), json.dumps(task)]
    with ending(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        while line := next_line(process):
            what, step = json.loads(line)
            if what == "step":
                steps.append(step)
                if step == killed_after:
                    process.send_signal(signal.SIGKILL)
        assert ended(process) == (0 if killed_after is None else -signal.SIGKILL)
    return steps
