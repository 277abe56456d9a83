"""The fonts that text can be set in, as the Studio offers them."""

from collections.abc import Sequence

from pydantic import BaseModel

from lamina.typesetting.installed import NamedFace, installed_faces

_VARIABLE_WEIGHTS = range(100, 1000, 100)


class FamilyBody(BaseModel):
    """A family of installed fonts. `weights`: of its upright faces; `italic_weights`: of its italic ones."""

    name: str
    weights: list[int]
    italic_weights: list[int]


class FamiliesBody(BaseModel):
    families: list[FamilyBody]


def families() -> FamiliesBody:
    """Reads the names in all font files when it is first called."""
    by_name: dict[str, list[NamedFace]] = {}
    for face in installed_faces():
        by_name.setdefault(face.family, []).append(face)
    return FamiliesBody(families=[_family(name, faces) for name, faces in by_name.items()])


def _family(name: str, faces: Sequence[NamedFace]) -> FamilyBody:
    weights: dict[bool, set[int]] = {False: set(), True: set()}
    for face in faces:
        weights[face.is_italic].update(_VARIABLE_WEIGHTS if face.is_variable else [face.weight])
    return FamilyBody(name=name, weights=sorted(weights[False]), italic_weights=sorted(weights[True]))
