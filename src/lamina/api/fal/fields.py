"""The fields of fal's inputs: their types and ranges, with descriptions by Lamina."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

PRESETS: dict[str, tuple[int, int]] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
"""Width and height in px, as in fal's toolkit."""

MOST_LORAS = 3
_LONGEST_SIDE_PX = 14_142
_MAX_PROMPT_LENGTH = 50_000  # maximum length of a prompt where fal sets no limit, in characters


class ImageSize(BaseModel):
    model_config = ConfigDict(json_schema_extra={"x-fal-order-properties": ["width", "height"]})

    width: int = Field(512, gt=0, le=_LONGEST_SIDE_PX, description="Width of the image in pixels.")
    height: int = Field(512, gt=0, le=_LONGEST_SIDE_PX, description="Height of the image in pixels.")


class LoraWeight(BaseModel):
    model_config = ConfigDict(json_schema_extra={"x-fal-order-properties": ["path", "scale"]})

    path: str = Field(min_length=1, description="URL of the LoRA, or owner/name on the Hugging Face Hub.")
    scale: float = Field(1, ge=0, le=4, allow_inf_nan=False, description="Scale of the LoRA.")


class LoRAInput(LoraWeight):
    """The same fields under the name of the layered model's schema."""


Preset = Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"]
OptionalText = Annotated[str, Field(max_length=_MAX_PROMPT_LENGTH)] | None
FileText = Annotated[str, Field(min_length=1, json_schema_extra={"x-fal-file-input": True})]


@dataclass(frozen=True, slots=True)
class FieldOf:
    """One field of an input: `name`, its Python type, and its pydantic `Field`."""

    name: str
    type: Any
    info: Any

    @property
    def definition(self) -> Any:
        """What pydantic's `create_model` takes."""
        return self.type, self.info


def prompt(
    description: str = "Description of the image to generate, or of the edit.", maximum: int = _MAX_PROMPT_LENGTH
) -> FieldOf:
    minimum = None if maximum == _MAX_PROMPT_LENGTH else 1
    return FieldOf("prompt", str, Field(min_length=minimum, max_length=maximum, description=description))


def caption() -> FieldOf:
    description = "Caption of the image; if omitted, the model infers it from the image."
    return FieldOf("prompt", OptionalText, Field(None, description=description))


def image_url(description: str = "The input image: an http(s) URL or a data: URI.") -> FieldOf:
    return FieldOf("image_url", FileText, Field(description=description))


def image_urls(maximum: int | None = None) -> FieldOf:
    description = "The input images, in the order in which the prompt refers to them."
    return FieldOf("image_urls", list[FileText], Field(min_length=1, max_length=maximum, description=description))


def negative_prompt(default: str = "", maximum: int = _MAX_PROMPT_LENGTH, may_be_null: bool = False) -> FieldOf:
    kind: Any = str | None if may_be_null else str
    return FieldOf(
        "negative_prompt", kind, Field(default, max_length=maximum, description="What the image should not show.")
    )


def image_size(default: Preset | None = None, may_be_null: bool = True) -> FieldOf:
    kind = ImageSize | Preset | None if may_be_null else ImageSize | Preset
    description = (
        "Size of the output images: a preset, or width and height. Defaults to the size of the last input image."
    )
    return FieldOf("image_size", kind, Field(default, description=description))


def steps(minimum: int, maximum: int, default: int) -> FieldOf:
    info = Field(default, ge=minimum, le=maximum, description="Number of sampling steps.")
    return FieldOf("num_inference_steps", int, info)


def guidance(minimum: float, default: float) -> FieldOf:
    description = "Classifier-free guidance scale: how closely the image follows the prompt."
    return FieldOf(
        "guidance_scale", float, Field(default, ge=minimum, le=20, allow_inf_nan=False, description=description)
    )


def seed() -> FieldOf:
    description = "Random seed: the same seed, prompt and model give the same image. Random if omitted."
    return FieldOf("seed", int | None, Field(None, description=description))


def count(maximum: int) -> FieldOf:
    return FieldOf("num_images", int, Field(1, ge=1, le=maximum, description="Number of images to generate."))


def layer_count() -> FieldOf:
    description = "Number of layers into which the image is decomposed."
    return FieldOf("num_layers", int, Field(4, ge=1, le=10, description=description))


def formats(*names: str) -> FieldOf:
    return FieldOf("output_format", _one_of(names), Field("png", description="File format of the images."))


def acceleration(default: str, *names: str) -> FieldOf:
    description = "Acceleration level: higher levels skip more of the computation."
    return FieldOf("acceleration", _one_of(names), Field(default, description=description))


def strength(default: float) -> FieldOf:
    description = "How much the image may change, from 0 (not at all) to 1 (completely)."
    return FieldOf("strength", float, Field(default, ge=0, le=1, allow_inf_nan=False, description=description))


def loras(kind: type[LoraWeight]) -> FieldOf:
    description = "LoRAs to apply to the model, at most 3."
    # fal's schema states the limit only in the description
    return FieldOf("loras", list[kind], Field([], description=description))


def image_data_url(description: str) -> FieldOf:
    return FieldOf("image_data_url", FileText, Field(description=description))


def learning_rate() -> FieldOf:
    info = Field(1e-4, allow_inf_nan=False, description="Learning rate of the optimizer.")
    return FieldOf("learning_rate", float, info)


def training_steps(maximum: int) -> FieldOf:
    info = Field(
        1000, ge=100, le=maximum, multiple_of=100, description="Number of training steps; the price depends on it."
    )
    return FieldOf("steps", int, info)


def default_caption() -> FieldOf:
    description = "Caption of the examples that have none; if omitted, every example needs a caption."
    return FieldOf("default_caption", OptionalText, Field(None, description=description))


def switch(name: str, default: bool, description: str) -> FieldOf:
    return FieldOf(name, bool, Field(default, description=description))


SYNC_MODE = switch("sync_mode", False, "Return the images as data: URIs in the response, without storing them.")
SAFETY = switch("enable_safety_checker", True, "Check the generated images, and black out unsafe ones.")
TURBO = switch("use_turbo", False, "Faster generation: 10 steps with a guidance scale of 1.2.")
EXPANSION = switch("enable_prompt_expansion", True, "Expand the prompt with a language model first.")


def _one_of(names: Sequence[str]) -> Any:
    return Literal[tuple(names)]  # pyright: ignore[reportInvalidTypeForm]
