"""Converts ids, version 7 UUIDs, to the version 4 that Runware's clients (the JavaScript SDK) require, and back."""

from lamina.api.shared.parsing import parse_uuid as parse_any_uuid

_VERSION_AT = 14
_OWN_VERSION, _CLIENT_VERSION = "7", "4"


def render_uuid(own_id: str) -> str:
    """The id of a file or a job with the version that clients expect; nothing else changes."""
    return own_id[:_VERSION_AT] + _CLIENT_VERSION + own_id[_VERSION_AT + 1 :]


def parse_uuid(text: str) -> str | None:
    """The id that a client's UUID represents; None if it is not such a UUID."""
    parsed = parse_any_uuid(text)
    text_form = str(parsed)
    if parsed is None or text_form[_VERSION_AT] not in (_OWN_VERSION, _CLIENT_VERSION):
        return None
    return text_form[:_VERSION_AT] + _OWN_VERSION + text_form[_VERSION_AT + 1 :]
