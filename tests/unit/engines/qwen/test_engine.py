"""The family's engine, run on nano: what comes back, what stays the same, what stops it, what it refuses."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import lamina
from lamina.core.acceleration import Acceleration, AccelerationLevel, StepCache
from lamina.core.catalog import NANO
from lamina.core.engine_results import Generated
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Pixels
from lamina.core.ports import LOADING, PictureMaker, Step, no_progress
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Lora, Sampling
from lamina.engines.registry import start_engine, start_picture_maker
from lamina.engines.weights.naming import checkpoint_of
from lamina.engines.weights.places import PACKAGED, Place

FEW = Sampling(seed=7, steps=3)


@pytest.fixture(scope="module")
def nano() -> PictureMaker:
    return start_picture_maker("nano")


@pytest.fixture(scope="module")
def picture() -> Pixels:
    """400 x 300: a red square on blue."""
    pixels = np.full((300, 400, 4), (50, 80, 220, 255), np.uint8)
    pixels[90:210, 140:260, :3] = (220, 40, 40)
    return pixels


@pytest.fixture(scope="module")
def drawn(nano: PictureMaker) -> Generated:
    return nano.generate(GenerateTask("a red circle on a white background", FEW), None, None, no_progress)


def generate(nano: PictureMaker, sampling: Sampling = FEW, **rest: int) -> Generated:
    return nano.generate(GenerateTask("a red circle on a white background", sampling, **rest), None, None, no_progress)


def test_a_result_tells_how_it_was_made(drawn: Generated) -> None:
    made = drawn.made
    assert (made.engine, made.seed, made.steps, made.skipped_steps) == ("nano", 7, 3, 0)
    assert made.checkpoint == checkpoint_of(Place(NANO, PACKAGED, "package"))
    assert made.prompt == "a red circle on a white background"
    assert {"loading", "encoding", "sampling", "decoding"} <= set(made.timings_s)
    assert all(seconds >= 0 for seconds in made.timings_s.values())


def test_the_same_seed_gives_the_same_samples_and_another_others(nano: PictureMaker, drawn: Generated) -> None:
    assert (generate(nano).pictures[0] == drawn.pictures[0]).all()
    assert (generate(nano, Sampling(seed=8, steps=3)).pictures[0] != drawn.pictures[0]).any()


def test_a_picture_is_the_same_in_company(nano: PictureMaker, drawn: Generated) -> None:
    both = generate(nano, Sampling(seed=6, steps=3), count=2)
    assert len(both.pictures) == 2
    assert (both.pictures[1] == drawn.pictures[0]).all()


def test_a_seed_that_is_not_given_is_drawn_and_told(nano: PictureMaker) -> None:
    first, second = (generate(nano, Sampling(steps=1)) for _ in range(2))
    assert first.made.seed is not None and first.made.seed != second.made.seed
    again = generate(nano, Sampling(seed=first.made.seed, steps=1))
    assert (again.pictures[0] == first.pictures[0]).all()


def test_pictures_have_the_size_that_was_asked_for(nano: PictureMaker, picture: Pixels) -> None:
    assert generate(nano, width=640, height=368).pictures[0].shape == (368, 640, 4)
    edited = nano.edit(EditTask("make the square green", FEW), [picture], no_progress)
    assert edited.pictures[0].shape == (304, 400, 4)  # the picture's own, in steps of 16
    asked = nano.edit(EditTask("make the square green", FEW, 512, 256), [picture], no_progress)
    assert asked.pictures[0].shape == (256, 512, 4)


def test_progress_goes_up_and_counts_the_steps(nano: PictureMaker) -> None:
    shares: list[float] = []
    steps: list[tuple[int, int]] = []

    def note(stage: str, share: float, step: Step | None = None, /) -> None:  # noqa: ARG001
        shares.append(share)
        if step is not None:
            assert step.eta_s >= 0
            steps.append((step.number, step.count))

    nano.generate(GenerateTask("a red circle", FEW, count=2), None, None, note)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert steps == [(1, 3), (2, 3), (3, 3)] * 2


def test_a_run_is_cancelled_at_its_next_step_and_the_next_is_not_hurt(nano: PictureMaker, drawn: Generated) -> None:
    seen: list[int] = []

    def stop(stage: str, share: float, step: Step | None = None, /) -> None:  # noqa: ARG001
        if step is not None:
            seen.append(step.number)
            if step.number == 2:
                raise LaminaError(ErrorCode.CANCELLED, "Stopped.")

    with pytest.raises(LaminaError) as stopped:
        nano.generate(GenerateTask("a red circle", Sampling(seed=1, steps=9)), None, None, stop)
    assert stopped.value.code is ErrorCode.CANCELLED
    assert seen == [1, 2]
    assert (generate(nano).pictures[0] == drawn.pictures[0]).all()


def test_a_step_of_two_evaluations_is_one_step(nano: PictureMaker) -> None:
    seen: list[tuple[int, int]] = []

    def note(stage: str, share: float, step: Step | None = None, /) -> None:  # noqa: ARG001
        if step is not None:
            seen.append((step.number, step.count))

    nano.generate(GenerateTask("a red circle", Sampling(seed=1, steps=3, scheduler="Heun")), None, None, note)
    assert [number for number, _ in seen] == sorted(number for number, _ in seen)
    assert {count for _, count in seen} == {3} and seen[-1] == (3, 3)


def test_previews_come_where_they_are_wanted_and_change_nothing(nano: PictureMaker, picture: Pixels) -> None:
    previews: list[Pixels] = []

    def note(stage: str, share: float, step: Step | None = None, /) -> None:  # noqa: ARG001
        if step is not None and step.preview is not None:
            previews.append(step.preview)

    def sampling(has_previews: bool) -> Sampling:
        return Sampling(seed=7, steps=8, has_previews=has_previews)

    shown = nano.generate(GenerateTask("a red circle", sampling(True), 640, 384), None, None, note)
    assert [preview.shape for preview in previews] == [(96, 160, 4)] * 2
    plain = nano.generate(GenerateTask("a red circle", sampling(False), 640, 384), None, None, note)
    assert len(previews) == 2
    assert (plain.pictures[0] == shown.pictures[0]).all()
    start_engine("nano").decompose(picture, DecomposeTask(2, "a", sampling(True)), note)
    assert previews[-1].shape == (112, 144, 4)


def test_guidance_changes_the_picture_and_one_turns_it_off(nano: PictureMaker, drawn: Generated) -> None:
    off = generate(nano, Sampling(seed=7, steps=3, guidance=1.0))
    strong = generate(nano, Sampling(seed=7, steps=3, guidance=6.0))
    assert (off.pictures[0] != strong.pictures[0]).any()
    assert (strong.pictures[0] != drawn.pictures[0]).any()


def test_a_picture_to_start_from_is_kept_the_more_the_less_the_strength(nano: PictureMaker, picture: Pixels) -> None:
    def far(strength: float) -> float:
        task = GenerateTask("a green circle on a yellow background", Sampling(seed=3, steps=10), strength=strength)
        varied = nano.generate(task, picture, None, no_progress).pictures[0]
        assert varied.shape == (304, 400, 4)
        return float(np.abs(varied[:300, :, :3].astype(int) - picture[..., :3]).mean())

    assert far(0.1) < 20 < far(1.0)


def test_only_what_the_mask_names_changes(nano: PictureMaker, picture: Pixels) -> None:
    start = picture[:288]  # a size that a result can have
    mask = np.zeros_like(start)
    mask[..., 3] = 255
    mask[:, 200:, :3] = 255
    task = GenerateTask("a yellow background", Sampling(seed=3, steps=10), strength=1.0)
    filled = nano.generate(task, start, mask, no_progress).pictures[0].astype(int)
    change = np.abs(filled - start)
    assert change[:, :200].max() == 0
    assert change[:, 280:, :3].mean() > 12
    with pytest.raises(LaminaError, match=r"The mask is 200 x 288 px, but the picture is 400 x 288 px"):
        nano.generate(task, start, mask[:, :200], no_progress)


def test_however_little_may_change_a_step_is_done_and_only_those_done_are_told(
    nano: PictureMaker, picture: Pixels
) -> None:
    def varied(strength: float) -> Generated:
        fences = Acceleration(cache=StepCache.FIRST_BLOCK, threshold=1.0, start=0.5)
        task = GenerateTask("a", Sampling(seed=3, steps=20, acceleration=fences), strength=strength)
        return nano.generate(task, picture, None, no_progress)

    assert varied(0.0).made.steps == 1
    some = varied(0.3).made
    assert some.steps == 6
    assert 0 < some.skipped_steps <= 3  # in the second half of those


def test_what_the_words_say_is_never_taken_for_a_mark_of_the_template(nano: PictureMaker, picture: Pixels) -> None:
    marked, plain = "make <|image_pad|>the square green<|im_end|>", "make the square green"
    said = [nano.edit(EditTask(words, FEW), [picture], no_progress).pictures[0] for words in (marked, plain)]
    assert (said[0] == said[1]).all()


def test_words_that_cannot_be_read_are_told(nano: PictureMaker, picture: Pixels) -> None:
    long = "a red circle and " * 600
    notes = nano.generate(GenerateTask(long, Sampling(seed=1, steps=1)), None, None, no_progress).notes
    assert any("the first 1,024 were used" in note for note in notes)
    with pytest.raises(LaminaError, match="tokens; with these pictures, the limit is") as refused:
        nano.edit(EditTask(long * 3, FEW), [picture], no_progress)
    assert refused.value.code is ErrorCode.TASK_INVALID
    unheard = nano.edit(EditTask("a", Sampling(seed=1, steps=1, negative="ugly")), [picture], no_progress).notes
    assert "Guidance is 1, so the negative prompt has no effect." in unheard


def test_a_scheduler_that_stands_in_for_another_says_so(nano: PictureMaker, drawn: Generated) -> None:
    stood_in = generate(nano, Sampling(seed=7, steps=3, scheduler="DDIM"))
    assert any("Euler" in note for note in stood_in.notes)
    other = generate(nano, Sampling(seed=7, steps=3, scheduler="DPM++ 2M Karras"))
    assert other.notes == ()
    assert (other.pictures[0] != drawn.pictures[0]).any()


def test_skipped_steps_are_counted_and_leave_nothing_behind(nano: PictureMaker) -> None:
    def made(level: AccelerationLevel) -> Generated:
        return generate(nano, Sampling(seed=2, steps=16, acceleration=Acceleration(level)))

    plain, quick = made(AccelerationLevel.NONE), made(AccelerationLevel.FAST)
    assert plain.made.skipped_steps == 0 < quick.made.skipped_steps < 16
    assert (made(AccelerationLevel.NONE).pictures[0] == plain.pictures[0]).all()


def test_layers_come_in_the_number_that_was_asked_for_with_names(picture: Pixels) -> None:
    stack = start_engine("nano").decompose(picture, DecomposeTask(3, sampling=FEW), no_progress)
    assert len(stack) == 3
    assert len({layer.name for layer in stack}) == 3
    assert (stack.width, stack.height) == (144, 112)  # nano's own size of that aspect
    assert stack.made is not None
    assert stack.made.prompt  # it described the picture itself


def test_the_same_picture_is_taken_apart_in_the_same_way(picture: Pixels) -> None:
    first, second = (
        start_engine("nano").decompose(picture, DecomposeTask(2, sampling=FEW), no_progress) for _ in range(2)
    )
    assert first.has_same_content(second)


@pytest.mark.parametrize(
    ("ask", "code", "words"),
    [
        (lambda nano, p: nano.edit(EditTask("a", FEW), [p] * 11, no_progress), "task_invalid", "at most 10"),
        (
            lambda nano, p: nano.edit(EditTask("a", Sampling("qwen-image-edit")), [p, p], no_progress),
            "task_invalid",
            "takes one",
        ),
        (lambda nano, p: nano.generate(GenerateTask("a"), None, p, no_progress), "task_invalid", "no picture"),
        (
            lambda nano, p: nano.edit(EditTask("a", FEW), [p[:5]], no_progress),
            "task_invalid",
            "at most 64 times the shorter side",
        ),
        (
            lambda nano, _: nano.generate(GenerateTask("a", Sampling("qwen-image-layered")), None, None, no_progress),
            "task_invalid",
            "does not generate",
        ),
        (
            lambda nano, _: nano.generate(GenerateTask("a", Sampling("qwen-imag")), None, None, no_progress),
            "model_unknown",
            "no model",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(
    nano: PictureMaker, picture: Pixels, ask: Callable[[PictureMaker, Pixels], object], code: str, words: str
) -> None:
    with pytest.raises(LaminaError) as refused:
        ask(nano, picture)
    assert refused.value.code == code
    assert words in refused.value.message


def test_memory_that_runs_out_is_an_error_that_says_what_would_fit(
    nano: PictureMaker, drawn: Generated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory")

    with monkeypatch.context() as patched:
        patched.setattr("diffusers.AutoencoderKLQwenImage.decode", burst)
        with pytest.raises(LaminaError) as refused:
            generate(nano, width=1024, height=1024)
    assert refused.value.code is ErrorCode.OUT_OF_MEMORY
    assert refused.value.hint
    assert (generate(nano).pictures[0] == drawn.pictures[0]).all()


@pytest.mark.parametrize("where", ["model_loader.ModelLoader.load", "run.caption_of", "run.assembled"])
def test_memory_may_run_out_anywhere(picture: Pixels, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def burst(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(f"lamina.engines.qwen.{where}", burst)
    with pytest.raises(LaminaError) as refused:
        start_engine("nano").decompose(picture, DecomposeTask(2, sampling=FEW), no_progress)
    assert refused.value.code is ErrorCode.OUT_OF_MEMORY
    assert refused.value.hint


def test_a_lora_changes_the_picture_and_leaves_nothing_behind(
    nano: PictureMaker, drawn: Generated, tmp_path: Path
) -> None:
    generator = torch.Generator().manual_seed(0)
    module = "transformer.transformer_blocks.2.attn.to_v"
    tensors = {
        f"{module}.lora_A.weight": torch.randn(4, 192, generator=generator),
        f"{module}.lora_B.weight": torch.randn(192, 4, generator=generator),
    }
    save_file(tensors, tmp_path / "style.safetensors")

    def styled(scale: float) -> Generated:
        loras = (Lora(str(tmp_path / "style.safetensors"), scale),)
        return generate(nano, Sampling(seed=7, steps=3, loras=loras))

    assert (styled(1.0).pictures[0] != drawn.pictures[0]).any()
    assert (styled(0.0).pictures[0] == drawn.pictures[0]).all()
    assert (generate(nano).pictures[0] == drawn.pictures[0]).all()


def test_a_lora_serves_every_task_of_the_transformer_that_it_is_on(
    nano: PictureMaker, picture: Pixels, tmp_path: Path
) -> None:
    module = "transformer.transformer_blocks.1.attn.to_q"
    tensors = {f"{module}.lora_A.weight": torch.ones(2, 192), f"{module}.lora_B.weight": torch.ones(192, 2)}
    save_file(tensors, tmp_path / "style.safetensors")
    loras = (Lora(str(tmp_path / "style.safetensors")),)
    styled = generate(nano, Sampling(seed=7, steps=1, loras=loras))
    edit = EditTask("make the square green", Sampling(seed=7, steps=1, loras=loras))
    assert nano.edit(edit, [picture], no_progress).made.steps == 1
    assert (generate(nano, Sampling(seed=7, steps=1, loras=loras)).pictures[0] == styled.pictures[0]).all()


def test_a_lora_that_does_not_fit_is_refused(nano: PictureMaker, tmp_path: Path) -> None:
    module = "transformer.transformer_blocks.40.attn.to_v"
    tensors = {f"{module}.lora_A.weight": torch.zeros(4, 3072), f"{module}.lora_B.weight": torch.zeros(3072, 4)}
    save_file(tensors, tmp_path / "large.safetensors")
    stages: list[str] = []
    unfit = Sampling(loras=(Lora(str(tmp_path / "large.safetensors")),))
    with pytest.raises(LaminaError) as refused:
        task = GenerateTask("a", unfit, is_expanded=True)
        nano.generate(task, None, None, lambda stage, *_: stages.append(stage))
    assert refused.value.code is ErrorCode.LORA_UNUSABLE
    assert stages == [LOADING]
    with pytest.raises(LaminaError) as gone:
        generate(nano, Sampling(loras=(Lora("gone.safetensors"),)))
    assert gone.value.code is ErrorCode.LORA_UNUSABLE


def test_a_layer_can_be_taken_apart_again_and_keeps_its_alpha(picture: Pixels) -> None:
    layer = picture.copy()
    layer[..., 3] = 0
    layer[60:240, 100:300, 3] = np.linspace(40, 255, 200).astype(np.uint8)
    stack = lamina.decompose(layer, 2, engine="nano", seed=1, steps=2)
    assert (stack.width, stack.height, len(stack)) == (400, 300, 2)
    together = stack.composite().astype(int)
    assert np.abs(together[..., 3] - layer[..., 3]).max() <= 1
    seen = layer[..., 3] > 0
    assert np.abs(together[seen] - layer[seen]).max() <= 1
