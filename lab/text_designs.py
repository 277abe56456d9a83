"""Draws designs whose text is known in every respect: typeface, size, spacing, alignment, colours, effects, place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lab.posters.backgrounds import Background, ground
from lab.posters.colours import Colour, Palette, contrast, palette
from lab.posters.words import HEADLINES, SMALL_LINES, SUBTITLES
from lamina.core.layers import Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import (
    ColourGradient,
    TextAlignment,
    TextOutline,
    TextShadow,
    TextStyle,
    Typeface,
    TypefaceClass,
)
from lamina.typesetting.frames import LineBox, TextFrame
from lamina.typesetting.installed import find_font

_Choice = TypeVar("_Choice")
_OVERSAMPLING = 4
_SIZES = ((1024, 768), (1280, 720), (768, 1024), (1024, 1024))
_LEAST_CONTRAST = 4.5
_LEAST_SHADED = 250  # sum of the samples of a colour: darker letters would be one with their shadow
_BULLETS = (
    "Plan the next release", "Talk to five customers", "Measure what you change", "Write it down once",
    "Keep the build green", "Review within a day", "Ship on Thursday", "Ask before you guess", "Fix the oldest bug",
)  # fmt: skip
_SANS, _SERIF, _MONO = TypefaceClass.SANS, TypefaceClass.SERIF, TypefaceClass.MONO
TYPEFACES: tuple[tuple[str, int, bool, TypefaceClass], ...] = (
    ("DejaVu Sans", 400, False, _SANS),
    ("DejaVu Sans", 700, False, _SANS),
    ("DejaVu Serif", 400, False, _SERIF),
    ("DejaVu Serif", 700, False, _SERIF),
    ("DejaVu Sans Mono", 400, False, _MONO),
    ("Lato", 400, False, _SANS),
    ("Lato", 700, False, _SANS),
    ("Lato", 400, True, _SANS),
    ("Lato", 900, False, _SANS),
    ("Roboto", 400, False, _SANS),
    ("Roboto", 700, False, _SANS),
    ("Open Sans", 400, False, _SANS),
    ("Open Sans", 700, False, _SANS),
    ("Liberation Sans", 400, False, _SANS),
    ("Liberation Serif", 700, False, _SERIF),
    ("Roboto Slab", 700, False, TypefaceClass.SLAB),
)
"""Family, weight, slant and class of typefaces in Debian's packages fonts-dejavu, -lato, -roboto, -open-sans,
-liberation and -roboto-slab."""


@dataclass(frozen=True, slots=True)
class SetText:
    """Lines of text and their style, whose typeface must be installed. `left`, `top`: of the first line's em box."""

    lines: tuple[str, ...]
    style: TextStyle
    left: float = 0.0
    top: float = 0.0


def installed_typefaces() -> list[Typeface]:
    """Those of `TYPEFACES` that this machine has."""
    return [
        Typeface(family=family, confidence=1.0, weight=weight, is_italic=is_italic, type_class=type_class)
        for family, weight, is_italic, type_class in TYPEFACES
        if find_font(family, weight, is_italic) is not None
    ]


def text_design(seed: int, background: Background, typefaces: Sequence[Typeface]) -> LayerStack:
    """A slide or poster: a ground, and a headline, a subtitle, a block of several lines and a caption."""
    rng = np.random.Generator(np.random.PCG64([seed, len(background)]))
    width, height = _SIZES[rng.integers(len(_SIZES))]
    colours = palette(rng)
    pixels = ground(rng, background, width, height, colours)
    layers = [Layer("Background", LayerKind.BACKGROUND, pixels)]
    samples = pixels[::16, ::16, :3].reshape(-1, 3)
    short_px, y = min(width, height), 0.06 * height
    for lines, share, leading in _contents(rng):
        typeface = typefaces[int(rng.integers(len(typefaces)))]
        colour = _readable(rng, samples, colours)
        style = _style(rng, typeface, share * short_px, leading, colour, colours)
        text = _fitted(SetText(lines, style), 0.86 * width)
        layer = draw_text(text)
        free = width - layer.width
        x = {TextAlignment.LEFT: 0.06 * width, TextAlignment.CENTER: free / 2, TextAlignment.RIGHT: free - 0.06 * width}
        if y + layer.height > 0.95 * height:
            break
        moved = replace(text, left=text.left + round(x[_place(rng, style)] - layer.left), top=round(y - layer.top))
        layers.append(draw_text(moved))
        y += layer.height + rng.uniform(0.05, 0.09) * height
    return LayerStack(width, height, tuple(layers))


def _contents(rng: np.random.Generator) -> list[tuple[tuple[str, ...], float, float]]:
    """Lines, em size as a share of the short side, and leading of each block."""
    bullets = tuple(_choose(rng, _BULLETS) for _ in range(rng.integers(2, 5)))
    return [
        ((_choose(rng, HEADLINES),), rng.uniform(0.09, 0.14), 0.0),
        ((_choose(rng, SUBTITLES),), rng.uniform(0.05, 0.07), 0.0),
        (bullets, rng.uniform(0.035, 0.05), rng.uniform(1.15, 1.6)),
        ((_choose(rng, SMALL_LINES),), rng.uniform(0.028, 0.04), 0.0),
    ]


def _style(
    rng: np.random.Generator, typeface: Typeface, size_px: float, leading: float, colour: Colour, colours: Palette
) -> TextStyle:
    size_px = round(size_px, 1)
    style = TextStyle(
        size_px=size_px,
        line_height_px=round(leading * size_px, 1),
        letter_spacing_px=round(float(rng.choice([0, 0, 0, 0.03, 0.08])) * size_px, 1),
        alignment=_choose(rng, tuple(TextAlignment)) if leading else TextAlignment.LEFT,
        colour=colour,
        script="Latn",
        typeface=typeface,
    )
    if size_px < 40:
        return style
    look = rng.choice(["plain", "gradient", "outline", "shadow", "turned"], p=[0.4, 0.15, 0.15, 0.2, 0.1])
    match "plain" if look == "shadow" and sum(colour) < _LEAST_SHADED else look:
        case "gradient":
            end = colours.vivid[rng.integers(len(colours.vivid))]
            gradient = ColourGradient(start=colour, end=end, degrees=float(rng.choice([0.0, 90.0])))
            return replace(style, gradient=gradient)
        case "outline":
            ink = colours.ink if contrast(colours.ink, np.array([colour], np.uint8))[0] > 3 else colours.paper
            return replace(style, outline=TextOutline(colour=ink, width_px=round(0.05 * size_px, 1)))
        case "shadow":
            offset = round(float(rng.uniform(0.03, 0.06)) * size_px, 1)
            blur_px, opacity = round(float(rng.choice([0.0, 0.04])) * size_px, 1), float(rng.choice([0.5, 0.7]))
            shadow = TextShadow(colour=(0, 0, 0), offset_px=(offset, offset), blur_px=blur_px, opacity=opacity)
            return replace(style, shadow=shadow)
        case "turned":
            return replace(style, rotation_degrees=round(float(rng.uniform(-12, 12)), 1))
        case _:
            return style


def _place(rng: np.random.Generator, style: TextStyle) -> TextAlignment:
    return style.alignment if style.line_height_px else _choose(rng, tuple(TextAlignment))


def _readable(rng: np.random.Generator, samples: NDArray[np.uint8], colours: Palette) -> Colour:
    choices = [colours.paper, colours.ink, (255, 255, 255), (0, 0, 0), *colours.vivid]
    for index in rng.permutation(len(choices)):
        if np.quantile(contrast(choices[index], samples), 0.05) >= _LEAST_CONTRAST:
            return choices[index]
    return (0, 0, 0) if samples.mean() > 128 else (255, 255, 255)


def _fitted(text: SetText, width_px: float) -> SetText:
    """The text in a size that fits."""
    scale = min(1.0, width_px / draw_text(text).width)
    return text if scale == 1 else SetText(text.lines, text.style.scaled(0.99 * scale))


def draw_text(text: SetText) -> Layer:
    """The text as a layer of straight-alpha pixels, whose lines' corners enclose the faces of the letters."""
    style = text.style
    assert style.typeface is not None  # noqa: S101
    file = find_font(style.typeface.family, style.typeface.weight, style.typeface.is_italic)
    assert file is not None  # noqa: S101
    font = file.at(style.size_px * _OVERSAMPLING)
    rows = [_Row(font, line, style.letter_spacing_px * _OVERSAMPLING) for line in text.lines]
    room = 1.2 * style.size_px * _OVERSAMPLING
    step = style.line_height_px * _OVERSAMPLING
    widest = max(row.width for row in rows)
    width, height = math.ceil(widest + 2 * room), math.ceil(step * (len(rows) - 1) + 2.6 * room)
    shift = {TextAlignment.LEFT: 0.0, TextAlignment.CENTER: 0.5, TextAlignment.RIGHT: 1.0}[style.alignment]
    pens = [(room + shift * (widest - row.width), 1.3 * room + index * step) for index, row in enumerate(rows)]
    masks = [row.mask((width, height), pen) for row, pen in zip(rows, pens, strict=True)]
    letters = np.maximum.reduce(masks)
    return _finished(text, letters, [_extent(mask) for mask in masks])


class _Row:
    """A line with kerning, set letter by letter if it is letterspaced: browsers then use no ligatures."""

    def __init__(self, font: ImageFont.FreeTypeFont, string: str, spacing_px: float) -> None:
        self._font = font
        features = ["-liga", "-clig"] if spacing_px else None
        starts = range(len(string)) if spacing_px else [0]
        ends = [*starts[1:], len(string)]
        self._parts = [
            (
                string[start:end],
                font.getlength(string[:end], features=features)
                - font.getlength(string[start:end], features=features)
                + start * spacing_px,
            )
            for start, end in zip(starts, ends, strict=True)
        ]
        self.width = font.getlength(string, features=features) + spacing_px * max(0, len(string) - 1)

    def mask(self, size: tuple[int, int], pen: tuple[float, float]) -> NDArray[np.uint8]:
        sheet = Image.new("L", size)
        draw = ImageDraw.Draw(sheet)
        for part, offset in self._parts:
            draw.text((pen[0] + offset, pen[1]), part, 255, self._font, anchor="ls")
        return np.asarray(sheet)


def _extent(mask: NDArray[np.uint8]) -> LineBox:
    x, y, width, height = cv2.boundingRect((mask > 127).astype(np.uint8))
    return LineBox(left=x, right=x + width, top=y, bottom=y + height)


def _finished(text: SetText, letters: NDArray[np.uint8], extents: Sequence[LineBox]) -> Layer:
    """The layer of letters that are drawn in large, with their effects, rotated about the middle of the sheet."""
    style, large = text.style, _OVERSAMPLING
    height, width = letters.shape
    frame = TextFrame(style.rotation_degrees)
    corners = np.array([frame.canvas_point(x, y) for x in (0, width) for y in (0, height)])
    out = np.ceil((corners.max(0) - corners.min(0)) / large).astype(int) * large
    middle_x, middle_y = frame.canvas_point(width / 2, height / 2)
    shift = out[0] / 2 - middle_x, out[1] / 2 - middle_y
    turn = math.radians(style.rotation_degrees)
    matrix = np.array([[math.cos(turn), -math.sin(turn), shift[0]], [math.sin(turn), math.cos(turn), shift[1]]])

    def placed(mask: NDArray[np.uint8]) -> NDArray[np.float64]:
        size = int(out[0]), int(out[1])
        turned = mask if not style.rotation_degrees else cv2.warpAffine(mask, matrix, size)
        padded = np.zeros((size[1], size[0]), np.uint8)
        padded[: turned.shape[0], : turned.shape[1]] = turned[: size[1], : size[0]]
        return cv2.resize(padded, None, fx=1 / large, fy=1 / large, interpolation=cv2.INTER_AREA) / 255

    faces = placed(letters)
    shape = faces
    if style.outline is not None:
        radius = round(style.outline.width_px * large)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        shape = np.maximum(faces, placed(np.asarray(cv2.dilate(letters, kernel), np.uint8)))
    under = _cast(shape, style.shadow) * (1 - shape)
    colours = _face_colours(style, letters, matrix if style.rotation_degrees else None, faces.shape)
    outline = np.array(style.outline.colour if style.outline else style.colour, float)
    dark = np.array(style.shadow.colour if style.shadow else style.colour, float)
    alpha = shape + under
    mixed = faces[..., None] * colours + (shape - faces)[..., None] * outline + under[..., None] * dark
    straight = np.where(alpha[..., None] > 0, mixed / np.maximum(alpha[..., None], 1e-9), 0)
    pixels = np.rint(np.dstack([straight, alpha * 255])).clip(0, 255).astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    straight_shift = (0.0, 0.0) if not style.rotation_degrees else shift
    lines = tuple(
        TextLine(
            string,
            _corners(frame, extent, straight_shift, text),
            style.colour,
            style.size_px,
        )
        for string, extent in zip(text.lines, extents, strict=True)
    )
    layer = Layer(
        " ".join(text.lines), LayerKind.TEXT, pixels, round(text.left), round(text.top), text=lines, style=style
    )
    return layer.cropped()


def _corners(
    frame: TextFrame, extent: LineBox, shift: tuple[float, float], text: SetText
) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]:
    a, b, c, d = (
        ((x + shift[0]) / _OVERSAMPLING + round(text.left), (y + shift[1]) / _OVERSAMPLING + round(text.top))
        for x, y in frame.quad(extent)
    )
    return a, b, c, d


def _cast(shape: NDArray[np.float64], shadow: TextShadow | None) -> NDArray[np.float64]:
    if shadow is None:
        return np.zeros_like(shape)
    right, down = shadow.offset_px
    matrix = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])
    cast = np.asarray(cv2.warpAffine(shape, matrix, (shape.shape[1], shape.shape[0])), np.float64)
    if shadow.blur_px > 0:
        cast = np.asarray(cv2.GaussianBlur(cast, (0, 0), shadow.blur_px), np.float64)
    return cast * shadow.opacity


def _face_colours(
    style: TextStyle, letters: NDArray[np.uint8], matrix: NDArray[np.float64] | None, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """(h, w, 3): the colour of the letters' faces, at the final size."""
    gradient = style.gradient
    if gradient is None or matrix is not None:
        return np.broadcast_to(np.array(style.colour, np.float64), (*shape[:2], 3))
    extent = _extent(letters)
    y, x = np.mgrid[: shape[0], : shape[1]] * _OVERSAMPLING + _OVERSAMPLING / 2
    turn = math.radians(gradient.degrees)
    right, down = math.cos(turn), math.sin(turn)
    reach = (abs(right) * extent.width + abs(down) * extent.height) / 2
    along = (x - (extent.left + extent.right) / 2) * right + (y - (extent.top + extent.bottom) / 2) * down
    share = np.clip(along / (2 * reach) + 0.5, 0, 1)[..., None]
    return np.array(gradient.start) * (1 - share) + np.array(gradient.end) * share


def _choose(rng: np.random.Generator, choices: Sequence[_Choice]) -> _Choice:
    return choices[int(rng.integers(len(choices)))]
