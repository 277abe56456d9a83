"""Batches the two passes of a step with classifier-free guidance if one pass cannot saturate the device.

The pipelines call the model twice per step, with the prompt and with the negative prompt. The first step runs unchanged
and shows which embeddings form a pair; in later steps, the first call computes both and the second returns the stored
result. Large pictures gain nothing: a single pass saturates the device, and padding the shorter text costs time.

Shapes: B batch, always one per call; T text tokens, L picture tokens, C channels.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, NotRequired, TypedDict, Unpack

import torch
import torch.nn.functional as functional
from diffusers import QwenImageTransformer2DModel

# Limit for batching: picture tokens times the square of the width. On a GPU, the released models reach it at 1,365
# tokens, slightly above 512 x 512 px; on a CPU, only nano stays below it.
_MOST_WORK = {"cuda": 1_365 * 3_072**2, "cpu": 1_024 * 192**2}

_BATCHED = "hidden_states", "timestep", "additional_t_cond"

_Call = Callable[..., tuple[torch.Tensor]]


class _Inputs(TypedDict):
    """The arguments with which the pipelines call the model."""

    hidden_states: torch.Tensor
    encoder_hidden_states: torch.Tensor
    encoder_hidden_states_mask: NotRequired[torch.Tensor | None]
    timestep: torch.Tensor
    img_shapes: list[object]
    guidance: NotRequired[torch.Tensor | None]
    additional_t_cond: NotRequired[torch.Tensor | None]
    attention_kwargs: NotRequired[object]
    return_dict: NotRequired[bool]


@contextmanager
def guided_together(transformer: QwenImageTransformer2DModel, is_wanted: bool = True) -> Generator[None]:
    """Within it, small guided passes are batched; the transformer is always restored afterwards."""
    if not is_wanted:
        yield
        return
    was_own = transformer.__dict__.get("forward")
    transformer.forward = _Pairs(transformer.forward, transformer.config)
    try:
        yield
    finally:
        del transformer.forward
        if was_own is not None:  # a wrapper, for instance of accelerate
            transformer.forward = was_own


class _Pairs:
    """Wraps the model's `forward` and takes the same arguments."""

    def __init__(self, forward: _Call, config: Any) -> None:
        self._forward = forward
        self._width = config.num_attention_heads * config.attention_head_dim
        self._last: _Inputs | None = None
        self._partners: tuple[_Inputs, _Inputs] | None = None
        self._answer: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None

    def __call__(self, *args: Any, **inputs: Unpack[_Inputs]) -> Any:
        if args or not self._is_small(inputs):
            return self._forward(*args, **inputs)
        latents_BLC, text_BTC = inputs["hidden_states"], inputs["encoder_hidden_states"]
        answer, self._answer = self._answer, None
        if answer is not None and answer[0] is latents_BLC and answer[1] is text_BTC:
            return (answer[2],)
        if self._partners is not None and self._partners[0]["encoder_hidden_states"] is text_BTC:
            return self._both(inputs, self._partners[1])
        self._learn(inputs)
        return self._forward(**inputs)

    def _is_small(self, inputs: _Inputs) -> bool:
        latents_BLC = inputs["hidden_states"]
        most = _MOST_WORK.get(latents_BLC.device.type, 0)
        is_plain = inputs.get("return_dict") is False and inputs.get("guidance") is None
        return is_plain and len(latents_BLC) == 1 and latents_BLC.shape[1] * self._width**2 <= most

    def _learn(self, inputs: _Inputs) -> None:
        """Detects a guided step: two calls with the same latents and different texts."""
        last, self._last = self._last, inputs
        if last is not None and last["hidden_states"] is inputs["hidden_states"]:
            self._partners = last, inputs

    def _both(self, inputs: _Inputs, other: _Inputs) -> tuple[torch.Tensor]:
        pair = inputs, other
        length = max(call["encoder_hidden_states"].shape[1] for call in pair)
        twice: _Inputs = {**inputs}
        for name, value in inputs.items():
            if name in _BATCHED and value is not None:
                twice[name] = torch.cat([value] * 2)
        twice["img_shapes"] = inputs["img_shapes"] * 2
        twice["encoder_hidden_states"] = torch.cat(
            [_lengthened(call["encoder_hidden_states"], length) for call in pair]
        )
        twice["encoder_hidden_states_mask"] = _mask_of(pair, length)
        both_BLC = self._forward(**twice)[0]
        self._answer = inputs["hidden_states"], other["encoder_hidden_states"], both_BLC[1:]
        return (both_BLC[:1],)


def _lengthened(text_BTC: torch.Tensor, length: int) -> torch.Tensor:
    return functional.pad(text_BTC, (0, 0, 0, length - text_BTC.shape[1]))


def _mask_of(pair: tuple[_Inputs, _Inputs], length: int) -> torch.Tensor | None:
    """The mask of text tokens; None if all are valid, since attention without a mask is faster."""
    texts = [call["encoder_hidden_states"] for call in pair]
    masks = [call.get("encoder_hidden_states_mask") for call in pair]
    if all(text_BTC.shape[1] == length for text_BTC in texts) and all(mask_BT is None for mask_BT in masks):
        return None
    shown_BT = [
        torch.ones(text_BTC.shape[:2], dtype=torch.bool, device=text_BTC.device) if mask_BT is None else mask_BT.bool()
        for text_BTC, mask_BT in zip(texts, masks, strict=True)
    ]
    return torch.cat([functional.pad(mask_BT, (0, length - mask_BT.shape[1])) for mask_BT in shown_BT])
