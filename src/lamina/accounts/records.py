"""Stores JSON for an API key under a kind and a name, such as what an API's clients have registered."""

from collections.abc import Mapping
from typing import Any

from lamina.service.service import Service
from lamina.store import records


async def insert_record(
    service: Service, key_id: str, *, kind: str, name: str, value: Mapping[str, Any], lifetime_s: float | None = None
) -> bool:
    """Returns False, and writes nothing, if the key has a record of that kind and name.

    `lifetime_s`: None keeps it forever.
    """
    now = service.clock()
    expires_at = None if lifetime_s is None else now + lifetime_s
    return await service.database.write(
        lambda connection: records.insert(
            connection, key_id=key_id, kind=kind, name=name, value=value, now=now, expires_at=expires_at
        )
    )


async def replace_record(service: Service, key_id: str, *, kind: str, name: str, value: Mapping[str, Any]) -> None:
    await service.database.write(lambda connection: records.replace(connection, key_id, kind, name, value))


async def read_record(service: Service, key_id: str, *, kind: str, name: str) -> dict[str, Any] | None:
    return await service.database.read(lambda connection: records.by_name(connection, key_id, kind, name))


async def read_records(service: Service, key_id: str, kind: str) -> dict[str, dict[str, Any]]:
    """All records of that kind by name, the newest first."""
    return await service.database.read(lambda connection: records.of_kind(connection, key_id, kind))
