"""`lamina connect` says what to set, for a service with TLS and for one without."""

import stat
from pathlib import Path

from click.testing import CliRunner

from lamina.cli.connect import connect


def told(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(connect, ["fal", "--data", str(folder), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_it_says_what_to_set_for_both_languages(tmp_path: Path) -> None:
    words = told(tmp_path, "--url", "http://127.0.0.1:9000/")
    assert 'proxyUrl: { url: "http://127.0.0.1:9000/fal/proxy", when: "always" },' in words
    assert '.replace("https://queue.fal.run", "http://127.0.0.1:9000/fal/queue")' in words
    assert "export HTTPS_PROXY=http://127.0.0.1:8899" in words
    assert f"export SSL_CERT_FILE={tmp_path}/authority/bundle.pem" in words
    assert "FAL_RUN_HOST" not in words
    assert "What does not work:" in words
    assert stat.S_IMODE((tmp_path / "authority" / "ca.key").stat().st_mode) == 0o600


def test_with_tls_the_python_client_needs_no_proxy_but_for_uploads(tmp_path: Path) -> None:
    words = told(tmp_path, "--url", "https://lamina.example.org")
    assert "export FAL_RUN_HOST=lamina.example.org/fal/run" in words
    assert "export FAL_QUEUE_RUN_HOST=lamina.example.org/fal/queue" in words
    assert "fal_client.encode_file()" in words


def test_pixazos_addresses_begin_another_way_and_nothing_else_changes() -> None:
    result = CliRunner().invoke(connect, ["pixazo", "--url", "https://lamina.example.org/"])
    assert result.exit_code == 0, result.output
    assert "  https://lamina.example.org/pixazo\n" in result.output
    assert "curl -X POST https://lamina.example.org/pixazo/qwen-image-max/v1/qwen-image-max-request" in result.output
    assert "Ocp-Apim-Subscription-Key: lam_" in result.output
    assert "lamina redirect --only pixazo" in result.output


def test_runwares_sdks_get_an_address_with_a_path() -> None:
    result = CliRunner().invoke(connect, ["runware", "--url", "https://lamina.example.org/"])
    assert result.exit_code == 0, result.output
    assert 'url="wss://lamina.example.org/v1"' in result.output
    assert 'http_base_url="https://lamina.example.org/v1"' in result.output
    assert "lamina redirect --only runware" in result.output


def test_the_address_that_the_javascript_sdk_takes_for_its_own_is_never_told() -> None:
    words = CliRunner().invoke(connect, ["runware", "--url", "http://localhost:8080"]).output
    assert "ws://localhost:8080/v1" in words
    assert 'ws://localhost:8080"' not in words
