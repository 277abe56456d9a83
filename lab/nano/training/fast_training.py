"""Speeds up the training of a transformer on a CPU by the same arithmetic in a form that compiles well.

It processes three times as many samples per second as bfloat16 alone: the backward pass of flash attention, rotary
embedding with complex numbers, and unfused operations cost more than the matrix products. Inference does not use it.

Shapes: B batch, T text tokens, S tokens of all pictures, H heads, D channels of a head.
"""

from collections.abc import Generator
from contextlib import contextmanager

import torch
from diffusers import QwenImageTransformer2DModel
from diffusers.models.attention_processor import Attention
from torch import nn

Turns = tuple[torch.Tensor, torch.Tensor]
"""Cosines and sines, each (tokens, 1, D), of the rotation of each pair of channels at each position."""


@contextmanager
def optimized_for_training(model: QwenImageTransformer2DModel) -> Generator[QwenImageTransformer2DModel]:
    """`model` with plain attention, real rotations, and every block compiled for each shape."""
    rotary, processors = model.pos_embed, [block.attn.processor for block in model.transformer_blocks]
    model.pos_embed = _RealRotary(rotary)
    for block in model.transformer_blocks:
        block.attn.processor = _PlainAttention()
        block.compile(dynamic=False)
    try:
        yield model
    finally:
        model.pos_embed = rotary
        for block, processor in zip(model.transformer_blocks, processors, strict=True):
            block.attn.processor = processor
            block._compiled_call_impl = None


class _RealRotary(nn.Module):
    """The model's rotary embedding with cosines and sines instead of complex numbers; each shape is computed once."""

    def __init__(self, rotary: nn.Module) -> None:
        super().__init__()
        self.rotary = rotary
        self.cache: dict[str, tuple[Turns, Turns]] = {}

    def forward(self, img_shapes: list, max_txt_seq_len: int, device: torch.device) -> tuple[Turns, Turns]:
        key = f"{img_shapes[0]} {max_txt_seq_len}"
        if key not in self.cache:
            picture_turns, text_turns = self.rotary(img_shapes, max_txt_seq_len=max_txt_seq_len, device=device)
            self.cache[key] = _real(picture_turns), _real(text_turns)
        return self.cache[key]


def _real(turns_SC: torch.Tensor) -> Turns:
    paired_S1D = turns_SC.repeat_interleave(2, 1)[:, None]
    sign_D = torch.tensor([-1.0, 1.0], device=turns_SC.device).repeat(turns_SC.shape[1])
    return paired_S1D.real.contiguous(), (paired_S1D.imag * sign_D).contiguous()


def _turned(x_BSHD: torch.Tensor, turns: Turns) -> torch.Tensor:
    """(a, b) -> (a cos - b sin, a sin + b cos) for each pair of channels."""
    cosines, sines = (part.to(x_BSHD.dtype) for part in turns)
    swapped_BSHD = x_BSHD.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    return x_BSHD * cosines + swapped_BSHD * sines


class _PlainAttention:
    """Joint attention of text and pictures as in `QwenDoubleStreamAttnProcessor2_0`, with an explicit softmax."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        encoder_hidden_states_mask: torch.Tensor | None,
        image_rotary_emb: tuple[Turns, Turns],
        attention_mask: None = None,  # noqa: ARG002  (always passed, never set)
    ) -> tuple[torch.Tensor, torch.Tensor]:
        picture_turns, text_turns = image_rotary_emb
        heads = (attn.heads, -1)
        query = attn.norm_q(attn.to_q(hidden_states).unflatten(-1, heads))
        key = attn.norm_k(attn.to_k(hidden_states).unflatten(-1, heads))
        value = attn.to_v(hidden_states).unflatten(-1, heads)
        text_query = attn.norm_added_q(attn.add_q_proj(encoder_hidden_states).unflatten(-1, heads))
        text_key = attn.norm_added_k(attn.add_k_proj(encoder_hidden_states).unflatten(-1, heads))
        text_value = attn.add_v_proj(encoder_hidden_states).unflatten(-1, heads)
        query_BHSD = torch.cat([_turned(text_query, text_turns), _turned(query, picture_turns)], 1).transpose(1, 2)
        key_BHSD = torch.cat([_turned(text_key, text_turns), _turned(key, picture_turns)], 1).transpose(1, 2)
        value_BHSD = torch.cat([text_value, value], 1).transpose(1, 2)
        scores_BHSS = (query_BHSD * query_BHSD.shape[-1] ** -0.5) @ key_BHSD.transpose(-1, -2)
        if encoder_hidden_states_mask is not None:
            shown = nn.functional.pad(encoder_hidden_states_mask, (0, hidden_states.shape[1]), value=True)
            scores_BHSS = scores_BHSS.masked_fill(~shown[:, None, None], float("-inf"))
        mixed_BSC = (torch.softmax(scores_BHSS, -1).to(value.dtype) @ value_BHSD).transpose(1, 2).flatten(2)
        count = encoder_hidden_states.shape[1]
        return attn.to_out[0](mixed_BSC[:, count:]), attn.to_add_out(mixed_BSC[:, :count])
