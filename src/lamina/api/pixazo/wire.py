"""The JSON of requests, with the ranges of the vendor's pages; unknown fields are ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lamina.core.prices import TRAINER_PRICED_BY_JOB
from lamina.core.tasks import (
    MAX_GUIDANCE,
    MAX_LORA_SCALE,
    MAX_MODEL_LAYERS,
    MAX_REFERENCES,
    MAX_SEED,
    MAX_STEPS,
    MIN_LAYERS,
    MIN_LORA_SCALE,
)

PIXAZO_TRAINER = TRAINER_PRICED_BY_JOB
"""The name by which trainings of this API are priced."""

_LONGEST_PROMPT = 20_000
_LONGEST_URL = 2048
_MOST_MESSAGES = 100
_MOST_IGNORED = 1000  # images after the first, which some routes ignore


def _reject_boolean(value: object) -> object:
    """Rejects booleans, which are numbers in Python but not in JSON."""
    if isinstance(value, bool):
        raise ValueError("Input should be a number")
    return value


Whole = Annotated[int, BeforeValidator(_reject_boolean)]
Number = Annotated[float, BeforeValidator(_reject_boolean)]
Prompt = Annotated[str, Field(min_length=1, max_length=_LONGEST_PROMPT, pattern=r"\S")]
Words = Annotated[str, Field(max_length=_LONGEST_PROMPT)]
Picture = Annotated[str, Field(min_length=1)]
Steps = Annotated[Whole, Field(ge=1, le=MAX_STEPS)]
UpToFour = Annotated[Whole, Field(ge=1, le=4)]
WebhookUrl = Annotated[str, Field(min_length=1, max_length=_LONGEST_URL)]


class Fields(BaseModel):
    """The base of all models. A null field is the same as a missing one."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class LayeredFields(Fields):
    """POST /qwen-image-layered/v1/qwen-image-layered-request. `num_layers` is Lamina's extension."""

    image_url: Picture
    num_inference_steps: Steps | None = None
    guidance_scale: Annotated[Number, Field(ge=0, le=MAX_GUIDANCE)] | None = None
    num_images: Literal[1] | None = None
    enable_safety_checker: bool | None = None
    output_format: Literal["png"] | None = None
    acceleration: Literal["regular", "fast"] | None = None
    num_layers: Annotated[Whole, Field(ge=MIN_LAYERS, le=MAX_MODEL_LAYERS)] | None = None


class ResultFields(Fields):
    """POST /qwen-image-layered/v1/qwen-image-layered-request-result."""

    request_id: Annotated[str, Field(min_length=1, max_length=200)]


class _PictureFields(Fields):
    prompt: Prompt
    negative_prompt: Words | None = None
    enable_prompt_expansion: bool | None = None
    enable_safety_checker: bool | None = None
    num_images: UpToFour | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None


class MaxFields(_PictureFields):
    """POST /qwen-image-max/v1/qwen-image-max-request."""

    image_size: Literal["square_hd", "portrait_hd", "landscape_hd"] | None = None


class MaxEditFields(_PictureFields):
    """POST /qwen-image-max-edit/v1/qwen-image-max-edit-request. Only the first image is used."""

    image_urls: Annotated[list[Picture], Field(min_length=1, max_length=_MOST_IGNORED)]


class LoraFields(Fields):
    """A LoRA as in fal's equivalent endpoint: the page of Pixazo's route lists no field for LoRAs."""

    path: Annotated[str, Field(min_length=3, max_length=_LONGEST_URL)]
    scale: Annotated[Number, Field(ge=MIN_LORA_SCALE, le=MAX_LORA_SCALE)] = 1.0


class SizeFields(Fields):
    width: Annotated[Whole, Field(ge=1)]
    height: Annotated[Whole, Field(ge=1)]


class _WebhookFields(Fields):
    webhook: WebhookUrl | None = None
    webhook_events_filter: list[Literal["start", "complete", "*"]] | None = None


class EditPlusFields(_WebhookFields):
    """POST /qwen-image-edit-plus/v1/qwen-image-edit-plus-lora/generate."""

    prompt: Prompt
    image_urls: Annotated[list[Picture], Field(min_length=1, max_length=MAX_REFERENCES)]
    image_size: str | SizeFields | None = None
    num_inference_steps: Steps | None = None
    seed: Annotated[Whole, Field(ge=0, le=MAX_SEED)] | None = None
    guidance_scale: Annotated[Number, Field(ge=1, le=20)] | None = None
    num_images: UpToFour | None = None
    output_format: Literal["png", "jpeg"] | None = None
    negative_prompt: Words | None = None
    acceleration: Literal["none", "regular"] | None = None
    enable_safety_checker: bool | None = None
    loras: Annotated[list[LoraFields], Field(max_length=8)] | None = None


class TrainerFields(_WebhookFields):
    """POST /qwen-image-edit-plus-trainer/v1/qwen-image-edit-plus-trainer/generate."""

    image_data_url: Picture
    learning_rate: Annotated[Number, Field(ge=0, le=1)] | None = None
    steps: Annotated[Whole, Field(ge=1, le=10_000)] | None = None
    default_caption: Annotated[str, Field(max_length=2000)] | None = None
    reference_image_count: Annotated[Whole, Field(ge=1, le=10)] | None = None


class ContentFields(Fields):
    text: Words | None = None
    image: Picture | None = None


class MessageFields(Fields):
    role: Literal["user"]
    content: Annotated[list[ContentFields], Field(min_length=1, max_length=_MOST_MESSAGES)]


class InputFields(Fields):
    messages: Annotated[list[MessageFields], Field(min_length=1, max_length=_MOST_MESSAGES)]


class ParameterFields(Fields):
    negative_prompt: Words | None = None
    prompt_extend: bool | None = None
    watermark: bool | None = None
    size: str | None = None


class MultimodeFields(Fields):
    """POST /qwen-image/v1/generateMultimodeTextToImageRequest and .../generateMultimodeTextToImageEditRequest."""

    model: Annotated[str, Field(min_length=1, max_length=100)]
    input: InputFields
    parameters: ParameterFields | None = None
