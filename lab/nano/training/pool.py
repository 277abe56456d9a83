"""Stores samples on disk, since drawing and encoding them takes as long as a training step with them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lab.nano.training.encoders import Encoders, Pixels

_ENCODER_BATCH = 32  # one batch size, so that the encoder is compiled once per picture size


@dataclass(frozen=True, slots=True)
class Sample:
    """The pictures of the transformer's sequence, the prompt, and the pictures `shown` to the language model."""

    pictures: Pixels
    text: str
    shown: tuple[Image.Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Samples of `pictures` pictures of `size` px and at most `tokens` tokens of text; `share`: of all batches."""

    name: str
    size: tuple[int, int]
    pictures: int
    tokens: int
    count: int
    batch: int
    share: float
    draw: Callable[[np.random.Generator], Sample]

    @property
    def grid(self) -> tuple[int, int, int]:
        """(frames, rows, columns) of a picture's tokens, as the pipelines pass it."""
        return 1, self.size[1] // 16, self.size[0] // 16

    @property
    def more_noise(self) -> float:
        """Log odds added to those for pictures of 64 px, since more tokens show each thing in larger pictures."""
        return 0.5 * math.log(self.size[0] * self.size[1] / 64**2)


@dataclass(frozen=True, slots=True)
class Batch:
    """F pictures of S tokens: latents (B, F, S, C), states of the text (B, T, C), and a mask of its tokens (B, T)."""

    latents: torch.Tensor
    states: torch.Tensor
    is_word: torch.Tensor


class Pool:
    """The samples of a group, mapped into memory."""

    def __init__(self, group: Group, folder: Path, device: str) -> None:
        self.group, self.device = group, device
        self.latents = np.load(_file(folder, group, "latents"), mmap_mode="r")
        self.states = np.load(_file(folder, group, "states"), mmap_mode="r")
        self.lengths = np.load(_file(folder, group, "lengths"))

    def batch(self, rng: np.random.Generator) -> Batch:
        chosen = np.sort(rng.choice(len(self.lengths), self.group.batch, replace=False))
        is_word = np.arange(self.group.tokens)[None] < self.lengths[chosen][:, None]
        return Batch(
            self._read(self.latents, chosen), self._read(self.states, chosen), torch.from_numpy(is_word).to(self.device)
        )

    def _read(self, stored: NDArray[np.float16], chosen: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(stored[chosen]).to(self.device).float()


def pools(groups: list[Group], folder: Path, load: Callable[[], Encoders], device: str) -> list[Pool]:
    """A pool of each group; missing ones are created in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [group for group in groups if not _file(folder, group, "lengths").exists()]
    if missing:
        encoders = load()
        for group in missing:
            _make(group, folder, encoders)
    return [Pool(group, folder, device) for group in groups]


def _make(group: Group, folder: Path, encoders: Encoders) -> None:
    rng = np.random.default_rng(list(group.name.encode()))
    tokens = group.grid[1] * group.grid[2]
    latents = np.empty((group.count, group.pictures, tokens, 4 * encoders.vae.config.z_dim), np.float16)
    states = np.zeros((group.count, group.tokens, encoders.text_encoder.config.text_config.hidden_size), np.float16)
    lengths = np.empty(group.count, np.uint8)
    for start in range(0, group.count, _ENCODER_BATCH):
        samples = [group.draw(rng) for _ in range(min(_ENCODER_BATCH, group.count - start))]
        for i, text_states in enumerate(_states(samples, encoders)):
            lengths[start + i] = min(len(text_states), group.tokens)
            states[start + i, : len(text_states)] = text_states[: group.tokens].cpu().numpy()
        for i in range(group.pictures):
            encoded = encoders.latents(np.stack([sample.pictures[i] for sample in samples]))
            latents[start : start + len(samples), i] = encoded.cpu().numpy()
    _save(_file(folder, group, "latents"), latents)
    _save(_file(folder, group, "states"), states)
    _save(_file(folder, group, "lengths"), lengths)


def _states(samples: list[Sample], encoders: Encoders) -> list[torch.Tensor]:
    texts = [sample.text for sample in samples]
    if samples[0].shown:
        return encoders.editing_states(texts, [list(sample.shown) for sample in samples])
    return encoders.drawing_states(texts)


def _save(file: Path, array: NDArray) -> None:
    beside = file.with_suffix(".new")
    with beside.open("wb") as stream:
        np.save(stream, array)
    beside.replace(file)


def _file(folder: Path, group: Group, part: str) -> Path:
    return folder / f"{group.name}-{group.count}.{part}.npy"
