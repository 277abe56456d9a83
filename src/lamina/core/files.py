"""The record of a stored file: its owner, name and media type; the content itself is found by its hash."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file of an API key. Times are in seconds since 1970.

    `job_id`: the job that made it; None for an upload. `sha256`: of the content, in hexadecimal. `size`: in bytes.
    `expires_at`: None keeps the file forever.
    """

    id: str
    key_id: str
    job_id: str | None
    sha256: str
    size: int
    media_type: str
    name: str
    created_at: float
    expires_at: float | None = None
