"""The fields that fal's inputs are made of: for each its type, what it may be, and what it means, in words of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

PRESETS: dict[str, tuple[int, int]] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
"""Width and height in px, as fal's toolkit has them."""

MOST_LORAS = 3
_LONGEST_SIDE_PX = 14_142
_ENDLESS = 50_000  # characters of a prompt that fal sets no bound for
_FILE: dict[str, JsonValue] = {"x-fal-file-input": True}


class ImageSize(BaseModel):
    model_config = ConfigDict(json_schema_extra={"x-fal-order-properties": ["width", "height"]})

    width: int = Field(512, gt=0, le=_LONGEST_SIDE_PX, description="Of the picture, in pixels.")
    height: int = Field(512, gt=0, le=_LONGEST_SIDE_PX, description="Of the picture, in pixels.")


class LoraWeight(BaseModel):
    model_config = ConfigDict(json_schema_extra={"x-fal-order-properties": ["path", "scale"]})

    path: str = Field(min_length=1, description="Where the LoRA is: an https address, or owner/name on the hub.")
    scale: float = Field(1, ge=0, le=4, allow_inf_nan=False, description="How strongly it works.")


class LoRAInput(LoraWeight):
    """The same, by the name that it has at the layered model."""


Preset = Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]
OptionalText = Annotated[str, Field(max_length=_ENDLESS)] | None
FileText = Annotated[str, Field(min_length=1, json_schema_extra=_FILE)]


@dataclass(frozen=True, slots=True)
class FieldOf:
    """One field of an input: `name`, its Python type, and pydantic's description of it."""

    name: str
    type: Any
    info: Any


def prompt(words: str = "What the picture is to show, or how it is to change.", most: int = _ENDLESS) -> FieldOf:
    least = None if most == _ENDLESS else 1
    return FieldOf("prompt", str, Field(min_length=least, max_length=most, description=words))


def caption() -> FieldOf:
    words = "What the picture shows; where it is left out, the model looks for itself."
    return FieldOf("prompt", OptionalText, Field(None, description=words))


def image_url(words: str = "The picture to work on: an http(s) address or a data: URI.") -> FieldOf:
    return FieldOf("image_url", str, Field(min_length=1, description=words, json_schema_extra=_FILE))


def image_urls(most: int | None = None) -> FieldOf:
    words = "The pictures to work on, in the order in which the prompt speaks of them."
    return FieldOf("image_urls", list[FileText], Field(min_length=1, max_length=most, description=words))


def negative_prompt(default: str = "", most: int = _ENDLESS, may_be_null: bool = False) -> FieldOf:
    kind: Any = str | None if may_be_null else str
    return FieldOf("negative_prompt", kind, Field(default, max_length=most, description="What it should not show."))


def image_size(default: Preset | None = None, may_be_null: bool = True) -> FieldOf:
    kind = ImageSize | Preset | None if may_be_null else ImageSize | Preset
    words = "Of the pictures made: a name, or width and height; where there is none, that of the last picture given."
    return FieldOf("image_size", kind, Field(default, description=words))


def steps(least: int, most: int, default: int) -> FieldOf:
    info = Field(default, ge=least, le=most, description="Sampling steps.")
    return FieldOf("num_inference_steps", int, info)


def guidance(least: float, default: float) -> FieldOf:
    words = "Classifier-free guidance: how closely to follow the prompt."
    return FieldOf("guidance_scale", float, Field(default, ge=least, le=20, allow_inf_nan=False, description=words))


def seed() -> FieldOf:
    words = "The same seed, prompt and model give the same picture; where there is none, one is drawn."
    return FieldOf("seed", int | None, Field(None, description=words))


def count(most: int) -> FieldOf:
    return FieldOf("num_images", int, Field(1, ge=1, le=most, description="How many pictures to make."))


def layer_count() -> FieldOf:
    words = "How many layers to take the picture apart into."
    return FieldOf("num_layers", int, Field(4, ge=1, le=10, description=words))


def formats(*names: str) -> FieldOf:
    return FieldOf("output_format", _one_of(names), Field("png", description="Of the pictures."))


def acceleration(default: str, *names: str) -> FieldOf:
    words = "How much may be skipped to be quicker."
    return FieldOf("acceleration", _one_of(names), Field(default, description=words))


def strength(default: float) -> FieldOf:
    words = "How much of the picture may change: 0 is nothing, 1 is all."
    return FieldOf("strength", float, Field(default, ge=0, le=1, allow_inf_nan=False, description=words))


def loras(kind: type[LoraWeight]) -> FieldOf:
    words = "LoRAs to put on the model, at most 3."
    # fal's schema bounds it in words only
    return FieldOf("loras", list[kind], Field([], description=words))


def image_data_url(words: str) -> FieldOf:
    return FieldOf("image_data_url", str, Field(min_length=1, description=words, json_schema_extra=_FILE))


def learning_rate() -> FieldOf:
    info = Field(1e-4, allow_inf_nan=False, description="How far each step goes.")
    return FieldOf("learning_rate", float, info)


def training_steps(most: int) -> FieldOf:
    info = Field(1000, ge=100, le=most, multiple_of=100, description="Steps of training; it is priced by them.")
    return FieldOf("steps", int, info)


def default_caption() -> FieldOf:
    words = "For examples without words of their own; where there is none, each must have some."
    return FieldOf("default_caption", OptionalText, Field(None, description=words))


def switch(name: str, default: bool, words: str) -> FieldOf:
    return FieldOf(name, bool, Field(default, description=words))


SYNC_MODE = switch("sync_mode", False, "Send the pictures in the answer, as data: URIs, and keep none of them.")
SAFETY = switch("enable_safety_checker", True, "Look at what was made, and black out what must not be shown.")
TURBO = switch("use_turbo", False, "Quicker: 10 steps with a guidance of 1.2.")
EXPANSION = switch("enable_prompt_expansion", True, "Let a language model enrich the prompt first.")


def _one_of(names: Sequence[str]) -> Any:
    return Literal[tuple(names)]  # pyright: ignore[reportInvalidTypeForm]
