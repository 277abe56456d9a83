"""Expands prompts with the pipeline's language model, which is loaded anyway."""

from collections.abc import Mapping

import torch
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from lamina.core.prompt_expansion import ExpandedBy
from lamina.core.tasks import TaskKind
from lamina.engines.prompts import MOST_TOKENS, SYSTEM_PROMPTS, clean_answer
from lamina.engines.qwen.language import generate_text, strip_special_tokens

RELEASED_TEMPLATES: Mapping[TaskKind, str] = {
    kind: f"<|im_start|>system\n{system_prompt}<|im_end|>\n<|im_start|>user\n{{}}<|im_end|>\n<|im_start|>assistant\n"
    for kind, system_prompt in SYSTEM_PROMPTS.items()
}
"""Templates of the released models; that of nano is `nano.prompts.EXPANSION_PROMPT`, for generation only."""


class LanguageModelExpander:
    """Expands a prompt with the text encoder of a pipeline.

    `templates`: chat templates by kind of task, with `{}` for the prompt. `device`: see `language.generate_text`.
    """

    by = ExpandedBy.MODEL

    def __init__(
        self,
        text_encoder: Qwen2_5_VLForConditionalGeneration,
        tokenizer: Qwen2Tokenizer,
        templates: Mapping[TaskKind, str] = RELEASED_TEMPLATES,
        most_tokens: int = MOST_TOKENS,
        device: torch.device | str | None = None,
    ) -> None:
        self._text_encoder = text_encoder
        self._tokenizer = tokenizer
        self._templates = templates
        self._most_tokens = most_tokens
        self._device = device

    def expand(self, prompt: str, kind: TaskKind) -> str | None:
        if kind not in self._templates:
            return None
        text = self._templates[kind].replace("{}", strip_special_tokens(prompt))
        inputs = self._tokenizer([text], return_tensors="pt")
        answer = generate_text(self._text_encoder, self._tokenizer, inputs, self._most_tokens, self._device)
        return clean_answer(answer, "The model's own language model")
