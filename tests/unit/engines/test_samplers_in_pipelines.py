"""Every kind of scheduler inside diffusers' own pipelines of the family, with tiny models of random weights."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the qwen extra is not installed")
diffusers = pytest.importorskip("diffusers", reason="the qwen extra is not installed")

from flow_models import own_scheduler  # noqa: E402

from lamina.core.schedulers import SCHEDULERS  # noqa: E402
from lamina.engines.qwen.samplers import make_scheduler  # noqa: E402

STEPS = 5
SIDE = 32
KINDS = sorted({(known.method, known.spacing): known.name for known in reversed(SCHEDULERS.values())}.values())
PICTURE = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))
MASK = torch.zeros(1, 1, SIDE, SIDE).index_fill(3, torch.arange(SIDE // 2), 1)


@pytest.fixture(scope="module")
def parts() -> dict[str, object]:
    torch.manual_seed(0)
    vae = diffusers.AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 2, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    transformer = diffusers.QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(8, 4, 4),
    )
    return {"vae": vae.eval(), "transformer": transformer.eval(), "text_encoder": None, "tokenizer": None}


def run(pipeline: type, parts: dict[str, object], name: str, **arguments: object) -> tuple[np.ndarray, list[int]]:
    """The picture, and the evaluations that the pipeline's callback counted."""
    made, counted = pipeline(scheduler=make_scheduler(name, own_scheduler(False), 7), **parts), []
    made.set_progress_bar_config(disable=True)

    def count(_: object, index: int, __: object, latents: dict[str, object]) -> dict[str, object]:
        counted.append(index)
        return latents

    pictures = made(
        prompt_embeds=torch.ones(1, 4, 16),
        prompt_embeds_mask=torch.ones(1, 4, dtype=torch.long),
        height=SIDE,
        width=SIDE,
        num_inference_steps=STEPS,
        true_cfg_scale=1.0,
        generator=torch.Generator().manual_seed(7),
        output_type="np",
        callback_on_step_end=count,
        **arguments,
    ).images
    return pictures, counted


@pytest.mark.parametrize("name", KINDS)
def test_text_to_picture_takes_the_promised_evaluations_and_repeats_to_the_byte(name: str, parts: dict) -> None:
    picture, counted = run(diffusers.QwenImagePipeline, parts, name)
    assert counted == list(range(SCHEDULERS[name].evaluations(STEPS)))
    assert np.isfinite(picture).all()
    again, _ = run(diffusers.QwenImagePipeline, parts, name)
    assert picture.tobytes() == again.tobytes()


@pytest.mark.parametrize("name", KINDS)
def test_picture_to_picture_runs_the_share_of_steps_that_the_strength_says(name: str, parts: dict) -> None:
    distances = []
    for strength in (0.1, 0.6, 1.0):
        picture, counted = run(diffusers.QwenImageImg2ImgPipeline, parts, name, image=PICTURE, strength=strength)
        evaluations = SCHEDULERS[name].evaluations(STEPS)
        assert len(counted) == evaluations - int(evaluations - evaluations * strength)
        assert np.isfinite(picture).all()
        distances.append(len(counted))
    assert distances == sorted(distances)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_inpainting_runs(name: str, strength: float, parts: dict) -> None:
    arguments = {"image": PICTURE, "mask_image": MASK, "strength": strength}
    picture, counted = run(diffusers.QwenImageInpaintPipeline, parts, name, **arguments)
    assert counted
    assert np.isfinite(picture).all()
