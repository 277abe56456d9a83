"""The table of fal's endpoints that are served here: the input, model and output of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, create_model

from lamina.api.fal import inputs
from lamina.api.fal.fields import FieldOf, LoRAInput, loras
from lamina.core.tasks import TaskKind


class Output(StrEnum):
    """The form of a result. `LAYERS` and `FILES` (without width and timings) are special cases of fal's; `ADAPTER` is
    the result of trainers.
    """

    LAYERS = "layers"
    PICTURES = "pictures"
    FILES = "files"
    ADAPTER = "adapter"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`path`: the alias, optionally with more path segments. `model`: the name in the catalog. `title`: the name of
    fal's input class."""

    path: str
    title: str
    name: str
    about: str
    kind: TaskKind
    model: str
    fields: tuple[FieldOf, ...]
    output: Output = Output.PICTURES

    @property
    def id(self) -> str:
        return f"fal-ai/{self.path}"

    @property
    def app(self) -> str:
        """Owner and alias, with which the URLs of its requests begin."""
        return "/".join(self.id.split("/")[:2])

    @property
    def schema_name(self) -> str:
        """fal's name for its schemas: "fal-ai/qwen-image-2512/lora" is QwenImage2512Lora."""
        parts = self.id.partition("/")[2].replace("/", "-").split("-")
        return "".join(part.capitalize() for part in parts)

    @property
    def priced_as(self) -> str:
        """The name by which its jobs are priced: the model, or, since trainings have their own prices, the trainer."""
        return self.id.partition("/")[2] if self.kind is TaskKind.TRAIN else self.model

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @cached_property
    def input(self) -> type[BaseModel]:
        """The pydantic model of its input. Unknown fields are ignored, as fal does."""
        config = ConfigDict(
            title=self.title,
            json_schema_extra={"x-fal-order-properties": [*self.field_names]},
            protected_namespaces=(),
        )
        definitions = {field.name: field.definition for field in self.fields}
        return create_model(f"{self.schema_name}Input", __config__=config, **definitions)


_DECOMPOSES = "Decomposes an image into layers with transparency."
_EDITS = "Edits an image as described by a prompt."
_EDITS_SEVERAL = "Edits an image, or combines several images, as described by a prompt."
_TRAINS = "Trains a LoRA on pairs of images, for the image editing endpoints."
_TRAINS_LAYERS = "Trains a LoRA on images and their layers, for the layer decomposition endpoint."
_GENERATES = "Generates images from a prompt; it renders text well."

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        endpoint.id: endpoint
        for endpoint in (
            Endpoint(
                path="qwen-image-layered",
                title="TextToImageInput",
                name="Qwen Image Layered",
                about=_DECOMPOSES,
                kind=TaskKind.DECOMPOSE,
                model="qwen-image-layered",
                fields=inputs.LAYERED,
                output=Output.LAYERS,
            ),
            Endpoint(
                path="qwen-image-layered/lora",
                title="TextToImageLoRAInput",
                name="Qwen Image Layered with LoRAs",
                about=_DECOMPOSES,
                kind=TaskKind.DECOMPOSE,
                model="qwen-image-layered",
                fields=(*inputs.LAYERED, loras(LoRAInput)),
                output=Output.LAYERS,
            ),
            Endpoint(
                path="qwen-image",
                title="BaseQwenImageInput",
                name="Qwen Image",
                about=_GENERATES,
                kind=TaskKind.GENERATE,
                model="qwen-image",
                fields=inputs.GENERATION,
            ),
            Endpoint(
                path="qwen-image/image-to-image",
                title="QwenImageI2IInput",
                name="Qwen Image from a picture",
                about="Generates images from a prompt and an initial image.",
                kind=TaskKind.GENERATE,
                model="qwen-image",
                fields=inputs.IMAGE_TO_IMAGE,
            ),
            Endpoint(
                path="qwen-image-2512",
                title="TextToImageInput",
                name="Qwen Image 2512",
                about=_GENERATES,
                kind=TaskKind.GENERATE,
                model="qwen-image-2512",
                fields=inputs.GENERATION_2512,
            ),
            Endpoint(
                path="qwen-image-2512/lora",
                title="LoraInput",
                name="Qwen Image 2512 with LoRAs",
                about=_GENERATES,
                kind=TaskKind.GENERATE,
                model="qwen-image-2512",
                fields=(*inputs.GENERATION_2512, inputs.LORAS),
            ),
            Endpoint(
                path="qwen-image-edit",
                title="BaseQwenEditImageInput",
                name="Qwen Image Edit",
                about=_EDITS,
                kind=TaskKind.EDIT,
                model="qwen-image-edit",
                fields=inputs.SINGLE_EDIT,
            ),
            Endpoint(
                path="qwen-image-edit-lora",
                title="BaseQwenEditImageLoRAInput",
                name="Qwen Image Edit with LoRAs",
                about=_EDITS,
                kind=TaskKind.EDIT,
                model="qwen-image-edit",
                fields=inputs.SINGLE_EDIT_LORA,
            ),
            Endpoint(
                path="qwen-image-edit-plus",
                title="BaseQwenEditImagePlusInput",
                name="Qwen Image Edit Plus",
                about=_EDITS_SEVERAL,
                kind=TaskKind.EDIT,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS,
            ),
            Endpoint(
                path="qwen-image-edit-plus-lora",
                title="BaseQwenEditImagePlusLoRAInput",
                name="Qwen Image Edit Plus with LoRAs",
                about=_EDITS_SEVERAL,
                kind=TaskKind.EDIT,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS_LORA,
            ),
            Endpoint(
                path="qwen-image-edit-2509",
                title="BaseQwenEditImagePlusInput",
                name="Qwen Image Edit 2509",
                about=_EDITS_SEVERAL,
                kind=TaskKind.EDIT,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS,
            ),
            Endpoint(
                path="qwen-image-edit-2509-lora",
                title="BaseQwenEditImagePlusLoRAInput",
                name="Qwen Image Edit 2509 with LoRAs",
                about=_EDITS_SEVERAL,
                kind=TaskKind.EDIT,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS_LORA,
            ),
            Endpoint(
                path="qwen-image-edit-2511",
                title="EditImageInput",
                name="Qwen Image Edit 2511",
                about=_EDITS_SEVERAL,
                kind=TaskKind.EDIT,
                model="qwen-image-edit-2511",
                fields=inputs.EDIT_2511,
            ),
            Endpoint(
                path="qwen-image-edit-2511/lora",
                title="EditImageLoraInput",
                name="Qwen Image Edit 2511 with LoRAs",
                about=_EDITS_SEVERAL,
                kind=TaskKind.EDIT,
                model="qwen-image-edit-2511",
                fields=(*inputs.EDIT_2511, inputs.LORAS),
            ),
            Endpoint(
                path="qwen-image-max/text-to-image",
                title="QwenImageMaxTextToImageInput",
                name="Qwen Image Max",
                about=_GENERATES,
                kind=TaskKind.GENERATE,
                model="qwen-image-2512",
                fields=inputs.MAX,
                output=Output.FILES,
            ),
            Endpoint(
                path="qwen-image-max/edit",
                title="QwenImageMaxEditInput",
                name="Qwen Image Max Edit",
                about=_EDITS_SEVERAL,
                kind=TaskKind.EDIT,
                model="qwen-image-edit-2511",
                fields=inputs.MAX_EDIT,
                output=Output.FILES,
            ),
            Endpoint(
                path="qwen-image-layered-trainer",
                title="Input",
                name="Qwen Image Layered Trainer",
                about=_TRAINS_LAYERS,
                kind=TaskKind.TRAIN,
                model="qwen-image-layered",
                fields=inputs.LAYERED_TRAINING,
                output=Output.ADAPTER,
            ),
            Endpoint(
                path="qwen-image-edit-plus-trainer",
                title="InputPlus",
                name="Qwen Image Edit Plus Trainer",
                about=_TRAINS,
                kind=TaskKind.TRAIN,
                model="qwen-image-edit-2509",
                fields=inputs.EDIT_TRAINING,
                output=Output.ADAPTER,
            ),
            Endpoint(
                path="qwen-image-edit-2509-trainer",
                title="InputPlus",
                name="Qwen Image Edit 2509 Trainer",
                about=_TRAINS,
                kind=TaskKind.TRAIN,
                model="qwen-image-edit-2509",
                fields=inputs.EDIT_TRAINING,
                output=Output.ADAPTER,
            ),
            Endpoint(
                path="qwen-image-edit-2511-trainer",
                title="Input2511",
                name="Qwen Image Edit 2511 Trainer",
                about=_TRAINS,
                kind=TaskKind.TRAIN,
                model="qwen-image-edit-2511",
                fields=inputs.EDIT_TRAINING,
                output=Output.ADAPTER,
            ),
        )
    }
)
"""By id."""

APPS = frozenset(endpoint.app for endpoint in ENDPOINTS.values())


def endpoint_of(path: str) -> Endpoint | None:
    """The endpoint of a path without leading and trailing slashes; None if it is unknown."""
    return ENDPOINTS.get(path)
