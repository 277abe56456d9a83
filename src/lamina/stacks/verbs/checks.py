"""What the operations require of the layers and groups that they are given."""

from collections.abc import Sequence

from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks.document import Document, GroupNode, LayerNode, Node


def check_unlocked(document: Document, node_id: int) -> None:
    """Raises `LaminaError` (task_invalid) if the node does not exist, or it or a group around it is locked."""
    for node in (*document.path(node_id), document.find(node_id)):
        if node.is_locked:
            raise _locked(node)


def is_locked(document: Document, node_id: int) -> bool:
    """True if the node or a group around it is locked."""
    return any(node.is_locked for node in (*document.path(node_id), document.find(node_id)))


def check_all_unlocked(document: Document, node_id: int) -> None:
    """As `check_unlocked`, and everything within a group must be unlocked, too."""
    check_unlocked(document, node_id)
    _check_members(document.find(node_id))


def layer_of(document: Document, node_id: int) -> LayerNode:
    """An unlocked layer. Raises `LaminaError` (task_invalid)."""
    check_unlocked(document, node_id)
    node = document.find(node_id)
    if isinstance(node, GroupNode):
        raise LaminaError(
            ErrorCode.TASK_INVALID, f"{node.name!r} (id {node_id}) is a group.", "Give the id of one of its layers."
        )
    return node


def group_of(document: Document, node_id: int) -> GroupNode:
    """An unlocked group. Raises `LaminaError` (task_invalid)."""
    check_unlocked(document, node_id)
    node = document.find(node_id)
    if isinstance(node, LayerNode):
        raise LaminaError(
            ErrorCode.TASK_INVALID, f"{node.name!r} (id {node_id}) is a layer.", "Give the id of a group."
        )
    return node


def in_painting_order(document: Document, node_ids: Sequence[int]) -> list[Node]:
    """Unlocked nodes of which none contains another, lowest first. Raises `LaminaError` (task_invalid)."""
    wanted = frozenset(node_ids)
    if not wanted:
        raise LaminaError(ErrorCode.TASK_INVALID, "No layers are given.", "Give the ids of layers or groups.")
    for node_id in node_ids:
        check_all_unlocked(document, node_id)
        around = next((group for group in document.path(node_id) if group.id in wanted), None)
        if around is not None:
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"{document.find(node_id).name!r} (id {node_id}) is in the group {around.name!r} (id {around.id}).",
                "Give the group or its members, not both.",
            )
    return [node for node, _ in document.walk() if node.id in wanted]


def _check_members(node: Node) -> None:
    if isinstance(node, GroupNode):
        for member in node.members:
            if member.is_locked:
                raise _locked(member)
            _check_members(member)


def _locked(node: Node) -> LaminaError:
    what = "layer" if isinstance(node, LayerNode) else "group"
    return LaminaError(
        ErrorCode.TASK_INVALID, f"The {what} {node.name!r} (id {node.id}) is locked.", "Unlock it first."
    )
