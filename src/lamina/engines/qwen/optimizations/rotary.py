"""Rotary embedding fused with the norms of queries and keys, in a form that torch compiles into one pass.

diffusers multiplies complex numbers, which Inductor cannot compile. Compiled code here uses cosines and sines; eager
code uses complex numbers, which are faster there; both read the same table. Unlike diffusers, the result of the norm is
not rounded to 16 bits before the rotation.

Shapes: B batch, S tokens, H heads, D channels per head, P pairs of channels (D / 2).
"""

import torch
import torch.nn.functional as functional
from diffusers import QwenImageTransformer2DModel
from diffusers.models.attention_dispatch import AttentionBackendName, dispatch_attention_fn
from diffusers.models.attention_processor import Attention
from diffusers.models.normalization import RMSNorm
from torch import nn

_MOST_KNOWN = 16  # cached request shapes; one of 9,600 tokens takes 5 MB
_MASKED = AttentionBackendName.NATIVE  # some backends do not support masks, torch's default does


def use_real_rotary(transformer: QwenImageTransformer2DModel) -> None:
    """Patches the transformer in place; LoRAs, step caches and hooks see the same modules as before."""
    transformer.pos_embed = RealRotary(transformer.pos_embed)
    for block in transformer.transformer_blocks:
        block.attn.processor = RealRotaryAttention()


class RealRotary(nn.Module):
    """The model's position embedding as pairs of cosine and sine: (S, P, 2) for pictures and for text."""

    def __init__(self, rotary: nn.Module) -> None:
        super().__init__()
        self.rotary = rotary
        self._known: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}

    def forward(
        self, img_shapes: list, max_txt_seq_len: int, device: torch.device
    ) -> tuple[torch.Tensor, torch.Tensor]:
        key = f"{img_shapes[0]} {int(max_txt_seq_len)} {device}"
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            turns = self.rotary(img_shapes, max_txt_seq_len=max_txt_seq_len, device=device)
            pictures_SP2, words_SP2 = (torch.view_as_real(part_SP).contiguous() for part_SP in turns)
            self._known[key] = pictures_SP2, words_SP2
        return self._known[key]


class RealRotaryAttention:
    """Replaces `QwenDoubleStreamAttnProcessor2_0`, with the embedding of `RealRotary`."""

    _attention_backend: AttentionBackendName | None = None  # diffusers' name, which `set_attention_backend` looks for
    _parallel_config = None

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        encoder_hidden_states_mask: torch.Tensor | None = None,
        attention_mask: None = None,  # noqa: ARG002  (always passed, never set)
        image_rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        pictures_SP2, words_SP2 = image_rotary_emb
        heads, text_tokens = (attn.heads, -1), encoder_hidden_states.shape[1]

        def split(x_BSC: torch.Tensor) -> torch.Tensor:
            return x_BSC.unflatten(-1, heads)

        query_BSHD = torch.cat(
            [
                _normed_and_turned(split(attn.add_q_proj(encoder_hidden_states)), attn.norm_added_q, words_SP2),
                _normed_and_turned(split(attn.to_q(hidden_states)), attn.norm_q, pictures_SP2),
            ],
            1,
        )
        key_BSHD = torch.cat(
            [
                _normed_and_turned(split(attn.add_k_proj(encoder_hidden_states)), attn.norm_added_k, words_SP2),
                _normed_and_turned(split(attn.to_k(hidden_states)), attn.norm_k, pictures_SP2),
            ],
            1,
        )
        value_BSHD = torch.cat([split(attn.add_v_proj(encoder_hidden_states)), split(attn.to_v(hidden_states))], 1)
        mask, backend = None, self._attention_backend
        if encoder_hidden_states_mask is not None:
            shown_BS = functional.pad(encoder_hidden_states_mask, (0, hidden_states.shape[1]), value=True)
            mask, backend = shown_BS[:, None, None, :], _MASKED
        mixed_BSHD = dispatch_attention_fn(query_BSHD, key_BSHD, value_BSHD, attn_mask=mask, backend=backend)
        mixed_BSC = mixed_BSHD.flatten(2, 3)
        pictures_BSC = attn.to_out[1](attn.to_out[0](mixed_BSC[:, text_tokens:].contiguous()))
        return pictures_BSC, attn.to_add_out(mixed_BSC[:, :text_tokens].contiguous())


def _normed_and_turned(x_BSHD: torch.Tensor, norm: RMSNorm, turns_SP2: torch.Tensor) -> torch.Tensor:
    """Rotates each pair of channels of the normalised vectors: (a, b) -> (a cos - b sin, a sin + b cos)."""
    normed_BSHD = functional.rms_norm(x_BSHD.float(), (x_BSHD.shape[-1],), norm.weight.float(), norm.eps)
    pairs_BSHP2 = normed_BSHD.unflatten(-1, (-1, 2))
    turns_S1P2 = turns_SP2[:, None]
    if torch.compiler.is_compiling():
        (a, b), (cosine, sine) = pairs_BSHP2.unbind(-1), turns_S1P2.unbind(-1)
        turned_BSHP2 = torch.stack((a * cosine - b * sine, a * sine + b * cosine), -1)
    else:
        turned_BSHP2 = torch.view_as_real(torch.view_as_complex(pairs_BSHP2) * torch.view_as_complex(turns_S1P2))
    return turned_BSHP2.flatten(-2).to(x_BSHD.dtype)
