"""Fits the networks that judge the class, weight and slant of typefaces which are not in the index."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from lab.typefaces.fitting import CHARACTERS, Floats, Samples
from lab.typefaces.table import Family
from lamina.core.text_styles import TypefaceClass
from lamina.engines.typefaces.index import TypefaceIndex
from lamina.engines.typefaces.shapes import SIDE
from lamina.engines.typefaces.traits import CLASSES, WEIGHTS, TraitNetwork, letter_inputs

_NETWORKS, _LETTER, _LINE = 3, (64, 48), (48,)
_BATCH, _STEPS, _RATE, _DECAY = 96, 3000, 2e-3, 0.05
_LETTERS = (4, 28)  # of a line, least and most
_DROPOUT, _NOISE = 0.25, 0.25
_CAPITALS_ONLY, _CAPITAL = 0.25, 0.15  # shares of lines, and of letters in others
_USUAL = "eeeeeeeetttttaaaaaoooooiiiiinnnnssssrrrrhhhlllddccuummffppggwwyybbvvkkxjqz"
_OTHERS = "0123456789&?!"
_NO_WEIGHT = (TypefaceClass.DISPLAY, TypefaceClass.SCRIPT)  # their only weight is called regular, whatever it is


Values = NDArray[Any]


class _Network(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.letter = _layers((inputs, *_LETTER))
        outputs = len(CLASSES) + len(WEIGHTS) + 1
        self.line = _layers((2 * _LETTER[-1], *_LINE, outputs))
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, letters: torch.Tensor, is_there: torch.Tensor) -> torch.Tensor:
        values = letters
        for layer in self.letter:
            values = self.dropout(torch.relu(layer(values)))
        there = is_there[..., None]
        mean = (values * there).sum(1) / there.sum(1)
        values = torch.cat([mean, (values * there).amax(1)], -1)
        for layer in self.line[:-1]:
            values = self.dropout(torch.relu(layer(values)))
        return self.line[-1](values)


def _layers(sizes: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))


def fit_traits(families: Sequence[Family], samples: Samples, index: TypefaceIndex) -> list[TraitNetwork]:
    """The networks, fitted to random lines of the letters of all faces."""
    return [_fit(families, samples, index, seed=seed) for seed in range(_NETWORKS)]


def _fit(families: Sequence[Family], samples: Samples, index: TypefaceIndex, *, seed: int) -> TraitNetwork:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    rows = [(family, face) for family in families for face in family.faces]
    classes = np.array([CLASSES.index(family.type_class) for family, _ in rows])
    weights = np.array([WEIGHTS.index(face.weight) for _, face in rows])
    has_weight = np.array([len(family.faces) > 1 or family.type_class not in _NO_WEIGHT for family, _ in rows])
    italics = np.array([face.is_italic for _, face in rows], np.float32)
    components = np.zeros((*samples.cells.shape[:3], index.basis.shape[1]), np.float32)
    for row in range(len(rows)):
        cells = samples.cells[row].astype(np.float32).reshape(-1, SIDE * SIDE) / 255
        components[row] = index.components(cells).reshape(components.shape[1:])
    shares = _shares(families)
    model = _Network(index.basis.shape[1] + 2 + len(CHARACTERS))
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    for _ in range(_STEPS):
        chosen = rng.choice(len(rows), _BATCH, p=shares)
        inputs, is_there = _lines(chosen, components, samples, index, rng)
        letters = torch.from_numpy(inputs)
        letters = letters + _NOISE * torch.randn_like(letters)
        outputs = model(letters, torch.from_numpy(is_there))
        ends = len(CLASSES), len(CLASSES) + len(WEIGHTS)
        by_class = cross_entropy(outputs[:, : ends[0]], torch.from_numpy(classes[chosen]), label_smoothing=0.05)
        near = _near_weights(weights[chosen])
        by_weight = cross_entropy(outputs[:, ends[0] : ends[1]], near, reduction="none")
        counted = torch.from_numpy(has_weight[chosen].astype(np.float32))
        by_slant = binary_cross_entropy_with_logits(outputs[:, ends[1]], torch.from_numpy(italics[chosen]))
        loss = by_class + (by_weight * counted).mean() + by_slant
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return TraitNetwork(_arrays(model.letter), _arrays(model.line))


def _shares(families: Sequence[Family]) -> Values:
    """(faces): how often each is drawn: families equally, and classes by the root of their number of families."""
    counts = {name: sum(family.type_class is name for family in families) for name in CLASSES}
    shares = [counts[family.type_class] ** -0.5 / len(family.faces) for family in families for _ in family.faces]
    return np.array(shares) / sum(shares)


def _near_weights(weights: Values) -> torch.Tensor:
    """(n, weights): mostly the true weight, partly those beside it."""
    apart = np.abs(np.arange(len(WEIGHTS)) - weights[:, None])
    near = np.where(apart == 0, 1.0, np.where(apart == 1, 0.3, 0.0))
    return torch.from_numpy((near / near.sum(1, keepdims=True)).astype(np.float32))


def _lines(
    chosen: Values, components: Values, samples: Samples, index: TypefaceIndex, rng: np.random.Generator
) -> tuple[Values, Values]:
    """Inputs (n, letters, k) of random lines in the chosen faces, and which letters are there."""
    count = int(rng.integers(_LETTERS[0], _LETTERS[1] + 1))
    columns = np.stack([_columns(count, rng) for _ in chosen])
    turns = rng.integers(components.shape[2], size=columns.shape)
    sizes = samples.sizes[chosen[:, None], columns, turns]
    is_there = np.isfinite(sizes[..., 0])
    is_there[~is_there.any(1)] = True
    log_sizes = np.log(np.where(np.isfinite(sizes[..., :2]), sizes[..., :2], 0.5))
    inputs = letter_inputs(components[chosen[:, None], columns, turns], log_sizes, columns, index)
    return inputs, is_there.astype(np.float32)


def _columns(count: int, rng: np.random.Generator) -> Values:
    letters = rng.choice(list(_USUAL), count)
    is_upper = np.full(count, True) if rng.random() < _CAPITALS_ONLY else rng.random(count) < _CAPITAL
    letters = np.where(is_upper, np.char.upper(letters), letters)
    is_other = rng.random(count) < 0.06
    letters = np.where(is_other, rng.choice(list(_OTHERS), count), letters)
    return np.array([CHARACTERS.index(letter) for letter in letters])


def _arrays(layers: nn.ModuleList) -> tuple[tuple[Floats, Floats], ...]:
    """The weights (inputs, outputs) and the biases of each layer."""
    parameters = [parameter.detach().numpy().astype(np.float32) for parameter in layers.parameters()]
    return tuple((weights.T, biases) for weights, biases in zip(parameters[::2], parameters[1::2], strict=True))
