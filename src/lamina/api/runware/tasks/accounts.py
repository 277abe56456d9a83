"""The accountManagement task: whose key this is, what its wallet holds, what it has used."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from lamina.api.runware.caller import Caller
from lamina.api.runware.uuids import render_uuid
from lamina.core.keys import ApiKey, Scope
from lamina.core.money import MICROS
from lamina.store import jobs, wallets

_DAY_S = 86_400.0


async def account_management(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
    """An account is a key here: it has no team, and no other keys."""
    caller.may(Scope.READ)
    now = caller.service.clock()
    told = await caller.service.database.read(lambda connection: _account(connection, caller.key, now))
    yield [{"taskType": task["taskType"], "taskUUID": task["taskUUID"], "operation": task["operation"], **told}]


def _account(connection: Connection, key: ApiKey, now: float) -> dict[str, Any]:
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    since = {"total": 0.0, "today": today, "last7Days": now - 7 * _DAY_S, "last30Days": now - 30 * _DAY_S}
    return {
        "organizationUUID": render_uuid(key.id),
        "organizationName": key.name or key.prefix,
        "AIRSource": "lamina",
        "balance": wallets.balance_micros(connection, key.id) / MICROS,
        "team": [],
        "apiKeys": [{"apiKey": f"{key.prefix}…", "name": key.name, "enabled": True}],
        "usage": {name: _usage(connection, key.id, then) for name, then in since.items()},
    }


def _usage(connection: Connection, key_id: str, since: float) -> dict[str, Any]:
    micros, count = jobs.usage_since(connection, key_id, since)
    return {"credits": micros / MICROS, "requests": count}
