"""Reads lines in scripts that the recogniser does not know, with Tesseract where it is installed.

No wheel ships a recogniser for these scripts; distributions package Tesseract's models for each of them.
"""

import io
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain

import cv2
import numpy as np
from PIL import Image

from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.ocr import Quad, flat_size, strip
from lamina.engines.classic.parallel import map_in_threads
from lamina.engines.classic.raster import Rgb
from lamina.typesetting.scripts import script_of

# The models of each script by its ISO 15924 code: that of the script, or else those of languages.
_MODELS: Mapping[str, tuple[str, ...]] = {
    "Cyrl": ("Cyrillic", "rus", "ukr", "bel", "bul", "srp", "mkd", "kaz"),
    "Grek": ("Greek", "ell"),
    "Arab": ("Arabic", "ara", "fas", "urd"),
    "Hebr": ("Hebrew", "heb"),
    "Deva": ("Devanagari", "hin", "mar", "nep"),
    "Beng": ("Bengali", "ben"),
    "Taml": ("Tamil", "tam"),
    "Telu": ("Telugu", "tel"),
    "Gujr": ("Gujarati", "guj"),
    "Knda": ("Kannada", "kan"),
    "Mlym": ("Malayalam", "mal"),
    "Thai": ("Thai", "tha"),
    "Hang": ("Hangul", "kor"),
    "Geor": ("Georgian", "kat"),
    "Armn": ("Armenian", "hye"),
    "Ethi": ("Ethiopic", "amh"),
    "Khmr": ("Khmer", "khm"),
}
_LINE_PX, _MARGIN_PX = 48, 12  # height of a line as Tesseract gets it, and paper around it
_MAX_LINES, _MAX_WIDTH_PX = 24, 2400
_TIMEOUT_S = 30
_MIN_CONFIDENCE = 80.0  # of 100, mean of the words
_MIN_LINE_PX = 14  # smaller lettering cannot be read in any script
_FIRST_LINES = 4  # the others are read in scripts in which one of these was read
_PAGE, _CONFIDENCE, _TEXT = 1, 10, 11  # columns of Tesseract's TSV output


def read_other_scripts(rgb: Rgb, letterings: Sequence[Lettering], program: str) -> list[Lettering]:
    """The lines of `rgb` (h, w, 3); those without a string get one if Tesseract reads it with confidence.

    `program`: the name or the path of Tesseract. Nothing changes if it or its models are missing, or if it fails.
    """
    unread = [index for index, lettering in enumerate(letterings) if _may_be_read(lettering)]
    models = installed_models(program) if unread else {}
    tallest = sorted(unread, key=lambda index: -letterings[index].size_px)[:_MAX_LINES]
    first, rest = tallest[:_FIRST_LINES], tallest[_FIRST_LINES:]
    reader = _Reader(rgb, letterings, program)
    attempts = map_in_threads(lambda script: reader.read(first, script, models[script]), models)
    used = [script for script, readings in zip(models, attempts, strict=True) if readings]
    if rest:
        attempts += [reader.read(rest, script, models[script]) for script in used]
    best: dict[int, _Reading] = {}
    for index, reading in chain.from_iterable(readings.items() for readings in attempts):
        if index not in best or reading.confidence > best[index].confidence:
            best[index] = reading
    return [
        _with_reading(lettering, best[index]) if index in best else lettering
        for index, lettering in enumerate(letterings)
    ]


def _may_be_read(lettering: Lettering) -> bool:
    """True for lines without a string whose letters are not too small."""
    return not lettering.string and flat_size(np.array(lettering.quad, np.float32))[1] >= _MIN_LINE_PX


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    """Reads lines of one image."""

    rgb: Rgb
    letterings: Sequence[Lettering]
    program: str

    def read(self, indices: Sequence[int], script: str, models: str) -> "dict[int, _Reading]":
        """What is read of some lines in one script, by their indices; those that are not read are left out."""
        # The recogniser may have taken what it cannot read for upside down.
        attempts = [(index, turned) for index in indices for turned in (False, True)]
        pages = _pages([_upright(self.rgb, _quad(self.letterings[index], turned)) for index, turned in attempts])
        strings = _read(self.program, models, pages, len(attempts))
        readings: dict[int, _Reading] = {}
        for (index, turned), (string, confidence) in zip(attempts, strings, strict=True):
            least = readings[index].confidence if index in readings else _MIN_CONFIDENCE
            if confidence > least and script_of(string) == script:
                readings[index] = _Reading(string, confidence, turned)
        return readings


@dataclass(frozen=True, slots=True)
class _Reading:
    """`confidence`: 0..100. `is_turned`: upside down, compared with how the line was taken before."""

    string: str
    confidence: float
    is_turned: bool


def _with_reading(lettering: Lettering, reading: _Reading) -> Lettering:
    first, second, third, fourth = lettering.quad
    quad = (third, fourth, first, second) if reading.is_turned else lettering.quad
    return replace(lettering, string=reading.string, quad=quad)


def _quad(lettering: Lettering, turned: bool) -> Quad:
    return np.roll(np.array(lettering.quad, np.float32), 2 if turned else 0, 0)


@cache
def installed_models(program: str) -> dict[str, str]:
    """The models by script (ISO 15924), as Tesseract's option `-l` takes them; empty without Tesseract."""
    path = shutil.which(program)
    if path is None:
        return {}
    listed = _run([path, "--list-langs"], b"").decode("utf-8", "replace").splitlines()[1:]
    installed = {name.removeprefix("script/"): name for name in listed}
    models: dict[str, str] = {}
    for script, names in _MODELS.items():
        whole, *languages = names
        present = [installed[name] for name in ([whole] if whole in installed else languages) if name in installed]
        if present:
            models[script] = "+".join(present)
    return models


def _upright(rgb: Rgb, quad: Quad) -> Rgb:
    """The line, horizontal and of the usual height, on paper of its own colour."""
    width, height = flat_size(quad)
    size = min(_MAX_WIDTH_PX, max(8, round(width * _LINE_PX / height))), _LINE_PX
    flat = strip(rgb, quad, size)
    margin = _MARGIN_PX
    return np.asarray(cv2.copyMakeBorder(flat, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8)


def _pages(lines: Sequence[Rgb]) -> bytes:
    """A TIFF with one page for each line."""
    images = [Image.fromarray(line) for line in lines]
    file = io.BytesIO()
    images[0].save(file, "TIFF", save_all=True, append_images=images[1:])
    return file.getvalue()


def _read(program: str, models: str, pages: bytes, count: int) -> list[tuple[str, float]]:
    """The string of each of `count` pages, and the mean confidence of its words, 0..100."""
    output = _run([program, "stdin", "stdout", "--psm", "7", "-l", models, "tsv"], pages)
    words: list[list[tuple[str, float]]] = [[] for _ in range(count)]
    for row in output.decode("utf-8", "replace").splitlines()[1:]:
        columns = row.split("\t", _TEXT)
        if len(columns) > _TEXT and columns[_TEXT].strip() and columns[_PAGE].isdecimal():
            page = int(columns[_PAGE]) - 1
            if 0 <= page < count:
                words[page].append((columns[_TEXT].strip(), float(columns[_CONFIDENCE])))
    return [
        (" ".join(word for word, _ in page), sum(confidence for _, confidence in page) / max(1, len(page)))
        for page in words
    ]


def _run(command: Sequence[str], data: bytes) -> bytes:
    """The output of a command; empty if it fails or takes too long."""
    try:
        result = subprocess.run(  # noqa: S603  (the program comes from the operator's settings)
            command,
            input=data,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return result.stdout if result.returncode == 0 else b""
