"""The table of the models by AIR, Runware's model identifier, with their limits."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from lamina.api.runware.errors import parameter_error
from lamina.core.catalog import MODELS, Model
from lamina.core.tasks import MAX_REFERENCES, TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AirModel:
    """`model`: the name in the catalog. `slug`: the name in Runware's SDKs. `is_size_required`: whether width and
    height are required. `max_references`: maximum number of reference images. `architecture`: that of its LoRAs.
    """

    air: str
    model: str
    kind: TaskKind
    slug: str
    title: str
    architecture: str
    is_size_required: bool
    max_references: int = 0

    @property
    def min_references(self) -> int:
        return 0 if self.kind is TaskKind.GENERATE else 1

    @property
    def catalog_entry(self) -> Model:
        return MODELS[self.model]


AIRS: Mapping[str, AirModel] = {
    entry.air: entry
    for entry in (
        AirModel(
            air="alibaba:qwen-image@layered",
            model="qwen-image-layered",
            kind=TaskKind.DECOMPOSE,
            slug="alibaba-qwen-image-layered",
            title="Qwen-Image-Layered",
            architecture="qwen_image_layered",
            is_size_required=False,
            max_references=1,
        ),
        AirModel(
            air="runware:108@1",
            model="qwen-image",
            kind=TaskKind.GENERATE,
            slug="alibaba-qwen-image",
            title="Qwen-Image",
            architecture="qwen_image",
            is_size_required=True,
        ),
        AirModel(
            air="runware:108@20",
            model="qwen-image-edit",
            kind=TaskKind.EDIT,
            slug="alibaba-qwen-image-edit",
            title="Qwen-Image-Edit",
            architecture="qwen_image_edit",
            is_size_required=False,
            max_references=1,
        ),
        AirModel(
            air="runware:108@22",
            model="qwen-image-edit-2509",
            kind=TaskKind.EDIT,
            slug="alibaba-qwen-image-edit-plus",
            title="Qwen-Image-Edit-Plus",
            architecture="qwen_image_edit_plus",
            is_size_required=True,
            max_references=MAX_REFERENCES,
        ),
        AirModel(
            air="alibaba:qwen-image@2512",
            model="qwen-image-2512",
            kind=TaskKind.GENERATE,
            slug="alibaba-qwen-image-2512",
            title="Qwen-Image-2512",
            architecture="qwen_image_2512",
            is_size_required=True,
        ),
        AirModel(
            air="alibaba:qwen-image-edit@2511",
            model="qwen-image-edit-2511",
            kind=TaskKind.EDIT,
            slug="alibaba-qwen-image-edit-2511",
            title="Qwen-Image-Edit-2511",
            architecture="qwen_image_edit_2511",
            is_size_required=False,
            max_references=MAX_REFERENCES,
        ),
    )
}
_SLUGS = {entry.slug: entry for entry in AIRS.values()}
ARCHITECTURES = tuple(entry.architecture for entry in AIRS.values())
"""The architectures of LoRAs that may be uploaded. All models have the same transformer, so that the architecture that
the user states cannot be verified."""


def air_model(name: str) -> AirModel:
    """The model with this AIR or slug. Raises `RunwareError` (invalidModel)."""
    model = AIRS.get(name) or _SLUGS.get(name)
    if model is None:
        close = difflib.get_close_matches(name[:200], AIRS, 1, 0.6)
        hint = f"Did you mean {close[0]}?" if close else f"Available models: {', '.join(AIRS)}."
        raise parameter_error("invalidModel", f"The model {name[:200]!r} does not exist. {hint}", "model", AIRS)
    return model
