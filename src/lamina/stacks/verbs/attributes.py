"""Names, visibility, locks, opacity and blend modes of layers and groups."""

from dataclasses import replace

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.selections import MAX_NAME_LENGTH
from lamina.stacks.document import Document, GroupNode, LayerNode
from lamina.stacks.operations import Hide, Lock, Rename, SetBlend, SetOpacity
from lamina.stacks.verbs.checks import check_unlocked


def rename(document: Document, operation: Rename) -> Document:
    check_unlocked(document, operation.node)
    name = checked_name(operation.name)
    return document.substituted(operation.node, [replace(document.find(operation.node), name=name)])


def hide(document: Document, operation: Hide) -> Document:
    return document.substituted(operation.node, [replace(document.find(operation.node), is_hidden=operation.is_hidden)])


def lock(document: Document, operation: Lock) -> Document:
    return document.substituted(operation.node, [replace(document.find(operation.node), is_locked=operation.is_locked)])


def set_opacity(document: Document, operation: SetOpacity) -> Document:
    layer = _unlocked_layer(document, operation.node, "opacity")
    if not 0 <= operation.opacity <= 255:
        raise LaminaError(ErrorCode.TASK_INVALID, f"The opacity {operation.opacity} is out of range.", "Give 0 to 255.")
    return document.substituted(operation.node, [replace(layer, opacity=operation.opacity)])


def set_blend(document: Document, operation: SetBlend) -> Document:
    layer = _unlocked_layer(document, operation.node, "blend mode")
    return document.substituted(operation.node, [replace(layer, blend=operation.blend)])


def checked_name(name: str) -> str:
    """Raises `LaminaError` (task_invalid) for a name that is blank or too long."""
    if not name.strip():
        raise LaminaError(ErrorCode.TASK_INVALID, "The name is empty.", "Give a name.")
    if len(name) > MAX_NAME_LENGTH:
        raise LaminaError(
            ErrorCode.TASK_INVALID, f"The name has {len(name)} characters.", f"Give at most {MAX_NAME_LENGTH}."
        )
    return name


def _unlocked_layer(document: Document, node_id: int, attribute: str) -> LayerNode:
    check_unlocked(document, node_id)
    node = document.find(node_id)
    if isinstance(node, GroupNode):
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{node.name!r} (id {node_id}) is a group, which has no {attribute} of its own.",
            f"Set the {attribute} of its layers.",
        )
    return node
