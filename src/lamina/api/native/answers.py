"""The JSON of answers, literally: jobs, files, stacks, models, the wallet, and the words that their fields mean."""

from typing import Literal

from pydantic import BaseModel, Field

JOB_ID = "0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"
State = Literal["queued", "running", "succeeded", "failed", "errored", "cancelled"]
Kind = Literal["generate", "edit", "decompose", "train"]


class ProgressBody(BaseModel):
    stage: str = Field(examples=["step 12 of 50"])
    share: float = Field(description="0 to 1 of the run.")
    step: int | None = None
    steps: int | None = None


class FailureBody(BaseModel):
    code: str = Field(description="Stable; docs/reference/errors.md lists them.")
    message: str
    hint: str = ""


class MadeFile(BaseModel):
    """`id` can be given to another job as `file:ID`; `url` is good for a day, and needs no key."""

    id: str
    url: str
    content_type: str
    size: int = Field(description="Bytes.")
    width: int | None = Field(None, description="Pixels.")
    height: int | None = None


class PictureBody(MadeFile):
    seed: int | None = None
    is_flagged: bool = Field(False, description="The safety checker blackened it.")


class LayerBody(MadeFile):
    """Bottom first; each picture is as large as the canvas."""

    index: int
    name: str
    kind: str = Field(description="background, text, object, panel, area or small.")
    bbox: list[int] = Field(description="x, y, width, height: where its pixels are, in px.")
    opacity: int = Field(255, description="0 to 255.")
    is_hidden: bool = False
    blend: str = "normal"
    text: str | None = None


class RecompositionBody(BaseModel):
    """How far the layers, put together, are from the picture, as shares of the full range: 1/255 is one level."""

    max_abs_error: float
    mean_abs_error: float


class ResultBody(BaseModel):
    """`pictures` of making and changing; `layers`, `flat`, `stack` of taking apart; `lora`, `config`, `loss_plot` of
    training.
    """

    engine: str = ""
    checkpoint: str = ""
    stands_in_for: str | None = Field(
        None, description="The model that was asked for and has no weights here, where nano did its work."
    )
    is_free: bool = Field(False, description="It costs nothing, since nano stood in.")
    seed: int | None = None
    prompt: str = Field("", description="As the model got it.")
    steps: int = 0
    skipped_steps: int = 0
    timings_s: dict[str, float] = Field(default_factory=dict[str, float])
    notes: list[str] = Field(default_factory=list[str], description="What one should know of how it was made.")
    is_flagged: bool = False
    width: int | None = None
    height: int | None = None
    pictures: list[PictureBody] = Field(default_factory=list[PictureBody])
    layers: list[LayerBody] = Field(default_factory=list[LayerBody])
    flat: MadeFile | None = None
    recomposition: RecompositionBody | None = None
    lora: MadeFile | None = Field(None, description="The adapter: safetensors in the layout of diffusers.")
    config: MadeFile | None = Field(None, description="How it was trained, as JSON.")
    loss_plot: MadeFile | None = Field(None, description="A picture of the losses.")
    last_checkpoint: MadeFile | None = Field(None, description="Of a training that was stopped: how far it had come.")
    steps_done: int | None = Field(None, description="Of a training.")
    layer_count: int | None = Field(None, description="Of a training: layers of each example; 1 of edits.")
    files: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="Of a stack: where to get it as a file of each kind, with the key.",
        examples=[{"psd": f"/v1/stacks/{JOB_ID}.psd"}],
    )


class WebhookBody(BaseModel):
    """What has become of a webhook of the job's."""

    id: str = Field(description="Of the event: the same at each attempt, and what its receiver is told.")
    event: str = Field(description="`completed`: the job has ended; `started`, `upload` of other APIs' jobs.")
    state: Literal["pending", "delivered", "dead"] = Field(description="`dead`: given up.")
    attempts: int
    last_status: int | None = Field(None, description="What the receiver answered last, if it did.")
    error: str | None = Field(None, description="Why the last attempt failed.")
    next_attempt_at: str | None = None


class JobLinks(BaseModel):
    self: str = Field(examples=[f"/v1/jobs/{JOB_ID}"])
    events: str
    cancel: str
    stack: str | None = None


class JobBody(BaseModel):
    """A job. Times are RFC 3339 in UTC; money is dollars as text, so that no digit is lost."""

    id: str = Field(examples=[JOB_ID])
    kind: Kind
    model: str = Field(description="As asked for, or the default; `result` says which engine and checkpoint it was.")
    state: State
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    waited_s: float | None = None
    ran_s: float | None = None
    attempt: int = Field(description="How often it was started.")
    position: int | None = Field(None, description="Of a queued one: how many go before it.")
    eta_s: float | None = Field(None, description="Seconds until it may be done.")
    is_cancel_requested: bool = False
    progress: ProgressBody | None = None
    price_usd: str = Field(examples=["0.05"])
    charged_usd: str = Field(examples=["0.00"])
    error: FailureBody | None = None
    result: ResultBody | None = None
    webhooks: list[WebhookBody] = Field(
        default_factory=list[WebhookBody],
        description="Of a job that is looked at by its id: what was to be sent so far.",
    )
    links: JobLinks


class JobPage(BaseModel):
    """`next`: for `before`, to get those that are older; none is the end."""

    jobs: list[JobBody]
    next: str | None = None


class FileBody(BaseModel):
    """`reference` is what a request calls it; `url` needs no key and is good for a day."""

    id: str
    reference: str = Field(examples=[f"file:{JOB_ID}"])
    name: str
    content_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    created_at: str
    expires_at: str | None = None
    url: str


class StackBody(BaseModel):
    id: str = Field(description="The job's.")
    width: int
    height: int
    engine: str
    layers: list[LayerBody]
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
    kinds: list[Kind] = Field(description="What it does.")
    steps: SpanBody
    guidance: SpanBody
    defaults: dict[str, DefaultsBody] = Field(description="What counts where a request is silent, by kind.")
    native_px: int = Field(description="The side of the square that it was trained at.")
    max_references: int = Field(description="Pictures that an edit may take.")
    licence: str
    is_here: bool = Field(description="Whether its weights are on the machine that answers.")
    prices_usd: dict[str, str] = Field(description="Of one picture, by kind.", examples=[{"generate": "0.045"}])


class ModelPage(BaseModel):
    models: list[ModelBody]


class EntryBody(BaseModel):
    """A line of the ledger. A hold is negative; what of it was not needed comes back as settle or release."""

    id: int
    kind: Literal["top_up", "hold", "settle", "release"]
    amount_usd: str = Field(examples=["-0.05"])
    at: str
    job: str | None = None
    note: str = ""


class WalletBody(BaseModel):
    is_metered: bool = Field(description="Whether the key's jobs are paid for from it.")
    balance_usd: str = Field(description="Always the sum of all entries.", examples=["9.95"])
    entries: list[EntryBody] = Field(description="The newest first.")


class StatusBody(BaseModel):
    name: Literal["Lamina"] = "Lamina"
    status: Literal["ok", "ready"]
    version: str = ""
