"""The tree of a document: groups, order, copies and deletions."""

from dataclasses import replace

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.selections import MAX_NAME_LENGTH
from lamina.stacks.document import MAX_DEPTH, Document, GroupNode, layers_in
from lamina.stacks.operations import Delete, Duplicate, GroupNodes, Reorder, Ungroup
from lamina.stacks.pixels import PixelStore
from lamina.stacks.rendering import check_count
from lamina.stacks.verbs.attributes import checked_name
from lamina.stacks.verbs.checks import check_all_unlocked, check_unlocked, group_of
from lamina.stacks.verbs.gathering import gathered, put_together


def group(document: Document, operation: GroupNodes, pixels: PixelStore) -> Document:
    nodes = gathered(document, operation.nodes, pixels)
    name = checked_name(operation.name or "Group")
    result = GroupNode(id=document.next_id, name=name, members=nodes)
    grouped = put_together(replace(document, next_id=document.next_id + 1), nodes, result)
    check_depth(grouped)
    return grouped


def ungroup(document: Document, operation: Ungroup) -> Document:
    group = group_of(document, operation.node)
    members = [replace(member, is_hidden=member.is_hidden or group.is_hidden) for member in group.members]
    return document.substituted(group.id, members)


def reorder(document: Document, operation: Reorder) -> Document:
    check_all_unlocked(document, operation.node)
    node = document.find(operation.node)
    if operation.parent is not None:
        check_unlocked(document, operation.parent)
        if operation.parent == node.id or any(group.id == node.id for group in document.path(operation.parent)):
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"The group {node.name!r} (id {node.id}) cannot be put into itself.",
                "Give another group, or none for the top level.",
            )
    members = document.siblings(operation.parent)
    siblings = [sibling for sibling in members if sibling.id != node.id]
    if not 0 <= operation.position <= len(siblings):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"The position {operation.position} is out of range.",
            f"Give 0 (lowest) to {len(siblings)} (topmost).",
        )
    if not siblings:  # it is the only one there already
        return document
    # It is put there before it is taken away, which may remove groups below that place and the group itself.
    index = members.index(siblings[operation.position - 1]) + 1 if operation.position else 0
    copy = replace(node, id=document.next_id)
    moved = document.with_node(copy, operation.parent, index).without([node.id]).substituted(copy.id, [node])
    check_depth(moved)
    return moved


def duplicate(document: Document, operation: Duplicate) -> Document:
    check_unlocked(document, operation.node)
    node = document.find(operation.node)
    check_count(sum(1 for _ in document.layers()) + sum(1 for _ in layers_in(node)))
    numbered, (copy,) = document.with_ids([node])
    return numbered.substituted(node.id, [node, replace(copy, name=f"{node.name} copy"[:MAX_NAME_LENGTH])])


def delete(document: Document, operation: Delete) -> Document:
    check_all_unlocked(document, operation.node)
    return document.without([operation.node])


def check_depth(document: Document) -> None:
    """Raises `LaminaError` (task_invalid) if groups are nested too deeply."""
    if any(len(path) > MAX_DEPTH for _, path in document.walk()):
        raise LaminaError(
            ErrorCode.TASK_INVALID, f"The groups would be nested more than {MAX_DEPTH} deep.", "Ungroup some of them."
        )
