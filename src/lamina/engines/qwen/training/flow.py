"""The flow-matching loss, at the noise levels of the model's scheduler.

x at sigma is (1 - sigma) x0 + sigma noise, and the model predicts noise - x0 (Lipman et al. 2023).
Shapes: B examples, F target pictures, S tokens of each, G given tokens, T text tokens, C channels, D width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.qwenimage.pipeline_qwenimage_edit_plus import calculate_shift
from numpy.typing import NDArray

from lamina.engines.qwen.training.encoding import Encoded, Grid

_LEVELS = 1000  # number of levels in the schedule from which a step draws one
_BASE_TOKENS = 256 * 256 / 16 / 16  # the base of the shift in the layered pipeline


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Batch:
    """Examples of equal grids, on the device: `target` (B, F, S, C), `given` (B, G, C), `words` (B, T, D).

    `is_word` (B, T): False for padding; None if there is no padding.
    """

    target: torch.Tensor
    given: torch.Tensor
    words: torch.Tensor
    is_word: torch.Tensor | None
    grids: tuple[Grid, ...]


def batch_of(examples: Sequence[Encoded], are_wordless: Sequence[bool], device: str) -> Batch:
    """The batch of `examples`. `are_wordless`: which of them are trained without their caption."""
    prompts = [
        example.no_words if is_wordless else example.words
        for example, is_wordless in zip(examples, are_wordless, strict=True)
    ]
    longest = max(len(states) for states in prompts)
    padded = [torch.nn.functional.pad(states, (0, 0, 0, longest - len(states))) for states in prompts]
    is_word_BT = torch.tensor([[place < len(states) for place in range(longest)] for states in prompts])
    return Batch(
        target=torch.stack([example.target for example in examples]).to(device),
        given=torch.stack([example.given for example in examples]).to(device),
        words=torch.stack(padded).to(device),
        is_word=None if bool(is_word_BT.all()) else is_word_BT.to(device),
        grids=examples[0].grids,
    )


class NoiseLevels:
    """The sigmas of a model's scheduler, shifted by the picture size as in its pipeline."""

    def __init__(self, scheduler: FlowMatchEulerDiscreteScheduler, is_layered: bool) -> None:
        self._scheduler, self._is_layered = scheduler, is_layered
        self._levels: dict[int, NDArray[np.float32]] = {}

    def schedule(self, tokens: int, steps: int) -> FlowMatchEulerDiscreteScheduler:
        """A new scheduler set up for `steps` steps. `tokens`: of one generated picture."""
        own = FlowMatchEulerDiscreteScheduler.from_config(self._scheduler.config)
        if self._is_layered:
            own.set_timesteps(sigmas=np.linspace(1, 0, steps + 1)[:-1].tolist(), mu=(tokens / _BASE_TOKENS) ** 0.5)
            return own
        config: Any = own.config
        mu = calculate_shift(
            tokens,
            config.get("base_image_seq_len", 256),
            config.get("max_image_seq_len", 4096),
            config.get("base_shift", 0.5),
            config.get("max_shift", 1.15),
        )
        own.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps).tolist(), mu=mu)
        return own

    def draw(self, tokens: int, count: int, rng: np.random.Generator) -> torch.Tensor:
        """(count,) random levels in 0..1."""
        if tokens not in self._levels:
            self._levels[tokens] = self.schedule(tokens, _LEVELS).sigmas[:-1].numpy().astype(np.float32)
        return torch.from_numpy(rng.choice(self._levels[tokens], count))


def loss_of(transformer: Any, batch: Batch, sigmas_B: torch.Tensor, noise_BFSC: torch.Tensor) -> torch.Tensor:
    """The mean squared error of the predicted velocity, in float32."""
    target_BFSC = batch.target.float()
    share = sigmas_B.view(-1, 1, 1, 1)
    mixed_BFSC = (1 - share) * target_BFSC + share * noise_BFSC
    predicted_BSC = velocity(transformer, mixed_BFSC.flatten(1, 2), sigmas_B, batch)
    return (predicted_BSC.float().view_as(target_BFSC) - (noise_BFSC - target_BFSC)).square().mean()


def velocity(transformer: Any, mixed_BSC: torch.Tensor, sigmas_B: torch.Tensor, batch: Batch) -> torch.Tensor:
    """The velocity that the transformer predicts for the target pictures.

    As in the pipelines, the sequence contains the target pictures first, then the given ones.
    """
    count, dtype = len(mixed_BSC), transformer.dtype
    is_layered = transformer.config.use_additional_t_cond
    predicted_BSC = transformer(
        hidden_states=torch.cat([mixed_BSC.to(dtype), batch.given.to(dtype)], 1),
        timestep=sigmas_B.to(dtype),
        encoder_hidden_states=batch.words.to(dtype),
        encoder_hidden_states_mask=batch.is_word,
        img_shapes=[list(batch.grids)] * count,
        additional_t_cond=torch.zeros(count, dtype=torch.long, device=mixed_BSC.device) if is_layered else None,
        return_dict=False,
    )[0]
    return predicted_BSC[:, : mixed_BSC.shape[1]]
