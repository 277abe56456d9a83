"""What a redirected command finds in its environment, and in the files that it names."""

import json
import shlex
import stat
import warnings
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.utils import CryptographyDeprecationWarning

from lamina.redirect.authority import Authority
from lamina.redirect.environment import Redirect, redirected
from lamina.redirect.vendors import HOSTS, hosts_of, is_among

PORT = 4321


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.in_folder(tmp_path_factory.mktemp("data"))


def redirect(authority: Authority, folder: Path, is_strict: bool = False) -> Redirect:
    return Redirect(
        authority=authority, proxy_port=PORT, hosts=hosts_of(["pixazo"]), is_strict=is_strict, folder=folder
    )


def test_programs_are_told_of_the_proxy_and_that_this_machine_needs_none(authority: Authority, tmp_path: Path) -> None:
    found = redirected({"NO_PROXY": "intranet, *", "PATH": "/bin"}, redirect(authority, tmp_path))
    assert found["HTTPS_PROXY"] == found["https_proxy"] == f"http://127.0.0.1:{PORT}"
    assert found["NO_PROXY"] == found["no_proxy"] == "intranet,localhost,127.0.0.1,::1"
    assert found["PATH"] == "/bin"
    assert "HTTP_PROXY" not in found  # the vendors have https only


def test_a_vendor_that_needs_no_proxy_is_redirected_all_the_same(authority: Authority, tmp_path: Path) -> None:
    """Or its key would go to the vendor."""
    kept = "intranet,example.org,notpixazo.ai,pixazo.ai.example.org"
    known = {"NO_PROXY": f"{kept},pixazo.ai,.ai,*.pixazo.ai,Gateway.Pixazo.ai:443"}
    found = redirected(known, redirect(authority, tmp_path))
    assert found["NO_PROXY"] == f"{kept},localhost,127.0.0.1,::1"


@pytest.mark.parametrize("name", ["fal.run", ".fal.run", "queue.fal.run", "v3.fal.media", "fal.media", "media"])
def test_names_that_mean_a_host_of_fal(name: str) -> None:
    assert is_among(name, HOSTS["fal"])


def test_strict_leaves_no_way_around_the_proxy(authority: Authority, tmp_path: Path) -> None:
    found = redirected({"NO_PROXY": "intranet"}, redirect(authority, tmp_path, is_strict=True))
    assert found["HTTP_PROXY"] == found["ALL_PROXY"] == found["HTTPS_PROXY"]
    assert found["NO_PROXY"] == "localhost,127.0.0.1,::1"
    assert '"everything": true' in (tmp_path / "preload.cjs").read_text()
    assert "-Dhttp.proxyHost=127.0.0.1" in shlex.split(found["JAVA_TOOL_OPTIONS"])


def test_the_authority_is_added_to_the_public_ones(authority: Authority, tmp_path: Path) -> None:
    found = redirected({}, redirect(authority, tmp_path))
    own = authority.certificate_path.read_bytes()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        bundle = Path(found[name]).read_bytes()
        assert bundle.endswith(own)
        assert bundle.count(b"BEGIN CERTIFICATE") > 20
    assert Path(found["NODE_EXTRA_CA_CERTS"]).read_bytes() == own


def test_authorities_that_the_user_has_named_stay_trusted(authority: Authority, tmp_path: Path) -> None:
    company = tmp_path / "company.pem"
    company.write_bytes(authority.certificate_path.read_bytes())
    folder = tmp_path / "scratch"
    folder.mkdir()
    known = dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), str(company))
    found = redirected(known, redirect(authority, folder))
    for name in known:
        content = Path(found[name]).read_bytes()
        assert content.startswith(company.read_bytes().rstrip())
        assert content.count(b"BEGIN CERTIFICATE") == 2


def test_options_that_the_user_has_set_stay(authority: Authority, tmp_path: Path) -> None:
    known = {"NODE_OPTIONS": "--max-old-space-size=99", "JAVA_TOOL_OPTIONS": "-Xmx9m", "PHP_INI_SCAN_DIR": "/etc/php"}
    found = redirected(known, redirect(authority, tmp_path))
    assert found["NODE_OPTIONS"].startswith("--max-old-space-size=99 --require=")
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx9m ")
    assert found["PHP_INI_SCAN_DIR"] == f"/etc/php:{tmp_path / 'php'}"


def test_node_is_told_of_the_vendors_hosts_alone(authority: Authority, tmp_path: Path) -> None:
    redirected({}, redirect(authority, tmp_path))
    facts = {"hosts": ["gateway.pixazo.ai"], "everything": False, "proxyHost": "127.0.0.1", "proxyPort": PORT}
    assert f"const redirect = {json.dumps(facts)};" in (tmp_path / "preload.cjs").read_text()


def test_javas_store_has_all_of_the_bundle(authority: Authority, tmp_path: Path) -> None:
    found = redirected({}, redirect(authority, tmp_path))
    options = dict(one.removeprefix("-D").split("=", 1) for one in shlex.split(found["JAVA_TOOL_OPTIONS"]))
    content, password = Path(options["javax.net.ssl.trustStore"]).read_bytes(), "javax.net.ssl.trustStorePassword"
    with warnings.catch_warnings():  # some old public authorities are not as the standards want them
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        store = pkcs12.load_pkcs12(content, options[password].encode())
    own = x509.load_pem_x509_certificate(authority.certificate_path.read_bytes())
    trusted = [one.certificate for one in store.additional_certs]
    assert own in trusted
    assert len(trusted) > 20


def test_php_keeps_its_own_folder_of_settings(authority: Authority, tmp_path: Path) -> None:
    found = redirected({}, redirect(authority, tmp_path))
    own, folder = found["PHP_INI_SCAN_DIR"].split(":")
    assert own == ""
    assert f'curl.cainfo = "{authority.bundle_path}"' in (Path(folder) / "lamina.ini").read_text()


def test_the_authoritys_key_is_its_owners_alone(authority: Authority) -> None:
    key = authority.certificate_path.with_name("ca.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_every_vendor_has_hosts() -> None:
    assert set(HOSTS) == {"pixazo", "fal", "runware"}
    for host in (
        "gateway.pixazo.ai", "fal.run", "queue.fal.run", "rest.fal.ai", "v3.fal.media", "api.runware.ai",
        "ws-api.runware.ai",
    ):  # fmt: skip
        assert is_among(host, hosts_of(HOSTS)), host
