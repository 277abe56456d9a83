"""Fits the descriptors of the index: what tells typefaces apart, compared with how much pictures of a letter vary."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.typefaces.drawing import draw_letter, has_letter, random_rendering
from lab.typefaces.table import Family, font_path
from lamina.engines.typefaces.index import TypefaceIndex
from lamina.engines.typefaces.shapes import SIDE, letter_shape

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&?!"
_SIZES_PX = (24.0, 90.0)
_COMPONENTS = 80
_LEAST_NOISE = 0.02  # of the variance of components: pictures vary in more ways than the renderings
_HEIGHTS_PX = (0, 10, 13, 17, 22, 29, 40, 1000)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """`cells`: (F, C, V, SIDE²), 0..255, of V renderings of each letter; `sizes`: (F, C, V, 3), width and height in em,
    height in pixels; NaN where a face lacks the letter.
    """

    cells: NDArray[np.uint8]
    sizes: Floats


def draw_samples(families: Sequence[Family], cache: Path, *, count: int, seed: int) -> Samples:
    """Draws every letter of every face `count` times."""
    faces = [face for family in families for face in family.faces]
    cells = np.zeros((len(faces), len(CHARACTERS), count, SIDE * SIDE), np.uint8)
    sizes = np.full((len(faces), len(CHARACTERS), count, 3), np.nan, np.float32)
    for row, face in enumerate(faces):
        rng = np.random.default_rng((seed, row))
        path = font_path(face, cache)
        known = [column for column, character in enumerate(CHARACTERS) if has_letter(path, character)]
        for turn in range(count):
            usual = random_rendering(rng, _SIZES_PX)
            for column in known:
                drawn = draw_letter(path, CHARACTERS[column], usual.at_random_place(rng), rng)
                shape = None if drawn is None else letter_shape(drawn)
                if shape is not None:
                    cells[row, column, turn] = np.round(shape.cells.clip(0, 1).ravel() * 255)
                    em = round(usual.size_px)
                    sizes[row, column, turn] = shape.width / em, shape.height / em, shape.height
    return Samples(cells, sizes)


def fit_index(families: Sequence[Family], samples: Samples, dimensions: int) -> TypefaceIndex:
    """The index of the families whose letters are in `samples`."""
    seen = np.isfinite(samples.sizes[..., 0])
    known = np.asarray(seen.all(2), np.bool_)
    flat = samples.cells[known].reshape(-1, SIDE * SIDE)
    rng = np.random.default_rng(0)
    chosen = flat[rng.choice(len(flat), min(len(flat), 60_000), replace=False)].astype(np.float32) / 255
    mean = chosen.mean(0)
    values, vectors = np.linalg.eigh(np.cov(chosen - mean, rowvar=False))
    basis = vectors[:, np.argsort(-values)[:_COMPONENTS]].astype(np.float32)
    shape = (*known.shape, samples.cells.shape[2], _COMPONENTS)
    components = np.zeros(shape, np.float32)
    for row in range(len(known)):
        components[row] = (samples.cells[row].astype(np.float32) / 255 - mean) @ basis
    log_sizes = np.where(known[..., None], np.log(np.nan_to_num(samples.sizes[..., :2], nan=1.0)).mean(2), 0)
    columns = range(len(CHARACTERS))
    projections = np.stack([_projection(components[known[:, at], at], dimensions) for at in columns])
    described = np.einsum("fcvp,cpd->fcvd", components, projections, optimize=True)
    descriptors = described.mean(2)
    usual = np.stack([components[known[:, at], at].mean((0, 1)) for at in columns])
    spreads = (components - usual[:, None])[known].std((0, 1))
    em_free = log_sizes - _face_scale(log_sizes, known)[:, None, None]
    return TypefaceIndex(
        characters=CHARACTERS,
        family_names=tuple(family.name for family in families),
        family_classes=tuple(family.type_class for family in families),
        families=np.array([at for at, family in enumerate(families) for _ in family.faces], np.int64),
        weights=np.array([face.weight for family in families for face in family.faces], np.int64),
        italics=np.array([face.is_italic for family in families for face in family.faces], np.int64),
        mean=mean,
        basis=basis,
        projections=projections.astype(np.float32),
        descriptors=descriptors.astype(np.float32),
        log_sizes=log_sizes.astype(np.float32),
        known=known,
        usual_components=usual.astype(np.float32),
        spreads=spreads.astype(np.float32),
        usual_log_sizes=np.stack([em_free[known[:, at], at].mean(0) for at in columns]).astype(np.float32),
        size_spreads=np.stack([em_free[known[:, at], at].std(0) for at in columns]).astype(np.float32),
        noise=_noise(described - descriptors[:, :, None], samples.sizes[..., 2], known),
    )


def _face_scale(log_sizes: Floats, known: NDArray[np.bool_]) -> Floats:
    """(F): the mean logarithm of the heights of a face's letters."""
    return (log_sizes[..., 1] * known).sum(1) / np.maximum(1, known.sum(1))


def _projection(components: Floats, dimensions: int) -> Floats:
    """(P, D): linear discriminant analysis of (n, V, P), in which the noise gets a variance of one."""
    means = components.mean(1)
    within = components - means[:, None]
    count = within.shape[1]
    noise = np.einsum("nvp,nvq->pq", within, within, optimize=True) / (len(within) * (count - 1))
    noise += _LEAST_NOISE * np.diag(means.var(0)) + 1e-6 * np.eye(len(noise))
    values, vectors = np.linalg.eigh(noise)
    whitening = vectors / np.sqrt(values)
    white = (means - means.mean(0)) @ whitening
    spread, directions = np.linalg.eigh(np.cov(white, rowvar=False))
    return np.asarray(whitening @ directions[:, np.argsort(-spread)[:dimensions]], np.float32)


def _noise(differences: Floats, heights_px: Floats, known: NDArray[np.bool_]) -> Floats:
    """(N, 2): the mean squared difference at heights of letters."""
    squares, heights = (differences[known] ** 2).sum(-1).ravel(), heights_px[known].ravel()
    rows = []
    for low, high in itertools.pairwise(_HEIGHTS_PX):
        inside = (heights >= low) & (heights < high)
        if inside.sum() > 100:
            rows.append((np.median(heights[inside]), squares[inside].mean()))
    return np.array(rows, np.float32)
