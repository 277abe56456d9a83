"""Has the pipelines' language model say something: greedily, so that the same question gets the same answer."""

import re
from typing import Any

import torch
from transformers import BatchEncoding, BatchFeature, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’)」』]*(?=\s|$|(?<=[。！？]))")
# None takes back what the released model's own generation config says for sampling.
_GREEDY: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
_MARKS = re.compile(r"<\|\w+\|>")


def say(
    text_encoder: Qwen2_5_VLForConditionalGeneration,
    tokenizer: Qwen2Tokenizer,
    inputs: BatchFeature | BatchEncoding,
    most_tokens: int,
    device: torch.device | str | None = None,
) -> str:
    """What follows the one text in `inputs`, at most `most_tokens` tokens of it.

    An answer that ran into the bound ends with its last whole sentence, if it has one. `device`: where the model runs;
    None is where it lies, which is another place while it is off-loaded.
    """
    inputs = inputs.to(device if device is not None else text_encoder.device)
    with torch.inference_mode():
        told = text_encoder.generate(
            **inputs, max_new_tokens=most_tokens, num_beams=1, **_GREEDY, pad_token_id=tokenizer.pad_token_id
        )
    answer = told[0, inputs["input_ids"].shape[1] :]
    text = tokenizer.decode(answer, skip_special_tokens=True, clean_up_tokenization_spaces=False).strip()
    return _whole_sentences(text) if len(answer) >= most_tokens else text


def without_marks(text: str) -> str:
    """The text without what the tokenizer would take for the end of a turn, or for a picture."""
    while (clean := _MARKS.sub("", text)) != text:
        text = clean
    return text


def _whole_sentences(text: str) -> str:
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else text
