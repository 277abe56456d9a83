"""The engine with its optimizations makes the pictures that it makes without, again and again the same."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.modules.module import register_module_forward_pre_hook
from transformers import Qwen2_5_VLForConditionalGeneration

from lamina.core.errors import LaminaError
from lamina.core.layers import Pixels
from lamina.core.optimizations import ALL_OPTIMIZATIONS, Optimization, parse_optimizations
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Lora, Sampling
from lamina.engines.config import EngineConfig
from lamina.engines.qwen import starting
from lamina.engines.qwen.engine import QwenEngine
from lamina.engines.qwen.model_loader import ModelLoader
from lamina.engines.qwen.optimizations.modulation import TabulatedModulation
from lamina.engines.qwen.optimizations.rotary import RealRotary

FEW = Sampling(seed=7, steps=3)


def engine(optimizations: frozenset[Optimization] | None) -> QwenEngine:
    starting.limit_threads()
    return QwenEngine("nano", ModelLoader(replace(EngineConfig(), optimizations=optimizations), starting.NANO))


@pytest.fixture(scope="module")
def quick() -> QwenEngine:
    return engine(None)


@pytest.fixture(scope="module")
def plain() -> QwenEngine:
    return engine(frozenset())


@pytest.fixture(scope="module")
def picture() -> Pixels:
    pixels = np.full((300, 400, 4), (50, 80, 220, 255), np.uint8)
    pixels[90:210, 140:260, :3] = (220, 40, 40)
    return pixels


@contextmanager
def running_modules() -> Generator[list[type[torch.nn.Module]]]:
    """The types of the modules that are called, in this order."""
    types: list[type[torch.nn.Module]] = []
    hook = register_module_forward_pre_hook(lambda module, _: types.append(type(module)))
    try:
        yield types
    finally:
        hook.remove()


def drawn(engine: QwenEngine, prompt: str = "a red circle on a white background", **more: object) -> Pixels:
    return engine.generate(GenerateTask(prompt, replace(FEW, **more))).pictures[0]


def test_every_path_is_used_unless_the_settings_say_otherwise(quick: QwenEngine, plain: QwenEngine) -> None:
    optimized = {RealRotary, TabulatedModulation}
    for made, expected in ((quick, optimized), (plain, set())):
        with running_modules() as modules:
            drawn(made)
        assert set(modules) & optimized == expected


@pytest.mark.parametrize("path", [None, *Optimization])
def test_one_path_alone_changes_no_picture_to_be_seen(plain: QwenEngine, path: Optimization | None) -> None:
    if path is Optimization.COMPILE:
        return  # a minute of a C++ compiler; test_fast_transformer has the blocks compiled
    alone = engine(frozenset() if path is None else frozenset({path}))
    difference = np.abs(drawn(alone).astype(int) - drawn(plain))
    assert difference.max() <= (0 if path is None else 1)


def test_layers_and_edits_are_the_same_as_without(quick: QwenEngine, plain: QwenEngine, picture: Pixels) -> None:
    edited = [made.edit(EditTask("make the square green", FEW), [picture]).pictures[0] for made in (quick, plain)]
    assert np.abs(edited[0].astype(int) - edited[1]).max() <= 1
    first, second = (made.decompose(picture, DecomposeTask(3, "a red square", FEW)) for made in (quick, plain))
    for ours, theirs in zip(first, second, strict=True):
        assert np.abs(ours.pixels.astype(int) - theirs.pixels).max() <= 12, "faint alpha is cut off at 10 levels"
        assert np.mean(ours.pixels == theirs.pixels) > 0.99


def test_a_picture_does_not_depend_on_what_was_made_before(quick: QwenEngine) -> None:
    fresh = drawn(engine(None))
    drawn(quick, steps=5)
    drawn(quick, "a green square")
    again = drawn(quick)
    assert (again == drawn(quick)).all()
    assert (again == fresh).all()


def test_a_lora_on_the_modulation_changes_the_same_and_leaves_nothing_behind(
    quick: QwenEngine, plain: QwenEngine, tmp_path: Path
) -> None:
    generator = torch.Generator().manual_seed(0)
    module = "transformer.transformer_blocks.2.img_mod.1"
    tensors = {
        f"{module}.lora_A.weight": torch.randn(4, 192, generator=generator),
        f"{module}.lora_B.weight": torch.randn(6 * 192, 4, generator=generator) / 20,
    }
    save_file(tensors, tmp_path / "style.safetensors")
    loras = (Lora(str(tmp_path / "style.safetensors")),)
    before = drawn(quick)
    styled, expected = (drawn(made, loras=loras) for made in (quick, plain))
    assert np.abs(styled.astype(int) - expected).max() <= 1
    assert (styled != before).any()
    assert (drawn(quick) == before).all()


def test_a_prompt_is_read_once_and_another_picture_makes_another_of_it(picture: Pixels) -> None:
    made, edit = engine(None), EditTask("make the square green", FEW)

    def reads(make: Callable[[], object]) -> int:
        with running_modules() as modules:
            make()
        return modules.count(Qwen2_5_VLForConditionalGeneration)

    assert reads(lambda: drawn(made)) == 2, "the prompt and the negative prompt"
    assert reads(lambda: drawn(made, seed=8)) == 0
    assert reads(lambda: drawn(made, "a blue circle on a white background")) == 1
    assert reads(lambda: made.edit(edit, [picture])) == 1, "edits of nano are not guided"
    assert reads(lambda: made.edit(edit, [picture[::-1, :300].copy()])) == 1
    assert reads(lambda: made.edit(edit, [picture])) == 0


@pytest.mark.parametrize(
    ("value", "paths"),
    [("auto", None), ("off", frozenset()), ("vae, rotary", {Optimization.VAE, Optimization.ROTARY})],
)
def test_a_setting_names_the_paths(value: str, paths: frozenset[Optimization] | None) -> None:
    assert parse_optimizations(value) == paths


def test_a_path_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(LaminaError, match="engine_fast is 'vea'") as refused:
        parse_optimizations("vea")
    assert all(path in refused.value.hint for path in ALL_OPTIMIZATIONS)
