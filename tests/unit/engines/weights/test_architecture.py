"""A folder is taken for a released model only if its configs say that it is that model; else what is here stays."""

import json
from pathlib import Path

import pytest
from fake_hub import COMMIT
from small_repository import write, write_repository

from lamina.core.catalog import MODELS
from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights import pulling
from lamina.engines.weights.architecture import RELEASED, check_is
from lamina.engines.weights.places import PACKAGED, Roots
from lamina.engines.weights.record import verify

IMAGE = MODELS["qwen-image"]


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "models")


def adopt(name: str, source: Path, roots: Roots) -> Path:
    return pulling.adopt(MODELS[name], source, roots, lambda *_: None)


def refused(name: str, source: Path, roots: Roots) -> LaminaError:
    with pytest.raises(LaminaError) as raised:
        adopt(name, source, roots)
    assert raised.value.code is ErrorCode.WEIGHTS_DAMAGED
    return raised.value


def test_nanos_weights_are_no_released_model_and_the_right_one_stays(tmp_path: Path, roots: Roots) -> None:
    folder = adopt("qwen-image", write_repository(tmp_path / "right"), roots)
    error = refused("qwen-image", PACKAGED, roots)
    assert "are not those of qwen-image" in error.message
    assert "transformer num_layers is 6 instead of 60" in error.message
    assert "vae input_channels is 4 instead of 3" in error.message
    assert "no released model" in error.hint
    verify(folder)
    assert [path.name for path in roots.models.iterdir() if path.is_dir()] == ["qwen-image"]


@pytest.mark.parametrize("name", RELEASED)
def test_each_released_model_is_taken_for_itself_alone(name: str, tmp_path: Path, roots: Roots) -> None:
    source = write_repository(tmp_path / "source", model=name)
    for other in RELEASED:
        if RELEASED[other] != RELEASED[name]:
            assert name in refused(other, source, roots).hint
    assert not roots.models.exists()
    assert adopt(name, source, roots).name == name


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("transformer", "num_layers", 8),
        ("transformer", "num_attention_heads", 12),
        ("transformer", "attention_head_dim", 64),
        ("transformer", "use_additional_t_cond", True),
        ("transformer", "use_layer3d_rope", True),
        ("transformer", "zero_cond_t", True),
        ("vae", "z_dim", 4),
        ("vae", "base_dim", 16),
        ("vae", "input_channels", 4),
    ],
)
def test_one_number_is_enough(part: str, key: str, value: int, tmp_path: Path, roots: Roots) -> None:
    source = write_repository(tmp_path / "source")
    config = source / part / "config.json"
    write(config, json.loads(config.read_text()) | {key: value})
    assert f"{part} {key} is {value} instead of" in refused("qwen-image", source, roots).message


def test_configs_that_leave_out_what_diffusers_has_by_itself_are_taken(tmp_path: Path) -> None:
    source = write_repository(tmp_path / "source")
    for part in ("transformer", "vae"):
        write(source / part / "config.json", {})
    check_is(IMAGE, source)


def test_models_of_one_architecture_are_told_apart_by_their_record(tmp_path: Path, roots: Roots) -> None:
    source = adopt("qwen-image-2512", write_repository(tmp_path / "source"), roots)
    error = refused("qwen-image", source, roots)
    assert "belong to qwen-image-2512" in error.message


def test_models_of_one_architecture_are_told_apart_by_the_hub_cache(tmp_path: Path, roots: Roots) -> None:
    source = write_repository(tmp_path / "models--Qwen--Qwen-Image-2512" / "snapshots" / COMMIT)
    assert "lamina pull qwen-image-2512 --from" in refused("qwen-image", source, roots).hint
    adopt("qwen-image-2512", source, roots)
    tuned = write_repository(tmp_path / "models--someone--tuned" / "snapshots" / COMMIT)
    adopt("qwen-image", tuned, roots)
