"""What can be asked of models: ranges, sizes, names, acceleration; and what is said about what cannot."""

from collections.abc import Callable

import pytest

from lamina.core.acceleration import Acceleration, AccelerationLevel, StepCache
from lamina.core.catalog import MODELS, NANO, default_model, model_named
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import (
    PICTURE_KINDS,
    DecomposeTask,
    EditTask,
    GenerateTask,
    Lora,
    Sampling,
    TaskKind,
)

REFUSED: dict[str, tuple[Callable[[], object], str, str]] = {
    "no prompt": (lambda: GenerateTask(" "), "prompt", "Describe"),
    "no instruction": (lambda: EditTask(""), "prompt", "Describe"),
    "one side": (lambda: GenerateTask("a", width=512), "width and height", "both"),
    "odd side": (lambda: GenerateTask("a", width=500, height=512), "500 x 512", "multiple of 16"),
    "small side": (lambda: EditTask("a", width=48, height=512), "48 x 512", "64 to 4096"),
    "large area": (lambda: GenerateTask("a", width=4096, height=4096), "4096 x 4096", "4,194,304"),
    "no pictures": (lambda: GenerateTask("a", count=0), "pictures 0 is", "1 to 20"),
    "strength": (lambda: GenerateTask("a", strength=1.5), "1.5", "0 to 1"),
    "seed": (lambda: Sampling(seed=-1), "-1", "0 to"),
    "steps": (lambda: Sampling(steps=0), "steps 0 is", "1 to 250"),
    "guidance": (lambda: Sampling(guidance=51), "51", "0 to 50"),
    "resolution": (lambda: DecomposeTask(resolution_px=512), "512", "640 or 1024"),
    "lora scale": (lambda: Lora("a.safetensors", 5), "scale 5", "-4 to 4"),
    "lora path": (lambda: Lora(""), "no path", "file"),
    "cache and level": (lambda: Acceleration(AccelerationLevel.HIGH, StepCache.TEA), "level and", "one of them"),
    "threshold": (lambda: Acceleration(threshold=2), "threshold of 2", "0 to 1"),
    "interval": (lambda: Acceleration(skip_interval=0), "interval of 0", "1 or more"),
    "in a row": (lambda: Acceleration(max_consecutive=6), "6 skipped", "1 to 5"),
    "start after end": (lambda: Acceleration(start=0.5, end=0.5), "50% to 50%", "before the end"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_had_is_refused_with_what_can(name: str) -> None:
    ask, message, hint = REFUSED[name]
    with pytest.raises(LaminaError) as refused:
        ask()
    assert refused.value.code is ErrorCode.TASK_INVALID
    assert message in refused.value.message
    assert hint in refused.value.hint


def test_the_ends_of_the_ranges_can_be_had() -> None:
    assert GenerateTask("a", Sampling(seed=2**64 - 1, steps=250, guidance=0.0), 64, 4096, count=20, strength=1.0)
    assert GenerateTask("a", width=2048, height=2048).sampling.scheduler == "Default"
    assert Acceleration().is_off
    assert not Acceleration(cache=StepCache.FIRST_BLOCK, threshold=0.0).is_off


def test_every_name_and_alias_means_one_model() -> None:
    names = [name for model in MODELS.values() for name in (model.name, *model.aliases)]
    assert len(names) == len(set(names))
    assert [model_named(name).name for name in ("qwen-image-max", "qwen-image-edit-plus")] == [
        "qwen-image-2512",
        "qwen-image-edit-2509",
    ]


def test_a_default_model_does_its_task_within_its_own_ranges() -> None:
    for kind in PICTURE_KINDS:
        assert kind in default_model(kind).tasks
        assert kind in NANO.tasks
    for model in MODELS.values():
        for span in (model.steps, model.guidance):
            assert span.least <= span.default <= span.most
        assert (model.max_references > 0) == (TaskKind.EDIT in model.tasks)


def test_an_unknown_model_and_an_unfit_one_are_refused() -> None:
    with pytest.raises(LaminaError) as unknown:
        model_named("qwen-image-layerd")
    assert unknown.value.code is ErrorCode.MODEL_UNKNOWN
    assert "'qwen-image-layered'" in unknown.value.hint
    with pytest.raises(LaminaError) as unfit:
        model_named("qwen-image-layered", TaskKind.EDIT)
    assert unfit.value.code is ErrorCode.TASK_INVALID
    assert "qwen-image-edit-2511" in unfit.value.hint
