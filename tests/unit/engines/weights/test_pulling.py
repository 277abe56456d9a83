"""Weights come from a hub or a folder whole and checked, or not at all; what has come is kept for the next time."""

import errno
import hashlib
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fake_hub import COMMIT, FakeHub
from small_repository import write_repository

from lamina.core.catalog import MODELS
from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights import pulling
from lamina.engines.weights.identity import identity_of
from lamina.engines.weights.places import Roots, find, require
from lamina.engines.weights.record import read_record, verify

IMAGE, EDIT = MODELS["qwen-image"], MODELS["qwen-image-edit"]
SHARD = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"
OTHER_SHARD = "transformer/diffusion_pytorch_model-00002-of-00002.safetensors"
ENCODER = "text_encoder/model.safetensors"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[FakeHub]:
    import huggingface_hub.file_download as file_download

    monkeypatch.setattr(file_download.time, "sleep", lambda _: None)  # between two tries
    monkeypatch.setattr(file_download.constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # the files are small here
    fake = FakeHub(
        {
            IMAGE.checkpoint.repository: write_repository(tmp_path / "hub" / "image", 0),
            EDIT.checkpoint.repository: write_repository(tmp_path / "hub" / "edit", 1),
        }
    )
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "models", tmp_path / "cache")


class Told(NamedTuple):
    done: int
    total: int
    name: str


def pull(hub: FakeHub, roots: Roots, model: Any = IMAGE) -> list[Told]:
    told: list[Told] = []
    offer = pulling.offer_of(model, roots, hub.address)
    pulling.pull(offer, roots, lambda *said: told.append(Told(*said)), hub.address)
    return told


def test_an_offer_says_what_comes_before_anything_does(hub: FakeHub, roots: Roots) -> None:
    offer = pulling.offer_of(IMAGE, roots, hub.address)
    assert offer.listing.commit == COMMIT
    assert offer.listing.licence == "apache-2.0"
    assert (
        offer.download_bytes
        == offer.total_bytes
        == sum(path.stat().st_size for path in hub.repositories["Qwen/Qwen-Image"].rglob("*") if path.is_file())
    )
    assert hub.downloads() == []
    assert not roots.models.exists()


def test_a_model_comes_whole_and_is_recorded(hub: FakeHub, roots: Roots) -> None:
    told = pull(hub, roots)
    place = require(IMAGE, roots)
    assert place.origin == "models folder"
    record = read_record(place.folder)
    assert record is not None
    assert (record.source, record.commit) == ("Qwen/Qwen-Image", COMMIT)
    source = hub.repositories["Qwen/Qwen-Image"]
    assert {name: (file.bytes, file.sha256) for name, file in record.files.items()} == {
        path.relative_to(source).as_posix(): (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in source.rglob("*")
        if path.is_file()
    }
    verify(place.folder)
    assert [said.done for said in told] == sorted(said.done for said in told)
    assert told[-1].done == told[-1].total == record.bytes
    assert pulling.is_current(pulling.offer_of(IMAGE, roots, hub.address), roots)


def test_nothing_comes_that_is_a_program_or_could_hold_one(hub: FakeHub, roots: Roots) -> None:
    source = hub.repositories["Qwen/Qwen-Image"]
    unwanted = {"pipeline.py", "transformer/weights.bin", "transformer/model.pt", "README.md", "extra.json"}
    for name in unwanted:
        (source / name).write_bytes(b"not wanted")
    (source / "assets" / "deep").mkdir(parents=True)
    (source / "assets" / "deep" / "notes.txt").write_text("not wanted")
    pull(hub, roots)
    present = {
        path.relative_to(roots.models / IMAGE.name).as_posix() for path in (roots.models / IMAGE.name).rglob("*")
    }
    assert (
        not {"pipeline.py", "transformer/weights.bin", "transformer/model.pt", "README.md", "extra.json", "assets"}
        & present
    )


def test_a_connection_that_breaks_is_taken_up_where_it_broke(hub: FakeHub, roots: Roots) -> None:
    hub.cut_after[SHARD] = [10_000, 20_000]
    pull(hub, roots)
    ranges = [asked for method, path, asked in hub.requests if path.endswith(SHARD)]
    assert ranges == [None, "bytes=10000-", "bytes=30000-"]
    verify(roots.models / IMAGE.name)


def test_an_interrupted_pull_is_not_taken_for_whole_and_goes_on_the_next_time(hub: FakeHub, roots: Roots) -> None:
    def interrupt(done: int, _: int, name: str) -> None:
        if name == OTHER_SHARD and done > 0:
            raise KeyboardInterrupt

    hub.cut_after[SHARD] = [10_000, 0, 0, 0, 0, 0, 0]
    with pytest.raises(LaminaError) as raised:
        pull(hub, roots)
    assert raised.value.code is ErrorCode.DOWNLOAD_FAILED
    hub.cut_after.clear()
    hub.requests.clear()
    with pytest.raises(KeyboardInterrupt):
        pulling.pull(pulling.offer_of(IMAGE, roots, hub.address), roots, interrupt, hub.address)
    assert [asked for _, path, asked in hub.requests if path.endswith(SHARD)] == ["bytes=10000-"]
    assert find(IMAGE, roots) is None
    offer = pulling.offer_of(IMAGE, roots, hub.address)
    assert 0 < offer.download_bytes < offer.total_bytes
    hub.requests.clear()
    pull(hub, roots)
    assert OTHER_SHARD in hub.downloads()
    assert not {ENCODER, SHARD} & set(hub.downloads())
    verify(roots.models / IMAGE.name)
    assert [entry.name for entry in roots.models.iterdir() if entry.is_dir()] == [IMAGE.name]


@pytest.mark.parametrize("name", [SHARD, "vae/config.json"])
def test_a_file_that_is_not_what_its_checksum_says_is_refused(hub: FakeHub, roots: Roots, name: str) -> None:
    hub.altered.add(name)
    with pytest.raises(LaminaError, match=f"{name} was downloaded but does not match its checksum") as raised:
        pull(hub, roots)
    assert raised.value.code is ErrorCode.DOWNLOAD_FAILED
    assert find(IMAGE, roots) is None
    hub.altered.clear()
    pull(hub, roots)
    verify(require(IMAGE, roots).folder)


def test_what_two_models_share_is_downloaded_and_stored_once(hub: FakeHub, roots: Roots) -> None:
    pull(hub, roots)
    hub.requests.clear()
    offer = pulling.offer_of(EDIT, roots, hub.address)
    assert offer.download_bytes < 0.6 * offer.total_bytes
    pull(hub, roots, EDIT)
    assert ENCODER not in hub.downloads()
    image, edit = roots.models / IMAGE.name, roots.models / EDIT.name
    assert (image / ENCODER).samefile(edit / ENCODER)
    assert not (image / SHARD).samefile(edit / SHARD)
    assert identity_of(image / "text_encoder") == identity_of(edit / "text_encoder")
    assert identity_of(image / "transformer") != identity_of(edit / "transformer")
    shutil.rmtree(image)
    verify(edit)


def test_too_little_space_is_told_before_the_download(
    hub: FakeHub, roots: Roots, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage("/")._replace(free=50_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(LaminaError, match=r"0\.1 GB free") as raised:
        pull(hub, roots)
    assert raised.value.code is ErrorCode.OUTPUT_UNWRITABLE
    assert hub.downloads() == []


def test_a_disk_that_fills_up_is_an_error_and_keeps_what_has_come(hub: FakeHub, roots: Roots) -> None:
    pull(hub, roots, EDIT)
    offer = pulling.offer_of(IMAGE, roots, hub.address)

    def is_full(_: int, __: int, name: str) -> None:
        if name == OTHER_SHARD:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(LaminaError, match="No space left on device") as raised:
        pulling.pull(offer, roots, is_full, hub.address)
    assert raised.value.code is ErrorCode.OUTPUT_UNWRITABLE
    assert find(IMAGE, roots) is None
    assert pulling.offer_of(IMAGE, roots, hub.address).started_bytes > 0


def test_a_repository_that_is_not_there(hub: FakeHub, roots: Roots) -> None:
    hub.repositories.clear()
    with pytest.raises(LaminaError, match="the repository does not exist") as raised:
        pull(hub, roots)
    assert raised.value.code is ErrorCode.DOWNLOAD_FAILED


def test_a_hub_that_does_not_answer(hub: FakeHub, roots: Roots) -> None:
    hub.stop()
    with pytest.raises(LaminaError, match=r"Qwen/Qwen-Image could not be downloaded: .*refused") as raised:
        pull(hub, roots)
    assert raised.value.code is ErrorCode.DOWNLOAD_FAILED
    assert "--from DIR" in raised.value.hint
    hub.start()


def test_two_pulls_at_a_time_do_not_mix(hub: FakeHub, roots: Roots) -> None:
    offer = pulling.offer_of(IMAGE, roots, hub.address)

    def again(*_: object) -> None:
        pulling.pull(offer, roots, lambda *_: None, hub.address)

    with pytest.raises(LaminaError, match="is running") as raised:
        pulling.pull(offer, roots, again, hub.address)
    assert raised.value.code is ErrorCode.OUTPUT_IN_THE_WAY


def test_the_users_own_transformer_file_survives_a_newer_pull(hub: FakeHub, roots: Roots) -> None:
    pull(hub, roots)
    (roots.models / IMAGE.name / "transformer.gguf").write_bytes(b"GGUF")
    pull(hub, roots)
    assert (roots.models / IMAGE.name / "transformer.gguf").read_bytes() == b"GGUF"


def test_a_folder_is_taken_without_a_network(tmp_path: Path, roots: Roots) -> None:
    source = write_repository(tmp_path / "source")
    (source / "transformer" / "notes.bin").write_bytes(b"not wanted")
    told: list[Told] = []
    folder = pulling.adopt(IMAGE, source, roots, lambda *said: told.append(Told(*said)))
    verify(folder)
    assert require(IMAGE, roots).folder == folder
    assert (folder / SHARD).samefile(source / SHARD)
    assert not (folder / "transformer" / "notes.bin").exists()
    assert told[-1].done == told[-1].total


def test_a_damaged_folder_is_refused_and_nothing_is_left(tmp_path: Path, roots: Roots) -> None:
    source = write_repository(tmp_path / "source")
    (source / SHARD).write_bytes((source / SHARD).read_bytes()[:-5])
    with pytest.raises(LaminaError, match="truncated") as raised:
        pulling.adopt(IMAGE, source, roots, lambda *_: None)
    assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED
    assert not roots.models.exists()


def write_hub_cache(cache: Path, tmp_path: Path) -> Path:
    """As huggingface_hub keeps a repository: blobs by checksum, and snapshots of links to them."""
    source, repository = write_repository(tmp_path / "source"), cache / "models--Qwen--Qwen-Image"
    snapshot = repository / "snapshots" / COMMIT
    (repository / "blobs").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    for path in [path for path in source.rglob("*") if path.is_file()]:
        blob = repository / "blobs" / hashlib.sha256(path.read_bytes()).hexdigest()
        if not blob.exists():
            shutil.copy(path, blob)
        link = snapshot / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    return snapshot


def test_a_snapshot_in_a_hub_cache_is_found_and_can_be_taken(tmp_path: Path, roots: Roots) -> None:
    assert roots.hub_cache is not None
    snapshot = write_hub_cache(roots.hub_cache, tmp_path)
    assert require(IMAGE, roots).origin == "hub cache"
    folder = pulling.adopt(IMAGE, snapshot, roots, lambda *_: None)
    assert not (folder / SHARD).is_symlink()
    record = read_record(folder)
    assert record is not None
    assert record.commit == COMMIT
    assert require(IMAGE, roots).origin == "models folder"


def test_a_hub_cache_with_part_of_a_model_does_not_count(tmp_path: Path, roots: Roots) -> None:
    assert roots.hub_cache is not None
    (write_hub_cache(roots.hub_cache, tmp_path) / SHARD).unlink()
    assert find(IMAGE, roots) is None


def test_a_hub_cache_whose_file_was_altered_is_refused(tmp_path: Path, roots: Roots) -> None:
    assert roots.hub_cache is not None
    snapshot = write_hub_cache(roots.hub_cache, tmp_path)
    blob = (snapshot / SHARD).resolve()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    with pytest.raises(LaminaError, match="does not match its checksum"):
        pulling.adopt(IMAGE, snapshot, roots, lambda *_: None)
    assert not (roots.models / IMAGE.name).exists()
