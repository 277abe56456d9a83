"""Flow matching as for the released models: x at sigma is (1 - sigma) x0 + sigma noise, the target is noise - x0.

Shapes: B batch, F pictures, S tokens, C channels.
"""

import torch


def random_sigmas(count: int, centre: float, spread: float, device: str, pure: int = 8) -> torch.Tensor:
    """(B,) in 0..1 with normally distributed log odds; one of every `pure` is 1, where sampling starts."""
    sigmas_B = torch.sigmoid(centre + spread * torch.randn(count, device=device))
    sigmas_B[::pure] = 1.0
    return sigmas_B


def noisy(latents_BFSC: torch.Tensor, sigmas_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The latents with noise at these sigmas, and the velocity that the model should predict."""
    noise = torch.randn_like(latents_BFSC)
    share = sigmas_B.view(-1, *[1] * (latents_BFSC.dim() - 1))
    return (1 - share) * latents_BFSC + share * noise, noise - latents_BFSC


def loss_of_parts(off_BFSC: torch.Tensor, weights_F: torch.Tensor) -> torch.Tensor:
    """The weighted mean of the mean squares of the pictures."""
    return (off_BFSC.square().mean((0, 2, 3)) * weights_F).sum() / weights_F.sum()


def figures_of(off_BFSC: torch.Tensor, name: str) -> dict[str, float]:
    return {name: float(off_BFSC.detach().square().mean())}
