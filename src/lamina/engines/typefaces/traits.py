"""Judges the class, the weight and the slant of any typeface from its letters, by small fitted networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np

from lamina.core.text_styles import TypefaceClass
from lamina.engines.typefaces.alignment import SeenLetter
from lamina.engines.typefaces.index import Floats, Integers, TypefaceIndex

CLASSES = tuple(TypefaceClass)
WEIGHTS = tuple(range(100, 901, 100))
_FILE = "traits.npz"  # written by lab.typefaces


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Probabilities: `classes`, of `CLASSES`; `weights`, of `WEIGHTS`; `italic`, 0..1."""

    classes: Floats
    weights: Floats
    italic: float


@dataclass(frozen=True, slots=True, eq=False)
class TraitNetwork:
    """Layers as pairs of weights (inputs, outputs) and biases: `letter` for each letter, with ReLU after each; `line`
    for the mean and the maximum over the letters, with ReLU between.
    """

    letter: tuple[tuple[Floats, Floats], ...]
    line: tuple[tuple[Floats, Floats], ...]

    def traits(self, inputs: Floats) -> Traits:
        """The traits of letters with `inputs` (letters, k), see `letter_inputs`."""
        values = inputs
        for weights, biases in self.letter:
            values = np.maximum(np.einsum("nk,kp->np", values, weights) + biases, 0)
        values = np.concatenate([values.mean(0), values.max(0)])
        for weights, biases in self.line[:-1]:
            values = np.maximum(values @ weights + biases, 0)
        weights, biases = self.line[-1]
        outputs = values @ weights + biases
        ends = len(CLASSES), len(CLASSES) + len(WEIGHTS)
        return Traits(
            _softmax(outputs[: ends[0]]),
            _softmax(outputs[ends[0] : ends[1]]),
            float(1 / (1 + np.exp(-outputs[ends[1]]))),
        )


def judged_traits(letters: Sequence[SeenLetter], index: TypefaceIndex) -> Traits:
    """The traits of the typeface of some letters: the mean of the networks."""
    columns = np.array([letter.column for letter in letters])
    sizes = np.log([(letter.shape.width, letter.shape.height) for letter in letters]).astype(np.float32)
    components = np.stack([letter.components for letter in letters])
    return traits_of(components, sizes, columns, index)


def traits_of(components: Floats, log_sizes: Floats, columns: Integers, index: TypefaceIndex) -> Traits:
    """The same for letters whose components, sizes and columns are given, see `letter_inputs`."""
    inputs = letter_inputs(components, log_sizes, columns, index)
    judged = [network.traits(inputs) for network in _networks()]
    return Traits(
        classes=np.asarray(np.mean([traits.classes for traits in judged], 0), np.float32),
        weights=np.asarray(np.mean([traits.weights for traits in judged], 0), np.float32),
        italic=float(np.mean([traits.italic for traits in judged])),
    )


def letter_inputs(components: Floats, log_sizes: Floats, columns: Integers, index: TypefaceIndex) -> Floats:
    """(..., letters, k): what the network sees of letters.

    `components` (..., letters, P), `log_sizes` (..., letters, 2), `columns` (..., letters): of the letters of a line.
    """
    away = (components - index.usual_components[columns]) / index.spreads
    sizes = log_sizes - index.usual_log_sizes[columns]
    sizes = (sizes - sizes[..., 1:].mean(-2, keepdims=True)) * 4
    names = np.eye(len(index.characters), dtype=np.float32)[columns]
    return np.concatenate([away.clip(-5, 5), sizes.clip(-5, 5), names], -1).astype(np.float32)


@cache
def _networks() -> tuple[TraitNetwork, ...]:
    return parse_networks(files("lamina.engines.typefaces").joinpath(_FILE).read_bytes())


def parse_networks(contents: bytes) -> tuple[TraitNetwork, ...]:
    """The networks from what `render_networks` wrote."""
    with np.load(BytesIO(contents), allow_pickle=False) as arrays:
        values = arrays["values"].astype(np.float32)
        shapes: list[tuple[int, int]] = [(int(before), int(after)) for before, after in arrays["shapes"]]
        count = int(arrays["letter_layers"])
    networks: list[TraitNetwork] = []
    for own in values:
        layers: list[tuple[Floats, Floats]] = []
        rest = own
        for before, after in shapes:
            weights, biases, rest = np.split(rest, [before * after, (before + 1) * after])
            layers.append((weights.reshape(before, after), biases))
        networks.append(TraitNetwork(tuple(layers[:count]), tuple(layers[count:])))
    return tuple(networks)


def render_networks(networks: Sequence[TraitNetwork]) -> bytes:
    """Networks of equal sizes as a file, in half precision."""
    layers = [(*network.letter, *network.line) for network in networks]
    stored = BytesIO()
    np.savez_compressed(
        stored,
        values=np.stack([np.concatenate([part.ravel() for layer in own for part in layer]) for own in layers]).astype(
            np.float16
        ),
        shapes=np.array([weights.shape for weights, _ in layers[0]], np.uint16),
        letter_layers=np.uint8(len(networks[0].letter)),
    )
    return stored.getvalue()


def _softmax(values: Floats) -> Floats:
    shares = np.exp(values - values.max())
    return (shares / shares.sum()).astype(np.float32)
