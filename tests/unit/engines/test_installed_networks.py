"""Larger networks that are installed are used as their graphs want it; what is wrong with them is told, not fatal."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from stand_in_networks import write_birefnet, write_sam2

from lamina.core.composite import composite
from lamina.core.mask_networks import BIREFNET_LITE, SAM2_TINY, MaskNetwork
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic.engine import ClassicEngine
from lamina.engines.classic.photo_things import find_photo_things, found_in_photo
from lamina.engines.segmentation import networks
from lamina.engines.segmentation.model_files import ModelFileError
from lamina.engines.segmentation.networks import (
    MOBILE_SAM,
    SHIPPED,
    U2NETP,
    MaskNetworks,
    birefnet_lite,
    installed_networks,
    sam2_tiny,
)
from lamina.engines.segmentation.promptable_masks import PromptableImage
from lamina.engines.segmentation.salient_object import salience

BALL = (250, 200, 70)  # x, y, radius


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder with stand-ins of both networks, which are taken for the real ones."""
    monkeypatch.setattr(networks, "SAM2_TINY", write_sam2(tmp_path / SAM2_TINY.name))
    monkeypatch.setattr(networks, "BIREFNET_LITE", write_birefnet(tmp_path / BIREFNET_LITE.name))
    return tmp_path


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    """(400, 600, 3): a red ball on an uneven green ground."""
    rng = np.random.default_rng(2)
    rgb = np.array([70, 110, 50]) + 16 * rng.normal(0, 1, (400, 600, 1))
    y, x = np.mgrid[:400, :600]
    rgb[np.hypot(x - BALL[0], y - BALL[1]) <= BALL[2]] = (210, 40, 35)
    return np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)


def box_of_the_ball() -> NDArray[np.bool_]:
    mask = np.zeros((400, 600), bool)
    mask[BALL[1] - BALL[2] : BALL[1] + BALL[2] + 1, BALL[0] - BALL[2] : BALL[0] + BALL[2] + 1] = True
    return mask


def iou(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((mask & other).sum() / (mask | other).sum())


@pytest.mark.parametrize("size", [(400, 600), (600, 200), (1500, 1100), (7, 900)])
def test_a_box_reaches_the_larger_network_where_it_is_and_its_mask_comes_back_there(
    models: Path, size: tuple[int, int]
) -> None:
    height, width = size
    image = PromptableImage(np.zeros((height, width, 3), np.uint8), installed_networks(models).prompts)
    left, top, right, bottom = (
        round(share * side) for share, side in zip((0.2, 0.3, 0.7, 0.9), (width, height) * 2, strict=True)
    )
    found = image.from_boxes(np.array([[left, top, right, bottom], [0, 0, width, height]], np.float32))
    assert found.logits.shape == (2, 3, 256, 256)
    expected = np.zeros(size, bool)
    expected[top:bottom, left:right] = True
    assert iou(image.full_size(found.logits[0, 0]) > 0, expected) > (0.97 if height > 100 else 0.7)
    assert (image.full_size(found.logits[1, 0]) > 0).mean() > 0.97
    assert not (image.full_size(found.logits[0, 2]) > 0).any()


def test_colours_reach_the_larger_network_scaled_as_it_was_trained(models: Path) -> None:
    rgb = np.full((300, 500, 3), (200, 100, 50), np.uint8)
    found = PromptableImage(rgb, installed_networks(models).prompts).from_boxes(np.array([[0, 0, 9, 9]], np.float32))
    expected = (np.array([200, 100, 50]) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    assert np.allclose((found.quality[0] - 0.9) * 100, expected, atol=0.01)


def test_the_output_of_the_larger_network_becomes_a_likelihood(models: Path, photograph: NDArray[np.uint8]) -> None:
    seen = salience(photograph, installed_networks(models).salience)
    assert seen.shape == (512, 512)
    assert 0 <= seen.min() < 0.01 and 0.99 < seen.max() <= 1
    assert seen[round(BALL[1] / 400 * 512), round(BALL[0] / 600 * 512)] > 0.99


def test_a_photograph_is_taken_apart_by_what_is_installed(models: Path, photograph: NDArray[np.uint8]) -> None:
    larger = installed_networks(models)
    assert (larger.are_shipped, larger.notes) == (False, ())
    (thing,) = find_photo_things(photograph, 1, larger)
    assert iou(thing, box_of_the_ball()) > 0.95  # the stand-in answers with the box; the shipped network sees a disc
    picture = np.dstack([photograph, np.full((400, 600), 255, np.uint8)])
    stack = ClassicEngine(models).decompose(picture, DecomposeTask(layers=2))
    assert np.array_equal(composite(stack), picture)
    assert iou(stack.layers[1].on_canvas(600, 400)[..., 3] > 127, box_of_the_ball()) > 0.9
    shipped = ClassicEngine().decompose(picture, DecomposeTask(layers=2)).layers[1]
    assert iou(shipped.on_canvas(600, 400)[..., 3] > 127, box_of_the_ball()) < 0.85


def test_without_a_folder_or_in_an_empty_one_the_shipped_networks_are_used(tmp_path: Path) -> None:
    assert installed_networks(None) is SHIPPED
    assert installed_networks(tmp_path) == SHIPPED
    assert installed_networks(tmp_path / "none") == SHIPPED


def test_each_network_is_used_without_the_other(models: Path) -> None:
    (models / BIREFNET_LITE.name).rename(models / "away")
    found = installed_networks(models)
    assert (found.salience, found.prompts.masks, found.notes) == (U2NETP, 3, ())


def shortened(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [shortened, altered, Path.unlink])
@pytest.mark.parametrize(
    ("network", "file"),
    [(SAM2_TINY, "encoder.onnx"), (SAM2_TINY, "decoder.onnx"), (BIREFNET_LITE, "onnx/model.onnx")],
)
def test_what_is_damaged_is_told_and_the_shipped_one_works(
    models: Path, photograph: NDArray[np.uint8], network: MaskNetwork, file: str, harm: Callable[[Path], None]
) -> None:
    harm(models / network.name / file)
    found = installed_networks(models)
    assert (found.prompts is MOBILE_SAM, found.salience is U2NETP) == (network is SAM2_TINY, network is BIREFNET_LITE)
    (note,) = found.notes
    assert note.startswith(f"The model file {file} {'cannot be read' if harm is Path.unlink else 'is damaged'}.")
    assert f"lamina pull {network.name}" in note
    things, notes = found_in_photo(photograph, 3, found)
    assert things and notes == found.notes


def renamed(path: Path) -> None:
    model = onnx.load(path)
    model.graph.input[0].name = "other"
    model.graph.node[0].input[0] = "other"
    onnx.save(model, path)


def test_a_network_with_other_inputs_is_not_used(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stand_in_networks import described

    renamed(models / BIREFNET_LITE.name / "onnx" / "model.onnx")
    monkeypatch.setattr(networks, "BIREFNET_LITE", described(BIREFNET_LITE, models / BIREFNET_LITE.name))
    found = installed_networks(models)
    assert found.salience is U2NETP
    assert found.notes[0].startswith("The model file onnx/model.onnx has other inputs or outputs than expected.")


def test_what_is_no_network_at_all_is_not_used(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stand_in_networks import described

    (models / SAM2_TINY.name / "encoder.onnx").write_bytes(b"not a graph")
    monkeypatch.setattr(networks, "SAM2_TINY", described(SAM2_TINY, models / SAM2_TINY.name))
    found = installed_networks(models)
    assert found.prompts is MOBILE_SAM
    assert found.notes[0].startswith("The model file encoder.onnx cannot be loaded: ")


def test_a_network_that_fails_while_it_runs_is_replaced_by_the_shipped_ones(
    models: Path, photograph: NDArray[np.uint8]
) -> None:
    working = installed_networks(models)
    broken = MaskNetworks(replace(working.salience, side_px=500), working.prompts)
    with pytest.raises(ModelFileError, match=r"onnx/model\.onnx cannot be run"):
        find_photo_things(photograph, 3, broken)
    things, notes = found_in_photo(photograph, 3, broken)
    assert [thing.sum() for thing in things] == [thing.sum() for thing in find_photo_things(photograph, 3)]
    assert "The networks in the package were used instead." in notes[0]


def test_the_table_names_files_that_could_be_what_they_are_said_to_be() -> None:
    for network in (SAM2_TINY, BIREFNET_LITE):
        assert all(file.name.endswith(".onnx") and len(file.sha256) == 64 for file in network.files)
    assert sam2_tiny(Path("models")).decoder.sha256 == SAM2_TINY.files[1].sha256
    assert birefnet_lite(Path("models")).file.sha256 == BIREFNET_LITE.files[0].sha256
