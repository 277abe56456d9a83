"""Samples made once and kept on disk, since drawing and encoding them takes as long as a step of training on them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lab.nano.training.seeing import Pixels, Seer

_ENCODED_AT_ONCE = 32  # pictures: one shape, so that the encoder compiles once a size


@dataclass(frozen=True, slots=True)
class Sample:
    """Pictures as the transformer is to have them, what is said, and pictures that the language model is shown."""

    pictures: Pixels
    text: str
    shown: tuple[Image.Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Samples of one shape: so many `pictures` of `size` px, and at most so many `words`; `share` of all batches."""

    name: str
    size: tuple[int, int]
    pictures: int
    words: int
    count: int
    batch: int
    share: float
    draw: Callable[[np.random.Generator], Sample]

    @property
    def grid(self) -> tuple[int, int, int]:
        """(frames, rows, columns) of a picture's tokens, as the pipelines put it."""
        return 1, self.size[1] // 16, self.size[0] // 16

    @property
    def more_noise(self) -> float:
        """Log odds on top of what pictures of 64 px are learnt at: in larger ones, more tokens tell of each thing."""
        return 0.5 * math.log(self.size[0] * self.size[1] / 64**2)


@dataclass(frozen=True, slots=True)
class Batch:
    """F pictures of S tokens: latents (B, F, S, C), words' states (B, T, C) and which of them there are (B, T)."""

    latents: torch.Tensor
    states: torch.Tensor
    is_word: torch.Tensor


class Pool:
    """The samples of a group; in memory only as far as they are read."""

    def __init__(self, group: Group, folder: Path, device: str) -> None:
        self.group, self.device = group, device
        self.latents = np.load(_file(folder, group, "latents"), mmap_mode="r")
        self.states = np.load(_file(folder, group, "states"), mmap_mode="r")
        self.lengths = np.load(_file(folder, group, "lengths"))

    def batch(self, rng: np.random.Generator) -> Batch:
        chosen = np.sort(rng.choice(len(self.lengths), self.group.batch, replace=False))
        is_word = np.arange(self.group.words)[None] < self.lengths[chosen][:, None]
        return Batch(
            self._read(self.latents, chosen), self._read(self.states, chosen), torch.from_numpy(is_word).to(self.device)
        )

    def _read(self, kept: NDArray[np.float16], chosen: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(kept[chosen]).to(self.device).float()


def pools(groups: list[Group], folder: Path, see: Callable[[], Seer], device: str) -> list[Pool]:
    """One of each group: those that `folder` has, and those that are made now."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [group for group in groups if not _file(folder, group, "lengths").exists()]
    if missing:
        seer = see()
        for group in missing:
            _make(group, folder, seer)
    return [Pool(group, folder, device) for group in groups]


def _make(group: Group, folder: Path, seer: Seer) -> None:
    rng = np.random.default_rng(list(group.name.encode()))
    tokens = group.grid[1] * group.grid[2]
    latents = np.empty((group.count, group.pictures, tokens, 4 * seer.vae.config.z_dim), np.float16)
    states = np.zeros((group.count, group.words, seer.text_encoder.config.text_config.hidden_size), np.float16)
    lengths = np.empty(group.count, np.uint8)
    for start in range(0, group.count, _ENCODED_AT_ONCE):
        samples = [group.draw(rng) for _ in range(min(_ENCODED_AT_ONCE, group.count - start))]
        for i, said in enumerate(_states(samples, seer)):
            lengths[start + i] = min(len(said), group.words)
            states[start + i, : len(said)] = said[: group.words].cpu().numpy()
        for i in range(group.pictures):
            encoded = seer.latents(np.stack([sample.pictures[i] for sample in samples]))
            latents[start : start + len(samples), i] = encoded.cpu().numpy()
    _save(_file(folder, group, "latents"), latents)
    _save(_file(folder, group, "states"), states)
    _save(_file(folder, group, "lengths"), lengths)


def _states(samples: list[Sample], seer: Seer) -> list[torch.Tensor]:
    texts = [sample.text for sample in samples]
    if samples[0].shown:
        return seer.editing_states(texts, [list(sample.shown) for sample in samples])
    return seer.drawing_states(texts)


def _save(file: Path, array: NDArray) -> None:
    beside = file.with_suffix(".new")
    with beside.open("wb") as stream:
        np.save(stream, array)
    beside.replace(file)


def _file(folder: Path, group: Group, what: str) -> Path:
    return folder / f"{group.name}-{group.count}.{what}.npy"
