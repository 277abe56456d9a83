"""What the edge of the service answers at fal's addresses, in fal's form: to what no route has taken, or has broken."""

import re

from starlette.responses import Response

from lamina.api.fal.errors import answer_to_error, refusal
from lamina.api.fal.places import CDN, PREFIX, PROXIES
from lamina.core.errors import LaminaError
from lamina.core.ids import new_id

_PARTS_OF_UPLOADS = re.compile(r"/files/[^/]+/[^/]+/[^/]+/multipart/")


def is_fals(path: str) -> bool:
    """Of a path that `FalPlaces` has been at."""
    return path.startswith(f"{PREFIX}/") or path in PROXIES or _PARTS_OF_UPLOADS.match(path) is not None


def render_refusal(error: LaminaError) -> Response:
    return answer_to_error(error).response(new_id())


def render_crash() -> Response:
    words = "Something went wrong that nobody had expected; it is in the log of the service."
    return refusal(500, words, "internal_error").response(new_id())


def is_file_sent(method: str, path: str) -> bool:
    """Whether the body is a file, or a part of one."""
    if method == "PUT":
        return path.startswith(f"{PREFIX}/{CDN}/") or _PARTS_OF_UPLOADS.match(path) is not None
    return method == "POST" and path == f"{PREFIX}/{CDN}/files/upload"
