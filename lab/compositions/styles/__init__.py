"""The styles of compositions, a module each, and their frequencies."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lab.compositions.composition import Composition
from lab.compositions.material import Material
from lab.compositions.styles import (
    badges,
    close_groups,
    documents,
    full_pages,
    illustrations,
    landscapes,
    marks,
    posters,
    scenes,
    screens,
)

Compose = Callable[[np.random.Generator, Material], Composition]


@dataclass(frozen=True, slots=True)
class Style:
    name: str
    weight: float
    compose: Compose


STYLES: tuple[Style, ...] = (
    Style("scenes", 0.2, scenes.compose),
    Style("illustrations", 0.22, illustrations.compose),
    Style("badges", 0.13, badges.compose),
    Style("marks", 0.09, marks.compose),
    Style("posters", 0.12, posters.compose),
    Style("screens", 0.03, screens.compose),
    Style("documents", 0.07, documents.compose),
    Style("landscapes", 0.05, landscapes.compose),
    Style("full-pages", 0.05, full_pages.compose),
    Style("close-groups", 0.04, close_groups.compose),
)
