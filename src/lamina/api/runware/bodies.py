"""Frames as the one body that a POST is answered with, and what the edge of the service answers at these addresses."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lamina.api.runware.conversation import Frame
from lamina.api.runware.errors import crash, error_of
from lamina.core.errors import LaminaError

PATHS = ("/v1", "/runware/v1", "/")


def is_runwares(method: str, path: str) -> bool:
    return method == "POST" and path in PATHS


def render_body(frames: Sequence[Frame]) -> Response:
    """Data and errors together, as HTTP allows; clients take an empty `errors` for an error."""
    body: dict[str, Any] = {}
    data = [item for frame in frames for item in frame.data]
    errors = [one for frame in frames if frame.error is not None for one in frame.body()["errors"]]
    if data or not errors:
        body["data"] = data
    if errors:
        body["errors"] = errors
    failed = next((frame.error.status for frame in frames if frame.error is not None), HTTPStatus.OK)
    return Response(
        json.dumps(body, ensure_ascii=False), HTTPStatus.OK if data else failed, media_type="application/json"
    )


def render_refusal(error: LaminaError) -> Response:
    return render_body([Frame(error=error_of(error))])


def render_crash() -> Response:
    return render_body([Frame(error=crash())])
