"""Identifies a model by its architecture, so that no model is mistaken for another."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamina.core.catalog import MODELS, Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.engines.weights.checking import INDEX, read_json
from lamina.engines.weights.places import cached_as
from lamina.engines.weights.record import read_record

# The defaults of diffusers, which are the values of Qwen-Image, the first model of the family.
_TRANSFORMER = {
    "num_layers": 60,
    "num_attention_heads": 24,
    "attention_head_dim": 128,
    "use_additional_t_cond": False,
    "use_layer3d_rope": False,
    "zero_cond_t": False,
}
_VAE = {"base_dim": 96, "z_dim": 16, "input_channels": 3}


@dataclass(frozen=True, slots=True)
class Architecture:
    """What distinguishes the models of the family.

    `pipeline`: the class in `model_index.json`; `transformer`, `vae`: the distinguishing values in their `config.json`.
    """

    pipeline: str
    transformer: Mapping[str, int]
    vae: Mapping[str, int]

    def facts(self) -> Mapping[str, str | int]:
        """All values by name, for error messages."""
        parts = (("transformer", self.transformer), ("vae", self.vae))
        return {"pipeline": self.pipeline} | {f"{part} {key}": value for part, of in parts for key, value in of.items()}


_DRAWING = Architecture("QwenImagePipeline", _TRANSFORMER, _VAE)
_LAYERED = _TRANSFORMER | {"use_additional_t_cond": True, "use_layer3d_rope": True}

RELEASED = {
    "qwen-image": _DRAWING,
    "qwen-image-2512": _DRAWING,
    "qwen-image-edit": Architecture("QwenImageEditPipeline", _TRANSFORMER, _VAE),
    "qwen-image-edit-2509": Architecture("QwenImageEditPlusPipeline", _TRANSFORMER, _VAE),
    "qwen-image-edit-2511": Architecture("QwenImageEditPlusPipeline", _TRANSFORMER | {"zero_cond_t": True}, _VAE),
    "qwen-image-layered": Architecture("QwenImageLayeredPipeline", _LAYERED, _VAE | {"input_channels": 4}),
}
"""Architectures by model name, without nano, which is part of the package."""


def architecture_of(folder: Path) -> Architecture:
    """The architecture of the model in a folder. Raises `LaminaError` (weights_missing, weights_damaged)."""
    transformer, vae = (read_json(folder / part / "config.json") for part in ("transformer", "vae"))
    return Architecture(
        str(read_json(folder / INDEX).get("_class_name")),
        {key: transformer.get(key, default) for key, default in _TRANSFORMER.items()},
        {key: vae.get(key, default) for key, default in _VAE.items()},
    )


def check_is(model: Model, folder: Path) -> None:
    """Raises `LaminaError` (weights_missing, weights_damaged) unless the folder can be the released `model`.

    Models with the same architecture are distinguished if a record or the hub cache names them.
    """
    actual, wanted = architecture_of(folder), RELEASED[model.name]
    named = _named(folder)
    if actual != wanted:
        facts, other = actual.facts(), wanted.facts()
        differences = [f"{key} is {facts[key]} instead of {other[key]}" for key in facts if facts[key] != other[key]]
        fitting = [name for name, architecture in RELEASED.items() if architecture == actual]
        raise _wrong_model(model, folder, ", ".join(differences), fitting)
    if named is not None and named != model.name:
        raise _wrong_model(model, folder, f"they belong to {named}", [named])


def _named(folder: Path) -> str | None:
    """The name of the catalog model that the folder's record or hub cache states."""
    record, cached = read_record(folder), cached_as(folder.resolve())
    if record is not None:
        return record.model
    return next((name for name, model in MODELS.items() if cached and model.checkpoint.repository == cached[0]), None)


def _wrong_model(model: Model, folder: Path, reason: str, fitting: list[str]) -> LaminaError:
    names = " or ".join(fitting)
    return LaminaError(
        ErrorCode.WEIGHTS_DAMAGED,
        f"The weights in {folder} are not those of {model.name}: {reason}.",
        f"They match {names}: lamina pull {fitting[0]} --from {folder}."
        if fitting
        else "They match no released model.",
    )
