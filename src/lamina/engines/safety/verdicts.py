"""Applies the safety checker to results: flagged pictures and layers become black, are marked, and get a note."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from lamina.core.engine_results import Generated
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.ports import SafetyChecker

_AnyStack = TypeVar("_AnyStack", bound=LayerStack)


def judged_pictures(generated: Generated, checker: SafetyChecker) -> Generated:
    """The same pictures with flagged ones blackened, and `flagged` set for each."""
    before = generated.flagged or (False,) * len(generated.pictures)
    flagged = tuple(
        was_flagged or checker.is_unsafe(picture)
        for picture, was_flagged in zip(generated.pictures, before, strict=True)
    )
    pictures = tuple(
        blackened(picture) if is_flagged else picture
        for picture, is_flagged in zip(generated.pictures, flagged, strict=True)
    )
    notes = generated.notes + _notes(sum(flagged) - sum(before), len(pictures))
    return replace(generated, pictures=pictures, flagged=flagged, notes=notes)


def judged_stack(stack: _AnyStack, source: Pixels, checker: SafetyChecker) -> _AnyStack:
    """The same stack, or the same number of black layers if its `source` is flagged.

    A client that requested n layers gets n. Each is opaque black and covers the canvas: a kept alpha would still show
    the outlines, and names, text lines and the caption would still describe the content. Such a stack need not
    recompose to the picture.
    `source`: (height, width, 4), the picture that was decomposed.
    """
    if stack.is_flagged or not checker.is_unsafe(source):
        return stack
    black = _black(stack.height, stack.width)
    layers = tuple(
        Layer(f"Layer {index}", LayerKind.OBJECT if index else LayerKind.BACKGROUND, black)
        for index in range(len(stack))
    )
    note = "The safety checker flagged the picture, so its layers are black."
    made = stack.made and replace(stack.made, prompt="")
    return replace(stack, layers=layers, notes=(*stack.notes, note), made=made, is_flagged=True)


def blackened(picture: Pixels) -> Pixels:
    """Opaque black of the picture's size."""
    return _black(*picture.shape[:2])


def _black(height: int, width: int) -> Pixels:
    black = np.zeros((height, width, 4), np.uint8)
    black[..., 3] = 255
    return black


def _notes(flagged: int, count: int) -> tuple[str, ...]:
    if not flagged:
        return ()
    of_all = "The picture was" if count == 1 else f"{flagged} of {count} pictures {'was' if flagged == 1 else 'were'}"
    return (f"{of_all} flagged by the safety checker and {'is' if flagged == 1 else 'are'} black.",)
