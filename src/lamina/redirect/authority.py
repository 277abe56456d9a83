"""A certificate authority of this machine's own, so that clients can be shown certificates for the vendors' names."""

import contextlib
import os
import shutil
import ssl
import tempfile
from pathlib import Path

import trustme

from lamina.core.errors import ErrorCode, LaminaError

_FOLDER, _CERTIFICATE, _KEY, _BUNDLE = "authority", "ca.pem", "ca.key", "bundle.pem"
_NAME = "Lamina on this machine"
_OWNER_ONLY, _OWNER_FOLDER = 0o600, 0o700


class Authority:
    """`certificate_path`: what clients are to trust. `bundle_path`: the same with the public authorities before it,
    for variables that replace a client's list instead of adding to it, as SSL_CERT_FILE does.
    """

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.certificate_path, self.bundle_path = folder / _CERTIFICATE, folder / _BUNDLE
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}

    @classmethod
    def in_folder(cls, path: Path) -> "Authority":
        """The one that is kept in `path`, made where there is none; its key is readable for its owner only.

        Raises `LaminaError` (store_unavailable) where the folder cannot be used.
        """
        folder = Path(path) / _FOLDER
        try:
            if not (folder / _CERTIFICATE).exists():
                _make(folder)
            certificate = (folder / _CERTIFICATE).read_bytes()
            authority = trustme.CA.from_pem(certificate, (folder / _KEY).read_bytes())
            _write(folder / _BUNDLE, _public_authorities() + certificate)
        except (OSError, ValueError) as error:
            raise LaminaError(
                ErrorCode.STORE_UNAVAILABLE,
                f"The certificate authority in {folder} cannot be used: {error}.",
                "Make the folder writable; or remove it, and a new one is made, which clients must be told of.",
            ) from error
        return cls(folder, authority)

    def context_for(self, host: str) -> ssl.SSLContext:
        """For a server that is to be taken for `host`; HTTP/1.1 only."""
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._authority.issue_cert(host, organization_name=_NAME).configure_cert(context)
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[host] = context
        return self._contexts[host]


def _make(folder: Path) -> None:
    """Beside, then renamed: of several processes that make one at once, one has its key and certificate stay."""
    made = trustme.CA(organization_name=_NAME, organization_unit_name=f"{_NAME} ({os.urandom(4).hex()})", path_length=0)
    folder.parent.mkdir(_OWNER_FOLDER, parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{_FOLDER}-", dir=folder.parent))  # its owner's alone
    try:
        _write(beside / _KEY, made.private_key_pem.bytes())
        _write(beside / _CERTIFICATE, made.cert_pem.bytes())
        beside.rename(folder)
    except OSError:
        if not (folder / _CERTIFICATE).exists():  # else another was quicker
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, for its owner alone."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _OWNER_ONLY)
            file.write(content)
        Path(beside).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(beside).unlink(missing_ok=True)
        raise


def _public_authorities() -> bytes:
    """Those that OpenSSL was built to trust; none where the system has no such file."""
    system = Path(ssl.get_default_verify_paths().openssl_cafile)
    if system.is_file():
        return system.read_bytes().rstrip() + b"\n"
    context = ssl.create_default_context()
    return "".join(ssl.DER_cert_to_PEM_cert(one) for one in context.get_ca_certs(binary_form=True)).encode()
