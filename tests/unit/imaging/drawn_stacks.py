"""Stacks for the tests of the formats: one that uses everything, and a strategy for random ones."""

import numpy as np
from hypothesis import strategies as st

from lamina.core.layer_tree import grouped
from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack, Pixels, TextLine
from lamina.core.text_styles import (
    ColourGradient,
    TextAlignment,
    TextOutline,
    TextShadow,
    TextStyle,
    Typeface,
    TypefaceClass,
)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    """Random RGBA with all alphas, and many that are 0 or 255."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = np.clip(random.integers(-128, 384, (height, width)), 0, 255)
    return pixels


def opaque(height: int, width: int, colour: tuple[int, int, int]) -> Pixels:
    return np.full((height, width, 4), (*colour, 255), np.uint8)


def line(string: str = "SUMMER 夏") -> TextLine:
    return TextLine(string, ((4.5, 6.0), (40.25, 8.0), (39.0, 20.0), (3.0, 18.5)), (250, 16, 3), 12.3)


def full_stack() -> LayerStack:
    """60 x 40: a background, an object that hangs over, a hidden, a locked and a faint layer, two text layers.

    The hidden and the faint layer are in a locked group, and the text layers in a group in it.
    """
    gradient = opaque(40, 60, (0, 128, 90))
    gradient[..., 0] = np.arange(60) * 4
    card, text = Group("Card <1>", LayerKind.PANEL, is_locked=True), Group("Text", LayerKind.TEXT)
    return LayerStack(
        60,
        40,
        (
            Layer("Background", LayerKind.BACKGROUND, gradient),
            Layer("Object 1 (red)", LayerKind.OBJECT, noise(20, 30, 1), -7, 28),
            *grouped(
                (
                    Layer("Hidden & <secret>", LayerKind.PANEL, noise(9, 9, 2), 3, 4, is_hidden=True),
                    Layer("Faint", LayerKind.AREA, noise(12, 14, 3), 30, 2, opacity=100, is_locked=True),
                    *grouped(_two_lines(), text),
                ),
                card,
            ),
        ),
    )


def _two_lines() -> tuple[Layer, Layer]:
    lines = (line("a"), line("b\n<&>"))
    return (
        Layer("Headline: SUMMER 夏", LayerKind.TEXT, noise(15, 40, 4), 3, 6, text=(line(),)),
        Layer("Line: sale", LayerKind.TEXT, noise(8, 20, 5), 30, 30, opacity=128, text=lines),
    )


NAMES = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(), max_size=6),  # lone surrogates too
    st.sampled_from(
        [
            "",
            "中文图层",
            "🎉 sale 🎉",
            "a\"b'c",
            "../../etc/passwd",
            "C:\\x\\y",
            "a\x00b\x1f\n\t",
            "é" * 400,
            "😀" * 200,
        ]
    ),
)
SIDES = st.integers(1, 9)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
LENGTHS = st.floats(0, 1e4)
LINES = st.builds(
    TextLine,
    st.one_of(st.text(max_size=5), NAMES),
    st.tuples(*[st.tuples(*[st.floats(-1e6, 1e6)] * 2)] * 4),
    COLOURS,
    st.floats(0.5, 1e4),
)
TYPEFACES = st.builds(
    Typeface,
    family=NAMES,
    confidence=st.floats(0, 1),
    weight=st.integers(100, 900),
    is_italic=st.booleans(),
    type_class=st.sampled_from(TypefaceClass),
    alternatives=st.lists(NAMES, max_size=3).map(tuple),
)
STYLES = st.builds(
    TextStyle,
    size_px=LENGTHS,
    line_height_px=LENGTHS,
    letter_spacing_px=st.floats(-1e3, 1e3),
    alignment=st.sampled_from(TextAlignment),
    colour=COLOURS,
    gradient=st.none() | st.builds(ColourGradient, start=COLOURS, end=COLOURS, degrees=st.floats(-360, 360)),
    outline=st.none() | st.builds(TextOutline, colour=COLOURS, width_px=LENGTHS),
    shadow=st.none()
    | st.builds(
        TextShadow,
        colour=COLOURS,
        offset_px=st.tuples(*[st.floats(-1e3, 1e3)] * 2),
        blur_px=LENGTHS,
        opacity=st.floats(0, 1),
    ),
    rotation_degrees=st.floats(-360, 360),
    arc_radius_px=st.floats(-1e5, 1e5),
    script=st.sampled_from(["", "Latn", "Hani", "Arab"]),
    typeface=st.none() | TYPEFACES,
)
LAYERS = st.builds(
    lambda seed, height, width, **facts: Layer(pixels=noise(height, width, seed), **facts),
    seed=st.integers(0, 1 << 16),
    height=SIDES,
    width=SIDES,
    name=NAMES,
    kind=st.sampled_from(LayerKind),
    left=st.integers(-40, 40),
    top=st.integers(-40, 40),
    opacity=st.integers(0, 255),
    is_hidden=st.booleans(),
    is_locked=st.booleans(),
    blend=st.sampled_from(BlendMode),
    text=st.lists(LINES, max_size=2).map(tuple),
    style=st.none() | STYLES,
)
GROUPS = st.builds(Group, name=NAMES, kind=st.sampled_from(LayerKind), is_hidden=st.booleans(), is_locked=st.booleans())
_MEMBERS = st.recursive(
    LAYERS.map(lambda layer: (layer,)),
    lambda inner: st.builds(grouped, st.lists(inner, min_size=1, max_size=3).map(lambda lists: sum(lists, ())), GROUPS),
    max_leaves=6,
)
STACKS = st.builds(LayerStack, SIDES, SIDES, st.lists(_MEMBERS, max_size=4).map(lambda lists: sum(lists, ())))
