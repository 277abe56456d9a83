"""Translates the JSON of edits of stacks to operations on documents."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from lamina.api.native import stack_fields as wire
from lamina.api.native.translate import checked_source, parse_decomposition, parse_edit, parse_selection
from lamina.api.native.wire import DecompositionFields, EditFields
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import JobRequest
from lamina.core.selections import Unit
from lamina.core.tasks import DecomposeTask
from lamina.stacks import operations as op
from lamina.stacks.pixels import PixelRef
from lamina.stacks.revisions.drafts import Draft, EngineOperation

Picture = Callable[[str], Awaitable[PixelRef]]
"""From the source of a picture to its stored pixels."""

Font = Callable[[str], Awaitable[Path]]
"""From the source of a font to a file of it."""


async def parse_operations(given: Sequence[wire.OperationFields], picture: Picture, font: Font) -> list[op.Operation]:
    """Raises `LaminaError`: task_invalid for an operation that needs an engine; what `picture` and `font` raise."""
    for fields in given:
        if isinstance(fields, wire.EngineFields):
            raise _needs_engine(fields.op)
    return [await _parse(fields, picture, font) for fields in given]


def parse_proposal(fields: wire.ProposalFields) -> EngineOperation:
    """Raises `LaminaError` (task_invalid) for a box without an area, or both a box and a point."""
    given = fields.operation
    if isinstance(given, wire.EditLayerFields):
        return op.EditPixels(node=given.layer)
    if isinstance(given, wire.SplitFields):
        return op.Split(node=given.layer, layers=given.layers or 0)
    place = parse_selection(given, Unit(given.unit)).place
    return op.Separate(node=given.layer, place=place, name=given.name)


def proposal_request(fields: wire.ProposalFields, wanted: Draft, source: str) -> JobRequest:
    """The job that takes the layer of a proposal apart, or edits it. Raises `LaminaError` as `parse_edit` does."""
    shared = fields.model_dump(exclude={"operation", "dry_run"})
    if isinstance(fields.operation, wire.EditLayerFields):
        if fields.engine == "classic":
            raise LaminaError(ErrorCode.TASK_INVALID, "The engine classic does not edit layers.", "Leave out engine.")
        return parse_edit(EditFields(image=source, prompt=fields.operation.prompt, **shared))
    request = parse_decomposition(DecompositionFields(image=source, layers=wanted.layers, flat=True, **shared))
    if not wanted.selections:
        return request
    if fields.engine not in ("auto", "classic") or fields.model is not None:
        raise LaminaError(
            ErrorCode.TASK_INVALID, "Only the engine classic separates things.", "Leave out model and engine."
        )
    assert isinstance(request.task, DecomposeTask)  # noqa: S101  (its kind)
    return replace(request, task=replace(request.task, selections=wanted.selections))


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


async def _parse(fields: wire.OperationFields, picture: Picture, font: Font) -> op.Operation:
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
        case wire.CompleteFields():
            return op.Complete(node=fields.layer)
        case wire.RefineFields():
            return op.Refine(node=fields.layer, mask=await picture(fields.mask))
        case wire.SetTextFields():
            is_uploaded = fields.has_uploaded_font
            return op.SetText(
                node=fields.layer,
                words=fields.words,
                family=None if is_uploaded else fields.font,
                font=await font(checked_source(fields.font or "")) if is_uploaded else None,
                weight=fields.weight,
                is_italic=fields.italic,
                size_px=fields.size,
                colour=fields.colour,
            )
        case wire.RestoreTextFields():
            return op.RestoreText(node=fields.layer)
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
