"""The JSON of requests that create and edit stacks, one model for each operation."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lamina.api.native.wire import JobFields, Picture, Prompt, SamplingFields, SelectionFields, Strict
from lamina.core.jobs import FILE
from lamina.core.layers import BlendMode
from lamina.core.selections import MAX_NAME_LENGTH
from lamina.core.tasks import MAX_LAYERS, MIN_LAYERS
from lamina.stacks.operations import Axis
from lamina.stacks.verbs.geometry import MAX_OFFSET_PX
from lamina.stacks.verbs.text_setting import MAX_CHARACTERS, MAX_SIZE_PX, MIN_SIZE_PX

MOST_OPERATIONS = 100
_MOST_NODES = 200
_JOB_EXAMPLE = "job:0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"

NodeId = Annotated[int, Field(ge=1, lt=1 << 31, description="Id of a layer or group in the stack.")]
NodeIds = Annotated[list[NodeId], Field(min_length=1, max_length=_MOST_NODES)]
NodeName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
Distance = Annotated[float, Field(ge=-MAX_OFFSET_PX, le=MAX_OFFSET_PX, description="Pixels of the canvas.")]
Sample = Annotated[int, Field(ge=0, le=255)]
Factor = Annotated[float, Field(gt=0, le=MAX_OFFSET_PX)]


class RenameFields(Strict):
    op: Literal["rename"]
    layer: NodeId
    name: NodeName


class HideFields(Strict):
    op: Literal["hide"]
    layer: NodeId
    hidden: bool = Field(True, description="False shows it again.")


class LockFields(Strict):
    op: Literal["lock"]
    layer: NodeId
    locked: bool = Field(True, description="False unlocks it.")


class OpacityFields(Strict):
    op: Literal["opacity"]
    layer: NodeId
    opacity: int = Field(ge=0, le=255)


class BlendFields(Strict):
    op: Literal["blend"]
    layer: NodeId
    mode: BlendMode


class MoveFields(Strict):
    op: Literal["move"]
    layer: NodeId
    right: Distance = 0.0
    down: Distance = 0.0


class ScaleFields(Strict):
    """About the centre of the layer or group."""

    op: Literal["scale"]
    layer: NodeId
    across: Factor
    down: Factor


class RotateFields(Strict):
    """About the centre of the layer or group."""

    op: Literal["rotate"]
    layer: NodeId
    degrees: float = Field(ge=-MAX_OFFSET_PX, le=MAX_OFFSET_PX, description="Clockwise.")


class FlipFields(Strict):
    op: Literal["flip"]
    layer: NodeId
    axis: Axis = Field(description="`horizontal` mirrors left and right.")


class DuplicateFields(Strict):
    op: Literal["duplicate"]
    layer: NodeId


class DeleteFields(Strict):
    op: Literal["delete"]
    layer: NodeId


class GroupFields(Strict):
    """Put layers and groups into a new group, where the topmost of them is."""

    op: Literal["group"]
    layers: NodeIds
    name: str = Field("", max_length=MAX_NAME_LENGTH)


class UngroupFields(Strict):
    op: Literal["ungroup"]
    layer: NodeId


class ReorderFields(Strict):
    op: Literal["reorder"]
    layer: NodeId
    parent: NodeId | None = Field(None, description="Id of the group to put it into; null is the top level.")
    position: int = Field(ge=0, le=_MOST_NODES, description="Place among the members, 0 is the lowest.")


class MergeFields(Strict):
    """Make one layer of several, where the topmost of them is."""

    op: Literal["merge"]
    layers: NodeIds
    name: str = Field("", max_length=MAX_NAME_LENGTH)


class FlattenFields(Strict):
    op: Literal["flatten"]
    layer: NodeId | None = Field(None, description="Id of a group; null is the whole stack.")


class ReplaceFields(Strict):
    """Put another image into a layer, fitted into its box."""

    op: Literal["replace"]
    layer: NodeId
    image: Picture


class CompleteFields(Strict):
    """Fill what the layers above hide of a layer by its own continuation. The layer is marked as guessed."""

    op: Literal["complete"]
    layer: NodeId


class RefineFields(Strict):
    """Find the exact edge of a layer from a rough mask."""

    op: Literal["refine"]
    layer: NodeId
    mask: Annotated[
        str, Field(min_length=1, description="An image of the size of the stack, white where the layer is.")
    ]


class SetTextFields(Strict):
    """Set a text layer anew, at its place, with an installed or an uploaded font. What is null stays."""

    op: Literal["set_text"]
    layer: NodeId
    words: str | None = Field(None, max_length=MAX_CHARACTERS, description="The lines of text.")
    font: str | None = Field(
        None,
        max_length=MAX_NAME_LENGTH,
        description="Family of a font that is installed on the server; or `file:ID` of an uploaded TTF, OTF, WOFF or "
        "WOFF2 file of at most 20 MiB.",
        examples=["Open Sans", "file:0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"],
    )
    weight: int | None = Field(None, ge=100, le=900, description="As in CSS.")
    italic: bool | None = None
    size: float | None = Field(None, ge=MIN_SIZE_PX, le=MAX_SIZE_PX, description="Em size in pixels.")
    colour: tuple[Sample, Sample, Sample] | None = Field(None, description="Red, green and blue, 0 to 255.")

    @property
    def has_uploaded_font(self) -> bool:
        return self.font is not None and self.font.startswith(FILE)


class RestoreTextFields(Strict):
    """Give a text layer the pixels back that it had before its text was first set anew."""

    op: Literal["restore_text"]
    layer: NodeId


class EngineFields(BaseModel):
    """Refused here, since an engine must run: send it to `POST /v1/stacks/{id}/proposals`."""

    op: Literal["separate", "split", "edit"]


OperationFields: TypeAlias = Annotated[
    RenameFields
    | HideFields
    | LockFields
    | OpacityFields
    | BlendFields
    | MoveFields
    | ScaleFields
    | RotateFields
    | FlipFields
    | DuplicateFields
    | DeleteFields
    | GroupFields
    | UngroupFields
    | ReorderFields
    | MergeFields
    | FlattenFields
    | ReplaceFields
    | CompleteFields
    | RefineFields
    | SetTextFields
    | RestoreTextFields
    | EngineFields,
    Field(discriminator="op"),
]


class EditStackFields(Strict):
    """Operations, which are all applied in this order, or none of them; or another name, which is not a revision."""

    operations: list[OperationFields] = Field(default_factory=list[OperationFields], max_length=MOST_OPERATIONS)
    name: NodeName | None = Field(None, description="Name of the stack.")

    @model_validator(mode="after")
    def _is_one_change(self) -> Self:
        if bool(self.operations) == (self.name is not None):
            raise ValueError("Give either operations, at least one, or a name.")
        return self

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"operations": [{"op": "rename", "layer": 2, "name": "Headline"}]}]}
    )


class CreateStackFields(Strict):
    """A stack of a decomposition, of an image, or of a layered file (PSD, ORA, ZIP)."""

    source: str = Field(
        min_length=1,
        description="`job:ID` of a decomposition, `file:ID` of an uploaded file, an http(s) URL, or a `data:` URI.",
        examples=[_JOB_EXAMPLE],
    )
    name: str = Field("", max_length=MAX_NAME_LENGTH)
    keep_s: float | None = Field(
        None, gt=0, le=10**9, description="Seconds to keep it after its last change, if the server keeps it longer."
    )


class TakeBackFields(Strict):
    """A file of the stack that another program has edited."""

    source: str = Field(
        min_length=1,
        description="`file:ID` of an uploaded PSD, ORA or ZIP, an http(s) URL, or a `data:` URI.",
        examples=["file:0199a2f0-1c2d-7e3f-8a4b-5c6d7e8f9a0b"],
    )


class SplitFields(Strict):
    """Take a layer apart into a group."""

    op: Literal["split"]
    layer: NodeId
    layers: int | None = Field(None, ge=MIN_LAYERS, le=MAX_LAYERS, description="Maximum number of layers.")


class SeparateFields(SelectionFields):
    """Make what is in a box or at a point of a layer a layer of its own."""

    op: Literal["separate"]
    layer: NodeId
    unit: Literal["pixels", "shares"] = Field("pixels", description="Unit of `box` and `point`, on the canvas.")


class EditLayerFields(Strict):
    """Change the pixels of a layer as a prompt describes, with an edit model. The outline of the layer stays."""

    op: Literal["edit"]
    layer: NodeId
    prompt: Prompt


ProposalOperation: TypeAlias = Annotated[SplitFields | SeparateFields | EditLayerFields, Field(discriminator="op")]


class ProposalFields(JobFields, SamplingFields):
    """An operation that needs an engine. It runs as a job, whose result can be accepted or discarded."""

    operation: ProposalOperation
    dry_run: bool = Field(False, description="Only tell the price.")
