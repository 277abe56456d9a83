"""Adds the fonts of a folder to the index, so that their families are recognised, too."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lamina.core.text_styles import TypefaceClass
from lamina.engines.typefaces.index import Floats, TypefaceIndex, typeface_index
from lamina.engines.typefaces.shapes import Coverage, letter_shape
from lamina.engines.typefaces.traits import CLASSES, traits_of
from lamina.typesetting.installed import NamedFace, faces_in

_MAX_S = 2.0  # for the fonts of a folder, of which the rest is left out
_MIN_LETTERS = 20  # of a face that is added
_EM_PX, _OVERSAMPLING = 60, 3
_MARGIN_PX = 3
_MAX_SIDE = 6  # of a letter in em
_MISSING = "\U0010fffd"  # a private character that no font has
_VARIABLE_WEIGHTS = (400, 700)  # at which a variable font is looked at


@dataclass(frozen=True, slots=True, eq=False)
class ExtendedIndex:
    """`notes`: sentences for the user on fonts that could not be used."""

    index: TypefaceIndex
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Described:
    """A face as in the index: `descriptors` (C, D), `log_sizes` (C, 2), `known` (C)."""

    face: NamedFace
    type_class: TypefaceClass
    descriptors: Floats
    log_sizes: Floats
    known: NDArray[np.bool_]


@lru_cache(maxsize=4)
def index_with_fonts(folder: Path | None) -> ExtendedIndex:
    """The index of the package with the fonts in a folder, which are looked at once in a process."""
    index = typeface_index()
    if folder is None:
        return ExtendedIndex(index)
    faces = list(_faces(folder))
    if not faces:
        return ExtendedIndex(index, (f"The folder {folder} has no fonts that can be read.",))
    end, without = time.monotonic() + _MAX_S, 0
    described: list[_Described] = []
    notes: tuple[str, ...] = ()
    for number, face in enumerate(faces):
        if time.monotonic() > end:
            left = len(faces) - number
            notes = (f"Only {number} of {len(faces)} faces in {folder} were looked at: {left} would take too long.",)
            break
        found = _described(face, index)
        without += found is None
        described += [] if found is None else [found]
    if without:
        notes = (*notes, f"Faces in {folder} that are damaged or lack Latin letters: {without}.")
    return ExtendedIndex(_extended(index, described), notes)


def _faces(folder: Path) -> Iterator[NamedFace]:
    for face in faces_in(folder):
        if face.is_variable:
            for weight in _VARIABLE_WEIGHTS:
                yield replace(face, file=replace(face.file, weight=weight))
        else:
            yield face


def _described(face: NamedFace, index: TypefaceIndex) -> _Described | None:
    """The face with its descriptors; None if it is damaged or has too few letters."""
    count, dimensions = len(index.characters), index.projections.shape[2]
    components, log_sizes = np.zeros((count, index.basis.shape[1]), np.float32), np.zeros((count, 2), np.float32)
    known = np.zeros(count, np.bool_)
    try:
        font = face.file.at(_EM_PX * _OVERSAMPLING)
        missing = _drawn(font, _MISSING)
        for column, character in enumerate(index.characters):
            drawn = _drawn(font, character)
            if drawn is None or (missing is not None and np.array_equal(drawn, missing)):
                continue
            shape = letter_shape(drawn)
            if shape is not None:
                components[column] = index.components(shape.cells[None])[0]
                log_sizes[column] = np.log((shape.width / _EM_PX, shape.height / _EM_PX))
                known[column] = True
    except (OSError, ValueError, NotImplementedError):
        return None
    if known.sum() < _MIN_LETTERS:
        return None
    columns = np.flatnonzero(known)
    traits = traits_of(components[columns], log_sizes[columns], columns, index)
    descriptors = np.einsum("cp,cpd->cd", components, index.projections).reshape(count, dimensions)
    type_class = CLASSES[int(traits.classes.argmax())]
    return _Described(face=face, type_class=type_class, descriptors=descriptors, log_sizes=log_sizes, known=known)


def _drawn(font: ImageFont.FreeTypeFont, character: str) -> Coverage | None:
    left, top, right, bottom = font.getbbox(character, anchor="ls")
    most = _MAX_SIDE * _EM_PX * _OVERSAMPLING
    if not (0 < right - left < most and 0 < bottom - top < most):
        return None
    margin = _MARGIN_PX * _OVERSAMPLING
    size = int(right - left) + 2 * margin, int(bottom - top) + 2 * margin
    sheet = Image.new("L", size)
    ImageDraw.Draw(sheet).text((margin - left, margin - top), character, 255, font, anchor="ls")
    reduced = size[0] // _OVERSAMPLING, size[1] // _OVERSAMPLING
    coverage = cv2.resize(np.asarray(sheet, np.float32), reduced, interpolation=cv2.INTER_AREA)
    return np.asarray(coverage / 255, np.float32)


def _extended(index: TypefaceIndex, described: Sequence[_Described]) -> TypefaceIndex:
    if not described:
        return index
    names, classes = list(index.family_names), list(index.family_classes)
    families: list[int] = []
    for each in described:
        if each.face.family not in names:
            names.append(each.face.family)
            classes.append(each.type_class)
        families.append(names.index(each.face.family))
    return replace(
        index,
        family_names=tuple(names),
        family_classes=tuple(classes),
        families=np.concatenate([index.families, families]),
        weights=np.concatenate([index.weights, [each.face.weight for each in described]]),
        italics=np.concatenate([index.italics, [int(each.face.is_italic) for each in described]]),
        descriptors=np.concatenate([index.descriptors, np.stack([each.descriptors for each in described])]),
        log_sizes=np.concatenate([index.log_sizes, np.stack([each.log_sizes for each in described])]),
        known=np.concatenate([index.known, np.stack([each.known for each in described])]),
    )
