"""The JSON of requests: the fields of each route with their ranges, descriptions and examples for OpenAPI."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from lamina.core.selections import MAX_COORDINATE, MAX_NAME_LENGTH
from lamina.core.tasks import (
    AUTO_LAYERS,
    DEFAULT_STRENGTH,
    MAX_ALPHA,
    MAX_EXCLUSIONS,
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
    LayerCount,
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
Prompt = Annotated[str, Field(min_length=1, max_length=_LONGEST_PROMPT, description="The text prompt.")]
Side = Annotated[int, Field(ge=MIN_SIDE_PX, le=MAX_SIDE_PX, description="Size in pixels, a multiple of 16.")]
Count = Annotated[int, Field(ge=1, le=MAX_PICTURES, description="Number of images; each uses the next seed.")]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Coordinate = Annotated[float, Field(ge=0, le=MAX_COORDINATE)]
Point = Annotated[tuple[Coordinate, Coordinate], Field(description="Distances from the left and from the top.")]


class Strict(BaseModel):
    """Rejects unknown fields, so that a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class LoraFields(Strict):
    path: str = Field(
        min_length=3,
        max_length=_LONGEST_URL,
        description="An http(s) URL, `file:ID` of an upload, `job:ID` of a training, or the Hugging Face id "
        "`owner/name` of a LoRA that the server has.",
        examples=["https://example.org/style.safetensors"],
    )
    scale: float = Field(
        1.0,
        ge=MIN_LORA_SCALE,
        le=MAX_LORA_SCALE,
        description="Strength of the LoRA; 1 is the strength that it was trained at.",
    )


class SamplingFields(Strict):
    """How a model is run. Fields that are left out take the model's defaults."""

    model: Name | None = Field(None, description="Name of a model in `GET /v1/models`.", examples=["qwen-image"])
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="Seed of the random numbers: the same seed gives the same result."
    )
    steps: int | None = Field(None, ge=1, le=MAX_STEPS, description="Number of sampling steps.")
    guidance: float | None = Field(
        None,
        ge=0,
        le=MAX_GUIDANCE,
        description="Classifier-free guidance scale: higher values follow the prompt more closely.",
    )
    negative: str = Field(
        "", max_length=_LONGEST_PROMPT, description="Negative prompt: what the image should not show."
    )
    loras: list[LoraFields] = Field(default_factory=list[LoraFields], max_length=8)
    scheduler: Name = Field("Default", description="Name of the sampling scheduler.")
    acceleration: Literal["none", "regular", "high", "fast"] = Field(
        "none", description="How much computation may be skipped for speed, at some loss of quality."
    )


class JobFields(Strict):
    """The fields that every job has."""

    engine: Literal["auto", "classic", "qwen", "nano"] = Field(
        "auto", description="Engine that runs the job; `auto` chooses it by the task and the model."
    )
    priority: int = Field(0, ge=-10, le=10, description="Jobs with a higher priority run first.")
    start_within_s: float | None = Field(
        None, gt=0, le=10**7, description="Longest time in the queue, in seconds; a job that waits longer fails."
    )
    run_within_s: float | None = Field(
        None, gt=0, le=10**6, description="Longest run time, in seconds; a run that takes longer is stopped."
    )
    webhook_url: str | None = Field(
        None, min_length=8, max_length=_LONGEST_URL, description="URL that receives a signed webhook at the end.",
        examples=["https://example.org/hooks/lamina"],
    )  # fmt: skip


class SelectionFields(Strict):
    box: tuple[Coordinate, Coordinate, Coordinate, Coordinate] | None = Field(
        None, description="Left, top, width and height of a box around the thing."
    )
    point: Point | None = Field(None, description="A point on the thing, instead of a box.")
    name: str = Field("", max_length=MAX_NAME_LENGTH, description="Name of the layer; by default it is chosen.")


def _layer_limit(value: object) -> LayerCount:
    """One check for both types, so that a mistake is told once, of the field."""
    if value == AUTO_LAYERS:
        return AUTO_LAYERS
    if isinstance(value, int) and not isinstance(value, bool) and MIN_LAYERS <= value <= MAX_LAYERS:
        return value
    raise ValueError(f"Give {MIN_LAYERS} to {MAX_LAYERS}, or {AUTO_LAYERS}.")


LayerLimit = Annotated[
    LayerCount,
    PlainValidator(
        _layer_limit,
        json_schema_input_type=Annotated[int, Field(ge=MIN_LAYERS, le=MAX_LAYERS)] | Literal["auto"],
    ),
]


class DecompositionFields(JobFields, SamplingFields):
    """Decompose an image into layers."""

    image: Picture
    layers: LayerLimit | None = Field(
        None,
        description="Maximum number of layers, a group counting as one, or `auto` for all that is seen. Diffusion "
        "models make 1 to 10. By default the engine decides: at most 10, or 4 with a diffusion model.",
    )
    flat: bool = Field(False, description="Return no groups: what is found beyond `layers` is merged.")
    prompt: str = Field(
        "", max_length=_LONGEST_PROMPT, description="Description of the whole image; diffusion models only."
    )
    resolution: Literal[640, 1024] = Field(
        640, description="Resolution in pixels at which the model works; diffusion models only."
    )
    raw: bool = Field(
        False, description="Return the layers as the model made them, at its own size; diffusion models only."
    )
    safety: bool | None = Field(
        None, description="Run the safety checker on the result of a model; the default is the server's setting."
    )
    select: list[SelectionFields] = Field(
        default_factory=list[SelectionFields],
        max_length=MAX_LAYERS - 1,
        description="Things that become layers of their own, before all others; engine `classic` only.",
    )
    exclude: list[Point] = Field(
        default_factory=list[Point],
        max_length=MAX_EXCLUSIONS,
        description="Points that do not belong to the selected things.",
    )
    unit: Literal["pixels", "shares"] = Field(
        "pixels", description="Unit of `select` and `exclude`: pixels, or shares 0 to 1 of the width and height."
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"image": _FILE_EXAMPLE, "layers": 6},
                {"image": _FILE_EXAMPLE, "select": [{"box": [40, 60, 320, 200], "name": "Logo"}]},
            ]
        }
    )


class PictureFields(JobFields, SamplingFields):
    """The fields that generations and edits have in common."""

    prompt: Prompt
    width: Side | None = None
    height: Side | None = None
    count: Count = 1
    expand: bool = Field(False, description="Let a language model expand the prompt first.")
    format: Literal["png", "jpg", "webp"] = Field("png", description="File format of the images.")
    quality: int = Field(95, ge=1, le=100, description="Quality of JPEG and WebP files.")
    watermark: bool = Field(False, description="Draw a small visible watermark into the image.")
    safety: bool | None = Field(
        None, description="Run the safety checker on the result; the default is the server's setting."
    )


class GenerationFields(PictureFields):
    """Generate images from a prompt, and from an initial image if there is one."""

    image: Picture | None = Field(None, description="Initial image (image to image).")
    mask: Picture | None = Field(None, description="Mask of the same size as `image`: only its white areas may change.")
    strength: float = Field(
        DEFAULT_STRENGTH, ge=0, le=1, description="How much `image` may change: 0 not at all, 1 entirely."
    )

    model_config = ConfigDict(json_schema_extra={"examples": [{"prompt": "a red circle on a white background"}]})


class EditFields(PictureFields):
    """Edit an image, or combine several, as the prompt says."""

    image: Picture
    references: list[Picture] = Field(
        default_factory=list[str],
        max_length=MAX_REFERENCES - 1,
        description="Further images that the prompt refers to.",
    )

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"image": _FILE_EXAMPLE, "prompt": "make the circle green"}]}
    )


class TrainingFields(JobFields):
    """Train a LoRA on your own images: for edits, or for a model that decomposes images."""

    images: Picture = Field(
        description="A ZIP of examples: `ROOT_start.EXT` (`ROOT_start2.EXT`...) and `ROOT_end.EXT`, for layers also "
        "`ROOT_end2.EXT`..., and `ROOT.txt` with the caption. An http(s) URL, a `data:` URI, or `file:ID`.",
        examples=[_FILE_EXAMPLE],
    )
    model: Name | None = Field(
        None,
        description="Model to train the LoRA for; the default is the newest edit model.",
        examples=["qwen-image-layered"],
    )
    steps: int = Field(DEFAULT_STEPS, ge=1, le=MAX_TRAINING_STEPS, description="Number of training steps.")
    learning_rate: float = Field(DEFAULT_LEARNING_RATE, gt=0, le=1)
    rank: int = Field(DEFAULT_RANK, ge=1, le=MAX_RANK, description="Rank of the LoRA matrices.")
    alpha: float | None = Field(
        None, ge=MIN_ALPHA, le=MAX_ALPHA, description="LoRA alpha: the scale is alpha / rank. Defaults to the rank."
    )
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="Seed of the random numbers: the same seed gives the same LoRA."
    )
    default_caption: str = Field("", max_length=2000, description="Caption of examples that have none.")
    references: int | None = Field(
        None,
        ge=1,
        le=MAX_REFERENCES,
        description="Number of start images per example; the default is taken from the archive.",
    )
    caption_dropout: float = Field(
        DEFAULT_CAPTION_DROPOUT, ge=0, le=1, description="Share of steps that are trained without the caption."
    )
    resolution: int | None = Field(
        None,
        ge=MIN_SIDE_PX,
        le=MAX_TRAINING_PX,
        description="Side of the training square in pixels; the default is the model's own.",
    )
    checkpoint_every: int = Field(
        DEFAULT_CHECKPOINT_EVERY,
        ge=1,
        le=MAX_TRAINING_STEPS,
        description="Number of steps between checkpoints: as many may be lost if an agent fails.",
    )

    model_config = ConfigDict(json_schema_extra={"examples": [{"images": _FILE_EXAMPLE, "steps": 500}]})


class UploadFields(Strict):
    """A file: either its URL, or its content as a `data:` URI."""

    url: str | None = Field(None, min_length=8, max_length=8192, examples=[_URL_EXAMPLE])
    data: str | None = Field(None, min_length=5, description="A `data:` URI.")
    name: Annotated[str, Field(max_length=200)] | None = Field(None, description="Name of the file.")


class ErrorOfField(BaseModel):
    loc: list[str | int] = Field(examples=[["body", "layers"]])
    msg: str = Field(examples=["Input should be less than or equal to 10"])


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable; the texts may change."""

    type: str = Field(examples=["/errors/not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(description="What happened, and why.")
    code: str = Field(examples=["not_found"])
    hint: str = Field("", description="What to do.")
    instance: str = Field("", description="Path of the request.")
    errors: list[ErrorOfField] = Field(
        default_factory=list[ErrorOfField], description="The invalid fields (status 422)."
    )
    revision: int | None = Field(None, description="The revision that the stack is at (a change of an older one).")
