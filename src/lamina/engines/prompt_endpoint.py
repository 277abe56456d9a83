"""Expands prompts with a language model behind an OpenAI-compatible endpoint."""

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NotRequired, TypedDict
from urllib.parse import urlsplit

import httpx2

from lamina.core.errors import LaminaError
from lamina.core.prompt_expansion import ExpandedBy
from lamina.core.tasks import TaskKind
from lamina.engines.prompts import MOST_TOKENS, SYSTEM_PROMPTS, clean_answer, no_expansion

TIMEOUT_S = 20.0
_CONNECT_S = 5.0
_MOST_BYTES = 1 << 18
_PATH = "/chat/completions"


class _Message(TypedDict):
    role: str
    content: str


class _ChatRequest(TypedDict):
    """A request for a chat completion, in OpenAI's format."""

    messages: list[_Message]
    model: NotRequired[str]
    temperature: NotRequired[float]
    max_tokens: NotRequired[int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A chat completions endpoint.

    `url`: ends with "/v1" or "/chat/completions"; `key`: sent as a bearer token; `timeout_s`: for the whole request.
    """

    url: str
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    timeout_s: float = TIMEOUT_S


class EndpointExpander:
    """Requests greedy sampling with a token limit, and retries without both if the server rejects them."""

    by = ExpandedBy.ENDPOINT

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._who = f"The prompt expander at {urlsplit(endpoint.url).hostname}"

    def expand(self, prompt: str, kind: TaskKind) -> str | None:
        if kind not in SYSTEM_PROMPTS:
            return None
        body: _ChatRequest = {
            "messages": [{"role": "system", "content": SYSTEM_PROMPTS[kind]}, {"role": "user", "content": prompt}]
        }
        if self._endpoint.model is not None:
            body["model"] = self._endpoint.model
        return clean_answer(self._answer(body), self._who)

    def _answer(self, body: _ChatRequest) -> str:
        deadline = time.monotonic() + self._endpoint.timeout_s
        try:
            with self._client() as client:
                greedy: _ChatRequest = {**body, "temperature": 0, "max_tokens": MOST_TOKENS}
                status, content = self._post(client, greedy, deadline)
                if status == HTTPStatus.BAD_REQUEST:  # some OpenAI models accept neither parameter
                    status, content = self._post(client, body, deadline)
        except httpx2.TimeoutException:
            raise self._timed_out() from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            # The message of the error may contain the URL or a header, and with them a secret.
            raise no_expansion(self._who, f"cannot be reached ({type(error).__name__})") from None
        if status != HTTPStatus.OK:
            raise no_expansion(self._who, f"answered with status {status}")
        return self._message_text(content)

    def _client(self) -> httpx2.Client:
        headers = {"Accept-Encoding": "identity"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        timeout = httpx2.Timeout(self._endpoint.timeout_s, connect=min(_CONNECT_S, self._endpoint.timeout_s))
        return httpx2.Client(headers=headers, timeout=timeout, follow_redirects=False)

    def _post(self, client: httpx2.Client, body: _ChatRequest, deadline: float) -> tuple[int, bytes]:
        """The status and the body, which is read up to the size limit and the deadline."""
        url = self._endpoint.url.rstrip("/")
        content = bytearray()
        with client.stream("POST", url if url.endswith(_PATH) else url + _PATH, json=body) as response:
            for part in response.iter_raw():
                content += part
                if len(content) > _MOST_BYTES:
                    raise no_expansion(self._who, f"sent more than {_MOST_BYTES >> 10} KiB")
                if time.monotonic() > deadline:
                    raise self._timed_out()
        return response.status_code, bytes(content)

    def _timed_out(self) -> LaminaError:
        return no_expansion(self._who, f"did not answer within {self._endpoint.timeout_s:g} seconds")

    def _message_text(self, content: bytes) -> str:
        try:
            text = json.loads(content)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise no_expansion(self._who, "sent an answer that is not a chat completion") from None
        if not isinstance(text, str):
            raise no_expansion(self._who, "sent an answer without text")
        return text
