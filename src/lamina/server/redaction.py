"""Removes secrets from log text: keys, header values, signatures, passwords, users' input."""

import re
from collections.abc import Collection

REDACTED = "(redacted)"
LONGEST = 16_384  # characters of one text; longer texts are truncated, to limit the time per log line

_HEADERS = "(?:proxy-)?authorization|ocp-apim-subscription-key|(?:set-)?cookie|x-api-key|x-amz-security-token"
_PARAMETERS = (
    "(?:x-amz-|x-goog-)?(?:signature|credential)|x-amz-security-token|sig|access[_-]?token|api[_-]?key"
    "|auth[_-]?token|client[_-]?secret|password|passwd"
)
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.VERBOSE), replacement)
    for pattern, replacement in (
        # 'name': 'value', name: value, (b'name', b'value'), {\"name\": \"value\"}; a quoted value ends with its quote
        (
            rf"""((?:{_HEADERS})(?:(?:\\*['"])?\s*[:=]|\\*['"]\s*,)\s*b?)
            (?: (?P<quote>\\*['"]) (?: (?!(?P=quote)) (?:\\.|[^\\\r\n]) )* | [^'"\\\r\n][^\r\n]* )""",
            rf"\1\g<quote>{REDACTED}",
        ),
        (r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", rf"\1 {REDACTED}"),
        (r"\b(key)\s+[\w-]{8,}:[\w-]{8,}", rf"\1 {REDACTED}"),
        # Lamina's keys; the first eight characters are a key's public prefix
        (r"(lam_)[\w-]{9,}", rf"\1{REDACTED}"),
        # URLs may contain secrets in their user information and query
        (
            r"([a-z][a-z0-9+.-]{0,20}://)(?:[^\s/?\#'\"<>]{0,512}|[^\s/:@'\"<>]{0,256}:[^\s'\"<>]{0,256})@",
            rf"\1{REDACTED}@",
        ),
        (r"((?:https?|wss?|s3|gs|az|postgresql)(?:\+\w+)?://[^\s?\#'\"<>]*\?)[^\s'\"<>)]+", rf"\1{REDACTED}"),
        (
            rf"((?:(?<![a-z0-9])|(?<=%26)|(?<=%3f))(?:{_PARAMETERS})(?:=|%3d))(?:(?!%26)[^&\s'\"<>\\])+",
            rf"\1{REDACTED}",
        ),
        (r"(?<=[?&])(key|token|secret)=[^&\s'\"<>\\]+", rf"\1={REDACTED}"),
        # errors of SQLAlchemy and pydantic contain their input, which may be a prompt
        (r"(\[parameters:\ )[^\r\n]*", rf"\1{REDACTED}]"),
        (r"(\binput(?:_value)?=)[^\r\n]*?(?=,\ input_type=|\]?[\r\n]|\]?$)", rf"\1{REDACTED}"),
    )
)

_WORDS = (
    *("authorization", "ocp-apim-subscription-key", "cookie", "x-api-key", "bearer", "basic", "lam_", "://"),
    *("sig", "credential", "token", "secret", "passw", "[parameters:", "input"),
)
_KEY = re.compile(r"key(?:[\s=\\]|%3d)")  # a word that every line about a job has in "key_id"
"""Text that has none of these in lower case matches none of the patterns."""


def may_hold_secrets(text: str) -> bool:
    """Whether `redact` may change the text: a quick check that is negative for most short texts."""
    if len(text) > LONGEST:
        return True
    lowered = text.lower()
    return any(word in lowered for word in _WORDS) or _KEY.search(lowered) is not None


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """The text without secrets. `secrets`: further texts to remove, whatever they look like."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "... (cut)"
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    if may_hold_secrets(text):  # true for few lines; the patterns are expensive
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
    return text
