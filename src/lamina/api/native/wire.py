"""The JSON of requests, literally: what each route takes, with bounds, words and examples for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lamina.core.tasks import (
    DEFAULT_STRENGTH,
    MAX_ALPHA,
    MAX_GUIDANCE,
    MAX_LAYERS,
    MAX_LORA_SCALE,
    MAX_PICTURES,
    MAX_RANK,
    MAX_REFERENCES,
    MAX_SEED,
    MAX_SIDE_PX,
    MAX_STEPS,
    MAX_TRAINING_PX,
    MAX_TRAINING_STEPS,
    MIN_ALPHA,
    MIN_LAYERS,
    MIN_LORA_SCALE,
    MIN_SIDE_PX,
)
from lamina.core.training import (
    DEFAULT_CAPTION_DROPOUT,
    DEFAULT_CHECKPOINT_EVERY,
    DEFAULT_LEARNING_RATE,
    DEFAULT_RANK,
    DEFAULT_STEPS,
)

_LONGEST_PROMPT = 20_000
_LONGEST_URL = 2048
_URL_EXAMPLE = "https://example.org/poster.png"
_FILE_EXAMPLE = "file:0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"

Picture = Annotated[
    str,
    Field(
        min_length=1,
        description="An http(s) URL, a `data:` URI, or `file:ID` of an uploaded file or an earlier result.",
        examples=[_FILE_EXAMPLE, _URL_EXAMPLE],
    ),
]
Prompt = Annotated[str, Field(min_length=1, max_length=_LONGEST_PROMPT, description="What is wanted, in words.")]
Side = Annotated[int, Field(ge=MIN_SIDE_PX, le=MAX_SIDE_PX, description="Pixels, a multiple of 16.")]
Count = Annotated[int, Field(ge=1, le=MAX_PICTURES, description="How many pictures; their seeds follow.")]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Strict(BaseModel):
    """Unknown fields are an error, so that a slip of the pen does not pass unseen."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class LoraFields(Strict):
    path: str = Field(
        min_length=3,
        max_length=_LONGEST_URL,
        description="An http(s) URL, `file:ID` of an upload, `job:ID` of a training, or `owner/name` of one on the hub "
        "that the server has.",
        examples=["https://example.org/style.safetensors"],
    )
    scale: float = Field(1.0, ge=MIN_LORA_SCALE, le=MAX_LORA_SCALE, description="1 is as it was trained.")


class SamplingFields(Strict):
    """How a model is run; what is left out is the model's own default."""

    model: Name | None = Field(None, description="A name of `GET /v1/models`.", examples=["qwen-image"])
    seed: int | None = Field(None, ge=0, le=MAX_SEED, description="The same seed gives the same result.")
    steps: int | None = Field(None, ge=1, le=MAX_STEPS, description="Sampling steps.")
    guidance: float | None = Field(None, ge=0, le=MAX_GUIDANCE, description="How closely to follow the prompt.")
    negative: str = Field("", max_length=_LONGEST_PROMPT, description="What should not be seen.")
    loras: list[LoraFields] = Field(default_factory=list[LoraFields], max_length=8)
    scheduler: Name = Field("Default", description="How to sample.")
    acceleration: Literal["none", "regular", "high", "fast"] = Field("none", description="How much may be skipped.")


class JobFields(Strict):
    """What every job may say."""

    engine: Literal["auto", "classic", "qwen", "nano"] = Field("auto", description="What does the work.")
    priority: int = Field(0, ge=-10, le=10, description="Higher goes first.")
    start_within_s: float | None = Field(None, gt=0, le=10**7, description="Seconds; a job that waits longer fails.")
    run_within_s: float | None = Field(None, gt=0, le=10**6, description="Seconds; a run that takes longer is ended.")
    webhook_url: str | None = Field(
        None, min_length=8, max_length=_LONGEST_URL, description="Told once the job has ended, signed.",
        examples=["https://example.org/hooks/lamina"],
    )  # fmt: skip


class DecompositionFields(JobFields, SamplingFields):
    """Take one picture apart into layers."""

    image: Picture
    layers: int | None = Field(None, ge=MIN_LAYERS, le=MAX_LAYERS, description="At most so many.")
    prompt: str = Field("", max_length=_LONGEST_PROMPT, description="For models: what the whole picture shows.")
    resolution: Literal[640, 1024] = Field(640, description="For models: at how many px they look.")
    raw: bool = Field(False, description="For models: their layers as they come, at the size they come in.")
    safety: bool | None = Field(None, description="Check what a model made; left out, as the server's settings say.")

    model_config = ConfigDict(json_schema_extra={"examples": [{"image": _FILE_EXAMPLE, "layers": 6}]})


class PictureFields(JobFields, SamplingFields):
    """What making and changing pictures have in common."""

    prompt: Prompt
    width: Side | None = None
    height: Side | None = None
    count: Count = 1
    expand: bool = Field(False, description="Let a language model enrich the prompt first.")
    format: Literal["png", "jpg", "webp"] = Field("png", description="Of the pictures.")
    quality: int = Field(95, ge=1, le=100, description="Of JPEG and WebP.")
    watermark: bool = Field(False, description="Write a small visible mark into the picture.")
    safety: bool | None = Field(None, description="Check what was made; left out, as the server's settings say.")


class GenerationFields(PictureFields):
    """Make pictures from words, and from a picture to start from, if there is one."""

    image: Picture | None = Field(None, description="A picture to start from.")
    mask: Picture | None = Field(None, description="Where `image` may change: white; of its size.")
    strength: float = Field(DEFAULT_STRENGTH, ge=0, le=1, description="How much of `image` may change.")

    model_config = ConfigDict(json_schema_extra={"examples": [{"prompt": "a red circle on a white background"}]})


class EditFields(PictureFields):
    """Change a picture, or bring several into one, as words say."""

    image: Picture
    references: list[Picture] = Field(
        default_factory=list[str], max_length=MAX_REFERENCES - 1, description="What else the words speak of."
    )

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"image": _FILE_EXAMPLE, "prompt": "make the circle green"}]}
    )


class TrainingFields(JobFields):
    """Train a LoRA on one's own pictures: edits, or layers for a model that takes apart."""

    images: Picture = Field(
        description="A ZIP of examples: `ROOT_start.EXT` (`ROOT_start2.EXT`...) and `ROOT_end.EXT`, of layers "
        "`ROOT_end2.EXT`... too, and `ROOT.txt` with the words. An http(s) URL, a `data:` URI, or `file:ID`.",
        examples=[_FILE_EXAMPLE],
    )
    model: Name | None = Field(
        None, description="The model to train it for; left out, the newest that edits.", examples=["qwen-image-layered"]
    )
    steps: int = Field(DEFAULT_STEPS, ge=1, le=MAX_TRAINING_STEPS, description="Training steps.")
    learning_rate: float = Field(DEFAULT_LEARNING_RATE, gt=0, le=1)
    rank: int = Field(DEFAULT_RANK, ge=1, le=MAX_RANK, description="Of the adapter's matrices.")
    alpha: float | None = Field(None, ge=MIN_ALPHA, le=MAX_ALPHA, description="Left out, the rank.")
    seed: int | None = Field(None, ge=0, le=MAX_SEED, description="The same seed gives the same adapter.")
    default_caption: str = Field("", max_length=2000, description="Of examples without words of their own.")
    references: int | None = Field(
        None, ge=1, le=MAX_REFERENCES, description="Pictures that each edit starts from; left out, what is there."
    )
    caption_dropout: float = Field(DEFAULT_CAPTION_DROPOUT, ge=0, le=1, description="Share of steps without words.")
    resolution: int | None = Field(None, ge=MIN_SIDE_PX, le=MAX_TRAINING_PX, description="Left out, the model's own.")
    checkpoint_every: int = Field(
        DEFAULT_CHECKPOINT_EVERY, ge=1, le=MAX_TRAINING_STEPS, description="Steps that may be lost with an agent."
    )

    model_config = ConfigDict(json_schema_extra={"examples": [{"images": _FILE_EXAMPLE, "steps": 500}]})


class UploadFields(Strict):
    """A file by its address, or in the request itself: one of the two."""

    url: str | None = Field(None, min_length=8, max_length=8192, examples=[_URL_EXAMPLE])
    data: str | None = Field(None, min_length=5, description="A `data:` URI.")
    name: Annotated[str, Field(max_length=200)] | None = Field(None, description="What to call it.")


class ErrorOfField(BaseModel):
    loc: list[str | int] = Field(examples=[["body", "layers"]])
    msg: str = Field(examples=["Input should be less than or equal to 10"])


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable; the words are not."""

    type: str = Field(examples=["/errors/not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="What happened, and why.")
    code: str = Field(examples=["not_found"])
    hint: str = Field("", description="What to do about it.")
    instance: str = Field("", description="The path that was asked for.")
    errors: list[ErrorOfField] = Field(default_factory=list[ErrorOfField], description="Field by field, of a 422.")


JsonObject = dict[str, Any]
