"""Creates nano's tokenizer and processor, and holds the prompt templates that its small language model was trained on.

The pipelines cut their prompt templates off by a fixed number of tokens (34, and 64 for editing), counted with the
released tokenizer. Byte-level BPE learnt on those templates makes one token of each of their words, so that nano's
counts are the same.
"""

import json
import re
import tempfile
from pathlib import Path

import numpy as np
from diffusers import QwenImageEditPlusPipeline, QwenImagePipeline
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from lab.nano.drawing import COLOURS, LETTERS, SHAPES, phrased, random_composition
from lab.nano.edits import random_edit
from lamina.engines.qwen.nano.prompts import CAPTION_PROMPT, EXPANSION_PROMPT
from lamina.engines.qwen.processor import PictureProcessor
from lamina.engines.weights.places import PACKAGED

DRAWING_TEMPLATE: str = QwenImagePipeline(None, None, None, None, None).prompt_template_encode
EDITING_TEMPLATE: str = QwenImageEditPlusPipeline(None, None, None, None, None, None).prompt_template_encode

_SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
_SAVED_TOKENIZER = PACKAGED / "tokenizer"
_LEAST_PATCH_PX, _MOST_PATCH_PX = 84 * 84, 28 * 28 * 16  # of a picture for the language model: 9 to 16 tokens


def tokenizer() -> Qwen2Tokenizer:
    """The tokenizer that is stored with the weights, which depend on its token ids."""
    return Qwen2Tokenizer.from_pretrained(_SAVED_TOKENIZER)


def learnt_tokenizer() -> Qwen2Tokenizer:
    """A new tokenizer, trained on the templates, captions and edits; all parts must be trained again after it."""
    learner = Tokenizer(models.BPE())
    learner.normalizer = normalizers.NFC()
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    learner.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=2048, initial_alphabet=alphabet, special_tokens=[], min_frequency=2, show_progress=False
    )
    learner.train_from_iterator(_corpus(), trainer)
    with tempfile.TemporaryDirectory() as folder:
        learner.model.save(folder)
        vocabulary = json.loads(Path(folder, "vocab.json").read_text("utf-8"))
        lines = Path(folder, "merges.txt").read_text("utf-8").splitlines()
    merges = [tuple(line.split(" ")) for line in lines if line.strip() and not line.startswith("#version")]
    trained = Qwen2Tokenizer(
        vocab=vocabulary, merges=merges, extra_special_tokens=list(_SPECIAL[1:]), model_max_length=4096
    )
    trained.padding_side = "right"
    return trained


def processor(tokenizer: Qwen2Tokenizer) -> PictureProcessor:
    pictures = Qwen2VLImageProcessorPil(size={"shortest_edge": _LEAST_PATCH_PX, "longest_edge": _MOST_PATCH_PX})
    return PictureProcessor(image_processor=pictures, tokenizer=tokenizer)


def _corpus() -> list[str]:
    rng = np.random.default_rng(0)
    captions = [phrased(rng, random_composition(rng, i % 4)) for i in range(2000)]
    instructions = [random_edit(rng).instruction for _ in range(1000)]
    vocabulary_words = [
        f" {word}" for word in (*COLOURS, *SHAPES, *LETTERS, "letter", "background", "an", "Picture", "picture")
    ] * 50
    templates = [
        DRAWING_TEMPLATE,
        EDITING_TEMPLATE,
        CAPTION_PROMPT,
        EXPANSION_PROMPT,
        "Picture 1: Picture 2: Picture 3: ",
    ]
    parts = [part for text in templates for part in re.split(r"<\|[a-z_]+\|>|\{\}", text) if part]
    return captions + instructions + vocabulary_words + parts * 200
