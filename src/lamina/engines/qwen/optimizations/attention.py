"""Chooses by measurement which of torch's attention kernels a transformer uses on its device.

Which is the quickest depends on the GPU, the versions of CUDA and cuDNN, and how many tokens there are: on an H100
cuDNN's is said to be half as quick again as what torch takes by itself. On a CPU torch has one, and takes it.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from diffusers import QwenImageTransformer2DModel
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn

TOKENS = 9_872
"""Of a decomposition into 4 layers at 640 px with a prompt of 256 tokens."""
CUDA_BACKENDS = (
    AttentionBackendName.NATIVE,
    AttentionBackendName._NATIVE_CUDNN,
    AttentionBackendName._NATIVE_FLASH,
    AttentionBackendName._NATIVE_EFFICIENT,
    AttentionBackendName._FLASH_3,
    AttentionBackendName.FLASH,
)
"""Torch's own choice, its kernels by name, and the packages flash-attn 3 and 2, which count only if they are installed.
Its "math" is not here: it writes all scores down, 5 GB of them for such a request."""
_CLEARLY = 1.05  # times as quick as torch's choice, below which that stays: a tie is not to be broken by chance
_REPEATS = 3
_chosen: dict[tuple[object, ...], AttentionBackendName] = {}


class Timed(NamedTuple):
    """`ms`: of one call, the best of three; None if the kernel is not to be had for this device and these numbers."""

    backend: AttentionBackendName
    ms: float | None


def choose_attention(transformer: QwenImageTransformer2DModel, device: torch.device, number: torch.dtype) -> None:
    """Has every block use the quickest kernel. Measures once in a process for each kind of device and model."""
    if device.type != "cuda":
        return
    heads, channels = transformer.config.num_attention_heads, transformer.config.attention_head_dim
    key = torch.cuda.get_device_name(device), number, heads, channels
    if key not in _chosen:
        shape = 1, TOKENS, heads, channels
        _chosen[key] = quickest(timings(CUDA_BACKENDS, shape, device, number))
    for block in transformer.transformer_blocks:
        # Not `set_attention_backend`, which changes the default of everything else in the process as well.
        block.attn.processor._attention_backend = _chosen[key]


def quickest(measured: Iterable[Timed]) -> AttentionBackendName:
    """The first of `measured`, which is torch's own choice, unless another is clearly quicker."""
    own, *others = measured
    usable = [timed for timed in others if timed.ms is not None]
    best = min(usable, key=lambda timed: timed.ms, default=own)
    return best.backend if own.ms is None or (best.ms is not None and best.ms * _CLEARLY < own.ms) else own.backend


def timings(
    backends: Iterable[AttentionBackendName],
    shape: tuple[int, int, int, int],
    device: torch.device,
    number: torch.dtype,
) -> list[Timed]:
    """Of attention over random numbers of `shape` (batch, tokens, heads, channels of a head)."""
    generator = torch.Generator(device).manual_seed(0)
    query, key, value = (torch.randn(shape, generator=generator, device=device, dtype=number) for _ in range(3))
    return [
        _timed(backend, lambda name: dispatch_attention_fn(query, key, value, backend=name)) for backend in backends
    ]


def _timed(backend: AttentionBackendName, call: Callable[[AttentionBackendName], torch.Tensor]) -> Timed:
    try:
        with torch.inference_mode():
            answer = call(backend)
            return Timed(backend, min(_ms(answer.device, lambda: call(backend)) for _ in range(_REPEATS)))
    except (RuntimeError, ValueError, TypeError):  # what torch and the packages raise for what they cannot do
        return Timed(backend, None)


def _ms(device: torch.device, call: Callable[[], object]) -> float:
    if device.type != "cuda":
        begin = time.perf_counter()
        call()
        return (time.perf_counter() - begin) * 1e3
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    call()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)
