"""How much quicker is nano with each acceleration, and how near its pictures stay to those without?

    scripts/bench acceleration
    scripts/bench acceleration --task decompose --cache tea --threshold 0.1 --threshold 0.2 --threshold 0.4

Compositions that nano was not taught are made from their captions, and taken apart, with each mode by turns. Prints a
line of JSON for every composition and mode, and a table last. `speed`: processor time of the whole call without
acceleration over that with it; `sampling`: of the transformer alone; `skipped`: share of steps; PSNR of all samples, of
the mean squared error over the compositions, and of the worst one.
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
    """One composition with one mode; `mse` against the picture without acceleration, samples in 0..1."""

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
        for one in _measurements(task, options.cases, options.steps, _modes(options.cache, options.threshold)):
            measured.append(one)
            print(json.dumps(asdict(one)), flush=True)
    print(f"\n{'task':12}{'mode':22}" + "".join(f"{column:>12}" for column in COLUMNS))
    for task, mode in dict.fromkeys((one.task, one.mode) for one in measured):
        plain = [one for one in measured if (one.task, one.mode) == (task, NONE)]
        figures = _figures(plain, [one for one in measured if (one.task, one.mode) == (task, mode)])
        print(f"{task:12}{mode:22}" + "".join(f"{figure:12.2f}" for figure in figures))


def _modes(caches: Sequence[str], thresholds: Sequence[float]) -> dict[str, Acceleration]:
    """All levels, and all caches at their defaults; or, where one is asked for, that at each threshold."""
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
    for case, asked in enumerate(_asked(task, cases, settings.guidance)):
        plain: NDArray[np.float64] | None = None
        for mode, acceleration in modes.items():
            clock.seconds, started = 0.0, process_time()
            generator = torch.Generator().manual_seed(case)
            with sized_for(NANO), accelerated(pipeline.transformer, acceleration, steps) as skips:
                images = pipeline(**asked, num_inference_steps=steps, generator=generator).images
            seconds = process_time() - started
            made = _samples(images)
            plain = made if plain is None else plain
            mse = float(np.square(made - plain).mean())
            yield Measured(task, mode, case, seconds, clock.seconds, steps, skips.steps, mse)


def _asked(task: str, cases: int, guidance: float) -> Iterator[dict[str, Any]]:
    is_guided = guidance > 1
    common = {"true_cfg_scale": guidance}
    if task == "generate":
        for one in evaluation.generate_cases(cases):
            size = {"width": drawing.SIZES[0][0], "height": drawing.SIZES[0][1]}
            yield {
                "prompt": one.caption,
                "negative_prompt": evaluation.UNGUIDED if is_guided else None,
                **size,
                **common,
            }
    else:
        for one in evaluation.decompose_cases(cases, things=(1, 2, 3)):
            texts = {"prompt": [one.caption], "negative_prompt": [evaluation.UNGUIDED] if is_guided else None}
            yield {"image": evaluation.image_of(one), "layers": len(one.things) + 1, **texts, **common}


class _Clock:
    """Processor time within the transformer, since `seconds` was last set to 0."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        self.seconds = self.started = 0.0
        transformer.register_forward_pre_hook(self._start)
        transformer.register_forward_hook(self._stop)

    def _start(self, *_: object) -> None:
        self.started = process_time()

    def _stop(self, *_: object) -> None:
        self.seconds += process_time() - self.started


def _samples(images: Any) -> NDArray[np.float64]:
    """Of one picture, or of one picture's layers; 0..1."""
    layers = images[0] if isinstance(images[0], list) else images
    return np.stack([np.asarray(layer, np.float64) / 255 for layer in layers])


def _figures(plain: Sequence[Measured], ours: Sequence[Measured]) -> tuple[float, ...]:
    def times(name: str) -> float:
        return sum(getattr(one, name) for one in plain) / sum(getattr(one, name) for one in ours)

    skipped = sum(one.skipped_steps for one in ours) / sum(one.steps for one in ours)
    errors = [one.mse for one in ours]
    return times("seconds"), times("sampling_seconds"), skipped, _psnr(float(np.mean(errors))), _psnr(max(errors))


def _psnr(mse: float) -> float:
    return -10 * math.log10(mse) if mse else math.inf


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=24, help="compositions a task (24)")
    parser.add_argument("--task", action="append", choices=TASKS, help="only this; may be repeated")
    parser.add_argument("--cache", action="append", choices=[*StepCache], default=[], help="only this; may be repeated")
    parser.add_argument("--threshold", action="append", type=float, default=[], help="in place of levels and defaults")
    parser.add_argument("--steps", type=int, help="in place of those that nano is judged with")
    return parser.parse_args()


if __name__ == "__main__":
    main()
