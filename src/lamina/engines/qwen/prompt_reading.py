"""What a pipeline reads of a prompt: no marks of its own, and no more than it can."""

from dataclasses import dataclass
from typing import Self

from transformers import Qwen2Tokenizer

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.qwen.language import without_marks
from lamina.engines.qwen.pipelines import Work

MOST_TOKENS = 1024
"""Of a prompt, where diffusers cuts off the rest. Edits are read whole, pictures among the words."""

_PLACES = 4096  # of tokens, in diffusers' rotary embedding of the transformer
_PICTURE_PLACES = (
    160  # of these, at most: half of a side of 4096 px in tokens of 16 px, and what stands around a prompt
)
# Tokens among the words for each picture: it is shown at about 384 x 384 px, to edit v1 at 1024 x 1024, 28 px a token.
_TOKENS_A_PICTURE = {Work.EDIT: 220, Work.EDIT_ONE: 1400}


@dataclass(frozen=True, slots=True)
class Words:
    """`prompt` and `negative` as the pipeline gets them; `notes`: what the user should know of that."""

    prompt: str
    negative: str
    notes: tuple[str, ...]

    @classmethod
    def read(cls, prompt: str, negative: str, tokenizer: Qwen2Tokenizer, work: Work, references: int) -> Self:
        """Raises `LaminaError` (task_invalid) where words and pictures together are more than an edit can read."""
        words = cls(without_marks(prompt), without_marks(negative), ())
        counts = [len(tokenizer(text).input_ids) for text in (words.prompt, words.negative)]
        if work in _TOKENS_A_PICTURE:
            most = _PLACES - _PICTURE_PLACES - references * _TOKENS_A_PICTURE[work]
            if max(counts) > most:
                told = f"The prompt has {max(counts):,} tokens, and beside the pictures {most:,} can be read."
                raise LaminaError(ErrorCode.TASK_INVALID, told, "Shorten it; a token is about four letters.")
            return words
        notes = tuple(
            f"Of the {name}'s {count:,} tokens the first {MOST_TOKENS:,} were read."
            for name, count in zip(("prompt", "negative prompt"), counts, strict=True)
            if count > MOST_TOKENS
        )
        return cls(words.prompt, words.negative, notes)
