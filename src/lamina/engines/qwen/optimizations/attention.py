"""Benchmarks torch's attention kernels and selects the fastest for a transformer on its device.

The fastest kernel depends on the GPU, the versions of CUDA and cuDNN, and the number of tokens: on an H100, that of
cuDNN is said to be 1.5 times as fast as torch's default. On a CPU, torch has only one.
"""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from diffusers import QwenImageTransformer2DModel
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn

TOKENS = 9_872
"""Sequence length of a decomposition into 4 layers at 640 px with a prompt of 256 tokens."""
CUDA_BACKENDS = (
    AttentionBackendName.NATIVE,
    AttentionBackendName._NATIVE_CUDNN,
    AttentionBackendName._NATIVE_FLASH,
    AttentionBackendName._NATIVE_EFFICIENT,
    AttentionBackendName._FLASH_3,
    AttentionBackendName.FLASH,
)
"""Torch's default, its kernels by name, and the optional packages flash-attn 3 and 2. The "math" kernel is excluded,
since it materialises all attention scores, 5 GB for such a request."""
_MIN_SPEEDUP = 1.05  # minimum speed-up over torch's default, so that noise does not decide
_REPEATS = 3
_chosen: dict[tuple[object, ...], AttentionBackendName] = {}


class Timed(NamedTuple):
    """`ms`: best of three calls; None if the kernel does not support the device or data type."""

    backend: AttentionBackendName
    ms: float | None


def choose_attention(transformer: QwenImageTransformer2DModel, device: torch.device, number: torch.dtype) -> None:
    """Sets the fastest kernel for every block. Measures once per process for each device type and model."""
    if device.type != "cuda":
        return
    heads, channels = transformer.config.num_attention_heads, transformer.config.attention_head_dim
    key = torch.cuda.get_device_name(device), number, heads, channels
    if key not in _chosen:
        shape = 1, TOKENS, heads, channels
        _chosen[key] = quickest(timings(CUDA_BACKENDS, shape, device, number))
    for block in transformer.transformer_blocks:
        # Not `set_attention_backend`, which also changes the global default.
        block.attn.processor._attention_backend = _chosen[key]


def quickest(measured: Iterable[Timed]) -> AttentionBackendName:
    """The first of `measured`, torch's default, unless another one is clearly faster."""
    own, *others = measured
    usable = [timed for timed in others if timed.ms is not None]
    best = min(usable, key=lambda timed: timed.ms, default=own)
    return best.backend if own.ms is None or (best.ms is not None and best.ms * _MIN_SPEEDUP < own.ms) else own.backend


def timings(
    backends: Iterable[AttentionBackendName],
    shape: tuple[int, int, int, int],
    device: torch.device,
    number: torch.dtype,
) -> list[Timed]:
    """Times attention on random tensors of `shape` (batch, tokens, heads, channels per head)."""
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
    except (RuntimeError, ValueError, TypeError):  # raised for unsupported inputs
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
