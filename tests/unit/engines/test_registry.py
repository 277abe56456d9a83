"""Who does the work: who names a model gets that one or is told, unless a stand-in is allowed."""

from dataclasses import replace
from pathlib import Path

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import TaskKind
from lamina.engines import registry as choice
from lamina.engines.config import EngineConfig
from lamina.engines.registry import AUTO, chosen_engine, stand_in_notes
from lamina.engines.weights.places import Roots

NAMED = [
    (TaskKind.GENERATE, "qwen-image", "qwen-image"),
    (TaskKind.GENERATE, "qwen-image-max", "qwen-image-2512"),
    (TaskKind.EDIT, "qwen-image-edit", "qwen-image-edit"),
    (TaskKind.DECOMPOSE, "qwen-image-layered", "qwen-image-layered"),
    (TaskKind.TRAIN, "qwen-image-layered", "qwen-image-layered"),
]


@pytest.fixture
def config(tmp_path: Path) -> EngineConfig:
    """Of a machine without any weights."""
    return EngineConfig(roots=Roots(tmp_path / "models", tmp_path / "hub"))


@pytest.mark.parametrize(("kind", "named", "model"), NAMED)
def test_a_model_that_is_named_and_not_here_is_told(
    kind: TaskKind, named: str, model: str, config: EngineConfig
) -> None:
    with pytest.raises(LaminaError) as caught:
        chosen_engine(AUTO, kind, named, config)
    assert caught.value.code is ErrorCode.WEIGHTS_MISSING
    assert f"lamina pull {model}." in caught.value.hint
    assert "--engine nano" in caught.value.hint


@pytest.mark.parametrize(("kind", "named", "model"), NAMED)
def test_nano_does_its_work_where_that_is_allowed_or_asked_for(
    kind: TaskKind, named: str, model: str, config: EngineConfig
) -> None:
    assert chosen_engine(AUTO, kind, named, config, may_stand_in=True) == "nano"
    assert chosen_engine("nano", kind, named, config) == "nano"
    for asked in (AUTO, "nano"):
        (note,) = stand_in_notes(asked, "nano", kind, named)
        assert model in note
        assert "nano" in note.lower()


@pytest.mark.parametrize(
    ("kind", "engine"), [(kind, "classic" if kind is TaskKind.DECOMPOSE else "nano") for kind in TaskKind]
)
def test_without_a_name_what_needs_no_weights_does_it(kind: TaskKind, engine: str, config: EngineConfig) -> None:
    assert chosen_engine(AUTO, kind, None, config) == engine
    assert stand_in_notes("nano", "nano", kind, None) == ()


@pytest.mark.parametrize("kind", list(TaskKind))
def test_who_names_nano_gets_nano(kind: TaskKind, config: EngineConfig) -> None:
    assert chosen_engine(AUTO, kind, "nano", config) == "nano"
    assert stand_in_notes(AUTO, "nano", kind, "nano") == ()


def test_a_model_that_is_named_and_here_does_not_give_way_to_nano_without_torch(
    config: EngineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = choice.EngineEntry(
        name="qwen", needs=("no_such_module",), extra="Install it", start=lambda _: None, tasks=frozenset(TaskKind)
    )
    monkeypatch.setitem(choice.ENGINES, "qwen", entry)
    monkeypatch.setattr("lamina.engines.weights.places.require", lambda *_: None)
    with pytest.raises(LaminaError, match="no_such_module is not installed") as caught:
        choice.start_picture_maker(AUTO, TaskKind.GENERATE, "qwen-image", config)
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("is_folder", [True, False])
def test_a_transformer_that_is_set_and_not_there_is_told_before_any_work(
    config: EngineConfig, tmp_path: Path, is_named: bool, is_folder: bool
) -> None:
    """With the rest of the model here, and without it."""
    file = tmp_path / "no such.gguf"
    if is_folder:
        file.mkdir()
    set_so = replace(config, roots=replace(config.roots, transformers={"qwen-image": file}))
    for has_rest in (False, True):
        if has_rest:
            (tmp_path / "models" / "qwen-image").mkdir(parents=True)
            (tmp_path / "models" / "qwen-image" / "model_index.json").write_text("{}")
        with pytest.raises(LaminaError, match="setting transformer names for qwen-image") as caught:
            chosen_engine(AUTO, TaskKind.GENERATE, "qwen-image" if is_named else None, set_so)
        assert caught.value.code is ErrorCode.WEIGHTS_MISSING
        assert str(file) in caught.value.message
        assert chosen_engine(AUTO, TaskKind.GENERATE, "qwen-image", set_so, may_stand_in=True) == "nano"
    assert chosen_engine(AUTO, TaskKind.EDIT, None, set_so) == "nano", "another model's"
