"""The fonts that text can be set in, as the Studio offers them."""

from pydantic import BaseModel

from lamina.typesetting.installed import installed_faces

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
    return FamiliesBody(families=[_family(name) for name in dict.fromkeys(face.family for face in installed_faces())])


def _family(name: str) -> FamilyBody:
    faces = [face for face in installed_faces() if face.family == name]
    weights: dict[bool, set[int]] = {False: set(), True: set()}
    for face in faces:
        weights[face.is_italic].update(_VARIABLE_WEIGHTS if face.is_variable else [face.weight])
    return FamilyBody(name=name, weights=sorted(weights[False]), italic_weights=sorted(weights[True]))
