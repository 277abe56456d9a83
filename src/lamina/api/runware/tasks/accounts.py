"""The accountManagement task: the name, the balance and the usage of an API key."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lamina.accounts.wallets import Usage, read_usage
from lamina.api.runware.access import Caller
from lamina.api.runware.uuids import render_uuid
from lamina.core.keys import ApiKey, Scope
from lamina.core.money import MICROS

_DAY_S = 86_400.0


async def account_management(caller: Caller, task: Mapping[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
    """A Runware account corresponds to an API key of Lamina, so it has no team and no other keys."""
    caller.require(Scope.READ)
    now = caller.service.clock()
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    since = {"total": 0.0, "today": today, "last7Days": now - 7 * _DAY_S, "last30Days": now - 30 * _DAY_S}
    balance_micros, usages = await read_usage(caller.service, caller.key.id, list(since.values()))
    account = _render_account(caller.key, balance_micros, dict(zip(since, usages, strict=True)))
    yield [{"taskType": task["taskType"], "taskUUID": task["taskUUID"], "operation": task["operation"], **account}]


def _render_account(key: ApiKey, balance_micros: int, usages: Mapping[str, Usage]) -> dict[str, Any]:
    return {
        "organizationUUID": render_uuid(key.id),
        "organizationName": key.name or key.prefix,
        "AIRSource": "lamina",
        "balance": balance_micros / MICROS,
        "team": [],
        "apiKeys": [{"apiKey": f"{key.prefix}…", "name": key.name, "enabled": True}],
        "usage": {
            name: {"credits": usage.charged_micros / MICROS, "requests": usage.job_count}
            for name, usage in usages.items()
        },
    }
