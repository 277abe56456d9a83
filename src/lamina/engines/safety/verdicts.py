"""What happens to what the safety checker flags: black pictures and black layers, marked and told of in a note."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels
from lamina.core.ports import SafetyChecker
from lamina.core.results import Generated

_AnyStack = TypeVar("_AnyStack", bound=LayerStack)


def judged_pictures(generated: Generated, checker: SafetyChecker) -> Generated:
    """The same pictures, those that the checker flags blackened, and `flagged` told for each."""
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
    """The same stack, or if its `source` is flagged, as many layers in black.

    A client that asked for n layers gets n, each opaque black of the canvas's size: an alpha that stayed would still
    draw the outlines, and names, lines of text and a caption would still tell in words. Such a stack is exempt from
    exactness.
    `source`: (height, width, 4), the picture that was taken apart.
    """
    if stack.is_flagged or not checker.is_unsafe(source):
        return stack
    black = _black(stack.height, stack.width)
    layers = tuple(
        Layer(f"Layer {index}", LayerKind.OBJECT if index else LayerKind.BACKGROUND, black)
        for index in range(len(stack))
    )
    note = "The safety checker flagged the picture: its layers are black."
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
