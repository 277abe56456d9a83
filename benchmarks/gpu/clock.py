"""Measures alternating calls: milliseconds, and peak memory."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

Call = Callable[[], object]
_ROUNDS = 4  # A B A B A B A B, as far as time allows
_LEAST_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Timed:
    """`ms`: the best time of a call; `rounds`: number of calls; `first_ms`: the first call, with compilation."""

    ms: float
    rounds: int
    first_ms: float


def by_turns(calls: Mapping[str, Call], device: torch.device, until: float) -> dict[str, Timed]:
    """Times each call once to warm up, then all of them alternately, until `until` (by `time.monotonic`)."""
    first = {name: elapsed_ms(call, device) for name, call in calls.items()}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(_ROUNDS):
        if number >= _LEAST_ROUNDS and time.monotonic() > until:
            break
        for name, call in calls.items():
            taken[name].append(elapsed_ms(call, device))
    return {name: Timed(min(times), len(times), first[name]) for name, times in taken.items()}


def elapsed_ms(call: Call, device: torch.device) -> float:
    """On a GPU elapsed time; on a CPU processor time, which other programs hardly change."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        start = time.perf_counter()
        call()
        torch.cuda.synchronize(device)
        return (time.perf_counter() - start) * 1e3
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1e3


def peak_mb(call: Call, device: torch.device) -> float:
    """Megabytes (10^6): on a GPU the peak during the call; on a CPU the peak of the process so far."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        call()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) / 1e6
    call()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def product_tflops(device: torch.device, number: torch.dtype, side: int) -> float:
    """The speed of a product of random matrices. Zeros would draw less power and run faster."""
    left, right = (torch.randn(side, side, device=device, dtype=number) for _ in range(2))
    repeats = 20 if device.type == "cuda" else 3

    def multiply() -> None:
        for _ in range(repeats):
            torch.mm(left, right)

    multiply()
    best_ms = min(elapsed_ms(multiply, device) for _ in range(3))
    return 2 * side**3 * repeats / best_ms / 1e9
