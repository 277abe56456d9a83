"""Trains nano part by part and writes it into the package: scripts/train-nano [FOLDER].

Checkpoints and samples are stored in FOLDER; existing ones are continued, also in the middle of a part. Delete
FOLDER/vae.pt (and so on) to train that part again, and then the parts that depend on it.
"""

import argparse
from functools import partial
from pathlib import Path

import torch

from lab.nano.assembly import WEIGHTS
from lab.nano.training import flat_kernels
from lab.nano.training.decoder import train_decoder
from lab.nano.training.encoders import load_encoders
from lab.nano.training.export import export, save_text_encoder, save_vae
from lab.nano.training.layered import train_layered
from lab.nano.training.pictures import train_pictures
from lab.nano.training.text_encoder import train_text_encoder, trained_text_encoder
from lab.nano.training.vae import train_vae, trained_vae

PARTS = ("vae", "text_encoder", "pictures", "layered", "decoder", "export")
STEPS = {"vae": 6000, "text_encoder": 2600, "pictures": 53_500, "layered": 9200, "decoder": 16_000}
_SHAPES_COMPILED = 64  # the limit up to which torch compiles for another shape


def main() -> None:
    options = _options()
    folder: Path = options.folder
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch._dynamo.config.recompile_limit = _SHAPES_COMPILED
    flat_kernels.install()
    for part in options.parts or PARTS:
        _train(part, folder, options)


def _train(part: str, folder: Path, options: argparse.Namespace) -> None:
    parts, device = folder / "parts", options.device
    steps = options.steps or STEPS.get(part, 0)
    load = partial(load_encoders, parts, device)
    match part:
        case "vae":
            train_vae(folder, steps, device, is_compiled=True)
            save_vae(trained_vae(folder), parts)
        case "text_encoder":
            train_text_encoder(folder, steps, device)
            save_text_encoder(trained_text_encoder(folder), parts)
        case "pictures":
            train_pictures(folder, load, steps, device)
        case "layered":
            train_layered(folder, load, steps, device)
        case "decoder":
            train_decoder(folder, load, steps, device, is_compiled=True)
        case _:
            export(folder, options.to)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/train-nano", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of checkpoints and samples, outside the repository")
    parser.add_argument("--part", dest="parts", action="append", choices=PARTS, help="part to train; may be repeated")
    parser.add_argument("--steps", type=int, help="number of steps of each part (depends on the part)")
    parser.add_argument("--device", default="cpu", help="device, cpu or cuda (cpu)")
    parser.add_argument("--threads", type=int, default=1, help="number of CPU threads (1)")
    parser.add_argument("--to", type=Path, default=WEIGHTS, help="folder to write the weights into (the package)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
