"""Measures the parts beside the transformer blocks: the tables of modulation, the VAE, and the text encoder."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import cycle
from types import SimpleNamespace
from typing import Any

import torch
from clock import by_turns, elapsed_ms, peak_mb  # pyright: ignore[reportImplicitRelativeImport]
from figures import Case  # pyright: ignore[reportImplicitRelativeImport]
from models import Shape, text_encoder, transformer, vae  # pyright: ignore[reportImplicitRelativeImport]

from lamina.engines.qwen.optimizations.embeddings import EmbeddingCache
from lamina.engines.qwen.optimizations.modulation import schedule_known, tabulate_modulation
from lamina.engines.qwen.optimizations.vae import optimize_vae

_TIMESTEPS = torch.linspace(1000, 20, 50)
_PROMPT_TOKENS = 256
_MOST_CPU_PX = 256


def modulation_tables(shape: Shape, device: torch.device, until: float) -> Iterator[Case]:
    """Measures the modulation of all blocks for one pass, from weights and from the table, and the memory that it
    frees.
    """
    number = torch.bfloat16 if device.type == "cuda" else torch.float32
    with torch.inference_mode():
        model = transformer(shape, True, device, number)
        pairs = [(block.img_mod, block.txt_mod) for block in model.transformer_blocks]
        stock = [matrix for pair in pairs for matrix in pair]
        from_weights = _modulated(model, stock, number, device)
        expected = from_weights()
        tabulate_modulation(model, is_resting=True)
        tables = [part for block in model.transformer_blocks for part in (block.img_mod, block.txt_mod)]
        with schedule_known(model, lambda: _TIMESTEPS):
            from_table = _modulated(model, tables, number, device)
            first_ms = elapsed_ms(from_table, device)
            rows = [part.clone() for part in _modulated(model, tables, number, device)()]
            error = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(rows, expected, strict=True))
            timed = by_turns({"stock": from_weights, "ours": from_table}, device, until)
            peak = peak_mb(from_table, device)
        freed_mb = _freed_mb(tables, device)
    more: dict[str, float | int | str] = {
        "weights_mb": round(sum(part[1].weight.nbytes for part in tables) / 1e6, 1),
        "row_mb": round(sum(row.nbytes for row in rows) / 1e6, 3),
        "whole_schedule_ms": round(first_ms, 1),
        "freed_mb": round(freed_mb, 1),
    }
    yield Case("modulation_tables", timed["stock"].ms, timed["ours"].ms, error, peak, more)


def _modulated(
    model: Any, parts: list[Any], number: torch.dtype, device: torch.device
) -> Callable[[], list[torch.Tensor]]:
    """Each call computes the modulation of the next step of a schedule, which is repeated."""
    condition, like = torch.zeros(1, dtype=torch.long, device=device), torch.empty(0, dtype=number, device=device)
    times = cycle((_TIMESTEPS.to(device).to(number) / 1000).split(1))

    def modulated() -> list[torch.Tensor]:
        embedded = model.time_text_embed(next(times), like, condition)
        return [part(embedded) for part in parts]

    return modulated


def _freed_mb(tables: list[Any], device: torch.device) -> float:
    """The memory of the device that is freed when the weights are moved to the CPU."""
    if device.type != "cuda":
        return 0.0
    before = torch.cuda.memory_allocated(device)
    for part in tables:
        part[1].cpu()
    return (before - torch.cuda.memory_allocated(device)) / 1e6


def vae_cases(count: int, side_px: int, ending: str, device: torch.device, until: float) -> Iterator[Case]:
    """Measures the decoding of `count` pictures and the encoding of one. A CPU, which takes a minute for a large
    picture, decodes only one of those.

    `ending`: suffix of the cases' names; with "_nano", nano's VAE is measured.
    """
    if device.type == "cpu" and side_px > _MOST_CPU_PX:
        count = 1
    number = torch.bfloat16 if device.type == "cuda" else torch.float32
    stock = vae(device, number, is_nano=ending == "_nano")
    ours = deepcopy(stock)
    optimize_vae(ours)
    generator = torch.Generator().manual_seed(2)
    latents = torch.randn(count, 16, 1, side_px // 8, side_px // 8, generator=generator).to(device, number)
    picture = (torch.rand(1, 4, 1, side_px, side_px, generator=generator) * 2 - 1).to(device, number)
    with torch.inference_mode():
        yield _vae_case(f"vae_decode{ending}", lambda model: model.decode(latents).sample, stock, ours, device, until)
        yield _vae_case(
            f"vae_encode{ending}",
            lambda model: model.encode(picture).latent_dist.parameters,
            stock,
            ours,
            device,
            until,
        )


def _vae_case(name: str, work: Any, stock: Any, ours: Any, device: torch.device, until: float) -> Case:
    expected, result = work(stock).float(), work(ours).float()
    error = float((result - expected).abs().max() / expected.abs().max())
    timed = by_turns({"stock": lambda: work(stock), "ours": lambda: work(ours)}, device, until)
    return Case(name, timed["stock"].ms, timed["ours"].ms, error, peak_mb(lambda: work(ours), device))


def text_encoding(device: torch.device, until: float) -> Iterator[Case]:
    """Measures the encoding of a prompt, and of the same prompt again from the cache."""
    with torch.inference_mode():
        encoder = text_encoder(device, torch.bfloat16)
        tokens = torch.randint(1000, 100_000, (1, _PROMPT_TOKENS), generator=torch.Generator().manual_seed(3)).to(
            device
        )

        def read(**_: Any) -> tuple[torch.Tensor, None]:
            return encoder(input_ids=tokens, output_hidden_states=True).hidden_states[-1], None

        pipeline = SimpleNamespace(encode_prompt=read)
        EmbeddingCache().remember(pipeline)
        expected, result = read()[0].float(), pipeline.encode_prompt(prompt="a prompt")[0].float()
        error = float((result - expected).abs().max() / expected.abs().max())
        timed = by_turns({"stock": read, "ours": lambda: pipeline.encode_prompt(prompt="a prompt")}, device, until)
        peak = peak_mb(read, device)
    yield Case("prompt_again", timed["stock"].ms, timed["ours"].ms, error, peak, {"tokens": _PROMPT_TOKENS})
