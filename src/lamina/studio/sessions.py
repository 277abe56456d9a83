"""Starts, describes and ends the sessions of the Studio."""

from importlib.metadata import version
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from lamina.accounts.browser_sessions import (
    SESSION_S,
    BrowserRequest,
    cookie_name,
    is_of_own_page,
    own_origin,
    session_key_id,
    session_token,
)
from lamina.accounts.keys import KeyTerms, authenticate, key_named, known_key
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey, Scope
from lamina.service.service import Service

KEY_NAME = "studio"
"""The name of the key that sessions on this machine use; nobody knows its secret."""

_LONGEST_KEY = 1000


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(min_length=1, max_length=_LONGEST_KEY)]


class KeyBody(BaseModel):
    id: str
    name: str
    prefix: str
    scopes: list[Scope]


class SessionLimits(BaseModel):
    max_upload_bytes: int


class SessionBody(BaseModel):
    """`is_loopback`: only this machine can reach the server, so that `lamina studio` opens sessions without a key."""

    signed_in: bool
    key: KeyBody | None
    is_loopback: bool
    version: str
    limits: SessionLimits


def loopback_key(service: Service) -> ApiKey:
    """The key of sessions that a one-time link starts."""
    return key_named(service.database, KeyTerms(name=KEY_NAME), service.clock())


class Sessions:
    def __init__(self, service: Service, is_loopback: bool) -> None:
        self._service = service
        self._is_loopback = is_loopback

    async def current(self, request: BrowserRequest) -> SessionBody:
        key_id = session_key_id(self._service, request)
        if key_id is None:
            return self._body(None)
        try:
            return self._body(await known_key(self._service, key_id, Scope.READ))
        except LaminaError as error:
            if error.code is not ErrorCode.KEY_INVALID:
                raise
            return self._body(None)

    async def sign_in(self, request: BrowserRequest, credentials: Credentials, response: Response) -> SessionBody:
        """Raises `LaminaError`: key_invalid, key_forbidden."""
        self._check_page(request)
        key = await authenticate(self._service, credentials.key.strip(), Scope.READ)
        self.start(request, key.id, response)
        return self._body(key)

    def start(self, request: BrowserRequest, key_id: str, response: Response) -> None:
        response.set_cookie(
            cookie_name(self._service, request),
            session_token(self._service, key_id),
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=self._is_secure(request),
        )

    def end(self, request: BrowserRequest, response: Response) -> None:
        """Raises `LaminaError` (key_forbidden)."""
        self._check_page(request)
        response.delete_cookie(
            cookie_name(self._service, request), httponly=True, samesite="strict", secure=self._is_secure(request)
        )

    def _check_page(self, request: BrowserRequest) -> None:
        """Other sites must neither sign anybody in, with a key of theirs, nor out."""
        if not is_of_own_page(self._service, request):
            raise LaminaError(
                ErrorCode.KEY_FORBIDDEN,
                "Only the pages of the Studio may start and end its sessions.",
                "Programs send Authorization: Bearer KEY with each request to /v1.",
            )

    def _is_secure(self, request: BrowserRequest) -> bool:
        return (own_origin(self._service, request) or "").startswith("https:")

    def _body(self, key: ApiKey | None) -> SessionBody:
        return SessionBody(
            signed_in=key is not None,
            key=None
            if key is None
            else KeyBody(id=key.id, name=key.name, prefix=key.prefix, scopes=sorted(key.scopes)),
            is_loopback=self._is_loopback,
            version=version("lamina"),
            limits=SessionLimits(max_upload_bytes=self._service.limits.max_upload_bytes),
        )
