"""The models that Runware's clients know by AIR, and what each takes."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from lamina.api.runware.errors import RunwareError
from lamina.core.catalog import MODELS, Model
from lamina.core.tasks import MAX_REFERENCES, TaskKind


@dataclass(frozen=True, slots=True)
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
            "alibaba:qwen-image@layered", "qwen-image-layered", TaskKind.DECOMPOSE, "alibaba-qwen-image-layered",
            "Qwen-Image-Layered", "qwen_image_layered", False, 1,
        ),
        AirModel(
            "runware:108@1", "qwen-image", TaskKind.GENERATE, "alibaba-qwen-image",
            "Qwen-Image", "qwen_image", True,
        ),
        AirModel(
            "runware:108@20", "qwen-image-edit", TaskKind.EDIT, "alibaba-qwen-image-edit",
            "Qwen-Image-Edit", "qwen_image_edit", False, 1,
        ),
        AirModel(
            "runware:108@22", "qwen-image-edit-2509", TaskKind.EDIT, "alibaba-qwen-image-edit-plus",
            "Qwen-Image-Edit-Plus", "qwen_image_edit_plus", True, MAX_REFERENCES,
        ),
        AirModel(
            "alibaba:qwen-image@2512", "qwen-image-2512", TaskKind.GENERATE, "alibaba-qwen-image-2512",
            "Qwen-Image-2512", "qwen_image_2512", True,
        ),
        AirModel(
            "alibaba:qwen-image-edit@2511", "qwen-image-edit-2511", TaskKind.EDIT, "alibaba-qwen-image-edit-2511",
            "Qwen-Image-Edit-2511", "qwen_image_edit_2511", False, MAX_REFERENCES,
        ),
    )
}  # fmt: skip
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
