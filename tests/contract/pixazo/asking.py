"""Asks a served Lamina as Pixazo's clients do, and makes what it answers comparable."""

import base64
import re
from dataclasses import dataclass
from typing import Any

import httpx2

from serving import Served, poster
from waiting import until

LAYERED = "/qwen-image-layered/v1/qwen-image-layered-request"
LAYERED_RESULT = "/qwen-image-layered/v1/qwen-image-layered-request-result"
MAX = "/qwen-image-max/v1/qwen-image-max-request"
MAX_EDIT = "/qwen-image-max-edit/v1/qwen-image-max-edit-request"
EDIT_PLUS = "/qwen-image-edit-plus/v1/qwen-image-edit-plus-lora/generate"
TRAINER = "/qwen-image-edit-plus-trainer/v1/qwen-image-edit-plus-trainer/generate"
GENERATE = "/qwen-image/v1/generateMultimodeTextToImageRequest"
EDIT = "/qwen-image/v1/generateMultimodeTextToImageEditRequest"
STATUS = "/v2/requests/status"

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
_FILE = r"http://127\.0\.0\.1:\d+/files/<uuid>\.(png|jpg|webp|bin)\?expires=\d+&signature=[\w-]+"
_LONGEST_S = 240.0  # on a busy machine nano draws large pictures slowly


@dataclass
class Pixazo:
    """`key` None sends none."""

    service: Served
    key: str | None

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.service.client.post(path, json=body, headers=self._headers(headers))

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.service.client.get(path, headers=self._headers(headers))

    def ended(self, request_id: str) -> dict[str, Any]:
        """Polls as the pages say, only more often."""

        def final() -> dict[str, Any] | None:
            answer = self.get(f"{STATUS}/{request_id}")
            assert answer.status_code == 200, answer.text
            return None if answer.json()["status"] in ("QUEUED", "PROCESSING") else answer.json()

        answer = until(final, f"{request_id} has ended", _LONGEST_S)
        assert answer is not None
        return answer

    def _headers(self, others: dict[str, str]) -> dict[str, str]:
        own = {} if self.key is None else {"Ocp-Apim-Subscription-Key": self.key}
        return {"Cache-Control": "no-cache", **own, **{name.replace("_", "-"): value for name, value in others.items()}}


def data_uri(content: bytes | None = None) -> str:
    return f"data:image/png;base64,{base64.b64encode(content or poster()).decode()}"


def said(model: str, *content: dict[str, Any], role: str = "user", **parameters: Any) -> dict[str, Any]:
    """The body of a synchronous request."""
    body: dict[str, Any] = {"model": model, "input": {"messages": [{"role": role, "content": list(content)}]}}
    return {**body, "parameters": parameters} if parameters else body


def plain(value: Any) -> Any:
    """With <uuid>, <time> and <file> in place of what differs from run to run, and <base> for the server."""
    match value:
        case dict():
            return {name: plain(one) for name, one in value.items()}
        case list():
            return [plain(one) for one in value]
        case str():
            text = re.sub(_TIME, "<time>", re.sub(_UUID, "<uuid>", value))
            return re.sub(r"http://127\.0\.0\.1:\d+", "<base>", re.sub(_FILE, r"<file.\1>", text))
        case _:
            return value
