"""From stored stacks to the native JSON; pure functions."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import get_args

from lamina.api.native.answers import TextStyleBody
from lamina.api.native.stack_answers import (
    EditableStackBody,
    MadeBody,
    NodeBody,
    OpenProposalBody,
    PixelsBody,
    ProposalPage,
    RevisionBody,
    RevisionPage,
    StackGroupBody,
    StackLayerBody,
    StackSummary,
)
from lamina.api.native.stack_endings import Ending
from lamina.core.money import usd_of
from lamina.core.stack_records import RevisionRecord, StackRecord
from lamina.core.times import render_time
from lamina.stacks.document import GroupNode, Node
from lamina.stacks.revisions.addresses import PixelAddresses
from lamina.stacks.revisions.proposals import Proposal
from lamina.stacks.revisions.reading import StackView


def render_editable(view: StackView, addresses: PixelAddresses) -> EditableStackBody:
    stack, made = view.stack, view.document.made
    return EditableStackBody(
        **render_summary(stack).model_dump(),
        layers=[_render_node(node, addresses) for node in view.document.members],
        made=None if made is None else MadeBody.model_validate(made, from_attributes=True),
        edited_by=list(view.document.edited_by),
        undo=view.undo,
        redo=view.redo,
        files={ending: f"/v1/stacks/{stack.id}.{ending}" for ending in get_args(Ending)},
    )


def render_summary(stack: StackRecord) -> StackSummary:
    return StackSummary(
        id=stack.id,
        name=stack.name,
        source=stack.source,
        width=stack.width,
        height=stack.height,
        revision=stack.revision,
        created_at=render_time(stack.created_at),
        updated_at=render_time(stack.updated_at),
        expires_at=None if stack.expires_at is None else render_time(stack.expires_at),
    )


def render_revisions(stack: StackRecord, page: Sequence[RevisionRecord], limit: int) -> RevisionPage:
    bodies = [
        RevisionBody(
            number=revision.number,
            description=revision.description,
            created_at=render_time(revision.created_at),
            is_current=revision.number == stack.revision,
        )
        for revision in page
    ]
    return RevisionPage(revisions=bodies, next=page[-1].number if len(page) == limit else None)


def render_proposals(stack_id: str, page: Sequence[Proposal], limit: int) -> ProposalPage:
    bodies = [
        OpenProposalBody(
            id=proposal.job.id,
            operation=dict(proposal.operation),
            layer_name=proposal.layer_name,
            revision=proposal.revision,
            state=proposal.job.state.value,
            price_usd=usd_of(proposal.job.price_micros),
            created_at=render_time(proposal.job.created_at),
            is_acceptable=not proposal.obstacle,
            obstacle=proposal.obstacle or None,
            accept=accept_path(stack_id, proposal.job.id),
        )
        for proposal in page
    ]
    return ProposalPage(proposals=bodies, next=page[-1].job.id if len(page) == limit else None)


def accept_path(stack_id: str, job_id: str) -> str:
    return f"/v1/stacks/{stack_id}/proposals/{job_id}/accept"


def _render_node(node: Node, addresses: PixelAddresses) -> NodeBody:
    if isinstance(node, GroupNode):
        return StackGroupBody(
            id=node.id,
            name=node.name,
            kind=node.kind.value,
            is_hidden=node.is_hidden,
            is_locked=node.is_locked,
            layers=[_render_node(member, addresses) for member in node.members],
        )
    pixels, matrix = node.pixels, node.transform
    return StackLayerBody(
        id=node.id,
        name=node.name,
        kind=node.kind.value,
        bbox=list(node.bounds),
        pixels=PixelsBody(
            sha256=pixels.key,
            width=pixels.width,
            height=pixels.height,
            url=addresses.picture(pixels.key),
            preview=addresses.preview(pixels.key),
        ),
        left=node.left,
        top=node.top,
        transform=[matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f],
        opacity=node.opacity,
        blend=node.blend.value,
        is_hidden=node.is_hidden,
        is_locked=node.is_locked,
        is_guessed=node.is_guessed,
        text="\n".join(line.string for line in node.text) if node.text else None,
        style=None if node.style is None else TextStyleBody.model_validate(asdict(node.style)),
    )
