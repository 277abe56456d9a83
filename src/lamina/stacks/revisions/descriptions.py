"""Describes operations in a few words, for the list of revisions."""

import re
from collections.abc import Sequence
from dataclasses import fields

from lamina.core.errors import LaminaError
from lamina.stacks import operations as op
from lamina.stacks.document import Document

_LONGEST = 120
_LISTED = 3
_WORDS = re.compile(r"(?<!^)(?=[A-Z])")


def describe(before: Document, operations: Sequence[op.Operation]) -> str:
    """Such as `rename "Logo" to "Brand", move "Title" and 4 more`."""
    named = [_one(before, operation) for operation in operations[:_LISTED]]
    rest = len(operations) - len(named)
    text = ", ".join(named)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return f"{text} and {rest} more" if rest else text


def _one(before: Document, operation: op.Operation) -> str:
    match operation:
        case op.Rename():
            return f'rename {_name(before, operation.node)} to "{operation.name}"'
        case op.Hide():
            return f"{'hide' if operation.is_hidden else 'show'} {_name(before, operation.node)}"
        case op.Lock():
            return f"{'lock' if operation.is_locked else 'unlock'} {_name(before, operation.node)}"
        case op.Flatten(node=None):
            return "flatten"
        case op.GroupNodes() | op.Merge():
            verb = "group" if isinstance(operation, op.GroupNodes) else "merge"
            return f"{verb} {', '.join(_name(before, node) for node in operation.nodes[:_LISTED])}"
        case _:
            node = next(getattr(operation, field.name) for field in fields(operation) if field.name == "node")
            verb = _WORDS.sub(" ", type(operation).__name__).lower()
            return f"{verb} {_name(before, node)}"


def _name(before: Document, node_id: int) -> str:
    try:
        return f'"{before.find(node_id).name}"'
    except LaminaError:  # an earlier operation of the list has made it
        return f"layer {node_id}"
