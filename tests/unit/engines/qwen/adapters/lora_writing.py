"""LoRAs for the tests, written as each trainer writes them, and a transformer to put them on."""

import copy
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from lab.nano import build
from lamina.engines.qwen.adapters.files import LoraFile

Lora = dict[str, tuple[Tensor, Tensor, float]]  # module: down, up, alpha
NAMES = (
    "transformer_blocks.0.attn.to_q",
    "transformer_blocks.1.attn.to_out.0",
    "transformer_blocks.2.attn.to_add_out",
    "transformer_blocks.3.attn.add_k_proj",
    "transformer_blocks.4.img_mlp.net.0.proj",
    "transformer_blocks.5.txt_mlp.net.2",
    "transformer_blocks.5.img_mod.1",
    "img_in",
    "norm_out.linear",
    "time_text_embed.timestep_embedder.linear_1",
)


def transformer(seed: int = 0) -> nn.Module:
    """Nano's, with random weights where it starts with zeros."""
    torch.manual_seed(seed)
    model = build.transformer(is_layered=False)
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, 0, 0.05)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def output(model: nn.Module) -> Tensor:
    seeded = torch.Generator().manual_seed(7)
    return model(
        hidden_states=torch.randn(1, 16, 64, generator=seeded),
        encoder_hidden_states=torch.randn(1, 5, 128, generator=seeded),
        encoder_hidden_states_mask=torch.ones(1, 5, dtype=torch.bool),
        timestep=torch.tensor([0.5]),
        img_shapes=[[(1, 4, 4)]],
        return_dict=False,
    )[0]


def lora(model: nn.Module, names: tuple[str, ...] = NAMES, seed: int = 1, strength: float = 0.2) -> Lora:
    """Ranks 1, 2, 3, 4, 1... and alphas that are not the ranks."""
    seeded = torch.Generator().manual_seed(seed)
    made: Lora = {}
    for number, name in enumerate(names):
        linear, rank = model.get_submodule(name), 1 + number % 4
        down = torch.randn(rank, linear.in_features, generator=seeded) * strength
        up = torch.randn(linear.out_features, rank, generator=seeded) * strength
        made[name] = (down, up, 0.5 + number)
    return made


def merged(model: nn.Module, *scaled: tuple[Lora, float]) -> nn.Module:
    """By hand: W + scale * alpha / rank * up @ down."""
    changed = copy.deepcopy(model)
    for made, scale in scaled:
        for name, (down, up, alpha) in made.items():
            changed.get_submodule(name).weight += scale * alpha / down.shape[0] * up @ down
    return changed


def _named(made: Lora, module: str, down: str, up: str, has_alpha: bool = True) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, (down_matrix, up_matrix, alpha) in made.items():
        written = module.format(name, flat=name.replace(".", "_"))
        tensors[f"{written}.{down}"] = down_matrix.clone()
        tensors[f"{written}.{up}"] = up_matrix.clone()
        if has_alpha:
            tensors[f"{written}.alpha"] = torch.tensor(alpha)
    return tensors


def _folded(made: Lora, module: str, down: str, up: str) -> dict[str, Tensor]:
    """Without alpha: it is the rank then, so it goes into the matrices."""
    folded = {name: (a, b * (alpha / a.shape[0]), float(a.shape[0])) for name, (a, b, alpha) in made.items()}
    return _named(folded, module, down, up, has_alpha=False)


def _configured(made: Lora, **more: object) -> dict[str, str]:
    config = {"r": 4, "lora_alpha": 99, "alpha_pattern": {name: alpha for name, (_, _, alpha) in made.items()}, **more}
    return {"lora_adapter_metadata": json.dumps({f"transformer.{key}": value for key, value in config.items()})}


def in_layout(layout: str, made: Lora) -> tuple[dict[str, Tensor], dict[str, str]]:
    peft = ("lora_A.weight", "lora_B.weight")
    kohya = ("lora_down.weight", "lora_up.weight")
    if layout == "diffusers":
        return _folded(made, "transformer.{}", *peft), {"format": "pt"}
    if layout == "diffusers, with peft's configuration":
        return _named(made, "transformer.{}", *peft, has_alpha=False), _configured(made)
    if layout == "ai-toolkit":
        return _folded(made, "diffusion_model.{}", *peft), {}
    if layout == "kohya and musubi-tuner":
        return _named(made, "lora_unet_{flat}", *kohya), {}
    if layout == "DiffSynth":
        return _folded(made, "{}", "lora_A.default.weight", "lora_B.default.weight"), {}
    if layout == "DiffSynth, prefixed":
        return _folded(made, "pipe.dit.{}", "lora_A.default.weight", "lora_B.default.weight"), {}
    if layout == "lightx2v":
        return _named(made, "{}", *kohya), {}
    if layout == "bare":
        return _folded(made, "{}", *peft), {}
    if layout == "old diffusers":
        return _folded(made, "transformer.{}", "lora.down.weight", "lora.up.weight"), {}
    assert layout == "bare peft"
    return _folded(made, "base_model.model.{}", *peft), {}


LAYOUTS = (
    "diffusers",
    "diffusers, with peft's configuration",
    "ai-toolkit",
    "kohya and musubi-tuner",
    "DiffSynth",
    "DiffSynth, prefixed",
    "lightx2v",
    "bare",
    "old diffusers",
    "bare peft",
)


def saved(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> LoraFile:
    save_file(tensors, path, metadata)
    return LoraFile(path.name, path, hashlib.sha256(path.read_bytes()).hexdigest())


def saved_lora(path: Path, made: Lora, layout: str = "lightx2v") -> LoraFile:
    return saved(path, *in_layout(layout, made))
