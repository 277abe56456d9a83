"""Signs the URLs of files, verifies signatures, and recognizes URLs of this service's files."""

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from lamina.service.tokens import base64url

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FILE = re.compile(r"/files/(?P<id>[A-Za-z0-9_-]{1,64})(?P<rest>[./].*)?", re.DOTALL)
_SIGNED = re.compile(r"/(?P<expires>[0-9]{1,12})-(?P<signature>[A-Za-z0-9_-]{1,100})(?:/.*)?", re.DOTALL)
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class OwnFile:
    """The parts of a URL of a file of this service. `is_signed` verifies it.

    `expires` (seconds since 1970) is None and `signature` empty where the address does not carry them.
    """

    file_id: str
    expires: int | None
    signature: str


def sign(secret: bytes, file_id: str, expires_at: int) -> str:
    """The query `expires=…&signature=…` that lets anyone read the file until `expires_at` (seconds since 1970)."""
    return f"expires={expires_at}&signature={_signature(secret, file_id, expires_at)}"


def signed_path(secret: bytes, file_id: str, expires_at: int, name: str) -> str:
    """`{id}/{expires}-{signature}/{name}`: the same without a query, for clients that append to addresses."""
    return f"{file_id}/{expires_at}-{_signature(secret, file_id, expires_at)}/{name}"


def path_signature(rest: str) -> tuple[int | None, str]:
    """(expires, signature) of what comes after the id in a path of `signed_path`; (None, "") of anything else."""
    signed_match = _SIGNED.fullmatch(rest)
    return (None, "") if signed_match is None else (int(signed_match["expires"]), signed_match["signature"])


def is_signed(secret: bytes, file_id: str, expires: int | None, signature: str, now: float) -> bool:
    """Whether the signature is valid for this file and this expiry time, and has not expired."""
    if expires is None or now >= expires:
        return False
    return hmac.compare_digest(_signature(secret, file_id, expires).encode(), signature.encode(errors="replace"))


def own_file(url: str, base_urls: Collection[str]) -> OwnFile | None:
    """The file that `url` names if it is one of ours, `/files/{id}` with any ending under one of `base_urls`.

    Scheme, host (in any case) and port must be those of a base URL, and a base URL's path comes before `/files`.
    """
    if _ODD.search(url):
        return None
    try:
        parts = urlsplit(url)
        origin = _origin(parts)
        paths = [base.path.rstrip("/") for base in map(urlsplit, base_urls) if _origin(base) == origin]
    except ValueError:  # a port that is no number, brackets around what is no address
        return None
    for path in paths:
        file_match = _FILE.fullmatch(parts.path.removeprefix(path)) if parts.path.startswith(path) else None
        if file_match:
            query = parse_qs(parts.query)
            if not query:
                return OwnFile(file_match["id"], *path_signature(file_match["rest"] or ""))
            return OwnFile(file_match["id"], _expires(_only(query, "expires")), _only(query, "signature"))
    return None


def _signature(secret: bytes, file_id: str, expires_at: int) -> str:
    digest = hmac.digest(secret, f"lamina file\n{file_id}\n{expires_at}".encode(errors="surrogatepass"), "sha256")
    return base64url(digest)


def _origin(parts: SplitResult) -> tuple[str, str, int | None] | None:
    """None for a URL with a user, which ours never have, or without a host."""
    if "@" in parts.netloc or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.removesuffix("."), parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _only(query: dict[str, list[str]], name: str) -> str:
    values = query.get(name, [])
    return values[0] if len(values) == 1 else ""


def _expires(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None
