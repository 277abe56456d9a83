"""The candidates of drawn pictures contain the things that were drawn, and the layers beneath are whole."""

import cv2
import numpy as np

from lamina.core.composite import composite
from lamina.core.layers import LayerStack
from lamina.core.ports import no_progress
from lamina.core.tasks import DecomposeTask
from lamina.engines.classic.atoms import find_atoms
from lamina.engines.classic.candidates import Candidate, collect_candidates
from lamina.engines.classic.engine import ClassicEngine
from lamina.engines.classic.merge_tree import merge_tree
from lamina.engines.classic.observation import Observation, observe


def opaque(rgb: np.ndarray) -> np.ndarray:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def canvas() -> np.ndarray:
    return np.full((600, 800, 3), (246, 238, 220), np.uint8)


def seen(rgb: np.ndarray) -> Observation:
    return observe(opaque(rgb), no_progress)


def candidates_of(rgb: np.ndarray) -> list[Candidate]:
    observation = seen(rgb)
    return collect_candidates(observation, find_atoms(observation))


def best_iou(candidates: list[Candidate], truth: np.ndarray) -> float:
    masks = [candidate.full() for candidate in candidates]
    return max(float((mask & truth).sum() / (mask | truth).sum()) for mask in masks)


def decompose(rgb: np.ndarray) -> LayerStack:
    return ClassicEngine().decompose(opaque(rgb), DecomposeTask(10), no_progress)


def tree_on_a_hill() -> tuple[np.ndarray, list[np.ndarray]]:
    """A tree of two colours before a hill; the masks of the tree and of the hill with the tree on it."""
    picture, hill, tree = canvas(), np.zeros((600, 800), np.uint8), np.zeros((600, 800), np.uint8)
    cv2.ellipse(hill, (400, 560), (330, 220), 0, 0, 360, 1, -1)
    cv2.rectangle(tree, (385, 260), (415, 430), 1, -1)
    cv2.circle(tree, (400, 230), 80, 1, -1)
    picture[hill > 0] = 120, 180, 90
    cv2.rectangle(picture, (385, 260), (415, 430), (110, 70, 40), -1)
    cv2.circle(picture, (400, 230), 80, (30, 110, 50), -1)
    return picture, [tree > 0, hill > 0]


def test_a_thing_of_two_colours_and_what_it_stands_on_are_candidates() -> None:
    picture, masks = tree_on_a_hill()
    candidates = candidates_of(picture)
    assert all(best_iou(candidates, mask) > 0.9 for mask in masks)


def test_scattered_parts_of_one_colour_are_a_candidate_together() -> None:
    picture, truth = canvas(), np.zeros((600, 800), np.uint8)
    for x, y in ((150, 150), (400, 420), (650, 200)):
        cv2.circle(picture, (x, y), 50, (200, 40, 60), -1)
        cv2.circle(truth, (x, y), 50, 1, -1)
    assert best_iou(candidates_of(picture), truth > 0) > 0.95


def test_the_merge_tree_joins_alike_neighbours_first() -> None:
    picture = canvas()
    picture[100:300, 100:300] = 200, 40, 60
    picture[100:300, 300:500] = 205, 48, 70
    picture[300:500, 100:500] = 30, 60, 160
    observation = seen(picture)
    atoms = find_atoms(observation)
    ground = np.bincount(atoms.labels.ravel(), observation.background.mask.ravel(), len(atoms)) > 0.5 * atoms.areas
    first = merge_tree(atoms, ground)[0]
    assert abs(first.area - 200 * 400) < 4000


def test_an_image_of_one_colour_has_no_candidates() -> None:
    assert candidates_of(canvas()) == []


def test_white_corners_beside_a_hexagon_are_the_background() -> None:
    picture = np.full((600, 520, 3), 255, np.uint8)
    corners = [(260 + 300 * np.sin(a), 300 - 300 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 7)[:-1]]
    cv2.fillPoly(picture, [np.rint(corners).astype(np.int32)], (80, 70, 220))
    cv2.circle(picture, (260, 300), 90, (250, 200, 40), -1)
    stack = decompose(picture)
    assert np.array_equal(composite(stack), opaque(picture))
    assert (stack[0].on_canvas(520, 600)[..., :3] == 255).all()
    assert len(stack) == 3


def test_a_soft_shadow_does_not_stay_in_the_background() -> None:
    shade = np.zeros((600, 800), np.float32)
    cv2.rectangle(shade, (300, 220), (520, 420), 0.5, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), 14)
    picture = np.rint(canvas() * (1 - shade[..., None])).astype(np.uint8)
    cv2.rectangle(picture, (290, 200), (510, 400), (40, 110, 160), -1)
    stack = decompose(picture)
    assert np.array_equal(composite(stack), opaque(picture))
    ground = stack[0].on_canvas(800, 600)[..., :3].astype(int)
    assert (np.abs(ground - canvas()).max(-1) > 16).mean() < 0.01


def test_what_lies_beneath_a_thing_on_a_card_goes_on() -> None:
    picture = canvas()
    cv2.rectangle(picture, (150, 100), (650, 500), (40, 110, 160), -1)
    cv2.circle(picture, (400, 300), 90, (250, 200, 40), -1, cv2.LINE_AA)
    stack = decompose(picture)
    card = max(stack.layers[1:], key=lambda layer: layer.width).on_canvas(800, 600)
    assert (card[300, 400] == (40, 110, 160, 255)).all()
