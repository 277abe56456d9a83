"""Signs webhooks with Ed25519 keys, and computes the delay before a failed one is sent again."""

import base64
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lamina.core.errors import ErrorCode, LaminaError
from lamina.service.tokens import base64url

MAX_ATTEMPTS = 35
"""Attempts per webhook, the first one included; after the last it is dead.

The 34 waits between them are at most 5 s, 10 s, 20 s, ... 5120 s (the first eleven: 2.8 h), then 2 h each, and half
of that on average: the last attempt comes about 24 h after the first, and never later than 49 h.
"""
LONGEST_TRYING_S = 49 * 3600.0
_FIRST_WAIT_S, _LONGEST_WAIT_S, _SHORTEST_WAIT_S = 5.0, 7200.0, 1.0
_SEED_BYTES = 32


def backoff_s(attempt: int, rng: random.Random) -> float:
    """The delay after failed attempt 1, 2, 3, ..., in seconds (1..7200): exponential backoff with full jitter, so that
    webhooks that failed together are not retried together (M. Brooker, "Exponential Backoff and Jitter", AWS, 2015).
    """
    doublings = min(max(attempt, 1) - 1, 32)  # more would exceed the longest delay, and in the end a float
    longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0**doublings)
    return rng.uniform(_SHORTEST_WAIT_S, longest)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key (RFC 8032). `id`: the thumbprint (RFC 7638) of its public half, the same wherever it is loaded."""

    private: Ed25519PrivateKey = field(repr=False)
    id: str

    def sign(self, content: bytes) -> bytes:
        """64 bytes."""
        return self.private.sign(content)

    def public_jwk(self) -> dict[str, str]:
        """As RFC 8037 writes it."""
        return {**_bare_jwk(self.private), "kid": self.id, "use": "sig", "alg": "EdDSA"}


def new_key() -> SigningKey:
    return _key(Ed25519PrivateKey.generate())


def stored_keys(keys: Sequence[SigningKey]) -> bytes:
    """The private keys, 32 bytes each, as `loaded_keys` reads them. Keep them secret."""
    return b"".join(key.private.private_bytes_raw() for key in keys)


def loaded_keys(stored: bytes) -> tuple[SigningKey, ...]:
    """The keys that `stored_keys` wrote; the first one signs. Raises `LaminaError` (store_unavailable).

    To change keys: append the new one; a day later, when receivers have fetched it, put it first; another day later,
    drop the old one.
    """
    if not stored or len(stored) % _SEED_BYTES:
        raise LaminaError(
            ErrorCode.STORE_UNAVAILABLE,
            f"The stored signing keys are damaged: {len(stored)} bytes are not a multiple of {_SEED_BYTES}.",
            "Restore them from a backup, or remove them: the next start creates new ones.",
        )
    seeds = [stored[start : start + _SEED_BYTES] for start in range(0, len(stored), _SEED_BYTES)]
    return tuple(_key(Ed25519PrivateKey.from_private_bytes(seed)) for seed in seeds)


def jwks(keys: Sequence[SigningKey]) -> dict[str, list[dict[str, str]]]:
    """The document for `/.well-known/jwks.json` (RFC 7517): public halves only."""
    return {"keys": [key.public_jwk() for key in keys]}


def standard_headers(key: SigningKey, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0 (standardwebhooks.com) with an asymmetric signature of `id.timestamp.body`.

    `timestamp`: of this attempt, in seconds since 1970.
    """
    signature = key.sign(f"{event_id}.{timestamp}.".encode() + body)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
    }


def _key(private: Ed25519PrivateKey) -> SigningKey:
    members = ",".join(f'"{name}":"{value}"' for name, value in sorted(_bare_jwk(private).items()))
    return SigningKey(private, base64url(hashlib.sha256(f"{{{members}}}".encode()).digest()))


def _bare_jwk(private: Ed25519PrivateKey) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": base64url(private.public_key().public_bytes_raw())}
