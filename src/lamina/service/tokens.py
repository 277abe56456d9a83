"""Signed tokens with claims and an expiry time."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

_LONGEST = 4096


def seal(secret: bytes, purpose: str, claims: Mapping[str, Any], expires_at: int) -> str:
    """A token of letters, digits, `-`, `_` and one `.`, valid for `purpose` until `expires_at` (seconds since 1970).

    Its holder can read the claims, which are JSON.
    """
    body = base64url(json.dumps({**claims, "exp": expires_at}, separators=(",", ":")).encode())
    return f"{body}.{_signature(secret, purpose, body)}"


def unseal(secret: bytes, purpose: str, token: str, now: float) -> dict[str, Any] | None:
    """The claims; None if the signature is wrong, the purpose is another one, or the token has expired."""
    body, dot, signature = token.rpartition(".")
    if not dot or len(token) > _LONGEST:
        return None
    if not hmac.compare_digest(_signature(secret, purpose, body).encode(), signature.encode(errors="replace")):
        return None
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims if now < claims["exp"] else None


def _signature(secret: bytes, purpose: str, body: str) -> str:
    return base64url(hmac.digest(secret, f"lamina {purpose}\n{body}".encode(errors="surrogatepass"), "sha256"))


def base64url(data: bytes) -> str:
    """RFC 4648, section 5, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
