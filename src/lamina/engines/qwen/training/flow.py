"""The loss: flow matching at the noise levels that the model's own scheduler visits.

x at sigma is (1 - sigma) x0 + sigma noise, and the model says noise - x0 (Lipman et al. 2023, as all of the family).
Shapes: B examples, F pictures to be made, S tokens of each, G tokens that are given, T words, C channels, D width.
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

_LEVELS = 1000  # of a schedule, from which a step draws one
_BASE_TOKENS = 256 * 256 / 16 / 16  # of the layer pipeline's shift


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Batch:
    """Examples of equal grids, on the device: `target` (B, F, S, C), `given` (B, G, C), `words` (B, T, D).

    `is_word` (B, T) tells words from padding; None where all are words.
    """

    target: torch.Tensor
    given: torch.Tensor
    words: torch.Tensor
    is_word: torch.Tensor | None
    grids: tuple[Grid, ...]


def batch_of(examples: Sequence[Encoded], are_wordless: Sequence[bool], device: str) -> Batch:
    """`are_wordless`: which of them are to be learnt without their caption."""
    words = [
        one.no_words if is_wordless else one.words for one, is_wordless in zip(examples, are_wordless, strict=True)
    ]
    longest = max(len(states) for states in words)
    padded = [torch.nn.functional.pad(states, (0, 0, 0, longest - len(states))) for states in words]
    is_word_BT = torch.tensor([[place < len(states) for place in range(longest)] for states in words])
    return Batch(
        target=torch.stack([example.target for example in examples]).to(device),
        given=torch.stack([example.given for example in examples]).to(device),
        words=torch.stack(padded).to(device),
        is_word=None if bool(is_word_BT.all()) else is_word_BT.to(device),
        grids=examples[0].grids,
    )


class NoiseLevels:
    """The sigmas of a model's scheduler, shifted by the size of what is made as its pipeline shifts them."""

    def __init__(self, scheduler: FlowMatchEulerDiscreteScheduler, is_layered: bool) -> None:
        self._scheduler, self._is_layered = scheduler, is_layered
        self._known: dict[int, NDArray[np.float32]] = {}

    def schedule(self, tokens: int, steps: int) -> FlowMatchEulerDiscreteScheduler:
        """A scheduler of its own, set to sample in so many steps. `tokens`: of one picture that is made."""
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
        """(count,) in 0..1."""
        if tokens not in self._known:
            self._known[tokens] = self.schedule(tokens, _LEVELS).sigmas[:-1].numpy().astype(np.float32)
        return torch.from_numpy(rng.choice(self._known[tokens], count))


def loss_of(transformer: Any, batch: Batch, sigmas_B: torch.Tensor, noise_BFSC: torch.Tensor) -> torch.Tensor:
    """The mean square by which the model is off, in float32."""
    target_BFSC = batch.target.float()
    share = sigmas_B.view(-1, 1, 1, 1)
    mixed_BFSC = (1 - share) * target_BFSC + share * noise_BFSC
    said_BSC = velocity(transformer, mixed_BFSC.flatten(1, 2), sigmas_B, batch)
    return (said_BSC.float().view_as(target_BFSC) - (noise_BFSC - target_BFSC)).square().mean()


def velocity(transformer: Any, mixed_BSC: torch.Tensor, sigmas_B: torch.Tensor, batch: Batch) -> torch.Tensor:
    """What the transformer says of the pictures that are made, in the sequence in which the pipelines put it: those
    first, then what is given.
    """
    count, dtype = len(mixed_BSC), transformer.dtype
    extra: dict[str, Any] = {}
    if transformer.config.use_additional_t_cond:
        extra["additional_t_cond"] = torch.zeros(count, dtype=torch.long, device=mixed_BSC.device)
    said_BSC = transformer(
        hidden_states=torch.cat([mixed_BSC.to(dtype), batch.given.to(dtype)], 1),
        timestep=sigmas_B.to(dtype),
        encoder_hidden_states=batch.words.to(dtype),
        encoder_hidden_states_mask=batch.is_word,
        img_shapes=[list(batch.grids)] * count,
        return_dict=False,
        **extra,
    )[0]
    return said_BSC[:, : mixed_BSC.shape[1]]
