"""Measures a guided denoising step of Lamina, diffusers, and diffusers with compiled blocks, with the same weights."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import torch
from clock import by_turns, peak_mb  # pyright: ignore[reportImplicitRelativeImport]
from figures import Case  # pyright: ignore[reportImplicitRelativeImport]
from models import Shape, optimize, shared, transformer  # pyright: ignore[reportImplicitRelativeImport]

from lamina.engines.qwen.optimizations.compiling import compile_blocks
from lamina.engines.qwen.optimizations.guidance import guided_together
from lamina.engines.qwen.optimizations.modulation import schedule_known
from lamina.engines.qwen.quantising import multiplies_fp8, quantise

_GUIDANCE = 4.0
_TIMESTEPS = torch.linspace(1000, 20, 50)
_EXACT_TIME = 0.5  # exact in bf16, since the rounding of timesteps is an error of the pipelines, not of the blocks


@dataclass(frozen=True, slots=True)
class Request:
    """`frames`: (1, rows, columns) in tokens; the first `made` tokens are generated, the rest is the reference.
    `prompt_tokens`: of the prompt and of the negative prompt.
    """

    name: str
    frames: tuple[tuple[int, int, int], ...]
    made: int
    prompt_tokens: tuple[int, int]
    is_layered: bool

    @property
    def tokens(self) -> int:
        return sum(rows * columns for _, rows, columns in self.frames)

    def tflop(self, shape: Shape) -> float:
        """The arithmetic of a guided step: 24 d^2 L N in matrices and 4 d L N^2 in attention, for both passes."""
        sizes = [self.tokens + count for count in self.prompt_tokens]
        layers, width = shape.blocks, shape.width
        return sum(24 * width**2 * layers * size + 4 * width * layers * size**2 for size in sizes) / 1e12


def denoising(
    shape: Shape, request: Request, device: torch.device, until: float, is_fp8: bool = False
) -> Iterator[Case]:
    """One case: a guided step. With `is_fp8`, Lamina's model has 8-bit matrices, and the error includes theirs."""
    is_gpu = device.type == "cuda"
    number = torch.bfloat16 if is_gpu else torch.float32
    with torch.inference_mode(), ExitStack() as stack:
        stock = transformer(shape, request.is_layered, device, number)
        ours = shared(stock, shape, request.is_layered)
        if is_fp8:
            quantise(ours, is_arithmetic_too=is_gpu and multiplies_fp8(str(device)))
        optimize(ours, device)
        calls = {"stock": _steps(stock, request)}
        if is_gpu:
            compiled = shared(stock, shape, request.is_layered)
            compiled.compile_repeated_blocks(dynamic=True)
            calls["compiled"] = _steps(compiled, request)
            compile_blocks(ours)
        stack.enter_context(schedule_known(ours, lambda: _TIMESTEPS))
        stack.enter_context(guided_together(ours))
        calls["ours"] = _steps(ours, request)
        error = _difference(_third_step(ours, request), _third_step(stock, request))
        timed = by_turns(calls, device, until)
        peak = peak_mb(calls["ours"], device)
    more: dict[str, float | int | str] = {
        "numbers": "fp8" if is_fp8 else str(number).removeprefix("torch."),
        "tokens": request.tokens,
        "rounds": timed["ours"].rounds,
        "tflops": round(request.tflop(shape) / timed["ours"].ms * 1e3, 3),
        "first_ms": round(timed["ours"].first_ms, 1),
    }
    if is_gpu:
        more["stock_compiled_ms"] = round(timed["compiled"].ms, 3)
        more["attention"] = str(ours.transformer_blocks[0].attn.processor._attention_backend)
    yield Case(request.name, timed["stock"].ms, timed["ours"].ms, error, peak, more)


def equality(shape: Shape, device: torch.device, until: float) -> Iterator[Case]:
    """One pass through blocks of full width, compared with diffusers in float32: Lamina in float32, then in 16 bits,
    where `stock_error` is the error of diffusers in 16 bits.
    """
    request = Request("", ((1, 8, 8),) * 6, 320, (32, 6), is_layered=True)
    with torch.inference_mode():
        exact = transformer(shape, True, device, torch.bfloat16).float()
        rounded = shared(exact, shape, True).bfloat16()
        truth = _pass(exact, request)()
        stock_error = _difference(_pass(rounded, request)(), truth)
        for name, stock in (("equality_float32", exact), ("equality_bf16", rounded)):
            ours = shared(stock, shape, True)
            optimize(ours, device)
            yield _compared(name, stock, ours, request, truth, until)
        compile_blocks(ours)
        case = _compared("equality_bf16_compiled", rounded, ours, request, truth, until)
        case.more["stock_error"] = float(f"{stock_error:.3g}")
        yield case


def _compared(name: str, stock: Any, ours: Any, request: Request, truth: torch.Tensor, until: float) -> Case:
    calls = {"stock": _pass(stock, request), "ours": _pass(ours, request)}
    timed = by_turns(calls, truth.device, until)
    error = _difference(calls["ours"](), truth)
    return Case(name, timed["stock"].ms, timed["ours"].ms, error, peak_mb(calls["ours"], truth.device), {})


def _steps(model: Any, request: Request) -> Callable[[], torch.Tensor]:
    """Each call returns the prediction of the next step of a schedule, which is repeated."""
    number, device = model.dtype, model.device
    latents, texts = _inputs(model, request, number)
    times = cycle((_TIMESTEPS.to(device).to(number) / 1000).split(1))

    def step() -> torch.Tensor:
        time = next(times)
        passes = [_arguments(request, latents, text, time) for text in texts]
        conditional, unconditional = (model(**arguments)[0][:, : request.made] for arguments in passes)
        return unconditional + _GUIDANCE * (conditional - unconditional)

    return step


def _third_step(model: Any, request: Request) -> torch.Tensor:
    """The prediction of the third step, from which on both passes run as one batch if the model does that."""
    step = _steps(model, request)
    return [step() for _ in range(3)][-1]


def _pass(model: Any, request: Request) -> Callable[[], torch.Tensor]:
    latents, (text, _) = _inputs(model, request, model.dtype)
    arguments = _arguments(request, latents, text, torch.tensor([_EXACT_TIME]).to(latents))
    return lambda: model(**arguments)[0]


def _arguments(request: Request, latents: torch.Tensor, text: torch.Tensor, time: torch.Tensor) -> dict[str, Any]:
    condition = torch.zeros(1, dtype=torch.long, device=latents.device) if request.is_layered else None
    return {
        "hidden_states": latents,
        "encoder_hidden_states": text,
        "timestep": time,
        "img_shapes": [list(request.frames)],
        "additional_t_cond": condition,
        "return_dict": False,
    }


def _inputs(model: Any, request: Request, number: torch.dtype) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Inputs drawn on the CPU, so that they are the same for every model."""
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(1, request.tokens, model.config.in_channels, generator=generator)
    width = model.config.joint_attention_dim
    texts = [torch.randn(1, count, width, generator=generator) for count in request.prompt_tokens]
    return latents.to(model.device, number), [text.to(model.device, number) for text in texts]


def _difference(result: torch.Tensor, expected: torch.Tensor) -> float:
    return float((result.float() - expected.float()).abs().max() / expected.float().abs().max())
