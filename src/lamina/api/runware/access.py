"""The client that sends a task: its key, its SDK, and whether it gets responses one by one."""

from dataclasses import dataclass

from lamina.api.shared.context import ApiContext
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey, Scope
from lamina.service.service import Service

PYTHON_SDK_V1, JAVASCRIPT_SDK_V1 = "python", "js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`is_streamed`: every response is sent as soon as it is ready. `sdk`: the name that the first generation of SDKs
    sends, or empty. `is_dry`: tasks are checked and priced, but not run.
    """

    context: ApiContext
    key: ApiKey
    is_streamed: bool = False
    sdk: str = ""
    is_dry: bool = False

    @property
    def service(self) -> Service:
        return self.context.service

    @property
    def is_first_generation(self) -> bool:
        return self.sdk in (PYTHON_SDK_V1, JAVASCRIPT_SDK_V1)

    def require(self, scope: Scope) -> None:
        """Raises `LaminaError` (key_forbidden)."""
        if scope not in self.key.scopes:
            raise LaminaError(
                ErrorCode.KEY_FORBIDDEN, f"This API key may not {scope}.", f"Use a key with the scope {scope!r}."
            )
