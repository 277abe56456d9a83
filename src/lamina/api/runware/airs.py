"""The models that Runware's clients know by AIR, and what each takes."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from lamina.api.runware.errors import RunwareError
from lamina.core.catalog import MODELS, Model
from lamina.core.tasks import MAX_REFERENCES, TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AirModel:
    """`model`: in the catalog. `slug`: as Runware's SDKs call it. `is_size_required`: both width and height.
    `most_references`: reference pictures, of which those that change pictures need one. `architecture`: of its LoRAs.
    """

    air: str
    model: str
    kind: TaskKind
    slug: str
    title: str
    architecture: str
    is_size_required: bool
    most_references: int = 0

    @property
    def least_references(self) -> int:
        return 0 if self.kind is TaskKind.GENERATE else 1

    @property
    def catalog_entry(self) -> Model:
        return MODELS[self.model]


AIRS: Mapping[str, AirModel] = {
    one.air: one
    for one in (
        AirModel(
            air="alibaba:qwen-image@layered",
            model="qwen-image-layered",
            kind=TaskKind.DECOMPOSE,
            slug="alibaba-qwen-image-layered",
            title="Qwen-Image-Layered",
            architecture="qwen_image_layered",
            is_size_required=False,
            most_references=1,
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
            most_references=1,
        ),
        AirModel(
            air="runware:108@22",
            model="qwen-image-edit-2509",
            kind=TaskKind.EDIT,
            slug="alibaba-qwen-image-edit-plus",
            title="Qwen-Image-Edit-Plus",
            architecture="qwen_image_edit_plus",
            is_size_required=True,
            most_references=MAX_REFERENCES,
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
            most_references=MAX_REFERENCES,
        ),
    )
}
_SLUGS = {one.slug: one for one in AIRS.values()}
ARCHITECTURES = tuple(one.architecture for one in AIRS.values())
"""Of LoRAs that may be uploaded: all of one transformer; for which weights one was trained is its user's word."""


def air_model(name: str) -> AirModel:
    """Of an AIR or a slug. Raises `RunwareError` (invalidModel)."""
    found = AIRS.get(name) or _SLUGS.get(name)
    if found is None:
        close = difflib.get_close_matches(name[:200], AIRS, 1, 0.6)
        hint = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(AIRS)}."
        raise RunwareError(
            "invalidModel",
            f"There is no model {name[:200]!r} here. {hint}",
            parameter="model",
            type="string",
            allowedValues=list(AIRS),
        )
    return found
