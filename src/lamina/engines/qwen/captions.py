"""Captions pictures for decomposition: deterministic, in English, cached per picture."""

import contextlib
import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import Qwen2_5_VLForConditionalGeneration

from lamina.core.composite import over
from lamina.core.layers import Pixels
from lamina.engines.qwen.language import generate_text
from lamina.engines.qwen.processor import PictureProcessor

MOST_TOKENS = 256
_MOST_PIXELS = 1 << 20  # downscaled to this; the released processor allows 12 times as many, one token per 784 pixels
_MOST_ASPECT = 100  # the processor rejects 200
_MOST_KEPT = 256
_EMPTY_CAPTION = "A picture."  # for an empty prompt, the pipeline generates a random caption
_MOST_BYTES = 1 << 14  # of a cached caption file


class CaptionCache:
    """Captions by key: the last 256 in memory, and all in `folder`, if there is one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        caption = self._read(key)
        if caption is not None:
            self._keep(key, caption)
        return caption

    def put(self, key: str, caption: str) -> None:
        self._keep(key, caption)
        if self._folder is None:
            return
        beside = self._folder / f".{key}.{os.getpid()}.{threading.get_ident()}"
        with contextlib.suppress(OSError):  # with a full disk, the caption is only not cached
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_text(caption, "utf-8")
            beside.replace(self._folder / f"{key}.txt")

    def _keep(self, key: str, caption: str) -> None:
        with self._lock:
            self._kept[key] = caption
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)

    def _read(self, key: str) -> str | None:
        if self._folder is None:
            return None
        try:
            with (self._folder / f"{key}.txt").open("rb") as file:
                return file.read(_MOST_BYTES).decode().strip() or None
        except (OSError, UnicodeDecodeError):
            return None


class Captioner:
    """Captions pictures with the layered pipeline's language model.

    `template`: the pipeline's `image_caption_prompt_en`, for nano `nano.prompts.CAPTION_PROMPT`. `checkpoint`: name of
    the weights, part of the cache key. `device`: see `language.generate_text`.
    """

    def __init__(
        self,
        text_encoder: Qwen2_5_VLForConditionalGeneration,
        processor: PictureProcessor,
        template: str,
        checkpoint: str = "",
        cache: CaptionCache | None = None,
        most_tokens: int = MOST_TOKENS,
        device: torch.device | str | None = None,
    ) -> None:
        self._text_encoder = text_encoder
        self._processor = processor
        self._template = template
        self._checkpoint = checkpoint
        self._cache = cache if cache is not None else CaptionCache()
        self._most_tokens = most_tokens
        self._device = device

    def caption(self, picture: Pixels) -> str:
        """The caption of (height, width, 4) RGBA on white; deterministic and never empty."""
        key = self._key(picture)
        caption = self._cache.get(key)
        if caption is None:
            inputs = self._processor(
                text=[self._template], images=[_prepared(picture)], padding=True, return_tensors="pt"
            )
            text = generate_text(self._text_encoder, self._processor.tokenizer, inputs, self._most_tokens, self._device)
            caption = " ".join(text.split()) or _EMPTY_CAPTION
            self._cache.put(key, caption)
        return caption

    def _key(self, picture: Pixels) -> str:
        prefix = f"{self._checkpoint}\0{self._template}\0{self._most_tokens}\0{picture.shape}\0"
        return hashlib.sha256(prefix.encode() + np.ascontiguousarray(picture).tobytes()).hexdigest()


def _prepared(picture: Pixels) -> Image.Image:
    """RGB on white, at most one megapixel, padded to the maximum aspect ratio."""
    height, width = (max(side, -(-max(picture.shape[:2]) // _MOST_ASPECT)) for side in picture.shape[:2])
    ground = np.full((height, width, 4), 255, np.uint8)
    place = ground[: picture.shape[0], : picture.shape[1]]
    place[:] = over(place, picture)
    flat = Image.fromarray(ground[..., :3])
    scale = (_MOST_PIXELS / (flat.width * flat.height)) ** 0.5
    if scale >= 1:
        return flat
    size = max(1, int(flat.width * scale)), max(1, int(flat.height * scale))
    return flat.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
