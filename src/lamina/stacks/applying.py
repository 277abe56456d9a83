"""Applies operations to documents: which function does what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from lamina.core.ports import Decomposer
from lamina.stacks import operations as op
from lamina.stacks.document import Document
from lamina.stacks.pixels import PixelStore
from lamina.stacks.verbs import (
    attributes,
    completing,
    geometry,
    merging,
    refining,
    replacing,
    separating,
    structure,
    text_setting,
)


@dataclass(frozen=True, slots=True)
class Tools:
    """What operations need. `engine`: called for an engine by those that take a layer apart. `set_text`: does it."""

    pixels: PixelStore
    engine: Callable[[], Decomposer]
    set_text: Callable[[Document, op.SetText, PixelStore], Document] = text_setting.set_text


def apply(document: Document, operation: op.Operation, tools: Tools) -> Document:
    """The document after an operation; the one before is unchanged. Raises `LaminaError` (task_invalid)."""
    match operation:
        case op.Rename():
            return attributes.rename(document, operation)
        case op.Hide():
            return attributes.hide(document, operation)
        case op.Lock():
            return attributes.lock(document, operation)
        case op.SetOpacity():
            return attributes.set_opacity(document, operation)
        case op.SetBlend():
            return attributes.set_blend(document, operation)
        case op.Move():
            return geometry.move(document, operation)
        case op.Scale():
            return geometry.scale(document, operation)
        case op.Rotate():
            return geometry.rotate(document, operation)
        case op.Flip():
            return geometry.flip(document, operation)
        case op.Duplicate():
            return structure.duplicate(document, operation)
        case op.Delete():
            return structure.delete(document, operation)
        case op.GroupNodes():
            return structure.group(document, operation, tools.pixels)
        case op.Ungroup():
            return structure.ungroup(document, operation)
        case op.Reorder():
            return structure.reorder(document, operation)
        case op.Merge():
            return merging.merge(document, operation, tools.pixels)
        case op.Flatten():
            return merging.flatten(document, operation, tools.pixels)
        case op.Separate():
            return separating.separate(document, operation, tools.pixels, tools.engine())
        case op.Split():
            return separating.split(document, operation, tools.pixels, tools.engine())
        case op.Complete():
            return completing.complete(document, operation, tools.pixels)
        case op.Refine():
            return refining.refine(document, operation, tools.pixels)
        case op.SetText():
            return tools.set_text(document, operation, tools.pixels)
        case op.RestoreText():
            return text_setting.restore_text(document, operation)
        case op.Replace():
            return replacing.replace_pixels(document, operation)
        case _:
            assert_never(operation)
