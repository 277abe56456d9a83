"""The table of fal's endpoints that are served here: the one place that says what each takes, and what does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, create_model

from lamina.api.fal import fields as f
from lamina.api.fal.fields import FieldOf, LoRAInput, LoraWeight
from lamina.core.tasks import TaskKind


class Output(StrEnum):
    """What an answer looks like: `LAYERS`, and `FILES` without width and timings, are fal's own two special cases;
    `ADAPTER` is what trainers answer.
    """

    LAYERS = "layers"
    PICTURES = "pictures"
    FILES = "files"
    ADAPTER = "adapter"


@dataclass(frozen=True)
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
_ANY_ACCELERATION = ("none", "regular", "high")
_ALL_FORMATS = ("jpeg", "png", "webp")

_LAYERED = (
    f.caption(), f.image_url("The picture to take apart."), f.negative_prompt(), f.steps(1, 50, 28),
    f.guidance(1, 5), f.seed(), f.SYNC_MODE, f.layer_count(), f.SAFETY, f.formats("png", "webp"),
    f.acceleration("regular", *_ANY_ACCELERATION),
)  # fmt: skip
_FIRST = (
    f.prompt(), f.image_size("landscape_4_3", may_be_null=False), f.steps(2, 250, 30), f.seed(), f.guidance(0, 2.5),
    f.SYNC_MODE, f.count(4), f.SAFETY, f.formats("jpeg", "png"), f.negative_prompt(" "),
    f.acceleration("none", *_ANY_ACCELERATION), f.loras(LoraWeight), f.TURBO,
)  # fmt: skip
_FROM_PICTURE = (
    *(f.image_size() if field.name == "image_size" else field for field in _FIRST), f.image_url(), f.strength(0.6),
)  # fmt: skip
_2512 = (
    f.prompt(), f.negative_prompt(), f.image_size("landscape_4_3", may_be_null=False), f.steps(1, 50, 28),
    f.guidance(0, 4), f.seed(), f.SYNC_MODE, f.count(4), f.SAFETY, f.formats(*_ALL_FORMATS),
    f.acceleration("regular", *_ANY_ACCELERATION),
)  # fmt: skip
_2511 = (
    f.prompt(), f.negative_prompt(), f.image_size(), f.image_urls(), f.steps(1, 50, 28), f.guidance(1, 4.5), f.seed(),
    f.SYNC_MODE, f.count(4), f.SAFETY, f.formats(*_ALL_FORMATS), f.acceleration("regular", *_ANY_ACCELERATION),
)  # fmt: skip
_LORAS = f.loras(LoraWeight)


def _edit(
    size: FieldOf, steps: FieldOf, pictures: FieldOf, acceleration: FieldOf, *more: FieldOf
) -> tuple[FieldOf, ...]:
    return (
        f.prompt(), size, steps, f.seed(), f.guidance(0, 4), f.SYNC_MODE, f.count(4), f.SAFETY,
        f.formats("jpeg", "png"), pictures, f.negative_prompt(" "), acceleration, *more,
    )  # fmt: skip


def _training(most_steps: int, archive: str) -> tuple[FieldOf, ...]:
    return f.image_data_url(archive), f.learning_rate(), f.training_steps(most_steps), f.default_caption()


_ONE = _edit(
    f.image_size(), f.steps(2, 50, 30), f.image_url(), f.acceleration("regular", *_ANY_ACCELERATION)
)  # fmt: skip
_ONE_LORA = _edit(
    f.image_size(), f.steps(2, 50, 30), f.image_url(), f.acceleration("none", *_ANY_ACCELERATION), _LORAS
)  # fmt: skip
_PLUS = _edit(
    f.image_size("square_hd", may_be_null=False), f.steps(2, 100, 50), f.image_urls(),
    f.acceleration("regular", "none", "regular"),
)  # fmt: skip
_PLUS_LORA = _edit(
    f.image_size(), f.steps(2, 50, 28), f.image_urls(), f.acceleration("regular", "none", "regular"), _LORAS
)  # fmt: skip
_MAX = (
    f.prompt(most=800), f.negative_prompt(most=500, may_be_null=True),
    f.image_size("square_hd", may_be_null=False), f.EXPANSION, f.seed(), f.SAFETY, f.SYNC_MODE, f.count(4),
    f.formats(*_ALL_FORMATS),
)  # fmt: skip
_MAX_EDIT = (
    f.prompt(most=800), f.negative_prompt(most=500, may_be_null=True), f.image_size(), f.EXPANSION, f.seed(),
    f.SAFETY, f.SYNC_MODE, f.count(6), f.formats(*_ALL_FORMATS), f.image_urls(3),
)  # fmt: skip
_PAIRS = _training(
    30_000,
    "A ZIP of examples: ROOT_start.EXT (ROOT_start2.EXT and so on, up to 10) and ROOT_end.EXT are pictures before and "
    "after, ROOT.txt says what was done.",
)
_GROUPS = _training(
    10_000,
    "A ZIP of examples: ROOT_start.EXT is a whole picture, ROOT_end.EXT, ROOT_end2.EXT and so on, up to 8, are its "
    "layers, bottom first, PNG or WebP, as many in each; ROOT.txt says what the picture shows.",
)


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
    return Endpoint(f"fal-ai/{path}", title, name, about, kind, model, output, fields)


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
            _endpoint("qwen-image-layered", "TextToImageInput", "Qwen Image Layered", _APART, _D, "qwen-image-layered",
                      _LAYERED, Output.LAYERS),
            _endpoint("qwen-image-layered/lora", "TextToImageLoRAInput", "Qwen Image Layered with LoRAs", _APART, _D,
                      "qwen-image-layered", (*_LAYERED, f.loras(LoRAInput)), Output.LAYERS),
            _endpoint("qwen-image", "BaseQwenImageInput", "Qwen Image", _MAKES, _G, "qwen-image", _FIRST),
            _endpoint("qwen-image/image-to-image", "QwenImageI2IInput", "Qwen Image from a picture",
                      "Makes pictures from words and a picture to start from.", _G, "qwen-image", _FROM_PICTURE),
            _endpoint("qwen-image-2512", "TextToImageInput", "Qwen Image 2512", _MAKES, _G, "qwen-image-2512", _2512),
            _endpoint("qwen-image-2512/lora", "LoraInput", "Qwen Image 2512 with LoRAs", _MAKES, _G,
                      "qwen-image-2512", (*_2512, _LORAS)),
            _endpoint("qwen-image-edit", "BaseQwenEditImageInput", "Qwen Image Edit", _CHANGES, _E, "qwen-image-edit",
                      _ONE),
            _endpoint("qwen-image-edit-lora", "BaseQwenEditImageLoRAInput", "Qwen Image Edit with LoRAs", _CHANGES, _E,
                      "qwen-image-edit", _ONE_LORA),
            _endpoint("qwen-image-edit-plus", "BaseQwenEditImagePlusInput", "Qwen Image Edit Plus", _SEVERAL, _E,
                      "qwen-image-edit-2509", _PLUS),
            _endpoint("qwen-image-edit-plus-lora", "BaseQwenEditImagePlusLoRAInput", "Qwen Image Edit Plus with LoRAs",
                      _SEVERAL, _E, "qwen-image-edit-2509", _PLUS_LORA),
            _endpoint("qwen-image-edit-2509", "BaseQwenEditImagePlusInput", "Qwen Image Edit 2509", _SEVERAL, _E,
                      "qwen-image-edit-2509", _PLUS),
            _endpoint("qwen-image-edit-2509-lora", "BaseQwenEditImagePlusLoRAInput", "Qwen Image Edit 2509 with LoRAs",
                      _SEVERAL, _E, "qwen-image-edit-2509", _PLUS_LORA),
            _endpoint("qwen-image-edit-2511", "EditImageInput", "Qwen Image Edit 2511", _SEVERAL, _E,
                      "qwen-image-edit-2511", _2511),
            _endpoint("qwen-image-edit-2511/lora", "EditImageLoraInput", "Qwen Image Edit 2511 with LoRAs", _SEVERAL,
                      _E, "qwen-image-edit-2511", (*_2511, _LORAS)),
            _endpoint("qwen-image-max/text-to-image", "QwenImageMaxTextToImageInput", "Qwen Image Max", _MAKES, _G,
                      "qwen-image-2512", _MAX, Output.FILES),
            _endpoint("qwen-image-max/edit", "QwenImageMaxEditInput", "Qwen Image Max Edit", _SEVERAL, _E,
                      "qwen-image-edit-2511", _MAX_EDIT, Output.FILES),
            _endpoint("qwen-image-layered-trainer", "Input", "Qwen Image Layered Trainer", _TRAINS_LAYERS, _T,
                      "qwen-image-layered", _GROUPS, Output.ADAPTER),
            _endpoint("qwen-image-edit-plus-trainer", "InputPlus", "Qwen Image Edit Plus Trainer", _TRAINS, _T,
                      "qwen-image-edit-2509", _PAIRS, Output.ADAPTER),
            _endpoint("qwen-image-edit-2509-trainer", "InputPlus", "Qwen Image Edit 2509 Trainer", _TRAINS, _T,
                      "qwen-image-edit-2509", _PAIRS, Output.ADAPTER),
            _endpoint("qwen-image-edit-2511-trainer", "Input2511", "Qwen Image Edit 2511 Trainer", _TRAINS, _T,
                      "qwen-image-edit-2511", _PAIRS, Output.ADAPTER),
        )
    }
)  # fmt: skip
"""By id."""

APPS = frozenset(endpoint.app for endpoint in ENDPOINTS.values())


def endpoint_of(path: str) -> Endpoint | None:
    """Of a path without slashes at its ends."""
    return ENDPOINTS.get(path)
