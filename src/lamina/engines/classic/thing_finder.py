"""Finds what a box or a point means in one image: a thing by its true outline, or text."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from lamina.core.selections import Place
from lamina.engines.classic.atoms import Atoms, find_atoms
from lamina.engines.classic.candidate_features import Measurer
from lamina.engines.classic.candidates import Candidate, collect_candidates
from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.observation import Observation
from lamina.engines.classic.raster import Mask
from lamina.engines.classic.selection_choice import chosen
from lamina.engines.classic.selection_features import PoolMeasurer
from lamina.engines.classic.selection_pool import Outline, Pool, PoolCollector
from lamina.engines.segmentation.model_files import ModelFileError
from lamina.engines.segmentation.promptable_masks import PromptableImage


class ThingFinder:
    """Finds things and text at places of one image, in pixels of its working size.

    `exclusions`: points that belong to no thing.
    """

    def __init__(self, seen: Observation, exclusions: Sequence[Place] = ()) -> None:
        self._seen = seen
        self._outside = np.array([(place.x, place.y) for place in exclusions], np.float32).reshape(-1, 2)
        try:
            self._image: PromptableImage | None = PromptableImage(seen.rgb)
        except ModelFileError:
            self._image = None

    @property
    def lettering(self) -> Sequence[Lettering]:
        """The lines of text of the image."""
        return self._seen.lettering

    @cached_property
    def atoms(self) -> Atoms:
        """The even regions of the image."""
        return find_atoms(self._seen)

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The candidates for layers of the image; none of a photograph."""
        return [] if self._seen.is_photo else collect_candidates(self._seen, self.atoms)

    @cached_property
    def _collector(self) -> PoolCollector:
        return PoolCollector(self._seen, self.atoms, self.candidates, self._image, self._outside)

    @cached_property
    def measurer(self) -> PoolMeasurer:
        """Measures pools of this image."""
        return PoolMeasurer(self._seen, self.atoms, self.candidates, Measurer(self._seen, self.atoms))

    def found_at(self, place: Place) -> Outline | None:
        """The thing or the text that fills a box, or that is at a point; None if there is nothing."""
        pool = self.pool_at(place)
        if not pool.outlines:
            return None
        return pool.outlines[chosen(self.measurer.measured(pool))]

    def mask_at(self, place: Place) -> Mask | None:
        """(h, w): the pixels of what is at a place; None if there is nothing."""
        found = self.found_at(place)
        return None if found is None else found.candidate.full()

    def pool_at(self, place: Place) -> Pool:
        """All the outlines that a place may mean."""
        return self._collector.at(place)
