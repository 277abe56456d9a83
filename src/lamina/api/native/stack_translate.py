"""Translates the JSON of edits of stacks to operations on documents."""

from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from lamina.api.native import stack_fields as wire
from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks import operations as op
from lamina.stacks.pixels import PixelRef

Picture = Callable[[str], Awaitable[PixelRef]]
"""From the source of a picture to its stored pixels."""


async def parse_operations(given: Sequence[wire.OperationFields], picture: Picture) -> list[op.Operation]:
    """Raises `LaminaError`: task_invalid for an operation that needs an engine, and what `picture` raises."""
    for fields in given:
        if isinstance(fields, wire.EngineFields):
            raise _needs_engine(fields.op)
    return [await _parse(fields, picture) for fields in given]


def parse_if_match(header: str) -> int | None:
    """The number of a revision; None for `*`, any revision. Raises `LaminaError` (task_invalid)."""
    text = header.strip()
    if text == "*":
        return None
    number = text.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdecimal() and len(number) <= 10):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"If-Match is {header[:80]!r}, which is not a revision.",
            'Send the revision of the stack, such as "3", or *.',
        )
    return int(number)


async def _parse(fields: wire.OperationFields, picture: Picture) -> op.Operation:
    match fields:
        case wire.RenameFields():
            return op.Rename(node=fields.layer, name=fields.name)
        case wire.HideFields():
            return op.Hide(node=fields.layer, is_hidden=fields.hidden)
        case wire.LockFields():
            return op.Lock(node=fields.layer, is_locked=fields.locked)
        case wire.OpacityFields():
            return op.SetOpacity(node=fields.layer, opacity=fields.opacity)
        case wire.BlendFields():
            return op.SetBlend(node=fields.layer, blend=fields.mode)
        case wire.MoveFields():
            return op.Move(node=fields.layer, right=fields.right, down=fields.down)
        case wire.ScaleFields():
            return op.Scale(node=fields.layer, across=fields.across, down=fields.down)
        case wire.RotateFields():
            return op.Rotate(node=fields.layer, degrees=fields.degrees)
        case wire.FlipFields():
            return op.Flip(node=fields.layer, axis=fields.axis)
        case wire.DuplicateFields():
            return op.Duplicate(node=fields.layer)
        case wire.DeleteFields():
            return op.Delete(node=fields.layer)
        case wire.GroupFields():
            return op.GroupNodes(nodes=tuple(fields.layers), name=fields.name)
        case wire.UngroupFields():
            return op.Ungroup(node=fields.layer)
        case wire.ReorderFields():
            return op.Reorder(node=fields.layer, parent=fields.parent, position=fields.position)
        case wire.MergeFields():
            return op.Merge(nodes=tuple(fields.layers), name=fields.name)
        case wire.FlattenFields():
            return op.Flatten(node=fields.layer)
        case wire.ReplaceFields():
            return op.Replace(node=fields.layer, pixels=await picture(fields.image))
        case wire.EngineFields():
            raise _needs_engine(fields.op)
        case _:
            assert_never(fields)


def _needs_engine(name: str) -> LaminaError:
    return LaminaError(
        ErrorCode.TASK_INVALID,
        f"{name} needs an engine, so it is not an edit that can be made at once.",
        "Make a proposal: POST /v1/stacks/{id}/proposals, and accept its result.",
    )
