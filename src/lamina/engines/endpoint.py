"""Makes prompts richer by asking a language model behind an OpenAI-compatible address."""

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx2

from lamina.core.errors import LaminaError
from lamina.core.expansion import ExpandedBy
from lamina.core.tasks import TaskKind
from lamina.engines.prompts import MOST_TOKENS, ORDERS, no_expansion, tidied

TIMEOUT_S = 20.0
_CONNECT_S = 5.0
_MOST_BYTES = 1 << 18
_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to ask: `url` up to and with "/v1", or with "/chat/completions"; the key is sent as a bearer token.

    `timeout_s`: for the whole exchange.
    """

    url: str
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    timeout_s: float = TIMEOUT_S


class EndpointExpander:
    """Asks for greedy sampling and a short answer, or where that is refused, for an answer."""

    by = ExpandedBy.ENDPOINT

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._who = f"The prompt expander at {urlsplit(endpoint.url).hostname}"

    def expand(self, prompt: str, kind: TaskKind) -> str | None:
        if kind not in ORDERS:
            return None
        messages = [{"role": "system", "content": ORDERS[kind]}, {"role": "user", "content": prompt}]
        body: dict[str, Any] = {"messages": messages}
        if self._endpoint.model is not None:
            body["model"] = self._endpoint.model
        return tidied(self._answer(body), self._who)

    def _answer(self, body: dict[str, Any]) -> str:
        deadline = time.monotonic() + self._endpoint.timeout_s
        try:
            with self._client() as client:
                status, content = self._post(client, body | {"temperature": 0, "max_tokens": MOST_TOKENS}, deadline)
                if status == HTTPStatus.BAD_REQUEST:  # some models of OpenAI's take neither
                    status, content = self._post(client, body, deadline)
        except httpx2.TimeoutException:
            raise self._too_slow() from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            # The error's own words may hold the address or a header, and with them a secret.
            raise no_expansion(self._who, f"cannot be reached ({type(error).__name__})") from None
        if status != HTTPStatus.OK:
            raise no_expansion(self._who, f"answered with status {status}")
        return self._said(content)

    def _client(self) -> httpx2.Client:
        headers = {"Accept-Encoding": "identity"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        timeout = httpx2.Timeout(self._endpoint.timeout_s, connect=min(_CONNECT_S, self._endpoint.timeout_s))
        return httpx2.Client(headers=headers, timeout=timeout, follow_redirects=False)

    def _post(self, client: httpx2.Client, body: dict[str, Any], deadline: float) -> tuple[int, bytes]:
        """The status and the content, read no further than the bound and the deadline."""
        url = self._endpoint.url.rstrip("/")
        content = bytearray()
        with client.stream("POST", url if url.endswith(_PATH) else url + _PATH, json=body) as response:
            for part in response.iter_raw():
                content += part
                if len(content) > _MOST_BYTES:
                    raise no_expansion(self._who, f"sent more than {_MOST_BYTES >> 10} KiB")
                if time.monotonic() > deadline:
                    raise self._too_slow()
        return response.status_code, bytes(content)

    def _too_slow(self) -> LaminaError:
        return no_expansion(self._who, f"did not answer within {self._endpoint.timeout_s:g} seconds")

    def _said(self, content: bytes) -> str:
        try:
            said = json.loads(content)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise no_expansion(self._who, "gave an answer that is no chat completion") from None
        if not isinstance(said, str):
            raise no_expansion(self._who, "gave an answer without words")
        return said
