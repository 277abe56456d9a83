"""UUIDs as Runware's clients know them: version 4, which the JavaScript SDK insists on, for our ids of version 7."""

import uuid

_VERSION_AT = 14
_OURS, _THEIRS = "7", "4"


def render_uuid(own_id: str) -> str:
    """The id of a file or a job, under the version that clients expect; nothing else of it changes."""
    return own_id[:_VERSION_AT] + _THEIRS + own_id[_VERSION_AT + 1 :]


def parse_uuid(text: str) -> str | None:
    """The own id that a client's UUID means, if it is one."""
    if len(text) != 36:
        return None
    try:
        known = str(uuid.UUID(text))
    except ValueError:
        return None
    if known != text.lower() or known[_VERSION_AT] not in (_OURS, _THEIRS):
        return None
    return known[:_VERSION_AT] + _OURS + known[_VERSION_AT + 1 :]
