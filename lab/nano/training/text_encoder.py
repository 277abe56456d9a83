"""Trains nano's vision-language model to caption pictures, to expand prompts, and to keep the words in its states.

A language model's last state predicts the next word. The transformers are conditioned on it, so it must also contain
the previous words. Linear probes that read the last words from each state are trained for this, and then dropped.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from transformers import BatchFeature, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

from lab.nano import build, tokens
from lab.nano.drawing import SIZES, Composition, flattened, in_canonical_order, phrased, random_composition
from lab.nano.edits import random_edit
from lab.nano.training.loop import Schedule, averaged, train
from lamina.engines.qwen.nano import prompts

_KEPT_WORDS = 4  # that each state must contain
_TEXTS, _EDITS, _PICTURES, _SHORT = 12, 6, 32, 8  # examples of each task in a batch
_END = "<|im_end|>"


class Learner(nn.Module):
    """The model with the probes for its training."""

    def __init__(self, tokenizer: Qwen2Tokenizer) -> None:
        super().__init__()
        self.model = build.text_encoder(tokenizer)
        vocabulary = self.model.config.text_config.vocab_size
        self.probes = nn.ModuleList(nn.Linear(build.TEXT_WIDTH, vocabulary) for _ in range(_KEPT_WORDS))


def train_text_encoder(folder: Path, steps: int, device: str) -> Qwen2_5_VLForConditionalGeneration:
    torch.manual_seed(0)
    tokenizer = tokens.tokenizer()
    processor = tokens.processor(tokenizer)
    learner = Learner(tokenizer).to(device)

    def batch(texts: list[str], pictures: list[Image.Image] | None = None) -> BatchFeature:
        return processor(text=texts, images=pictures, padding=True, return_tensors="pt").to(device)

    def loss_of(step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        """Captioning at every step, since it is learnt slowest; the other tasks in turn."""
        loss = _answer_loss(learner.model, batch(*_captioning(rng)), tokenizer)
        figures = {"caption": float(loss.detach())}
        if step % 4 == 3:
            other = 0.5 * _answer_loss(learner.model, batch(_expansions(rng)), tokenizer)
        elif step % 2:
            other = _kept_loss(learner, batch(*_editing_texts(rng)), tokens.EDITING_TEMPLATE, tokenizer)
        else:
            other = _kept_loss(learner, batch(_drawing_texts(rng)), tokens.DRAWING_TEMPLATE, tokenizer)
        figures["expand" if step % 4 == 3 else "kept"] = float(other.detach())
        return loss + other, figures

    schedule = Schedule(steps, learning_rate=2e-3, average=0.995)
    return train(learner, loss_of, schedule, folder / "text_encoder.pt", device).model


def trained_text_encoder(folder: Path) -> Qwen2_5_VLForConditionalGeneration:
    return averaged(folder / "text_encoder.pt", Learner(tokens.tokenizer())).model


def picture_of(composition: Composition) -> Image.Image:
    pixels: NDArray[np.float32] = flattened(composition.layers())[:3].transpose(1, 2, 0)
    return Image.fromarray(np.rint(pixels * 255).astype(np.uint8))


def _drawing_texts(rng: np.random.Generator) -> list[str]:
    compositions = [random_composition(rng, int(rng.integers(0, 4))) for _ in range(_TEXTS)]
    return [tokens.DRAWING_TEMPLATE.format(phrased(rng, composition)) for composition in compositions]


def _editing_texts(rng: np.random.Generator) -> tuple[list[str], list[Image.Image]]:
    texts: list[str] = []
    pictures: list[Image.Image] = []
    for _ in range(_EDITS):
        edit = random_edit(rng, SIZES[int(rng.integers(len(SIZES)))])
        marks = "".join(f"Picture {i}: {prompts.IMAGE_PLACEHOLDER}" for i in range(1, len(edit.references) + 1))
        texts.append(tokens.EDITING_TEMPLATE.format(marks + edit.instruction))
        pictures += [picture_of(reference) for reference in edit.references]
    return texts, pictures


def _captioning(rng: np.random.Generator) -> tuple[list[str], list[Image.Image]]:
    sizes = [SIZES[int(i)] for i in rng.choice(len(SIZES), _PICTURES, p=(0.7, 0.15, 0.15))]
    compositions = [in_canonical_order(random_composition(rng, int(rng.integers(0, 4)), size, 0.5)) for size in sizes]
    texts = [prompts.CAPTION_PROMPT + composition.caption + _END for composition in compositions]
    return texts, [picture_of(composition) for composition in compositions]


def _expansions(rng: np.random.Generator) -> list[str]:
    texts: list[str] = []
    for _ in range(_SHORT):
        composition = random_composition(rng, int(rng.integers(1, 3)))
        short = composition.caption.rpartition(" on a")[0]
        for colour in (thing.colour for thing in composition.things):
            short = short.replace(f"{colour} ", "", 1) if rng.random() < 0.4 else short
        short = short.replace("a ", "").replace("an ", "") if rng.random() < 0.5 else short
        texts.append(prompts.EXPANSION_PROMPT.format(short) + composition.caption + _END)
    return texts


def _kept_loss(learner: Learner, inputs: BatchFeature, template: str, tokenizer: Qwen2Tokenizer) -> torch.Tensor:
    """The loss of the probes that read the last words from each state of the user's text."""
    states_BLC = learner.model(**inputs, output_hidden_states=True, logits_to_keep=1).hidden_states[-1]
    ids = inputs["input_ids"]
    first = len(tokenizer(template.split("{}")[0]).input_ids)
    is_word = inputs["attention_mask"].bool() & (ids != learner.model.config.image_token_id)
    losses: list[torch.Tensor] = []
    for back, probe in enumerate(learner.probes):
        held = is_word[:, first:] & is_word[:, first - back : ids.shape[1] - back]
        before = ids[:, first - back : ids.shape[1] - back]
        losses.append(functional.cross_entropy(probe(states_BLC[:, first:][held]), before[held]))
    return torch.stack(losses).mean()


def _answer_loss(
    model: Qwen2_5_VLForConditionalGeneration, inputs: BatchFeature, tokenizer: Qwen2Tokenizer
) -> torch.Tensor:
    """The loss of the tokens after "assistant", including the end."""
    ids = inputs["input_ids"]
    start = tokenizer.convert_tokens_to_ids("<|im_start|>")
    turn = torch.cumsum(ids == start, 1) == (ids == start).sum(1, keepdim=True)
    is_answer = (torch.cumsum(turn, 1) > 3) & inputs["attention_mask"].bool()  # after mark, role, line break
    logits_BLV = model(**inputs).logits[:, :-1]
    return functional.cross_entropy(logits_BLV[is_answer[:, 1:]], ids[:, 1:][is_answer[:, 1:]])
