"""The one-time links that open a session on the machine that serves, where no key is typed."""

import re
import secrets
from urllib.parse import quote

from lamina.core.errors import ErrorCode, LaminaError
from lamina.service.service import Service
from lamina.service.tokens import seal, unseal

LINK_S = 600
"""How long a link is valid, in seconds, unless it is used before."""

HOME = "/studio"
REFUSED = f"{HOME}?link=refused"
"""Where a link leads that is not accepted: the page says so, and asks for a key."""

_ID_BYTES = 9
_PAGE = re.compile(r"/studio(?:[/?][A-Za-z0-9_/?=&:-]*)?")


def one_time_link(service: Service, address: str, port: int, to: str = HOME) -> str:
    """`address`: of the server, http://HOST:PORT. `to`: the page that it leads to.

    Any process that has the service's secret can make one for the server on `port`: whoever reads the database may do
    all that a session may. Only that server accepts it, and only if it was running by then.
    """
    expires_at = int(service.clock()) + LINK_S
    token = seal(service.secret, _purpose(port), {"id": secrets.token_urlsafe(_ID_BYTES)}, expires_at)
    query = "" if to == HOME else f"&to={quote(checked_page(to), safe='/:')}"
    return f"{address}/studio/enter?link={token}{query}"


def checked_page(path: str) -> str:
    """A path of the Studio. Raises `LaminaError` (task_invalid): a link must not lead to another server."""
    if _PAGE.fullmatch(path) is None or "//" in path:
        raise LaminaError(ErrorCode.TASK_INVALID, "The link leads to a page outside the Studio.", "Leave out its to=.")
    return path


class UsedLinks:
    """Accepts each link once, of those that were made for the server on `port` since it started."""

    def __init__(self, service: Service, port: int, started_at: float) -> None:
        self._service = service
        self._port = port
        self._started_at = int(started_at)
        self._used: dict[str, float] = {}

    def accept(self, token: str) -> bool:
        now = self._service.clock()
        self._used = {link_id: expires_at for link_id, expires_at in self._used.items() if expires_at > now}
        claims = unseal(self._service.secret, _purpose(self._port), token, now)
        if claims is None or claims["exp"] - LINK_S < self._started_at or claims["id"] in self._used:
            return False
        self._used[claims["id"]] = claims["exp"]
        return True


def _purpose(port: int) -> str:
    return f"studio link {port}"
