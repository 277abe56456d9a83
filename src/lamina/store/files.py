"""Who has which file: a name, a kind and an owner for content that `blobs` keeps once however often it comes."""

import sqlalchemy as sa
from sqlalchemy import Connection

from lamina.core.files import FileRecord
from lamina.store import stored_bytes
from lamina.store.tables import checkpoints, files, upload_parts

_BY_ID = sa.select(files).where(files.c.id == sa.bindparam("file_id"))


def insert(connection: Connection, file: FileRecord) -> None:
    connection.execute(
        files.insert(),
        {
            "id": file.id,
            "key_id": file.key_id,
            "job_id": file.job_id,
            "sha256": file.sha256,
            "size": file.size,
            "media_type": file.media_type,
            "name": file.name,
            "created_at": file.created_at,
            "expires_at": file.expires_at,
        },
    )


def by_id(connection: Connection, file_id: str, key_id: str | None = None) -> FileRecord | None:
    """None, too, where it is not that key's."""
    row = connection.execute(_BY_ID, {"file_id": file_id}).first()
    return None if row is None or (key_id is not None and row.key_id != key_id) else FileRecord(*row)


def of_job(connection: Connection, job_id: str) -> list[FileRecord]:
    rows = connection.execute(sa.select(files).where(files.c.job_id == job_id).order_by(files.c.id))
    return [FileRecord(*row) for row in rows]


def remove(connection: Connection, file_ids: list[str]) -> None:
    """Of what is an upload, its key may store as much again."""
    columns = (files.c.key_id, files.c.size, files.c.job_id)
    gone = connection.execute(files.delete().where(files.c.id.in_(file_ids)).returning(*columns)).all()
    stored_bytes.give_back(connection, [(row.key_id, row.size) for row in gone if row.job_id is None])


def expired(connection: Connection, now: float, limit: int = 500) -> list[FileRecord]:
    rows = connection.execute(
        sa.select(files).where(files.c.expires_at < now).order_by(files.c.expires_at).limit(limit)
    )
    return [FileRecord(*row) for row in rows]


def unwanted(connection: Connection, hashes: list[str]) -> list[str]:
    """Those of the hashes that no file has any more, no checkpoint and no part of an upload."""
    wanted = {
        sha256
        for table in (files, checkpoints, upload_parts)
        for sha256 in connection.execute(sa.select(table.c.sha256).where(table.c.sha256.in_(hashes))).scalars()
    }
    return [sha256 for sha256 in hashes if sha256 not in wanted]
