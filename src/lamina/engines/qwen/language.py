"""Generates text with the language model of the pipelines, greedily and therefore deterministically."""

import re

import torch
from transformers import BatchEncoding, BatchFeature, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’)」』]*(?=\s|$|(?<=[。！？]))")
_SPECIAL_TOKENS = re.compile(r"<\|\w+\|>")


def generate_text(
    text_encoder: Qwen2_5_VLForConditionalGeneration,
    tokenizer: Qwen2Tokenizer,
    inputs: BatchFeature | BatchEncoding,
    most_tokens: int,
    device: torch.device | str | None = None,
) -> str:
    """The continuation of the single text in `inputs`, at most `most_tokens` tokens.

    An answer that reaches the limit is cut after its last complete sentence, if it has one. `device`: where the model
    runs; None is where its weights are, which differs while they are offloaded.
    """
    inputs = inputs.to(device if device is not None else text_encoder.device)
    with torch.inference_mode():
        output = text_encoder.generate(
            **inputs,
            max_new_tokens=most_tokens,
            num_beams=1,
            do_sample=False,
            temperature=None,  # as below: not the one in the generation config of the released model
            top_p=None,
            top_k=None,
            pad_token_id=tokenizer.pad_token_id,
        )
    answer = output[0, inputs["input_ids"].shape[1] :]
    text = tokenizer.decode(answer, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
    return _complete_sentences(text) if len(answer) >= most_tokens else text


def strip_special_tokens(text: str) -> str:
    """The text without special tokens such as the end of a turn or an image placeholder."""
    while (clean := _SPECIAL_TOKENS.sub("", text)) != text:
        text = clean
    return text


def _complete_sentences(text: str) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else text
