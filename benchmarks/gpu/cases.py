"""Lists the pieces of the benchmark: what each measures, in which order, and its time limit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from clock import product_tflops  # pyright: ignore[reportImplicitRelativeImport]
from denoising import Request, denoising, equality  # pyright: ignore[reportImplicitRelativeImport]
from figures import Case  # pyright: ignore[reportImplicitRelativeImport]
from models import Shape  # pyright: ignore[reportImplicitRelativeImport]
from parts import modulation_tables, text_encoding, vae_cases  # pyright: ignore[reportImplicitRelativeImport]
from whole import whole_runs  # pyright: ignore[reportImplicitRelativeImport]

Measure = Callable[[torch.device, float], Iterator[Case]]
"""(device, end by `time.monotonic`) -> the cases, as they are measured."""


@dataclass(frozen=True, slots=True)
class Piece:
    name: str
    limit_s: float
    measure: Measure


@dataclass(frozen=True, slots=True)
class Scale:
    pieces: tuple[Piece, ...]


_WHOLE, _TWO_BLOCKS = Shape(), Shape(blocks=2)
_TINY = Shape(blocks=2, heads=8, text_width=512)
_LAYERS = 4


def _ceiling(side: int, device: torch.device, _: float) -> Iterator[Case]:
    """Measures the speed of a matrix product, to which the other speeds are compared."""
    number = torch.bfloat16 if device.type == "cuda" else torch.float32
    tflops = product_tflops(device, number, side)
    ms = 2 * side**3 / tflops / 1e9
    yield Case("matrix_product", ms, ms, 0.0, 3 * side**2 * number.itemsize / 1e6, {"tflops": round(tflops, 3)})


def _layered(name: str, side: int, prompt_tokens: tuple[int, int]) -> Request:
    """`side`: side of a frame, in tokens of 16 px. `prompt_tokens`: of the prompt and the negative prompt."""
    return Request(name, (_LAYERS + 2) * ((1, side, side),), (_LAYERS + 1) * side**2, prompt_tokens, is_layered=True)


def _plain(name: str, frames: int, side: int, prompt_tokens: tuple[int, int]) -> Request:
    return Request(name, frames * ((1, side, side),), side**2, prompt_tokens, is_layered=False)


FULL = Scale(
    (
        Piece("ceiling", 20, partial(_ceiling, 8192)),
        Piece("equality", 40, partial(equality, _TWO_BLOCKS)),
        Piece("denoise_640", 120, partial(denoising, _WHOLE, _layered("denoise_step", 40, (256, 6)))),
        Piece("modulation", 30, partial(modulation_tables, _WHOLE)),
        Piece("vae", 40, partial(vae_cases, _LAYERS, 640, "")),
        Piece("fp8_640", 90, partial(denoising, _WHOLE, _layered("denoise_step_fp8", 40, (256, 6)), is_fp8=True)),
        Piece("denoise_1024", 100, partial(denoising, _WHOLE, _layered("denoise_step_1024", 64, (256, 6)))),
        Piece("generate", 50, partial(denoising, _WHOLE, _plain("generate_step_1024", 1, 64, (256, 6)))),
        Piece("generate_512", 40, partial(denoising, _WHOLE, _plain("generate_step_512", 1, 32, (256, 6)))),
        Piece("edit", 50, partial(denoising, _WHOLE, _plain("edit_step_1024", 2, 64, (400, 400)))),
        Piece("text", 20, text_encoding),
    )
)
SMALL = Scale(
    (
        Piece("ceiling", 10, partial(_ceiling, 1024)),
        Piece("denoise_640", 40, partial(denoising, _TINY, _layered("denoise_step", 6, (32, 6)))),
        Piece("generate", 20, partial(denoising, _TINY, _plain("generate_step", 1, 4, (32, 6)))),
        Piece("modulation", 20, partial(modulation_tables, _TINY)),
        Piece("vae", 40, partial(vae_cases, _LAYERS, 64, "")),
        Piece("vae_nano", 10, partial(vae_cases, _LAYERS, 64, "_nano")),
        Piece("nano", 20, whole_runs),
    )
)
