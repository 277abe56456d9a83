"""TLS verifies the name that the user gave, although the connection goes to an address."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from loopback_web import PUBLIC, Asked, Names, Wire, answer, serving

from lamina.core.errors import ErrorCode, LaminaError
from lamina.fetch.fetcher import Fetcher
from waiting import completed


def contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(200, b"secret picture"))


def test_the_certificate_must_be_for_the_name_that_was_asked(tmp_path: Path) -> None:
    server, client = contexts(tmp_path, "pictures.example")

    async def scenario() -> None:
        async with serving(respond, server) as web:
            names = Names({"pictures.example": [PUBLIC], "other.example": [PUBLIC]})
            fetcher = Fetcher(resolver=names, connector=Wire({PUBLIC: web.port}), ssl_context=client)
            fetched = await fetcher.fetch("https://pictures.example/a.png", tmp_path / "a")
            assert fetched.size == len(b"secret picture")
            for url in ("https://other.example/a.png", f"https://{PUBLIC}/a.png"):
                with pytest.raises(LaminaError, match="TLS") as caught:
                    await fetcher.fetch(url, tmp_path / "b")
                assert caught.value.code == ErrorCode.ADDRESS_UNREACHABLE

    completed(scenario())


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    server, _ = contexts(tmp_path, "pictures.example")

    async def scenario() -> None:
        async with serving(respond, server) as web:
            fetcher = Fetcher(resolver=Names({"pictures.example": [PUBLIC]}), connector=Wire({PUBLIC: web.port}))
            with pytest.raises(LaminaError, match="TLS"):
                await fetcher.fetch("https://pictures.example/a.png", tmp_path / "a")
            assert web.asked == []

    completed(scenario())
