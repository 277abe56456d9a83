"""A LoRA is found wherever a request says it is, and nothing is fetched that was not asked for."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from waiting import joined

torch = pytest.importorskip("torch")

from safetensors.torch import save  # noqa: E402

from lamina.core.errors import ErrorCode, LaminaError  # noqa: E402
from lamina.engines.qwen.adapters import downloads, header_sniffing  # noqa: E402
from lamina.engines.qwen.adapters.downloads import LoraDownloads  # noqa: E402
from lamina.engines.qwen.adapters.places import LoraPlaces  # noqa: E402

CONTENT = save({"a": torch.ones(2)})
OTHER = save({"b": torch.ones(3)})
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache as huggingface_hub lays it out, with owner/one, and owner/many of which nothing is the usual name."""
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / "hub"
    pulled(cache, "owner/one", {"deep/er/other.safetensors": OTHER, "pytorch_lora_weights.safetensors": CONTENT})
    pulled(cache, "owner/many", {"a.safetensors": CONTENT, "b.safetensors": OTHER})
    pulled(cache, "owner/none", {"README.md": b"#"})
    return cache


def pulled(cache: Path, repository: str, contents: dict[str, bytes]) -> None:
    folder = cache / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT)
    (folder / "blobs").mkdir()
    for number, (name, content) in enumerate(contents.items()):
        blob, link = folder / "blobs" / f"{number:040}", folder / "snapshots" / COMMIT / name
        blob.write_bytes(content)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)


class _Server(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def __init__(self, *args: object, asked: list[str], **kwargs: object) -> None:
        self.asked = asked
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved/").replace("%3A", ":"))
            self.end_headers()
        elif self.path.startswith("/short/"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(CONTENT)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def web(tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "lora.safetensors").write_bytes(CONTENT)
    (folder / "same.safetensors").write_bytes(CONTENT)
    (folder / "other.safetensors").write_bytes(OTHER)
    (folder / "page.safetensors").write_bytes(b"<html>sign in first</html>")
    handler = functools.partial(_Server, directory=str(folder), asked=asked)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    joined(thread)
    server.server_close()


def refusal(find: Callable[[], object], code: ErrorCode = ErrorCode.LORA_UNUSABLE) -> str:
    with pytest.raises(LaminaError) as refused:
        find()
    assert refused.value.code is code
    return str(refused.value)


def test_files_and_folders(tmp_path: Path, hub: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "x.safetensors").write_bytes(CONTENT)
    places = LoraPlaces(tmp_path / "cache", hub_cache=hub)
    by_file, by_folder = places.find("own/x.safetensors"), places.find("own/")
    assert by_file.path.read_bytes() == CONTENT
    assert by_file.sha256 == by_folder.sha256 == places.find("owner/one").sha256
    (tmp_path / "own" / "x.safetensors").write_bytes(OTHER)
    assert places.find("own/x.safetensors").sha256 == places.find("owner/one/deep/er/other.safetensors").sha256


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("owner/one", CONTENT),
        ("owner/one/deep/er/other.safetensors", OTHER),
        ("owner/one/deep/er", OTHER),
        ("owner/many/b.safetensors", OTHER),
    ],
)
def test_ids_on_the_hub_that_were_pulled(tmp_path: Path, hub: Path, name: str, content: bytes) -> None:
    assert LoraPlaces(tmp_path / "cache", hub_cache=hub).find(name).path.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("owner/elsewhere", "Download it first (hf download owner/elsewhere), or use a file."),
        (
            "owner/many",
            "it contains 2 safetensors files: a.safetensors, b.safetensors. Specify the file, for example owner/many/",
        ),
        ("owner/none", "it contains no safetensors file"),
        ("owner/one/gone.safetensors", "Files: deep/er/other.safetensors, pytorch_lora_weights.safetensors."),
        ("owner/one/../../secret", "there is no such file"),
        ("owner/..", "there is no such file"),
        ("folder/file.safetensors", "there is no such file"),
        ("own--er/..x/y", "not on this machine"),
        ("owner/one/adapter_model.bin", "only safetensors files are supported"),
        ("ftp://example.org/lora.safetensors", "the URL scheme ftp is not supported"),
        ("file:///etc/hostname", "the URL scheme file is not supported"),
        ("x" * 5000, "it cannot be read"),
        ("a\0b", "it is not a valid file name"),
        ("none", "there is no such file"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path: Path, hub: Path, name: str, said: str) -> None:
    def reached(*_: object) -> None:
        raise AssertionError("something was fetched")

    assert said in refusal(lambda: LoraPlaces(tmp_path / "cache", reached, hub).find(name))


def test_a_url_is_fetched_once_and_kept_by_its_content(tmp_path: Path, web: str, asked: list[str]) -> None:
    places = LoraPlaces(tmp_path / "cache")
    first = places.find(f"{web}/lora.safetensors")
    assert first.path.read_bytes() == CONTENT
    assert places.find(f"{web}/lora.safetensors") == LoraPlaces(tmp_path / "cache").find(f"{web}/lora.safetensors")
    assert asked == ["/lora.safetensors"]
    assert places.find(f"{web}/same.safetensors").path == first.path
    assert len(list((tmp_path / "cache" / "blobs").iterdir())) == 1


def test_redirects_are_followed_within_http(tmp_path: Path, web: str) -> None:
    places = LoraPlaces(tmp_path / "cache")
    assert places.find(f"{web}/moved/{web}/lora.safetensors").path.read_bytes() == CONTENT
    for elsewhere in ("ftp://127.0.0.1/lora.safetensors", "file:///etc/hostname"):
        moved = f"{web}/moved/{elsewhere}"
        refusal(lambda moved=moved: places.find(moved), ErrorCode.DOWNLOAD_FAILED)


def test_what_does_not_come_whole_is_refused_and_not_kept(tmp_path: Path, web: str) -> None:
    places = LoraPlaces(tmp_path / "cache")
    said = refusal(lambda: places.find(f"{web}/gone?token=secret"), ErrorCode.DOWNLOAD_FAILED)
    assert "/gone" in said
    assert "secret" not in said
    assert "of 1000 bytes" in refusal(lambda: places.find(f"{web}/short/x"), ErrorCode.DOWNLOAD_FAILED)
    assert "not a safetensors file" in refusal(lambda: places.find(f"{web}/page.safetensors"))
    assert "only safetensors files are supported" in refusal(lambda: places.find(f"{web}/lora.ckpt?x=1"))
    refusal(lambda: places.find("http://127.0.0.1:1/lora.safetensors"), ErrorCode.DOWNLOAD_FAILED)
    refusal(lambda: places.find("http://[nowhere/lora.safetensors"))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_what_is_too_large_stops_coming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MOST_BYTES", 100)
    pieces = []

    def endless(_: str, write: Callable[[bytes], object]) -> None:
        while True:
            pieces.append(write(b"x" * 60))

    said = refusal(lambda: LoraPlaces(tmp_path / "cache", endless).find("https://example.org/lora.safetensors"))
    assert "it has more than 100 bytes" in said
    assert len(pieces) == 1
    assert header_sniffing.MOST_BYTES == 4 << 30


def test_what_was_longest_unused_is_forgotten(tmp_path: Path, asked: list[str]) -> None:
    def fetch(url: str, write: Callable[[bytes], object]) -> None:
        asked.append(url)
        write(save({url: torch.ones(2)}))

    addresses = [f"https://example.org/{number}" for number in range(3)]
    kept = LoraDownloads(tmp_path / "cache", fetch, 2 * len(save({addresses[0]: torch.ones(2)})))
    for number in (0, 1, 0, 2, 0):  # the third pushes the second out, and the first stays
        kept.get(addresses[number])
    assert asked == [addresses[0], addresses[1], addresses[2]]
    kept.get(addresses[1])
    assert asked[-1] == addresses[1]
