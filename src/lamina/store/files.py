"""Stores each file's owner, name and media type; its content is in `blobs`, once for any number of files."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.files import FileRecord
from lamina.store import stored_bytes
from lamina.store.tables import checkpoints, files, stack_pixels, upload_parts

_BY_ID = sa.select(files).where(files.c.id == sa.bindparam("file_id"))


def insert(connection: Connection, file: FileRecord) -> None:
    connection.execute(files.insert(), asdict(file))


def by_id(connection: Connection, file_id: str, key_id: str | None = None) -> FileRecord | None:
    """None if there is no such file, or if `key_id` is given and is not its owner."""
    row = connection.execute(_BY_ID, {"file_id": file_id}).mappings().first()
    return None if row is None or (key_id is not None and row["key_id"] != key_id) else FileRecord(**row)


def of_job(connection: Connection, job_id: str) -> list[FileRecord]:
    rows = connection.execute(sa.select(files).where(files.c.job_id == job_id).order_by(files.c.id)).mappings()
    return [FileRecord(**row) for row in rows]


def remove(connection: Connection, file_ids: list[str]) -> None:
    """Remove files, and subtract the sizes of uploads from what their keys have stored."""
    columns = (files.c.key_id, files.c.size, files.c.job_id)
    removed = connection.execute(files.delete().where(files.c.id.in_(file_ids)).returning(*columns)).all()
    stored_bytes.give_back(connection, [(row.key_id, row.size) for row in removed if row.job_id is None])


def expired(connection: Connection, now: float, limit: int = 500) -> list[FileRecord]:
    query = sa.select(files).where(files.c.expires_at < now).order_by(files.c.expires_at).limit(limit)
    return [FileRecord(**row) for row in connection.execute(query).mappings()]


def unwanted(connection: Connection, hashes: list[str]) -> list[str]:
    """The hashes that no file, checkpoint, upload part or stack refers to."""
    referenced = {
        sha256
        for table in (files, checkpoints, upload_parts, stack_pixels)
        for sha256 in connection.execute(sa.select(table.c.sha256).where(table.c.sha256.in_(hashes))).scalars()
    }
    return [sha256 for sha256 in hashes if sha256 not in referenced]
