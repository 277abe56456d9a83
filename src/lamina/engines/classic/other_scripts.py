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

import cv2
import numpy as np
from PIL import Image

from lamina.engines.classic.lettering import Lettering
from lamina.engines.classic.ocr import Quad, flat_size, strip
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
_SURE = 92.0  # then no other script is tried
_PAGE, _CONFIDENCE, _TEXT = 1, 10, 11  # columns of Tesseract's TSV output


def read_other_scripts(rgb: Rgb, letterings: Sequence[Lettering], program: str) -> list[Lettering]:
    """The lines of `rgb` (h, w, 3); those without a string get one if Tesseract reads it with confidence.

    `program`: the name or the path of Tesseract. Nothing changes if it or its models are missing, or if it fails.
    """
    unread = [index for index, lettering in enumerate(letterings) if not lettering.string]
    models = installed_models(program) if unread else {}
    if not models:
        return list(letterings)
    tallest = sorted(unread, key=lambda index: -letterings[index].size_px)[:_MAX_LINES]
    # The recogniser may have taken what it cannot read for upside down.
    attempts = [(index, turned) for index in tallest for turned in (False, True)]
    pages = _pages([_upright(rgb, _quad(letterings[index], turned)) for index, turned in attempts])
    best: dict[int, _Reading] = {}
    for script, names in models.items():
        for (index, turned), (string, confidence) in zip(
            attempts, _read(program, names, pages, len(attempts)), strict=True
        ):
            least = best[index].confidence if index in best else _MIN_CONFIDENCE
            if confidence > least and script_of(string) == script:
                best[index] = _Reading(string, confidence, turned)
        if all(index in best and best[index].confidence >= _SURE for index in tallest):
            break
    return [
        _with_reading(lettering, best[index]) if index in best else lettering
        for index, lettering in enumerate(letterings)
    ]


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
