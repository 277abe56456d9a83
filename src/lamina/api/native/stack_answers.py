"""The JSON of responses about stacks that can be edited."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from lamina.api.native.answers import JOB_ID, JobBody, TextStyleBody


class PixelsBody(BaseModel):
    """Pixels never change: what is edited gets other ones. The URLs need no API key."""

    sha256: str
    width: int = Field(description="Width in pixels.")
    height: int
    url: str = Field(description="The pixels as PNG.")
    preview: str = Field(description="The same, reduced to a small PNG.")


class StackLayerBody(BaseModel):
    """A layer. `left` and `top` are the place of its pixels before `transform`; `bbox` is on the canvas after it."""

    type: Literal["layer"] = "layer"
    id: int
    name: str
    kind: str = Field(description="`background`, `text`, `object`, `panel`, `area` or `small`.")
    bbox: list[float] = Field(description="x, y, width and height in pixels.")
    pixels: PixelsBody
    left: int
    top: int
    transform: list[float] = Field(description="a, b, c, d, e and f as in SVG's `matrix()`.")
    opacity: int = Field(description="0 to 255.")
    blend: str
    is_hidden: bool
    is_locked: bool
    is_guessed: bool = Field(description="Whether some of the pixels were not in the image.")
    text: str | None = None
    style: TextStyleBody | None = None


class StackGroupBody(BaseModel):
    """A pass-through group. `layers`: what it contains, lowest first."""

    type: Literal["group"] = "group"
    id: int
    name: str
    kind: str
    is_hidden: bool
    is_locked: bool
    layers: "list[NodeBody]"


NodeBody = Annotated[StackLayerBody | StackGroupBody, Field(discriminator="type")]


class StackSummary(BaseModel):
    """A stack that can be edited. Times are RFC 3339 in UTC."""

    id: str = Field(examples=[JOB_ID])
    name: str
    source: str = Field(description="`job:ID`, `file:ID`, or `upload`.")
    width: int
    height: int
    revision: int = Field(description="Send it as `If-Match` with changes.")
    created_at: str
    updated_at: str
    expires_at: str | None = None


class MadeBody(BaseModel):
    """The model that made a stack."""

    engine: str
    checkpoint: str = Field(description="The weights; empty if they have no name.")
    seed: int | None = None
    prompt: str = ""


class EditableStackBody(StackSummary):
    """`layers`: the layers and groups, lowest first."""

    layers: list[NodeBody]
    made: MadeBody | None = Field(None, description="How a model made the stack; null if none did.")
    edited_by: list[str] = Field(description="Names of the models that have changed layers since.")
    undo: int | None = Field(None, description="The revision that undo goes to; null if there is none.")
    redo: int | None = None
    files: dict[str, str] = Field(
        description="Paths of the stack in each file format; they need the API key.",
        examples=[{"psd": f"/v1/stacks/{JOB_ID}.psd"}],
    )


class ReturnedBody(BaseModel):
    """`changes`: what differs from the revision before, each with its `type`; `sentences`: the same in words."""

    stack: EditableStackBody
    is_empty: bool = Field(description="Whether nothing is different.")
    changes: list[dict[str, Any]]
    origin: tuple[int, int] = Field(
        description="The top left of the canvas on the one before: 0, 0 unless it was cropped or enlarged there."
    )
    sentences: list[str] = Field(examples=[["'Headline' was moved by 40 px right."]])


class StackPage(BaseModel):
    """`next`: pass it as `before` to get older stacks; it is null on the last page."""

    stacks: list[StackSummary]
    next: str | None = None


class RevisionBody(BaseModel):
    number: int
    description: str = Field(examples=['rename "Text" to "Headline"'])
    created_at: str
    is_current: bool


class RevisionPage(BaseModel):
    """Newest first. `next`: pass it as `before` to get older revisions; it is null on the last page."""

    revisions: list[RevisionBody]
    next: int | None = None


class ProposalBody(BaseModel):
    """`job` is null if only the price was asked for."""

    price_usd: str = Field(examples=["0.05"])
    job: JobBody | None = None
    accept: str | None = Field(None, description="POST this path once the job has succeeded.")


class OpenProposalBody(BaseModel):
    """A proposal that was neither accepted nor discarded."""

    id: str = Field(description="Id of its job.", examples=[JOB_ID])
    operation: dict[str, Any] = Field(examples=[{"op": "split", "layer": 2}])
    layer_name: str
    revision: int = Field(description="The revision of the stack that it was made for.")
    state: str = Field(description="Of the job.")
    price_usd: str = Field(examples=["0.05"])
    created_at: str
    is_acceptable: bool = Field(
        description="False if the layer is another one now, or the job has ended without a result."
    )
    obstacle: str | None = Field(None, description="Why it is not acceptable.")
    accept: str = Field(description="POST this path once the job has succeeded.")


class ProposalPage(BaseModel):
    """Newest first. `next`: pass it as `before` to get older proposals; it is null on the last page."""

    proposals: list[OpenProposalBody]
    next: str | None = None
