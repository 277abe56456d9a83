"""The routes that create, edit and delete stacks."""

from contextlib import nullcontext
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Response

from lamina.api.native import stack_fields as wire
from lamina.api.native.access import IdempotencyKey, StackId, Writer, WriterRoute
from lamina.api.native.problem_route import problems
from lamina.api.native.stack_answers import EditableStackBody, ReturnedBody
from lamina.api.native.stack_rendering import render_editable
from lamina.api.native.stack_translate import parse_if_match, parse_operations
from lamina.api.native.translate import body_hash, checked_source
from lamina.api.shared.context import ApiContext, Context
from lamina.stacks.changes import render_differences
from lamina.stacks.revisions import creating, editing, reading
from lamina.stacks.revisions.addresses import PixelAddresses
from lamina.stacks.revisions.creating import IdempotentRequest, PictureImports
from lamina.stacks.revisions.reading import StackView
from lamina.stacks.revisions.returning import take_back
from lamina.stacks.revisions.text_fonts import FontImports

router = APIRouter(prefix="/v1/stacks", tags=["stacks"], route_class=WriterRoute)

_NEED_PIXELS = (wire.GroupFields, wire.MergeFields, wire.FlattenFields, wire.CompleteFields, wire.RefineFields)
_PRECONDITION_REQUIRED = 428
_TAG = {"ETag": {"description": "The revision of the stack.", "schema": {"type": "string"}}}
EDITED = {200: {"headers": _TAG}, **problems(400, 401, 403, 404, 409, 413, 422, 428, 503)}


async def known_revision(
    if_match: Annotated[
        str | None,
        Header(description='The revision that the change is meant for, such as `"3"`; `*` for any.', examples=['"3"']),
    ] = None,
) -> int | None:
    if if_match is None:
        raise HTTPException(
            _PRECONDITION_REQUIRED, "The request needs the header If-Match with the revision of the stack, or *."
        )
    return parse_if_match(if_match)


Revision = Annotated[int | None, Depends(known_revision)]


@router.post(
    "",
    status_code=201,
    responses={
        201: {"headers": {**_TAG, "Location": {"schema": {"type": "string"}}}},
        **problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
    summary="Create a stack that can be edited",
)
async def create_stack(
    context: Context,
    key: Writer,
    fields: wire.CreateStackFields,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> EditableStackBody:
    """From the result of a decomposition, an image (a stack of one layer), or a PSD, ORA or ZIP of layers.

    The stack has an id of its own, and remains when the job or file is deleted.
    """
    request = None if idempotency_key is None else IdempotentRequest(idempotency_key, body_hash("stack", fields))
    view = await creating.create(
        context.service,
        key,
        checked_source(fields.source, may_be_job=True),
        context.conversions,
        name=fields.name,
        lifetime_s=fields.keep_s,
        request=request,
    )
    response.headers["Location"] = f"/v1/stacks/{view.stack.id}"
    return shown(context, view, response)


@router.patch("/{stack_id}", responses=EDITED, summary="Edit a stack")
async def edit_stack(
    context: Context,
    key: Writer,
    stack_id: StackId,
    revision: Revision,
    fields: wire.EditStackFields,
    response: Response,
) -> EditableStackBody:
    """Applies all operations, in their order, or none. If the stack is at another revision than `If-Match` says, the
    status is 409, and `revision` of the problem is the current one. `name` renames the stack instead.
    """
    service = context.service
    if fields.name is not None:
        return shown(context, await editing.rename(service, key.id, stack_id, fields.name), response)
    if any(_needs_files(each) for each in fields.operations):
        await reading.view(service, key.id, stack_id)  # before anything is fetched for it
    pictures = PictureImports(service, key.id, context.conversions)
    with FontImports(service, key.id) as fonts:
        operations = await parse_operations(fields.operations, lambda source: pictures(checked_source(source)), fonts)
        needs_turn = any(isinstance(each, _NEED_PIXELS) or _needs_files(each) for each in fields.operations)
        async with context.conversions if needs_turn else nullcontext():
            view = await editing.edit(service, context.pixels, key.id, stack_id, operations, revision, pictures.sizes)
    return shown(context, view, response)


@router.post(
    "/{stack_id}/revisions",
    status_code=201,
    responses={201: {"headers": _TAG}, **problems(400, 401, 403, 404, 409, 413, 422, 428, 503)},
    summary="Take back a file that another program has edited",
)
async def take_back_file(
    context: Context,
    key: Writer,
    stack_id: StackId,
    revision: Revision,
    fields: wire.TakeBackFields,
    response: Response,
) -> ReturnedBody:
    """Layers and groups that are found again keep their ids, and those with equal pixels their text and style. The
    canvas may be cropped or enlarged.
    """
    source = checked_source(fields.source)
    service, turns = context.service, context.conversions
    returned = await take_back(service, context.pixels, key.id, stack_id, source, revision, turns)
    told = render_differences(returned.differences)
    return ReturnedBody(
        stack=shown(context, returned.view, response),
        is_empty=told["is_empty"],
        changes=told["changes"],
        origin=returned.differences.origin or (0, 0),
        sentences=told["sentences"],
    )


@router.post("/{stack_id}/undo", responses=EDITED, summary="Undo the last edit")
async def undo_edit(
    context: Context, key: Writer, stack_id: StackId, revision: Revision, response: Response
) -> EditableStackBody:
    """The next edit drops what was undone."""
    return shown(context, await editing.undo(context.service, key.id, stack_id, revision), response)


@router.post("/{stack_id}/redo", responses=EDITED, summary="Redo what was undone")
async def redo_edit(
    context: Context, key: Writer, stack_id: StackId, revision: Revision, response: Response
) -> EditableStackBody:
    return shown(context, await editing.redo(context.service, key.id, stack_id, revision), response)


@router.delete(
    "/{stack_id}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 503),
    summary="Delete a stack",
)
async def delete_stack(context: Context, key: Writer, stack_id: StackId) -> None:
    """With all its revisions. The stack of a job is deleted with the job."""
    await reading.remove(context.service, key.id, stack_id)


def _needs_files(fields: wire.OperationFields) -> bool:
    if isinstance(fields, wire.SetTextFields):
        return fields.has_uploaded_font
    return isinstance(fields, wire.ReplaceFields | wire.RefineFields)


def shown(context: ApiContext, view: StackView, response: Response) -> EditableStackBody:
    response.headers["ETag"] = f'"{view.stack.revision}"'
    return render_editable(view, PixelAddresses(context.service, view.stack.id))
