"""Measures how much each acceleration speeds up nano, and how similar the pictures stay to those without acceleration.

    scripts/bench acceleration
    scripts/bench acceleration --task decompose --cache tea --threshold 0.1 --threshold 0.2 --threshold 0.4

The compositions were not used to train nano. They are generated from their captions, and decomposed, with each mode in
turn. The benchmark prints a line of JSON for every composition and mode, and finally a table. `speed`: processor time
of the whole call without acceleration, divided by that with acceleration; `sampling`: the same for the transformer
alone; `skipped`: share of the steps that were skipped; `psnr_db`: PSNR of the mean squared error over all compositions;
`worst_db`: PSNR of the worst composition.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from time import process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lab.nano import assembly, drawing, evaluation
from lamina.core.acceleration import Acceleration, AccelerationLevel, StepCache
from lamina.core.catalog import NANO
from lamina.engines.qwen.acceleration import accelerated
from lamina.engines.qwen.pipelines import sized_for

TASKS = ("generate", "decompose")
NONE = "none"
COLUMNS = ("speed", "sampling", "skipped", "psnr_db", "worst_db")


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurement of one composition with one mode. `mse`: error against the picture without acceleration, samples
    in 0..1.
    """

    task: str
    mode: str
    case: int
    seconds: float
    sampling_seconds: float
    steps: int
    skipped_steps: int
    mse: float


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    measured: list[Measured] = []
    for task in options.task or TASKS:
        for measurement in _measurements(task, options.cases, options.steps, _modes(options.cache, options.threshold)):
            measured.append(measurement)
            print(json.dumps(asdict(measurement)), flush=True)
    print(f"\n{'task':12}{'mode':22}" + "".join(f"{column:>12}" for column in COLUMNS))
    for task, mode in dict.fromkeys((case.task, case.mode) for case in measured):
        plain = [case for case in measured if (case.task, case.mode) == (task, NONE)]
        figures = _figures(plain, [case for case in measured if (case.task, case.mode) == (task, mode)])
        print(f"{task:12}{mode:22}" + "".join(f"{figure:12.2f}" for figure in figures))


def _modes(caches: Sequence[str], thresholds: Sequence[float]) -> dict[str, Acceleration]:
    """All levels, and all caches with their defaults; or the selected caches with each of the thresholds."""
    modes = {NONE: Acceleration()}
    if not thresholds:
        modes |= {str(level): Acceleration(level) for level in AccelerationLevel}
    for cache in caches or StepCache:
        for threshold in thresholds or [None]:
            name = str(cache) if threshold is None else f"{cache} {threshold:g}"
            modes[name] = Acceleration(cache=StepCache(cache), threshold=threshold)
    return modes


def _measurements(task: str, cases: int, steps: int | None, modes: dict[str, Acceleration]) -> Iterator[Measured]:
    settings = evaluation.GENERATE if task == "generate" else evaluation.DECOMPOSE
    steps = steps or settings.steps
    pipeline = getattr(assembly.pipelines(assembly.WEIGHTS), task)
    clock = _Clock(pipeline.transformer)
    for case, arguments in enumerate(_pipeline_arguments(task, cases, settings.guidance)):
        plain: NDArray[np.float64] | None = None
        for mode, acceleration in modes.items():
            clock.seconds, started = 0.0, process_time()
            generator = torch.Generator().manual_seed(case)
            with sized_for(NANO), accelerated(pipeline.transformer, acceleration, steps) as skips:
                images = pipeline(**arguments, num_inference_steps=steps, generator=generator).images
            seconds = process_time() - started
            made = _samples(images)
            plain = made if plain is None else plain
            mse = float(np.square(made - plain).mean())
            yield Measured(task, mode, case, seconds, clock.seconds, steps, skips.steps, mse)


def _pipeline_arguments(task: str, cases: int, guidance: float) -> Iterator[dict[str, Any]]:
    is_guided = guidance > 1
    common = {"true_cfg_scale": guidance}
    if task == "generate":
        for composition in evaluation.generate_cases(cases):
            size = {"width": drawing.SIZES[0][0], "height": drawing.SIZES[0][1]}
            yield {
                "prompt": composition.caption,
                "negative_prompt": evaluation.UNGUIDED if is_guided else None,
                **size,
                **common,
            }
    else:
        for composition in evaluation.decompose_cases(cases, things=(1, 2, 3)):
            texts = {"prompt": [composition.caption], "negative_prompt": [evaluation.UNGUIDED] if is_guided else None}
            yield {"image": evaluation.image_of(composition), "layers": len(composition.things) + 1, **texts, **common}


class _Clock:
    """Adds up the processor time of the transformer in `seconds`."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        self.seconds = self.started = 0.0
        transformer.register_forward_pre_hook(self._start)
        transformer.register_forward_hook(self._stop)

    def _start(self, *_: object) -> None:
        self.started = process_time()

    def _stop(self, *_: object) -> None:
        self.seconds += process_time() - self.started


def _samples(images: Any) -> NDArray[np.float64]:
    """The samples of one picture, or of the layers of one picture, in 0..1."""
    layers = images[0] if isinstance(images[0], list) else images
    return np.stack([np.asarray(layer, np.float64) / 255 for layer in layers])


def _figures(plain: Sequence[Measured], ours: Sequence[Measured]) -> tuple[float, ...]:
    def times(name: str) -> float:
        return sum(getattr(case, name) for case in plain) / sum(getattr(case, name) for case in ours)

    skipped = sum(case.skipped_steps for case in ours) / sum(case.steps for case in ours)
    errors = [case.mse for case in ours]
    return times("seconds"), times("sampling_seconds"), skipped, _psnr(float(np.mean(errors))), _psnr(max(errors))


def _psnr(mse: float) -> float:
    return -10 * math.log10(mse) if mse else math.inf


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=24, help="number of compositions per task (24)")
    parser.add_argument("--task", action="append", choices=TASKS, help="task to measure; may be repeated (all)")
    parser.add_argument(
        "--cache", action="append", choices=[*StepCache], default=[], help="cache to measure; may be repeated (all)"
    )
    parser.add_argument(
        "--threshold",
        action="append",
        type=float,
        default=[],
        help="threshold of the caches; may be repeated (their defaults, and the levels)",
    )
    parser.add_argument("--steps", type=int, help="number of steps (as in the evaluation of nano)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
