"""Networks for masks are downloaded only if they are the known ones; everything else is as for models."""

import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_hub import FakeHub

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.mask_networks import BIREFNET_LITE, MASK_NETWORKS, MASKS_LARGE, SAM2_TINY, MaskNetwork, networks_named
from lamina.engines.weights import pulling
from lamina.engines.weights.package import check_pinned, package_of
from lamina.engines.weights.places import Roots
from lamina.engines.weights.record import read_record, verify

sys.path.append(str(Path(__file__).parents[1]))

from stand_in_networks import write_birefnet, write_sam2


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[FakeHub]:
    import huggingface_hub.file_download as file_download

    monkeypatch.setattr(file_download.time, "sleep", lambda _: None)  # between two tries
    monkeypatch.setattr(file_download.constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # the files are small here
    fake = FakeHub(
        {SAM2_TINY.repository: tmp_path / "hub" / "sam2", BIREFNET_LITE.repository: tmp_path / "hub" / "lite"}
    )
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def sam2(hub: FakeHub) -> MaskNetwork:
    return write_sam2(hub.repositories[SAM2_TINY.repository])


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "models")


def pull(network: MaskNetwork, roots: Roots, hub: FakeHub) -> Path:
    return pulling.pull(pulling.offer_of(network, roots, hub.address), roots, lambda *_: None, hub.address)


def test_the_files_of_a_network_come_whole_and_nothing_else(hub: FakeHub, sam2: MaskNetwork, roots: Roots) -> None:
    source = hub.repositories[sam2.repository]
    for other in ("README.md", "encoder.with_runtime_opt.ort", "encoder.onnx_data", "config.json"):
        (source / other).write_bytes(b"not wanted")
    offer = pulling.offer_of(sam2, roots, hub.address)
    assert (offer.download_bytes, offer.listing.licence) == (sam2.bytes, "apache-2.0")
    folder = pull(sam2, roots, hub)
    assert folder == roots.models / "sam2-hiera-tiny"
    assert sorted(path.name for path in folder.iterdir()) == ["decoder.onnx", "encoder.onnx", "lamina.json"]
    check_pinned(package_of(sam2), folder)
    verify(folder)
    assert pulling.is_current(pulling.offer_of(sam2, roots, hub.address), roots)


def test_a_file_in_a_folder_of_the_repository_is_in_it_here_too(hub: FakeHub, roots: Roots) -> None:
    network = write_birefnet(hub.repositories[BIREFNET_LITE.repository])
    assert (pull(network, roots, hub) / "onnx" / "model.onnx").is_file()


def test_another_file_than_the_known_one_is_refused_before_it_comes(
    hub: FakeHub, sam2: MaskNetwork, roots: Roots
) -> None:
    (hub.repositories[sam2.repository] / "decoder.onnx").write_bytes(b"another file")
    with pytest.raises(LaminaError) as caught:
        pulling.offer_of(sam2, roots, hub.address)
    assert caught.value.code is ErrorCode.DOWNLOAD_FAILED
    assert "has another decoder.onnx than the one that this version of Lamina knows" in str(caught.value)
    assert hub.downloads() == []


def test_a_file_that_is_gone_is_named(hub: FakeHub, sam2: MaskNetwork, roots: Roots) -> None:
    (hub.repositories[sam2.repository] / "encoder.onnx").unlink()
    with pytest.raises(LaminaError, match=r"it has no encoder\.onnx"):
        pulling.offer_of(sam2, roots, hub.address)


def test_a_byte_that_changes_on_the_way_is_noticed(hub: FakeHub, sam2: MaskNetwork, roots: Roots) -> None:
    hub.altered.add("encoder.onnx")
    with pytest.raises(LaminaError) as caught:
        pull(sam2, roots, hub)
    assert caught.value.code is ErrorCode.DOWNLOAD_FAILED
    assert not (roots.models / sam2.name).exists()
    hub.altered.clear()
    check_pinned(package_of(sam2), pull(sam2, roots, hub))


def test_a_connection_that_breaks_is_taken_up_where_it_broke(hub: FakeHub, sam2: MaskNetwork, roots: Roots) -> None:
    hub.cut_after["decoder.onnx"] = [1000]
    folder = pull(sam2, roots, hub)
    assert [asked for _, path, asked in hub.requests if path.endswith("decoder.onnx")] == [None, "bytes=1000-"]
    verify(folder)


def test_a_damaged_file_comes_anew_and_the_others_stay(hub: FakeHub, sam2: MaskNetwork, roots: Roots) -> None:
    file = pull(sam2, roots, hub) / "encoder.onnx"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    offer = pulling.offer_of(sam2, roots, hub.address)
    assert not pulling.is_current(offer, roots)
    assert offer.download_bytes == sam2.files[0].bytes
    check_pinned(package_of(sam2), pull(sam2, roots, hub))


def test_a_network_is_imported_from_a_folder_if_it_is_the_known_one(
    hub: FakeHub, sam2: MaskNetwork, roots: Roots
) -> None:
    source = hub.repositories[sam2.repository]
    assert pulling.contents_of(sam2, source) == {file.name: file.bytes for file in sam2.files}
    folder = pulling.adopt(sam2, source, roots, lambda *_: None)
    record = read_record(folder)
    assert record is not None and record.licence == "Apache-2.0"
    other = replace(sam2, files=(replace(sam2.files[0], sha256="0" * 64), sam2.files[1]))
    with pytest.raises(LaminaError) as caught:
        pulling.adopt(other, source, roots, lambda *_: None)
    assert caught.value.code is ErrorCode.WEIGHTS_DAMAGED
    (source / "encoder.onnx").unlink()
    with pytest.raises(LaminaError, match=r"encoder\.onnx is missing"):
        pulling.contents_of(sam2, source)


def test_the_name_of_all_is_not_that_of_one() -> None:
    assert [network.name for network in networks_named(MASKS_LARGE)] == list(MASK_NETWORKS)
    assert networks_named(SAM2_TINY.name) == (SAM2_TINY,)
    assert networks_named("qwen-image") == ()
