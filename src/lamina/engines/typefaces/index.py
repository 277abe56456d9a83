"""Holds what is known of typefaces: descriptors of the letters of each face, computed from their glyphs."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from lamina.core.text_styles import TypefaceClass

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

_FILE = "index.npz"  # written by lab.typefaces


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TypefaceIndex:
    """Descriptors of `F` faces of families for `C` characters.

    `characters`: the C characters. `family_names`, `family_classes`: of the families. `families`, `weights`, `italics`:
    (F), of each face its family, its weight 100..900, 1 if it is italic. `mean` (SIDE²), `basis` (SIDE², P): shapes
    become P components. `projections`: (C, P, D), components of a letter become a descriptor, in which the noise of
    pictures has a variance of one. `descriptors`: (F, C, D). `log_sizes`: (F, C, 2), the natural logarithm of width
    and height in em. `known`: (F, C), whether the face has the letter. `usual_components`: (C, P), the mean over the
    faces; `spreads`: (P), the standard deviations around it; `usual_log_sizes`, `size_spreads`: (C, 2), the same of
    the sizes. `noise`: (N, 2), heights of letters in pixels, and the mean squared distance of their descriptors from
    those of their own face.
    """

    characters: str
    family_names: tuple[str, ...]
    family_classes: tuple[TypefaceClass, ...]
    families: Integers
    weights: Integers
    italics: Integers
    mean: Floats
    basis: Floats
    projections: Floats
    descriptors: Floats
    log_sizes: Floats
    known: NDArray[np.bool_]
    usual_components: Floats
    spreads: Floats
    usual_log_sizes: Floats
    size_spreads: Floats
    noise: Floats

    def column(self, character: str) -> int:
        """The number of a character; -1 if the index does not have it."""
        return self.characters.find(character)

    def components(self, cells: Floats) -> Floats:
        """(n, P): the components of shapes (n, SIDE, SIDE)."""
        # Not `@`: for matrices this small, the threads of a BLAS take far longer than the product where cores are busy.
        return np.einsum("nk,kp->np", cells.reshape(len(cells), -1) - self.mean, self.basis)


@cache
def typeface_index() -> TypefaceIndex:
    """The index in the package."""
    return parse_index(files("lamina.engines.typefaces").joinpath(_FILE).read_bytes())


def parse_index(contents: bytes) -> TypefaceIndex:
    """An index from what `render_index` wrote."""
    with np.load(BytesIO(contents), allow_pickle=False) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    names = json.loads(stored.pop("names").tobytes())
    steps = {name: stored.pop(name) for name in list(stored) if name.endswith("_step")}
    plain = {
        name: (values.astype(np.float32) * steps[f"{name}_step"] if f"{name}_step" in steps else values)
        for name, values in stored.items()
    }
    floats = {name: values.astype(np.float32) if values.dtype.kind == "f" else values for name, values in plain.items()}
    integers = {name: floats.pop(name).astype(np.int64) for name in ("families", "weights", "italics")}
    known = floats.pop("known").astype(np.bool_)
    return TypefaceIndex(
        characters=names["characters"],
        family_names=tuple(names["families"]),
        family_classes=tuple(TypefaceClass(name) for name in names["classes"]),
        known=known,
        **integers,
        **floats,
    )


def render_index(index: TypefaceIndex, descriptor_step: float) -> bytes:
    """The index as a file. Descriptors are rounded to multiples of `descriptor_step`."""
    names = {
        "characters": index.characters,
        "families": index.family_names,
        "classes": index.family_classes,
    }
    projection_step = np.abs(index.projections).max(1, keepdims=True) / 127
    stored = BytesIO()
    np.savez_compressed(
        stored,
        names=np.frombuffer(json.dumps(names).encode(), np.uint8),
        families=index.families.astype(np.uint16),
        weights=index.weights.astype(np.uint16),
        italics=index.italics.astype(np.uint8),
        mean=index.mean.astype(np.float16),
        basis=index.basis.astype(np.float16),
        projections=np.round(index.projections / projection_step).astype(np.int8),
        projections_step=projection_step.astype(np.float32),
        descriptors=np.clip(np.round(index.descriptors / descriptor_step), -127, 127).astype(np.int8),
        descriptors_step=np.float32(descriptor_step),
        log_sizes=np.clip(np.round(index.log_sizes / _SIZE_STEP), -32767, 32767).astype(np.int16),
        log_sizes_step=np.float32(_SIZE_STEP),
        known=index.known.astype(np.uint8),
        usual_components=index.usual_components.astype(np.float16),
        spreads=index.spreads.astype(np.float16),
        usual_log_sizes=index.usual_log_sizes.astype(np.float16),
        size_spreads=index.size_spreads.astype(np.float16),
        noise=index.noise.astype(np.float32),
    )
    return stored.getvalue()


_SIZE_STEP = 0.01  # of logarithms of sizes: a hundredth
