"""A local certificate authority that issues certificates for the vendors' host names."""

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
    """`certificate_path`: the CA certificate that clients must trust. `bundle_path`: the public authorities and this
    one, for variables such as SSL_CERT_FILE that replace a client's list instead of extending it.
    """

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.certificate_path, self.bundle_path = folder / _CERTIFICATE, folder / _BUNDLE
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}

    @classmethod
    def in_folder(cls, path: Path) -> "Authority":
        """The authority stored in `path`, created if there is none. Only the owner can read its private key.

        Raises `LaminaError` (store_unavailable) if the folder cannot be used.
        """
        folder = Path(path) / _FOLDER
        try:
            if not (folder / _CERTIFICATE).exists():
                _create(folder)
            certificate = (folder / _CERTIFICATE).read_bytes()
            authority = trustme.CA.from_pem(certificate, (folder / _KEY).read_bytes())
            _write(folder / _BUNDLE, _public_authorities() + certificate)
        except (OSError, ValueError) as error:
            raise LaminaError(
                ErrorCode.STORE_UNAVAILABLE,
                f"The certificate authority in {folder} cannot be used: {error}.",
                "Make the folder writable, or remove it: Lamina then creates a new authority for clients to trust.",
            ) from error
        return cls(folder, authority)

    def context_for(self, host: str) -> ssl.SSLContext:
        """The TLS context of a server with a certificate for `host`; HTTP/1.1 only."""
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._authority.issue_cert(host, organization_name=_NAME).configure_cert(context)
            context.set_alpn_protocols(["http/1.1"])
            self._contexts[host] = context
        return self._contexts[host]


def _create(folder: Path) -> None:
    """Creates the authority in a temporary folder and renames that, so that concurrent processes end up with the key
    and certificate of one of them."""
    new_authority = trustme.CA(
        organization_name=_NAME, organization_unit_name=f"{_NAME} ({os.urandom(4).hex()})", path_length=0
    )
    folder.parent.mkdir(_OWNER_FOLDER, parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{_FOLDER}-", dir=folder.parent))  # accessible to the owner only
    try:
        _write(temporary / _KEY, new_authority.private_key_pem.bytes())
        _write(temporary / _CERTIFICATE, new_authority.cert_pem.bytes())
        temporary.rename(folder)
    except OSError:
        if not (folder / _CERTIFICATE).exists():  # otherwise another process was faster
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    """Writes the file atomically, readable for the owner only."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _OWNER_ONLY)
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
        raise


def _public_authorities() -> bytes:
    """The certificates (PEM) that OpenSSL trusts by default; empty if the system has none."""
    system = Path(ssl.get_default_verify_paths().openssl_cafile)
    if system.is_file():
        return system.read_bytes().rstrip() + b"\n"
    context = ssl.create_default_context()
    return "".join(
        ssl.DER_cert_to_PEM_cert(certificate) for certificate in context.get_ca_certs(binary_form=True)
    ).encode()
