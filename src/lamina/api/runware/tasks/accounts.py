"""The accountManagement task: the name, the balance and the usage of an API key."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from lamina.accounts.wallets import read_usage
from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Account, AccountKey, AccountUsage
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.uuids import render_uuid
from lamina.core.keys import Scope
from lamina.core.money import MICROS

_DAY_S = 86_400.0


async def account_management(caller: Caller, task: TaskFields) -> AsyncIterator[Sequence[Account]]:
    """A Runware account corresponds to an API key of Lamina, so it has no team and no other keys."""
    caller.require(Scope.READ)
    now, key = caller.service.clock(), caller.key
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    since = {"total": 0.0, "today": today, "last7Days": now - 7 * _DAY_S, "last30Days": now - 30 * _DAY_S}
    balance_micros, usages = await read_usage(caller.service, key.id, list(since.values()))
    account = Account(
        taskType=task.task_type,
        taskUUID=task.task_uuid,
        operation=task.text("operation"),
        organizationUUID=render_uuid(key.id),
        organizationName=key.name or key.prefix,
        AIRSource="lamina",
        balance=balance_micros / MICROS,
        team=[],
        apiKeys=[AccountKey(apiKey=f"{key.prefix}…", name=key.name, enabled=True)],
        usage={
            period: AccountUsage(credits=usage.charged_micros / MICROS, requests=usage.job_count)
            for period, usage in zip(since, usages, strict=True)
        },
    )
    yield [account]
