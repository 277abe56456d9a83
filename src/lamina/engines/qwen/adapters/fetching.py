"""Downloads a URL without network restrictions, for local use; a service must not use this."""

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
    """A `Fetch` over http and https that follows redirects and uses the proxies of the environment.

    Times out after 30 s without data and after an hour in total. Raises `LaminaError` (download_failed).
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
                raise _failed(url, f"only {received:,} of {announced} bytes were received")
    except urllib.error.HTTPError as refusal:
        refusal.close()
        raise _failed(url, f"the server responded {refusal.code} {refusal.reason}") from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as problem:
        raise _failed(url, str(getattr(problem, "reason", problem))) from None


def _opener() -> urllib.request.OpenerDirector:
    """An opener without ftp, which the default one of urllib would follow redirects to."""
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


def _failed(url: str, reason: str) -> LaminaError:
    return LaminaError(
        ErrorCode.DOWNLOAD_FAILED,
        f"The LoRA {label_of(url)!r} could not be downloaded: {reason}.",
        "Check the URL and try again.",
    )
