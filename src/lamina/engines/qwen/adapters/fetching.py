"""Fetches a URL for a user at their own machine, who may reach whatever it reaches; a service must not use this."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.qwen.adapters.downloads import label_of

_SILENCE_S = 30.0
_LONGEST_S = 3600.0
_PIECE_BYTES = 1 << 20


def fetch(url: str, write: Callable[[bytes], object]) -> None:
    """A `Fetch` over http and https, redirects followed, proxies of the environment used.

    Gives up after 30 s of silence and after an hour. Raises `LaminaError` (download_failed).
    """
    started_s = time.monotonic()
    try:
        with _opener().open(url, timeout=_SILENCE_S) as response:
            announced = response.headers.get("Content-Length")
            received = 0
            while piece := response.read1(_PIECE_BYTES):
                received += len(piece)
                write(piece)
                if time.monotonic() - started_s > _LONGEST_S:
                    raise _failed(url, "it took more than an hour")
            if announced is not None and received != int(announced):
                raise _failed(url, f"{received:,} of {announced} bytes came")
    except urllib.error.HTTPError as refusal:
        refusal.close()
        raise _failed(url, f"the server answers {refusal.code} {refusal.reason}") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as problem:
        raise _failed(url, str(getattr(problem, "reason", problem))) from None


def _opener() -> urllib.request.OpenerDirector:
    """urllib's own opener would follow a redirect to ftp as well."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _failed(url: str, why: str) -> LaminaError:
    return LaminaError(
        ErrorCode.DOWNLOAD_FAILED, f"The LoRA {label_of(url)!r} did not come: {why}.", "Check the address, try again."
    )
