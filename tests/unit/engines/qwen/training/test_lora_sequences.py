"""What is learnt from is what the pipelines give the transformer, to the number."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from examples import edit_examples, layer_examples
from lab.nano.assembly import Pipelines, pipelines
from lamina.core.catalog import NANO
from lamina.core.tasks import TaskKind
from lamina.core.training import Example
from lamina.core.training_options import Targets
from lamina.engines.qwen.pipelines import Components, sized_for
from lamina.engines.qwen.quantising import quantise
from lamina.engines.qwen.training.adapter import TrainedAdapter
from lamina.engines.qwen.training.encoding import Encoded, EncodedExamples, Encoder
from lamina.engines.qwen.training.flow import NoiseLevels, batch_of, loss_of, velocity
from lamina.engines.qwen.training.order import Order


@pytest.fixture(scope="module")
def stock() -> Pipelines:
    return pipelines()


def encoded(stock: Pipelines, kind: TaskKind, examples: Sequence[Example]) -> list[Encoded]:
    pipeline: Any = stock.decompose if kind is TaskKind.DECOMPOSE else stock.edit
    roles = ("vae", "text_encoder", "tokenizer", "processor", "scheduler")
    parts = Components(**{role: getattr(pipeline, role) for role in roles}, transformer=None)
    encoder = Encoder(NANO, kind, parts, NANO.native_px)
    return [encoder.encode(example) for example in examples]


class CaughtError(Exception):
    """Holds what a pipeline first gave its transformer."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__()
        self.given = given


def given_to_transformer(pipeline: Any, **asked: Any) -> dict[str, Any]:
    def catch(_module: Any, _arguments: Any, given: dict[str, Any]) -> None:
        raise CaughtError(given)

    handle = pipeline.transformer.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        with sized_for(NANO), torch.no_grad():
            pipeline(num_inference_steps=4, generator=torch.Generator().manual_seed(5), **asked)
    except CaughtError as caught:
        return caught.given
    finally:
        handle.remove()
    raise AssertionError("the transformer was not asked")


def images_of(example: Example) -> list[Image.Image]:
    return [Image.fromarray(read()) for read in example.starts]


def trained_on(stock: Pipelines, kind: TaskKind, example: Encoded, noise: torch.Tensor) -> dict[str, Any]:
    """What training gives the transformer at the noisiest level."""
    pipeline: Any = stock.decompose if kind is TaskKind.DECOMPOSE else stock.edit
    batch = batch_of([example], [False], "cpu")
    caught: dict[str, Any] = {}

    def note(_module: Any, _arguments: Any, given: dict[str, Any]) -> None:
        caught.update(given)

    handle = pipeline.transformer.register_forward_pre_hook(note, with_kwargs=True)
    with torch.no_grad():
        velocity(pipeline.transformer, noise, torch.ones(1), batch)
    handle.remove()
    return caught


def check_equal(pipelines_own: dict[str, Any], ours: dict[str, Any]) -> None:
    for name in ("hidden_states", "encoder_hidden_states", "timestep"):
        assert (pipelines_own[name].float() - ours[name].float()).abs().max() < 1e-5, name
    assert [list(shapes) for shapes in ours["img_shapes"]] == [list(shapes) for shapes in pipelines_own["img_shapes"]]
    assert pipelines_own["encoder_hidden_states_mask"] is None
    assert ours["encoder_hidden_states_mask"] is None


@pytest.mark.parametrize("references", [1, 3])
def test_of_an_edit(stock: Pipelines, references: int) -> None:
    (example,) = edit_examples(1, references)
    theirs = given_to_transformer(stock.edit, image=images_of(example), prompt=example.caption, width=64, height=64)
    (one,) = encoded(stock, TaskKind.EDIT, [example])
    noise = theirs["hidden_states"][:, : one.target.shape[1]]
    check_equal(theirs, trained_on(stock, TaskKind.EDIT, one, noise))


def test_of_layers(stock: Pipelines) -> None:
    (example,) = layer_examples(3)
    theirs = given_to_transformer(stock.decompose, image=images_of(example)[0], prompt=example.caption, layers=3)
    (one,) = encoded(stock, TaskKind.DECOMPOSE, [example])
    assert one.target.shape[0] == 4  # the whole picture, then each layer
    assert torch.equal(one.target[0], one.given)
    noise = theirs["hidden_states"][:, : 4 * one.target.shape[1]]
    ours = trained_on(stock, TaskKind.DECOMPOSE, one, noise)
    check_equal(theirs, ours)
    assert torch.equal(theirs["additional_t_cond"], ours["additional_t_cond"])


@pytest.mark.parametrize("is_layered", [False, True])
def test_the_noise_levels_are_those_of_the_pipelines(stock: Pipelines, is_layered: bool) -> None:
    pipeline: Any = stock.decompose if is_layered else stock.edit
    example = (layer_examples() if is_layered else edit_examples(1))[0]
    image: Any = images_of(example)[0] if is_layered else images_of(example)
    extra = {"layers": 2} if is_layered else {"width": 64, "height": 64}
    given_to_transformer(pipeline, image=image, prompt="x", **extra)
    ours = NoiseLevels(pipeline.scheduler, is_layered).schedule(16, 4)
    assert torch.allclose(ours.sigmas, pipeline.scheduler.sigmas)
    drawn = NoiseLevels(pipeline.scheduler, is_layered).draw(16, 500, np.random.default_rng(0))
    assert 0 < drawn.min() < 0.2 < 0.8 < drawn.max() <= 1


def test_what_is_cached_is_what_was_encoded(stock: Pipelines, tmp_path: Path) -> None:
    examples = edit_examples(2)
    pipeline = stock.edit
    roles = ("vae", "text_encoder", "tokenizer", "processor", "scheduler")
    parts = Components(**{role: getattr(pipeline, role) for role in roles}, transformer=None)
    cache = EncodedExamples(tmp_path, examples, "nano")
    told: list[tuple[int, int]] = []
    cache.fill(Encoder(NANO, TaskKind.EDIT, parts, 64), lambda done, count: told.append((done, count)))
    assert told == [(0, 2), (1, 2)]
    (first, _) = encoded(stock, TaskKind.EDIT, examples)
    again = EncodedExamples(tmp_path, examples, "nano")
    assert again.missing == []
    assert torch.equal(again.read(0).words, first.words)
    assert again.read(0).grids == first.grids == again.grids(0)
    assert EncodedExamples(tmp_path, examples, "another model").missing == [0, 1]


def test_padding_does_not_change_what_is_said(stock: Pipelines) -> None:
    short, long = encoded(stock, TaskKind.EDIT, edit_examples(2))
    assert len(short.words) < len(long.words)
    noise = torch.randn(2, *short.target.shape[1:], generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        both = velocity(stock.edit.transformer, noise, torch.ones(2), batch_of([short, long], [False] * 2, "cpu"))
        alone = velocity(stock.edit.transformer, noise[:1], torch.ones(1), batch_of([short], [False], "cpu"))
    assert (both[:1] - alone).abs().max() < 1e-4


def test_a_caption_that_is_left_out_is_no_words_at_all(stock: Pipelines) -> None:
    (one,) = encoded(stock, TaskKind.EDIT, edit_examples(2)[1:])
    assert torch.equal(batch_of([one], [True], "cpu").words[0], one.no_words)
    assert torch.equal(batch_of([one], [False], "cpu").words[0], one.words)


def test_every_example_comes_once_an_epoch_with_those_of_its_shape_only() -> None:
    square, wide = ((1, 4, 4), (1, 4, 4)), ((1, 4, 8), (1, 4, 8))
    grids = [square, wide, square, square, wide, square, square]
    order = Order(grids, 2, seed=3)
    assert order.batches == 4
    epochs = [[order.examples_of(step) for step in range(4 * epoch, 4 * epoch + 4)] for epoch in range(3)]
    for epoch in epochs:
        assert sorted(index for batch in epoch for index in batch) == list(range(7))
        assert all(len({grids[index] for index in batch}) == 1 for batch in epoch)
    assert epochs[0] != epochs[1]
    assert Order(grids, 2, seed=3).examples_of(9) == epochs[2][1]


@pytest.fixture
def quantised() -> Iterator[Any]:
    transformer = pipelines().edit.transformer
    quantise(transformer)
    yield transformer.requires_grad_(False)


def test_an_8_bit_base_with_checkpointing_has_the_gradients_of_one_without(quantised: Any, stock: Pipelines) -> None:
    (one,) = encoded(stock, TaskKind.EDIT, edit_examples(1))
    noise = torch.randn(1, *one.target.shape, generator=torch.Generator().manual_seed(2))

    def gradients() -> list[torch.Tensor]:
        for parameter in adapter.parameters:
            parameter.grad = None
        loss_of(quantised, batch_of([one], [False], "cpu"), torch.tensor([0.7]), noise).backward()
        return [parameter.grad for parameter in adapter.parameters if parameter.grad is not None]

    adapter = TrainedAdapter(quantised, 4, 4.0, Targets.ATTENTION, seed=0)
    plain = gradients()
    quantised.enable_gradient_checkpointing()
    again = gradients()
    assert any(gradient.abs().max() > 0 for gradient in plain)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(plain, again, strict=True))
