"""Joins what a network says of the traits of a typeface with the votes of the faces that are most alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.core.text_styles import TypefaceClass
from lamina.engines.typefaces.alignment import SeenLetter
from lamina.engines.typefaces.index import Floats, TypefaceIndex
from lamina.engines.typefaces.pitch import pitch_evenness
from lamina.engines.typefaces.traits import CLASSES, WEIGHTS, Traits, judged_traits

_TEMPERATURE = 12.0  # of the votes
_VOTES = 0.3  # share of the votes; the rest is that of the network
_DOUBT = 0.02  # added to shares: neither can exclude a class alone
_PITCH, _MAX_PITCH = 8.0, 4.0  # of the evenness of the pitch, in units of the logarithm of a probability
_JOINED = 2.0  # of the share of letters that touch others, in the same units
_NEAR_WEIGHTS = (0.6, 1.0, 0.6)  # a weight gets a part of the probability of those beside it


def voted_traits(
    letters: Sequence[SeenLetter], scores: Floats, index: TypefaceIndex
) -> tuple[TypefaceClass, int, bool]:
    """Class, weight 100..900 and whether it is italic. `scores`: (F), of the faces for these letters."""
    traits = _with_votes(judged_traits(letters, index), scores, index)
    classes = traits.classes.copy()
    classes[CLASSES.index(TypefaceClass.MONO)] += min(max(_PITCH * pitch_evenness(letters), -_MAX_PITCH), _MAX_PITCH)
    classes[CLASSES.index(TypefaceClass.SCRIPT)] += _JOINED * sum(letter.is_cut for letter in letters) / len(letters)
    weights = np.convolve(traits.weights, _NEAR_WEIGHTS, "same")
    return CLASSES[int(classes.argmax())], WEIGHTS[int(weights.argmax())], traits.italic > 0.5


def _with_votes(traits: Traits, scores: Floats, index: TypefaceIndex) -> Traits:
    """The traits with a share of the votes; of the classes, logarithms. Each family has one vote."""
    votes = np.exp((scores - scores.max()) / _TEMPERATURE) / np.bincount(index.families)[index.families]
    votes /= votes.sum()
    face_classes = np.array([CLASSES.index(type_class) for type_class in index.family_classes])[index.families]
    classes = np.bincount(face_classes, votes, minlength=len(CLASSES))
    weights = np.bincount(index.weights // 100 - 1, votes, minlength=len(WEIGHTS))
    return Traits(
        classes=_joined(np.log(traits.classes + _DOUBT), np.log(classes + _DOUBT)),
        weights=_joined(traits.weights, weights),
        italic=(1 - _VOTES) * traits.italic + _VOTES * float(votes @ index.italics),
    )


def _joined(of_network: Floats, of_votes: NDArray[Any]) -> Floats:
    return np.asarray((1 - _VOTES) * of_network + _VOTES * of_votes, np.float32)
