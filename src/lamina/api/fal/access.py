"""Authenticates fal's clients by key or by token, and issues the tokens."""

from fastapi import Request

from lamina.accounts.keys import authenticate, known_key
from lamina.api.fal.errors import Refused, refusal
from lamina.api.shared.context import context_of
from lamina.core.keys import ApiKey, Scope
from lamina.service.service import Service
from lamina.service.tokens import seal, unseal

TOKEN, CDN_TOKEN = "fal app token", "fal cdn token"
_MAX_TOKEN_S = 3600


async def key_for_app(request: Request, app: str, scope: Scope) -> ApiKey:
    """Raises `Refused`; `LaminaError`: key_invalid, key_forbidden."""
    credentials = _credentials(request) or request.query_params.get("fal_jwt_token", "")
    if not credentials:
        message = f'Cannot access application "{app}". Authentication is required to access this application.'
        raise Refused(refusal(401, message))
    service = context_of(request).service
    claims = unseal(service.secret, TOKEN, credentials, service.clock())
    if claims is None:
        return await authenticate(service, credentials, scope)
    if app.partition("/")[2] not in claims["apps"]:
        raise Refused(refusal(403, f'This token is not for the application "{app}".'))
    return await known_key(service, claims["key"], scope)


async def key_for_storage(request: Request) -> ApiKey:
    """Authenticates by a key, or by a token issued by `cdn_token`. Raises as `key_for_app` does."""
    credentials = _credentials(request)
    if not credentials:
        raise Refused(refusal(401, "Authorization header is required"))
    service = context_of(request).service
    claims = unseal(service.secret, CDN_TOKEN, credentials, service.clock())
    if claims is not None:
        return await known_key(service, claims["key"], Scope.WRITE)
    return await authenticate(service, credentials, Scope.WRITE)


def app_token(service: Service, key: ApiKey, apps: list[str], lifetime_s: float) -> str:
    """A token for `fal_jwt_token=` that authorizes its holder to call these apps (aliases) for at most an hour."""
    expires_at = int(service.clock() + min(lifetime_s, _MAX_TOKEN_S))
    return seal(service.secret, TOKEN, {"key": key.id, "apps": apps}, expires_at)


def cdn_token(service: Service, key: ApiKey, expires_at: int) -> str:
    return seal(service.secret, CDN_TOKEN, {"key": key.id}, expires_at)


def _credentials(request: Request) -> str:
    """fal's keys are `id:secret`. Lamina's key is the secret; the id is ignored."""
    scheme, _, rest = request.headers.get("authorization", "").strip().partition(" ")
    return rest.strip().rpartition(":")[2] if scheme.lower() in ("key", "bearer") else ""
