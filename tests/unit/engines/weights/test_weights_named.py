"""A result names the weights that it was really made with, and other weights have another name."""

import shutil
from pathlib import Path

import pytest
from fake_hub import COMMIT
from small_repository import write_repository

from lamina.core.catalog import MODELS, NANO
from lamina.engines.weights import pulling
from lamina.engines.weights.naming import checkpoint_of
from lamina.engines.weights.places import PACKAGED, Place, Roots, require
from lamina.engines.weights.record import FileRecord, Record, write_record

MODEL = MODELS["qwen-image"]


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "models", tmp_path / "cache")


def named(roots: Roots) -> str:
    return checkpoint_of(require(MODEL, roots))


def adopt(source: Path, roots: Roots) -> None:
    pulling.adopt(MODEL, source, roots, lambda *_: None)


def test_weights_from_the_hub_have_their_commit(roots: Roots) -> None:
    folder = write_repository(roots.models / MODEL.name)
    write_record(
        folder,
        Record(
            model=MODEL.name,
            source="Qwen/Qwen-Image",
            commit=COMMIT,
            licence="",
            files={"vae/config.json": FileRecord(2, "0")},
        ),
    )
    assert named(roots) == f"Qwen/Qwen-Image@{COMMIT}"


def test_a_folder_has_its_last_name_and_a_digest_of_its_files(tmp_path: Path, roots: Roots) -> None:
    adopt(write_repository(tmp_path / "secret" / "tuned", 1), roots)
    first = named(roots)
    assert first.startswith("folder tuned@") and len(first) == len("folder tuned@") + 12
    assert "secret" not in first and str(tmp_path) not in first
    adopt(write_repository(tmp_path / "other" / "tuned", 1), roots)
    assert named(roots) == first
    adopt(write_repository(tmp_path / "others" / "tuned", 2), roots)
    assert named(roots) != first


def test_a_folder_that_is_called_snapshots_is_no_hub_cache(tmp_path: Path, roots: Roots) -> None:
    adopt(write_repository(tmp_path / "snapshots" / "nightly"), roots)
    assert named(roots).startswith("folder nightly@")


def test_a_snapshot_has_its_commit_where_it_is_and_when_it_was_taken(tmp_path: Path, roots: Roots) -> None:
    cache = tmp_path / "cache" / "models--Qwen--Qwen-Image"
    source = write_repository(cache / "snapshots" / COMMIT)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    assert require(MODEL, roots).origin == "hub cache"
    assert named(roots) == f"Qwen/Qwen-Image@{COMMIT}"
    adopt(source, roots)
    assert require(MODEL, roots).origin == "models folder"
    assert named(roots) == f"Qwen/Qwen-Image@{COMMIT}"


def test_of_two_snapshots_the_catalogs_commit_is_taken(tmp_path: Path, roots: Roots) -> None:
    cache = tmp_path / "cache" / "models--Qwen--Qwen-Image"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text(COMMIT)
    for commit in (COMMIT, MODEL.checkpoint.revision):
        write_repository(cache / "snapshots" / commit)
    assert require(MODEL, roots).folder.name == MODEL.checkpoint.revision


def test_no_commit_is_told_of_weights_that_nothing_is_known_of(roots: Roots) -> None:
    place = Place(MODEL, write_repository(roots.models / MODEL.name), "models folder", Path("mine.gguf"))
    assert checkpoint_of(place) == "Qwen/Qwen-Image with mine.gguf"


def test_nanos_name_changes_with_its_weights_alone(tmp_path: Path) -> None:
    packaged = checkpoint_of(Place(NANO, PACKAGED, "package"))
    assert packaged.startswith("nano@") and len(packaged) == len("nano@") + 12
    copy = shutil.copytree(PACKAGED, tmp_path / "nano")
    assert checkpoint_of(Place(NANO, copy, "package")) == packaged
    file = copy / "transformer_layered" / "diffusion_pytorch_model.safetensors"
    content = bytearray(file.read_bytes())
    half = len(content) // 2
    content[half : half + 200_000] = bytes(200_000)  # one matrix of other values, in a file of the same header
    file.write_bytes(content)
    assert checkpoint_of(Place(NANO, copy, "package")) != packaged
