"""What a receiver of webhooks does to know that one is from us, and how long it may be away before we give up."""

import base64
import hashlib
import random
import statistics

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from lamina.api.fal.webhooks import signature_headers
from lamina.core.errors import ErrorCode, LaminaError
from lamina.webhooks.signing import (
    MAX_ATTEMPTS,
    SigningKey,
    backoff_s,
    jwks,
    loaded_keys,
    new_key,
    standard_headers,
    stored_keys,
)

BODY = '{"word":"größer"}'.encode()
DAY_S = 24 * 3600


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (jitter, no secret)


def published(key: SigningKey, among: tuple[SigningKey, ...] = ()) -> Ed25519PublicKey:
    """As a receiver gets it: out of the JWKS, by its id."""
    entry = next(entry for entry in jwks([*among, key])["keys"] if entry["kid"] == key.id)
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(entry["x"] + "=="))


def check_standard(key: Ed25519PublicKey, headers: dict[str, str], body: bytes) -> None:
    version, signature = headers["webhook-signature"].split(",")
    assert version == "v1a"
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key.verify(base64.b64decode(signature), content)


def check_fal(key: Ed25519PublicKey, headers: dict[str, str], body: bytes) -> None:
    told = [headers[f"X-Fal-Webhook-{name}"] for name in ("Request-Id", "User-Id", "Timestamp")]
    content = "\n".join([*told, hashlib.sha256(body).hexdigest()])
    key.verify(bytes.fromhex(headers["X-Fal-Webhook-Signature"]), content.encode())


def sign_standard(key: SigningKey) -> dict[str, str]:
    return standard_headers(key, "event-1", 1_760_000_000, BODY)


def sign_fal(key: SigningKey) -> dict[str, str]:
    return signature_headers(key, "event-1", 1_760_000_000, BODY, user_id="user-1")


SIGNS = {"native": sign_standard, "fal": sign_fal}
CHECKS = {"native": check_standard, "fal": check_fal}


@pytest.mark.parametrize("dialect", CHECKS)
def test_a_receiver_can_check_a_webhook_with_the_published_key(dialect: str) -> None:
    key = new_key()
    headers = SIGNS[dialect](key)
    CHECKS[dialect](published(key), headers, BODY)


@pytest.mark.parametrize("dialect", CHECKS)
def test_another_body_or_another_time_or_another_key_is_noticed(dialect: str) -> None:
    key = new_key()
    headers = SIGNS[dialect](key)
    later = {name: value.replace("1760000000", "1760000001") for name, value in headers.items()}
    assert later != headers
    for checker, told, body in (
        (published(key), headers, BODY + b" "),
        (published(key), later, BODY),
        (published(new_key()), headers, BODY),
    ):
        with pytest.raises(InvalidSignature):
            CHECKS[dialect](checker, told, body)


def test_fal_tells_whose_request_it_was_and_signs_that_too() -> None:
    key = new_key()
    headers = signature_headers(key, "request-1", 1_760_000_000, BODY, user_id="user-1")
    assert headers["X-Fal-Webhook-Request-Id"] == "request-1"
    with pytest.raises(InvalidSignature):
        check_fal(published(key), headers | {"X-Fal-Webhook-User-Id": "user-2"}, BODY)


def test_the_public_document_has_what_the_standards_ask_and_nothing_private() -> None:
    keys = (new_key(), new_key())
    document = jwks(keys)
    for entry in document["keys"]:
        assert set(entry) == {"kty", "crv", "x", "kid", "use", "alg"}
        assert (entry["kty"], entry["crv"], entry["use"], entry["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
    assert len({entry["kid"] for entry in document["keys"]}) == len(keys)


def test_the_key_id_is_the_thumbprint_of_rfc_8037() -> None:
    # RFC 8037, appendices A.1 and A.3
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    assert loaded_keys(seed)[0].id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_keys_are_the_same_after_they_were_stored() -> None:
    keys = (new_key(), new_key())
    loaded = loaded_keys(stored_keys(keys))
    assert jwks(loaded) == jwks(keys)
    check_standard(published(keys[0]), standard_headers(loaded[0], "event-1", 1, BODY), BODY)


def test_webhooks_of_an_old_key_can_be_checked_while_it_is_published_with_the_new_one() -> None:
    old, new = new_key(), new_key()
    headers = standard_headers(old, "event-1", 1, BODY)
    check_standard(published(old, (new,)), headers, BODY)


@pytest.mark.parametrize("stored", [b"", b"short", bytes(33)])
def test_damaged_keys_are_refused_in_words(stored: bytes) -> None:
    with pytest.raises(LaminaError, match="damaged") as refused:
        loaded_keys(stored)
    assert refused.value.code is ErrorCode.STORE_UNAVAILABLE


def test_a_key_is_not_shown_where_an_object_is_printed() -> None:
    key = new_key()
    assert stored_keys([key]).hex() not in repr(key)
    assert repr(key) == f"SigningKey(id={key.id!r})"


def test_waits_grow_and_are_bounded() -> None:
    rng = seeded(7)
    longest = [max(backoff_s(attempt, rng) for _ in range(300)) for attempt in range(1, 13)]
    assert longest == sorted(longest)
    assert 4 < longest[0] <= 5
    assert all(1 <= backoff_s(attempt, rng) <= 7200 for attempt in (-1, 0, 1, MAX_ATTEMPTS, 10**6))


def test_webhooks_that_failed_together_do_not_come_back_together() -> None:
    waits = [backoff_s(8, seeded(seed)) for seed in range(100)]
    assert statistics.pstdev(waits) > 100


def test_a_receiver_may_be_away_for_about_a_day() -> None:
    lasts_s = [
        sum(backoff_s(attempt, seeded(seed * 1000 + attempt)) for attempt in range(1, MAX_ATTEMPTS))
        for seed in range(300)
    ]
    assert 0.95 * DAY_S < statistics.mean(lasts_s) < 1.1 * DAY_S
    assert min(lasts_s) > DAY_S / 2
    assert max(lasts_s) < 49 * 3600
