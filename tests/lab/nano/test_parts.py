"""Nano's parts are the released models' in small: token counts that the pipelines count on, sizes, quick training."""

import numpy as np
import pytest
import torch
from diffusers import QwenImageEditPlusPipeline, QwenImagePipeline

from lab.nano import build, tokens
from lab.nano.drawing import phrased, random_composition
from lab.nano.edits import random_edit
from lab.nano.training.encoders import Encoders
from lab.nano.training.fast_training import optimized_for_training
from lab.nano.training.text_encoder import picture_of
from lamina.core.catalog import NANO
from lamina.engines.qwen.sizes import nano_size


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def tokenizer():
    return tokens.tokenizer()


def test_prompt_templates_are_as_long_as_the_pipelines_cut_off(tokenizer):
    drawing, editing = tokens.DRAWING_TEMPLATE.split("{}")[0], tokens.EDITING_TEMPLATE.split("{}")[0]
    assert len(tokenizer(drawing).input_ids) == 34
    assert len(tokenizer(editing).input_ids) == 64


def test_the_tokenizer_is_the_same_every_time_and_reads_back_what_it_wrote(tokenizer):
    assert tokens.tokenizer().get_vocab() == tokenizer.get_vocab()
    rng = np.random.default_rng(3)
    for _ in range(20):
        text = phrased(rng, random_composition(rng, 3, is_held_out=True))
        assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert tokenizer.decode(tokenizer("Grüße, 你好!").input_ids) == "Grüße, 你好!"


def test_parts_are_small(tokenizer):
    assert build.parameters_of(build.vae()) == pytest.approx(2.57e6, rel=0.01)
    assert build.parameters_of(build.text_encoder(tokenizer)) == pytest.approx(0.78e6, rel=0.03)
    assert build.parameters_of(build.transformer(is_layered=False)) == pytest.approx(8.2e6, rel=0.01)
    assert build.parameters_of(build.transformer(is_layered=True)) == pytest.approx(8.2e6, rel=0.01)


def test_words_in_training_are_what_the_pipelines_make_of_them(tokenizer):
    model, processor = build.text_encoder(tokenizer).eval(), tokens.processor(tokenizer)
    encoders = Encoders(build.vae(), model, tokenizer, processor)
    rng = np.random.default_rng(1)
    texts = [phrased(rng, random_composition(rng, n)) for n in (1, 3)]
    pipeline = QwenImagePipeline(None, None, model, tokenizer, None)
    with torch.no_grad():
        for text, states in zip(texts, encoders.drawing_states(texts), strict=True):
            expected, _ = pipeline.encode_prompt(text, device="cpu")
            assert torch.allclose(states, expected[0], atol=1e-4)
    edits = [random_edit(rng, kind="recolour"), random_edit(rng, kind="bring")]
    shown = [[picture_of(reference) for reference in edit.references] for edit in edits]
    editing = QwenImageEditPlusPipeline(None, None, model, tokenizer, processor, None)
    with torch.no_grad():
        together = encoders.editing_states([edit.instruction for edit in edits], shown)
        for edit, pictures, states in zip(edits, shown, together, strict=True):
            expected, _ = editing.encode_prompt(edit.instruction, image=pictures, device="cpu")
            assert torch.allclose(states, expected[0], atol=1e-4)


@pytest.mark.parametrize("is_layered", [False, True])
def test_quick_training_computes_what_the_model_computes(is_layered: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("torch.nn.Module.compile", lambda *_, **__: None)  # which takes a minute, and is torch's matter
    model = build.transformer(is_layered)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0, 0.05)
    asked = {
        "hidden_states": torch.randn(2, 48, 64),
        "timestep": torch.tensor([0.3, 0.9]),
        "encoder_hidden_states": torch.randn(2, 7, build.TEXT_WIDTH),
        "encoder_hidden_states_mask": torch.tensor([[True] * 7, [True] * 4 + [False] * 3]),
        "img_shapes": [[(1, 4, 4)] * 3] * 2,
        "return_dict": False,
        **({"additional_t_cond": torch.zeros(2, dtype=torch.long)} if is_layered else {}),
    }
    with torch.no_grad():
        plain = model(**asked)[0]
        with optimized_for_training(model):
            quick = model(**asked)[0]
        again = model(**asked)[0]
    assert torch.allclose(quick, plain, atol=1e-4)
    assert torch.equal(again, plain), "afterwards the model is as it was"


@pytest.mark.parametrize(("ratio", "size"), [(1, (64, 64)), (16 / 9, (80, 48)), (0.5, (48, 96)), (4 / 3, (80, 48))])
def test_sizes_are_near_nanos_area_in_whole_tokens(ratio: float, size: tuple[int, int]):
    assert nano_size((ratio, 1.0), NANO.native_px) == size
