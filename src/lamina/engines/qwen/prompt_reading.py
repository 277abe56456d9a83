"""Prepares prompts for a pipeline: removes special tokens and enforces the token limits."""

from dataclasses import dataclass
from typing import Self

from transformers import Qwen2Tokenizer

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.qwen.language import strip_special_tokens
from lamina.engines.qwen.pipelines import Work

MOST_TOKENS = 1024
"""Prompt length at which diffusers truncates. Edit prompts are not truncated; they contain tokens of the pictures."""

_PLACES = 4096  # positions in the rotary embedding of the transformer in diffusers
_PICTURE_PLACES = 160  # positions reserved: half of a 4096 px side in 16 px tokens, plus the template
# Tokens per picture in the prompt: about 384 x 384 px, for qwen-image-edit 1024 x 1024 px, at 28 px per token.
_TOKENS_A_PICTURE = {Work.EDIT: 220, Work.EDIT_ONE: 1400}


@dataclass(frozen=True, slots=True)
class PromptTexts:
    """`prompt` and `negative` for the pipeline; `notes`: messages for the user, such as a truncation."""

    prompt: str
    negative: str
    notes: tuple[str, ...]

    @classmethod
    def read(cls, prompt: str, negative: str, tokenizer: Qwen2Tokenizer, work: Work, references: int) -> Self:
        """Raises `LaminaError` (task_invalid) if the tokens of an edit prompt and its pictures exceed the limit."""
        texts = cls(strip_special_tokens(prompt), strip_special_tokens(negative), ())
        counts = [len(tokenizer(text).input_ids) for text in (texts.prompt, texts.negative)]
        if work in _TOKENS_A_PICTURE:
            most = _PLACES - _PICTURE_PLACES - references * _TOKENS_A_PICTURE[work]
            if max(counts) > most:
                message = f"The prompt has {max(counts):,} tokens; with these pictures, the limit is {most:,}."
                raise LaminaError(ErrorCode.TASK_INVALID, message, "Shorten it; a token is about four characters.")
            return texts
        notes = tuple(
            f"The {name} has {count:,} tokens; only the first {MOST_TOKENS:,} were used."
            for name, count in zip(("prompt", "negative prompt"), counts, strict=True)
            if count > MOST_TOKENS
        )
        return cls(texts.prompt, texts.negative, notes)
