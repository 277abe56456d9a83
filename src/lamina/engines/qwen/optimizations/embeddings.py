"""Caches prompt embeddings, such as that of the negative prompt, which most requests share."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from PIL import Image

MOST_BYTES = 64 << 20
"""Limit of the cache on the device; a prompt of 256 tokens takes 1.8 MB with the released models."""

_Encoded = tuple[torch.Tensor, torch.Tensor | None]
"""The result of a pipeline's `encode_prompt`: (batch, tokens, channels), and a mask or None."""


class EmbeddingCache:
    """An LRU cache for one text encoder. Not thread-safe."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, _Encoded] = OrderedDict()
        self.hits = 0

    def remember(self, pipeline: Any) -> None:
        """Patches the pipeline to look up prompts here before it runs its text encoder."""
        pipeline.encode_prompt = partial(self._encoded, pipeline.encode_prompt, type(pipeline).__name__)

    def _encoded(self, encode: Any, wording: str, prompt: Any = None, image: Any = None, **options: Any) -> _Encoded:
        """`wording`: name of the pipeline, which determines the prompt template."""
        pictures = {} if image is None else {"image": image}
        if options.get("prompt_embeds") is not None:
            return encode(prompt=prompt, **pictures, **options)
        key = _key(wording, prompt, image, options)
        encoded = self._kept.get(key)
        if encoded is None:
            encoded = encode(prompt=prompt, **pictures, **options)
            self._kept[key] = encoded
            self._drop_oldest()
        else:
            self.hits += 1
            self._kept.move_to_end(key)
        return encoded

    def _drop_oldest(self) -> None:
        while self._kept and sum(map(_bytes, self._kept.values())) > self._most_bytes:
            self._kept.popitem(last=False)


def _key(*parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        _add(digest, part)
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", part: Any) -> None:
    if isinstance(part, Image.Image):
        digest.update(f"{part.mode} {part.size} ".encode() + part.tobytes())
    elif isinstance(part, torch.Tensor):
        digest.update(f"{part.dtype} {tuple(part.shape)} ".encode())
        digest.update(part.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    elif isinstance(part, dict):
        _add(digest, [item for pair in sorted(part.items()) for item in pair])
    elif isinstance(part, Sequence) and not isinstance(part, str):
        digest.update(f"{len(part)} of ".encode())
        for element in part:
            _add(digest, element)
    else:
        digest.update(f"{part!r}\0".encode())


def _bytes(encoded: _Encoded) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in encoded if tensor is not None)
