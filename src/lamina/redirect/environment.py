"""Builds environment variables that make programs of any runtime use Lamina's proxy and trust its authority."""

import contextlib
import json
import re
import warnings
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.utils import CryptographyDeprecationWarning

from lamina.redirect.authority import Authority
from lamina.redirect.vendors import is_among

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # each replaces the public authorities
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_STORE_PASSWORD = "changeit"  # noqa: S105  (Java's well-known default: the store has no secrets)
_PRELOAD, _TEMPLATE = (
    "preload.cjs",
    "/* REDIRECT */ { hosts: [], everything: false, proxyHost: '127.0.0.1', proxyPort: 0 }",
)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """`hosts`: the hosts that are redirected. `is_strict`: connections to all other hosts except this machine are
    refused. `folder`: an empty folder for the files that the variables name; it must exist while the command runs.
    """

    authority: Authority
    proxy_port: int
    hosts: Sequence[str]
    is_strict: bool
    folder: Path

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self.proxy_port}"


def redirected(environment: _Environment, redirect: Redirect) -> dict[str, str]:
    """The command's environment. The user's own settings stay in effect, except for the proxy."""
    return {
        **environment,
        **_proxies(environment, redirect),
        **_bundles(environment, redirect),
        **_for_node(environment, redirect),
        **_for_java(environment, redirect),
        **_for_php(environment, redirect),
    }


def _proxies(environment: _Environment, redirect: Redirect) -> dict[str, str]:
    """Sets each variable in lower and upper case, since programs differ. Plain HTTP uses the proxy only if strict."""
    names = ["https_proxy", *(["http_proxy", "all_proxy"] if redirect.is_strict else [])]
    no_proxy = ",".join(dict.fromkeys([*_excepted(environment, redirect), *_LOOPBACK]))
    values = {**dict.fromkeys(names, redirect.proxy_url), "no_proxy": no_proxy}
    return {**values, **{name.upper(): value for name, value in values.items()}}


def _excepted(environment: _Environment, redirect: Redirect) -> list[str]:
    """The user's NO_PROXY entries without redirected hosts, to which requests would otherwise go with the API key."""
    if redirect.is_strict:
        return []
    names = [name.strip() for name in (environment.get("no_proxy") or environment.get("NO_PROXY") or "").split(",")]
    return [name for name in names if name not in ("", "*") and not is_among(name, redirect.hosts)]


def _bundles(environment: _Environment, redirect: Redirect) -> dict[str, str]:
    """If the user has set a bundle, it is used in place of the public authorities."""
    bundles: dict[str, str] = {}
    for name in _BUNDLES:
        existing = Path(environment.get(name) or "/nonexistent")
        bundles[name] = str(_joined(existing, redirect, name) if existing.is_file() else redirect.authority.bundle_path)
    return bundles


def _for_node(environment: _Environment, redirect: Redirect) -> dict[str, str]:
    existing = Path(environment.get("NODE_EXTRA_CA_CERTS") or "/nonexistent")
    extra = _joined(existing, redirect, "node") if existing.is_file() else redirect.authority.certificate_path
    configuration = {
        "hosts": list(redirect.hosts),
        "everything": redirect.is_strict,
        "proxyHost": "127.0.0.1",
        "proxyPort": redirect.proxy_port,
    }
    source = files("lamina.redirect").joinpath(_PRELOAD).read_text("utf-8")
    preload = redirect.folder / _PRELOAD
    preload.write_text(source.replace(_TEMPLATE, json.dumps(configuration)), "utf-8")
    options = f'{environment.get("NODE_OPTIONS", "")} --require="{preload}"'.strip()
    return {"NODE_EXTRA_CA_CERTS": str(extra), "NODE_OPTIONS": options}


def _for_java(environment: _Environment, redirect: Redirect) -> dict[str, str]:
    """java.net.http uses `https.proxyHost`, too. The hosts without a proxy are those of `http.nonProxyHosts`."""
    store = redirect.folder / "authorities.p12"
    store.write_bytes(_trust_store(redirect.authority.bundle_path))
    properties = {
        "https.proxyHost": "127.0.0.1",
        "https.proxyPort": redirect.proxy_port,
        **({"http.proxyHost": "127.0.0.1", "http.proxyPort": redirect.proxy_port} if redirect.is_strict else {}),
        "http.nonProxyHosts": "localhost|127.*|[::1]",
        "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStoreType": "PKCS12",
        "javax.net.ssl.trustStorePassword": _STORE_PASSWORD,
    }
    options = " ".join(f'"-D{name}={value}"' for name, value in properties.items())
    return {"JAVA_TOOL_OPTIONS": f"{environment.get('JAVA_TOOL_OPTIONS', '')} {options}".strip()}


def _for_php(environment: _Environment, redirect: Redirect) -> dict[str, str]:
    """PHP's curl reads https_proxy, but takes authorities only from ini files. An empty entry in PHP_INI_SCAN_DIR means
    the default folder."""
    folder = redirect.folder / "php"
    folder.mkdir()
    bundle = redirect.authority.bundle_path
    (folder / "lamina.ini").write_text(f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n', "utf-8")
    return {"PHP_INI_SCAN_DIR": f"{environment.get('PHP_INI_SCAN_DIR', '')}:{folder}"}


def _joined(existing: Path, redirect: Redirect, name: str) -> Path:
    path = redirect.folder / f"{name.lower()}.pem"
    path.write_bytes(existing.read_bytes().rstrip() + b"\n" + redirect.authority.certificate_path.read_bytes())
    return path


def _certificates(bundle: bytes) -> Generator[x509.Certificate]:
    """All certificates that can be parsed: some old public authorities violate the standards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for block in _PEM.findall(bundle):
            with contextlib.suppress(ValueError):
                yield x509.load_pem_x509_certificate(block)


def _trust_store(bundle: Path) -> bytes:
    """A Java trust store (PKCS #12), written without keytool, which may not be installed."""
    entries = [
        PKCS12Certificate(certificate, f"authority {number}".encode())
        for number, certificate in enumerate(dict.fromkeys(_certificates(bundle.read_bytes())))
    ]
    return serialize_java_truststore(entries, BestAvailableEncryption(_STORE_PASSWORD.encode()))
