"""Who sends a task, by which way, and with which of Runware's clients."""

import asyncio
from dataclasses import dataclass

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey, Scope
from lamina.service.service import Service

OLD_PYTHON, OLD_JAVASCRIPT = "python", "js"


@dataclass(frozen=True, slots=True)
class Caller:
    """`is_streamed`: answers go out one by one. `sdk`: as the first generation of SDKs names itself, else empty.

    `is_dry`: tasks are checked and priced, and not done. `is_closing`: this process is about to end.
    """

    service: Service
    key: ApiKey
    is_closing: asyncio.Event
    is_streamed: bool = False
    sdk: str = ""
    is_dry: bool = False

    @property
    def is_first_generation(self) -> bool:
        return self.sdk in (OLD_PYTHON, OLD_JAVASCRIPT)

    def may(self, scope: Scope) -> None:
        """Raises `LaminaError` (key_forbidden)."""
        if scope not in self.key.scopes:
            raise LaminaError(
                ErrorCode.KEY_FORBIDDEN, f"This API key may not {scope}.", f"Use a key with the scope {scope!r}."
            )
