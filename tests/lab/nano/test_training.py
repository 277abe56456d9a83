"""Training goes on from its checkpoint as if it had not been cut off, and samples are kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lab.nano import build, tokens
from lab.nano.drawing import SIZES
from lab.nano.training import decoder, flow, layered, pictures
from lab.nano.training.encoders import Encoders
from lab.nano.training.loop import Schedule, averaged, train
from lab.nano.training.pool import Group, pools


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


class Tiny(nn.Module):
    """Named as a transformer's block is, so that both optimizers have something to do."""

    def __init__(self) -> None:
        super().__init__()
        self.attn = nn.Module()
        self.attn.to_q = nn.Linear(4, 4)
        self.out = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.tanh(self.attn.to_q(x)))


class CutOffError(Exception):
    pass


def run(folder: Path, steps: int, cut_off_at: int | None = None) -> nn.Module:
    torch.manual_seed(3)
    model = Tiny()

    def loss_of(step: int, rng: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        if step == cut_off_at:
            raise CutOffError
        x = torch.from_numpy(rng.standard_normal((8, 4))).float()
        return (model(x) - x.sum(1, keepdim=True)).square().mean() + 0 * torch.randn(1).sum(), {"seen": float(step)}

    schedule = Schedule(steps, warm_up=5, matrix_rate=2e-3)
    return train(model, loss_of, schedule, folder / "tiny.pt", saved_every_s=-1.0)


def test_a_run_that_was_cut_off_ends_with_the_same_weights(tmp_path: Path):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    whole.mkdir(), parted.mkdir()
    expected = run(whole, 20)
    with pytest.raises(CutOffError):
        run(parted, 20, cut_off_at=11)
    again = run(parted, 20)
    for mine, theirs in zip(again.state_dict().values(), expected.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
    kept = averaged(parted / "tiny.pt", Tiny())
    assert torch.equal(kept.out.weight, expected.out.weight)


def test_what_is_learnt_is_less_wrong_than_what_was_there_before(tmp_path: Path):
    x = torch.randn(64, 4)

    def off(model: nn.Module) -> float:
        return float((model(x) - x.sum(1, keepdim=True)).detach().square().mean())

    torch.manual_seed(3)
    assert off(run(tmp_path, 400)) < off(Tiny()) / 2


def test_a_kernel_is_learnt_as_a_matrix_in_its_own_memory(tmp_path: Path):
    torch.manual_seed(3)
    model = nn.Conv3d(16, 16, 3, padding=1)
    x = torch.randn(4, 16, 1, 6, 6)

    def off() -> torch.Tensor:
        return (model(x) - x).square().mean()

    before, weight = float(off().detach()), model.weight.detach().clone()
    schedule = Schedule(60, warm_up=5, matrix_rate=2e-2)
    train(model, lambda _step, _rng: (off(), {}), schedule, tmp_path / "kernel.pt")
    assert float(off().detach()) < before / 2
    saved = torch.load(tmp_path / "kernel.pt", weights_only=True)["optimizers"]
    assert [len(one["state"]) for one in saved] == [1, 1]  # the bias is AdamW's, the kernel Muon's
    assert (model.weight.detach() - weight)[:, :, 0].abs().max() < 0.02  # of taps that look at nothing: decay alone


def test_noise_is_mixed_as_the_sampler_takes_it_off():
    latents = torch.randn(4, 2, 3, 5)
    mixed, velocity = flow.noisy(latents, torch.tensor([0.0, 1.0, 0.25, 0.5]))
    assert torch.allclose(mixed[0], latents[0])
    assert torch.allclose(mixed[2] - 0.25 * velocity[2], latents[2], atol=1e-6)
    sigmas = flow.random_sigmas(64, 0.5, 1.0, "cpu")
    assert sigmas.min() > 0
    assert (sigmas == 1).sum() == 8


def test_the_decoder_learns_once_more_and_the_encoder_stays(tmp_path: Path):
    torch.save({"average": build.transformer(is_layered=False).state_dict()}, tmp_path / "pictures.pt")
    tokenizer = tokens.tokenizer()
    encoders = Encoders(build.vae(), build.text_encoder(tokenizer).eval(), tokenizer, tokens.processor(tokenizer))
    before = {name: weight.clone() for name, weight in encoders.vae.state_dict().items()}
    decoder.train_decoder(tmp_path, lambda: encoders, 2, "cpu", is_compiled=False, predictions=50)
    after = decoder.with_trained_decoder(tmp_path, build.vae()).state_dict()
    changed = {name.split(".")[0] for name, weight in after.items() if not torch.equal(weight, before[name])}
    assert changed == {"decoder", "post_quant_conv"}
    other = build.vae()
    assert decoder.with_trained_decoder(tmp_path / "elsewhere", other) is other


@pytest.mark.parametrize("groups", [pictures.groups(), layered.groups()], ids=["pictures", "layered"])
def test_groups_draw_what_they_say(groups: list[Group]):
    assert sum(group.share for group in groups) == pytest.approx(1)
    for group in groups:
        sample = group.draw(np.random.default_rng(0))
        width, height = group.size
        assert sample.pictures.shape == (group.pictures, 4, height, width), group.name
        aspect = (width / height) ** 0.5
        for shown in sample.shown:  # the language model sees pictures of one area, each side to the nearest 16 px
            assert abs(shown.width - 64 * aspect) <= 8, group.name
            assert abs(shown.height - 64 / aspect) <= 8, group.name


def test_larger_pictures_are_learnt_at_more_noise():
    by_size = {group.size: group.more_noise for group in pictures.groups()}
    assert by_size[64, 64] == 0
    assert by_size[128, 128] == pytest.approx(np.log(2))
    assert by_size[256, 256] == pytest.approx(np.log(4))


def test_samples_are_made_once_and_read_back(tmp_path: Path):
    tokenizer = tokens.tokenizer()
    encoders = Encoders(build.vae(), build.text_encoder(tokenizer).eval(), tokenizer, tokens.processor(tokenizer))
    seen: list[int] = []

    def load() -> Encoders:
        seen.append(1)
        return encoders

    draw = next(group.draw for group in layered.groups() if (group.size, group.pictures) == (SIZES[0], 4))
    group = Group("tiny", SIZES[0], 4, 24, 40, 8, 1.0, draw)
    pool = pools([group], tmp_path, load, "cpu")[0]
    assert pools([group], tmp_path, load, "cpu")[0].latents.shape == (40, 4, 16, 64)
    assert len(seen) == 1
    batch = pool.batch(np.random.default_rng(0))
    assert batch.latents.shape == (8, 4, 16, 64)
    assert batch.states.shape == (8, 24, build.TEXT_WIDTH)
    assert batch.is_word[:, 0].all()
    assert not batch.states[~batch.is_word].any()
    assert torch.equal(pool.batch(np.random.default_rng(0)).latents, batch.latents)
