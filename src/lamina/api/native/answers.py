"""The JSON of responses: jobs, files, stacks, models and the wallet, with descriptions of their fields."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

JOB_ID = "0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"
State = Literal["queued", "running", "succeeded", "failed", "errored", "cancelled"]
Kind = Literal["generate", "edit", "decompose", "train"]


class ProgressBody(BaseModel):
    stage: str = Field(examples=["step 12 of 50"])
    share: float = Field(description="Share of the run that is done, 0 to 1.")
    step: int | None = None
    steps: int | None = None


class FailureBody(BaseModel):
    code: str = Field(description="Stable error code; docs/reference/errors.md lists them.")
    message: str
    hint: str = ""


class MadeFile(BaseModel):
    """Pass `id` to another job as `file:ID`. `url` is valid for a day and needs no API key."""

    id: str
    url: str
    content_type: str
    size: int = Field(description="Size in bytes.")
    width: int | None = Field(None, description="Width in pixels.")
    height: int | None = None


class PictureBody(MadeFile):
    seed: int | None = None
    is_flagged: bool = Field(False, description="Whether the safety checker blacked the image out.")


Colour = Annotated[list[int], Field(description="Red, green and blue in sRGB, 0 to 255.", examples=[[250, 16, 3]])]


class TypefaceBody(BaseModel):
    family: str = Field(description="Name of the typeface that matches best; empty if none is close enough.")
    confidence: float = Field(description="Probability that the family is right, 0 to 1.")
    weight: int = Field(description="Weight as in CSS, 100 to 900.")
    is_italic: bool
    type_class: str = Field(description="`sans`, `serif`, `slab`, `mono`, `script` or `display`.")
    alternatives: list[str] = Field(default_factory=list[str], description="The next best families, best first.")


class GradientBody(BaseModel):
    start: Colour
    end: Colour
    degrees: float = Field(description="0 from left to right, 90 from top to bottom.")


class OutlineBody(BaseModel):
    colour: Colour
    width_px: float = Field(description="Visible width outside the letters, in pixels.")


class ShadowBody(BaseModel):
    colour: Colour
    offset_px: list[float] = Field(description="Offset to the right and down, in pixels.")
    blur_px: float = Field(description="Standard deviation of the blur, in pixels.")
    opacity: float = Field(description="Opacity, 0 to 1.")


class TextStyleBody(BaseModel):
    """The appearance of the lines of a text layer, measured in the image."""

    size_px: float = Field(description="Em size in pixels.")
    line_height_px: float = Field(description="Distance of the baselines in pixels; 0 for a single line.")
    letter_spacing_px: float = Field(description="Pixels that are added to the typeface's own advance widths.")
    alignment: str = Field(description="`left`, `center` or `right`; `left` for a single line.")
    colour: Colour
    gradient: GradientBody | None = None
    outline: OutlineBody | None = None
    shadow: ShadowBody | None = None
    rotation_degrees: float = Field(description="Clockwise rotation in degrees.")
    arc_radius_px: float = Field(
        description="Radius of the circle on which the baseline lies, positive if its centre is below the text; "
        "0 if it is straight."
    )
    script: str = Field(description="ISO 15924 code of the script; empty if the text was not read.", examples=["Latn"])
    typeface: TypefaceBody | None = None


class GroupBody(BaseModel):
    """A group of layers that follow each other: it names, hides and locks them, and does not change how they blend."""

    name: str
    kind: str = Field(description="As of a layer.")
    is_hidden: bool = False
    is_locked: bool = False
    parent: int | None = Field(None, description="Index in `groups` of the group around it, which precedes it.")


class LayerBody(MadeFile):
    """A layer; layers are listed bottom first, and each image has the size of the canvas."""

    index: int
    name: str
    kind: str = Field(description="`background`, `text`, `object`, `panel`, `area` or `small`.")
    bbox: list[int] = Field(description="Bounding box of the visible pixels: x, y, width, height, in pixels.")
    opacity: int = Field(255, description="Opacity, 0 to 255.")
    is_hidden: bool = Field(False, description="Whether the layer itself is hidden; its groups may be, too.")
    group: int | None = Field(None, description="Index in `groups` of the innermost group that contains the layer.")
    blend: str = "normal"
    text: str | None = None
    style: TextStyleBody | None = Field(None, description="How the text is set; only of text layers.")


class RecompositionBody(BaseModel):
    """Difference between the composited layers and the image, as a share of the full range: 1/255 is one level."""

    max_abs_error: float
    mean_abs_error: float


class ResultBody(BaseModel):
    """Generations and edits have `pictures`; decompositions `layers`, `flat` and `files`; trainings `lora`, `config`
    and `loss_plot`.
    """

    engine: str = ""
    checkpoint: str = ""
    stands_in_for: str | None = Field(
        None, description="The requested model, if its weights are missing here and nano ran instead."
    )
    is_free: bool = Field(False, description="Whether the job is free because nano ran instead of the requested model.")
    seed: int | None = None
    prompt: str = Field("", description="The prompt as it was passed to the model.")
    steps: int = 0
    skipped_steps: int = 0
    timings_s: dict[str, float] = Field(default_factory=dict[str, float])
    notes: list[str] = Field(default_factory=list[str], description="Remarks on how the result was made.")
    is_flagged: bool = False
    width: int | None = None
    height: int | None = None
    pictures: list[PictureBody] = Field(default_factory=list[PictureBody])
    layers: list[LayerBody] = Field(default_factory=list[LayerBody])
    groups: list[GroupBody] = Field(default_factory=list[GroupBody])
    flat: MadeFile | None = None
    recomposition: RecompositionBody | None = None
    lora: MadeFile | None = Field(None, description="The LoRA: a safetensors file in the layout of diffusers.")
    config: MadeFile | None = Field(None, description="The training configuration, as JSON.")
    loss_plot: MadeFile | None = Field(None, description="A plot of the losses.")
    last_checkpoint: MadeFile | None = Field(None, description="Last checkpoint of a training that was stopped.")
    steps_done: int | None = Field(None, description="Number of steps that a training has done.")
    layer_count: int | None = Field(None, description="Layers per example of a training; 1 for edits.")
    files: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Paths of the stack in each file format; they need the API key.",
        examples=[{"psd": f"/v1/stacks/{JOB_ID}.psd"}],
    )


class WebhookBody(BaseModel):
    """The delivery of a webhook of the job."""

    id: str = Field(description="Id of the event: the same for each attempt; the receiver gets it, too.")
    event: str = Field(
        description="`completed`: the job has ended. Jobs of other APIs also have `started` and `upload`."
    )
    state: Literal["pending", "delivered", "dead"] = Field(description="`dead`: given up after the last attempt.")
    attempts: int
    last_status: int | None = Field(None, description="The last HTTP status from the receiver.")
    error: str | None = Field(None, description="Why the last attempt failed.")
    next_attempt_at: str | None = None


class JobLinks(BaseModel):
    self: str = Field(examples=[f"/v1/jobs/{JOB_ID}"])
    events: str
    cancel: str
    stack: str | None = None


class JobBody(BaseModel):
    """A job. Times are RFC 3339 in UTC. Amounts are US dollars as strings, so that no digit is lost."""

    id: str = Field(examples=[JOB_ID])
    kind: Kind
    model: str = Field(
        description="The requested model or the default; `result` has the engine and the checkpoint that ran."
    )
    state: State
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    waited_s: float | None = None
    ran_s: float | None = None
    attempt: int = Field(description="Number of times that the job was started.")
    position: int | None = Field(None, description="Number of jobs before this one in the queue.")
    eta_s: float | None = Field(None, description="Estimated time until the job is done, in seconds.")
    is_cancel_requested: bool = False
    progress: ProgressBody | None = None
    price_usd: str = Field(examples=["0.05"])
    charged_usd: str = Field(examples=["0.00"])
    error: FailureBody | None = None
    result: ResultBody | None = None
    webhooks: list[WebhookBody] = Field(
        default_factory=list[WebhookBody],
        description="The webhooks so far; only in `GET /v1/jobs/{id}`.",
    )
    links: JobLinks


class JobPage(BaseModel):
    """`next`: pass it as `before` to get older jobs; it is null on the last page."""

    jobs: list[JobBody]
    next: str | None = None


class FileBody(BaseModel):
    """A file. Requests name it by `reference`; `url` is valid for a day and needs no API key."""

    id: str
    reference: str = Field(examples=[f"file:{JOB_ID}"])
    name: str
    content_type: str
    size: int = Field(description="Size in bytes.")
    sha256: str
    created_at: str
    expires_at: str | None = None
    url: str


class StackBody(BaseModel):
    id: str = Field(description="Id of the job.")
    width: int
    height: int
    engine: str
    layers: list[LayerBody]
    groups: list[GroupBody] = Field(default_factory=list[GroupBody])
    flat: MadeFile | None = None
    recomposition: RecompositionBody | None = None
    files: dict[str, str] = Field(examples=[{"psd": f"/v1/stacks/{JOB_ID}.psd"}])
    notes: list[str] = Field(default_factory=list[str])


class SpanBody(BaseModel):
    least: float
    most: float
    default: float


class DefaultsBody(BaseModel):
    steps: int
    guidance: float


class ModelBody(BaseModel):
    name: str
    title: str
    aliases: list[str]
    kinds: list[Kind] = Field(description="The tasks that the model does.")
    steps: SpanBody
    guidance: SpanBody
    defaults: dict[str, DefaultsBody] = Field(description="The defaults of a request, by kind of task.")
    native_px: int = Field(description="Side of the square that the model was trained at, in pixels.")
    max_references: int = Field(description="Maximum number of images per edit.")
    licence: str
    is_here: bool = Field(description="Whether the weights are on the machine that responds.")
    prices_usd: dict[str, str] = Field(
        description="Price of one image, by kind of task.", examples=[{"generate": "0.045"}]
    )


class ModelPage(BaseModel):
    models: list[ModelBody]


class EntryBody(BaseModel):
    """A line of the ledger. A hold is negative; the rest of it is returned by a settle or release entry."""

    id: int
    kind: Literal["top_up", "hold", "settle", "release"]
    amount_usd: str = Field(examples=["-0.05"])
    at: str
    job: str | None = None
    note: str = ""


class WalletBody(BaseModel):
    is_metered: bool = Field(description="Whether jobs of the key are paid from the wallet.")
    balance_usd: str = Field(description="Balance: the sum of all entries.", examples=["9.95"])
    entries: list[EntryBody] = Field(description="Entries, the newest first.")


class StatusBody(BaseModel):
    name: Literal["Lamina"] = "Lamina"
    status: Literal["ok", "ready"]
    version: str = ""
