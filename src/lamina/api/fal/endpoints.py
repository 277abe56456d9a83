"""The table of fal's endpoints that are served here: the input, model and output of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, create_model

from lamina.api.fal import inputs
from lamina.api.fal.fields import FieldOf, LoRAInput, loras
from lamina.core.tasks import TaskKind


class Output(StrEnum):
    """What an answer looks like: `LAYERS`, and `FILES` without width and timings, are fal's own two special cases;
    `ADAPTER` is what trainers answer.
    """

    LAYERS = "layers"
    PICTURES = "pictures"
    FILES = "files"
    ADAPTER = "adapter"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """`id`: owner/alias and what may follow. `model`: in the catalog. `title`: of fal's input class."""

    id: str
    title: str
    name: str
    about: str
    kind: TaskKind
    model: str
    output: Output
    fields: tuple[FieldOf, ...]

    @property
    def app(self) -> str:
        """Owner and alias: what the addresses of its requests begin with."""
        return "/".join(self.id.split("/")[:2])

    @property
    def schema_name(self) -> str:
        """As fal calls its schemas: "fal-ai/qwen-image-2512/lora" is QwenImage2512Lora."""
        words = self.id.partition("/")[2].replace("/", "-").split("-")
        return "".join(word.capitalize() for word in words)

    @property
    def priced_as(self) -> str:
        """The model of its jobs; trainers have prices of their own."""
        return self.id.partition("/")[2] if self.kind is TaskKind.TRAIN else self.model

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @cached_property
    def input(self) -> type[BaseModel]:
        """The pydantic model of its input; fields that it does not know are let pass, as fal does."""
        order: dict[str, JsonValue] = {"x-fal-order-properties": [*self.field_names]}
        config = ConfigDict(title=self.title, json_schema_extra=order, protected_namespaces=())
        given: dict[str, Any] = {field.name: (field.type, field.info) for field in self.fields}
        return create_model(f"{self.schema_name}Input", __config__=config, **given)


_G, _E, _D, _T = TaskKind.GENERATE, TaskKind.EDIT, TaskKind.DECOMPOSE, TaskKind.TRAIN


def _endpoint(
    path: str,
    title: str,
    name: str,
    about: str,
    kind: TaskKind,
    model: str,
    fields: tuple[FieldOf, ...],
    output: Output = Output.PICTURES,
) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/{path}", title=title, name=name, about=about, kind=kind, model=model, output=output, fields=fields
    )


_APART = "Takes a picture apart into layers with transparency."
_CHANGES = "Changes a picture as words say."
_SEVERAL = "Changes a picture, or brings several into one, as words say."
_TRAINS = "Trains a LoRA on pairs of pictures, for the endpoints that change pictures."
_TRAINS_LAYERS = "Trains a LoRA on pictures and their layers, for the endpoint that takes pictures apart."
_MAKES = "Makes pictures from words, and is good at lettering."

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        endpoint.id: endpoint
        for endpoint in (
            _endpoint(
                "qwen-image-layered",
                title="TextToImageInput",
                name="Qwen Image Layered",
                about=_APART,
                kind=_D,
                model="qwen-image-layered",
                fields=inputs.LAYERED,
                output=Output.LAYERS,
            ),
            _endpoint(
                "qwen-image-layered/lora",
                title="TextToImageLoRAInput",
                name="Qwen Image Layered with LoRAs",
                about=_APART,
                kind=_D,
                model="qwen-image-layered",
                fields=(*inputs.LAYERED, loras(LoRAInput)),
                output=Output.LAYERS,
            ),
            _endpoint(
                "qwen-image",
                title="BaseQwenImageInput",
                name="Qwen Image",
                about=_MAKES,
                kind=_G,
                model="qwen-image",
                fields=inputs.GENERATION,
            ),
            _endpoint(
                "qwen-image/image-to-image",
                title="QwenImageI2IInput",
                name="Qwen Image from a picture",
                about="Makes pictures from words and a picture to start from.",
                kind=_G,
                model="qwen-image",
                fields=inputs.IMAGE_TO_IMAGE,
            ),
            _endpoint(
                "qwen-image-2512",
                title="TextToImageInput",
                name="Qwen Image 2512",
                about=_MAKES,
                kind=_G,
                model="qwen-image-2512",
                fields=inputs.GENERATION_2512,
            ),
            _endpoint(
                "qwen-image-2512/lora",
                title="LoraInput",
                name="Qwen Image 2512 with LoRAs",
                about=_MAKES,
                kind=_G,
                model="qwen-image-2512",
                fields=(*inputs.GENERATION_2512, inputs.LORAS),
            ),
            _endpoint(
                "qwen-image-edit",
                title="BaseQwenEditImageInput",
                name="Qwen Image Edit",
                about=_CHANGES,
                kind=_E,
                model="qwen-image-edit",
                fields=inputs.SINGLE_EDIT,
            ),
            _endpoint(
                "qwen-image-edit-lora",
                title="BaseQwenEditImageLoRAInput",
                name="Qwen Image Edit with LoRAs",
                about=_CHANGES,
                kind=_E,
                model="qwen-image-edit",
                fields=inputs.SINGLE_EDIT_LORA,
            ),
            _endpoint(
                "qwen-image-edit-plus",
                title="BaseQwenEditImagePlusInput",
                name="Qwen Image Edit Plus",
                about=_SEVERAL,
                kind=_E,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS,
            ),
            _endpoint(
                "qwen-image-edit-plus-lora",
                title="BaseQwenEditImagePlusLoRAInput",
                name="Qwen Image Edit Plus with LoRAs",
                about=_SEVERAL,
                kind=_E,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS_LORA,
            ),
            _endpoint(
                "qwen-image-edit-2509",
                title="BaseQwenEditImagePlusInput",
                name="Qwen Image Edit 2509",
                about=_SEVERAL,
                kind=_E,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS,
            ),
            _endpoint(
                "qwen-image-edit-2509-lora",
                title="BaseQwenEditImagePlusLoRAInput",
                name="Qwen Image Edit 2509 with LoRAs",
                about=_SEVERAL,
                kind=_E,
                model="qwen-image-edit-2509",
                fields=inputs.PLUS_LORA,
            ),
            _endpoint(
                "qwen-image-edit-2511",
                title="EditImageInput",
                name="Qwen Image Edit 2511",
                about=_SEVERAL,
                kind=_E,
                model="qwen-image-edit-2511",
                fields=inputs.EDIT_2511,
            ),
            _endpoint(
                "qwen-image-edit-2511/lora",
                title="EditImageLoraInput",
                name="Qwen Image Edit 2511 with LoRAs",
                about=_SEVERAL,
                kind=_E,
                model="qwen-image-edit-2511",
                fields=(*inputs.EDIT_2511, inputs.LORAS),
            ),
            _endpoint(
                "qwen-image-max/text-to-image",
                title="QwenImageMaxTextToImageInput",
                name="Qwen Image Max",
                about=_MAKES,
                kind=_G,
                model="qwen-image-2512",
                fields=inputs.MAX,
                output=Output.FILES,
            ),
            _endpoint(
                "qwen-image-max/edit",
                title="QwenImageMaxEditInput",
                name="Qwen Image Max Edit",
                about=_SEVERAL,
                kind=_E,
                model="qwen-image-edit-2511",
                fields=inputs.MAX_EDIT,
                output=Output.FILES,
            ),
            _endpoint(
                "qwen-image-layered-trainer",
                title="Input",
                name="Qwen Image Layered Trainer",
                about=_TRAINS_LAYERS,
                kind=_T,
                model="qwen-image-layered",
                fields=inputs.LAYERED_TRAINING,
                output=Output.ADAPTER,
            ),
            _endpoint(
                "qwen-image-edit-plus-trainer",
                title="InputPlus",
                name="Qwen Image Edit Plus Trainer",
                about=_TRAINS,
                kind=_T,
                model="qwen-image-edit-2509",
                fields=inputs.EDIT_TRAINING,
                output=Output.ADAPTER,
            ),
            _endpoint(
                "qwen-image-edit-2509-trainer",
                title="InputPlus",
                name="Qwen Image Edit 2509 Trainer",
                about=_TRAINS,
                kind=_T,
                model="qwen-image-edit-2509",
                fields=inputs.EDIT_TRAINING,
                output=Output.ADAPTER,
            ),
            _endpoint(
                "qwen-image-edit-2511-trainer",
                title="Input2511",
                name="Qwen Image Edit 2511 Trainer",
                about=_TRAINS,
                kind=_T,
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
    """Of a path without slashes at its ends."""
    return ENDPOINTS.get(path)
