"""What is measured of drawn text is how it was drawn."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from installed_fonts import FONTS, SANS, fonts_in_home
from lab.compositions.writing import Hand, arc
from lab.posters.lettering import Lettering, Shadow, Typeface, lettered, moved
from lab.text_designs import SetText, draw_text
from lamina.core.layers import Layer, LayerKind, TextLine
from lamina.core.text_styles import ColourGradient, TextAlignment, TextStyle
from lamina.engines.classic.text_styles import measure_text

CREAM, NAVY, RED = (255, 247, 230), (34, 40, 84), (200, 30, 40)
PLAIN = Lettering("Open Studio", Typeface.SANS, 80, CREAM)


@pytest.fixture(autouse=True)
def fonts(tmp_path: Path) -> Iterator[None]:
    with fonts_in_home(tmp_path / "home"):
        yield


def style_of(layer: Layer) -> TextStyle:
    """The style that is measured with the true typeface, from corners as loose as those of the OCR."""
    (measured,) = measure_text([loosened(layer)], lambda _: SANS)
    assert measured.style is not None
    return measured.style


def loosened(layer: Layer) -> Layer:
    """The layer with corners that stand off from the letters, and a size that is a tenth too large."""
    lines = []
    for line in layer.text:
        a, b, _, d = (np.array(corner) for corner in line.quad)
        along, down = (b - a) / np.linalg.norm(b - a), (d - a) / np.linalg.norm(d - a)
        margin = 0.12 * line.size_px
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        corners = (
            corner + margin * (sign[0] * along + sign[1] * down)
            for corner, sign in zip(map(np.array, line.quad), signs, strict=True)
        )
        quad = tuple((float(x), float(y)) for x, y in corners)
        lines.append(replace(line, quad=quad, size_px=1.1 * line.size_px))
    return replace(layer, text=tuple(lines))


@pytest.mark.parametrize("size_px", [18, 33.3, 80, 240])
def test_size_spacing_and_corners(size_px: float) -> None:
    drawn = moved(lettered(replace(PLAIN, size_px=size_px), "text"), to=(31, 17))
    (measured,) = measure_text([loosened(drawn)], lambda _: SANS)
    assert measured.style is not None
    assert measured.style.size_px == pytest.approx(size_px, rel=0.02)
    assert measured.style.letter_spacing_px == pytest.approx(0, abs=0.015 * size_px)
    assert measured.style.colour == CREAM
    assert measured.style.script == "Latn"
    assert measured.style.typeface is SANS
    assert np.abs(np.subtract(measured.text[0].quad, drawn.text[0].quad)).max() < 0.75


def test_without_the_typeface_the_size_is_about_right() -> None:
    (measured,) = measure_text([loosened(lettered(PLAIN, "text"))])
    assert measured.style is not None
    assert measured.style.typeface is None
    assert measured.style.size_px == pytest.approx(80, rel=0.07)


@pytest.mark.parametrize("turn", [-20, 7.5, 85, 90, 180])
def test_rotation(turn: float) -> None:
    style = style_of(lettered(replace(PLAIN, turn=turn), "text"))
    assert (style.rotation_degrees - turn + 180) % 360 - 180 == pytest.approx(0, abs=0.4)
    assert style.size_px == pytest.approx(80, rel=0.03)


def test_text_that_is_nearly_horizontal_is_horizontal() -> None:
    drawn = loosened(lettered(PLAIN, "text"))
    a, b, c, d = drawn.text[0].quad
    skewed = replace(drawn.text[0], quad=(a, (b[0], b[1] + 12), (c[0], c[1] + 12), d))
    assert style_of(replace(drawn, text=(skewed,))).rotation_degrees == 0


@pytest.mark.parametrize("share", [0.03, 0.05, 0.08])
def test_an_outline(share: float) -> None:
    style = style_of(lettered(replace(PLAIN, outline=NAVY, outline_width=share), "text"))
    assert style.outline is not None
    assert style.outline.width_px == pytest.approx(share * 80, abs=0.8)
    assert np.abs(np.subtract(style.outline.colour, NAVY)).max() <= 6
    assert style.shadow is None
    assert style.size_px == pytest.approx(80, rel=0.02)


@pytest.mark.parametrize("blur", [0.0, 0.04])
def test_a_shadow(blur: float) -> None:
    style = style_of(lettered(replace(PLAIN, shadow=Shadow(NAVY, 0.06, blur, 0.7)), "text"))
    assert style.shadow is not None
    assert style.shadow.offset_px == pytest.approx((4.8, 4.8), abs=1)
    assert style.shadow.blur_px == pytest.approx(blur * 80, abs=1.5)
    assert style.shadow.opacity == pytest.approx(0.7, abs=0.12)
    assert style.outline is None
    assert style.colour == CREAM


def test_letters_that_were_taken_for_their_shadow() -> None:
    drawn = lettered(replace(PLAIN, shadow=Shadow(NAVY, 0.06, 0.0, 1.0)), "text")
    style = style_of(replace(drawn, text=(replace(drawn.text[0], colour=NAVY),)))
    assert style.colour == CREAM
    assert style.shadow is not None
    assert style.shadow.offset_px == pytest.approx((4.8, 4.8), abs=1)


def test_an_outline_with_a_shadow() -> None:
    lettering = replace(PLAIN, outline=NAVY, outline_width=0.05, shadow=Shadow(RED, 0.09, 0.0, 1.0))
    style = style_of(lettered(lettering, "text"))
    assert style.outline is not None
    assert style.shadow is not None
    assert style.outline.width_px == pytest.approx(4, abs=1)
    assert np.abs(np.subtract(style.shadow.colour, RED)).max() <= 12


def test_a_gradient() -> None:
    gradient = ColourGradient(start=(250, 210, 40), end=(220, 30, 90), degrees=90.0)
    text = SetText(("Open Studio", "Garden Party"), block_style(gradient=gradient))
    style = style_of(draw_text(text))
    assert style.gradient is not None
    assert style.gradient.degrees == pytest.approx(90, abs=8)
    assert np.abs(np.subtract(style.gradient.start, gradient.start)).max() < 40
    assert np.abs(np.subtract(style.gradient.end, gradient.end)).max() < 40


def block_style(**fields: object) -> TextStyle:
    style = TextStyle(size_px=40, line_height_px=52, colour=NAVY, script="Latn", typeface=SANS)
    return replace(style, **fields)


@pytest.mark.parametrize("alignment", TextAlignment)
def test_a_block(alignment: TextAlignment) -> None:
    lines = ("Open Studio", "Up to 50% off", "Art for All")
    style = style_of(draw_text(SetText(lines, block_style(alignment=alignment, letter_spacing_px=3.0))))
    assert style.alignment is alignment
    assert style.line_height_px == pytest.approx(52, abs=0.3)
    assert style.letter_spacing_px == pytest.approx(3, abs=0.4)
    assert style.size_px == pytest.approx(40, rel=0.02)
    assert style.gradient is style.outline is style.shadow is None


def test_sizes_that_are_equal_within_the_error_are_the_same_in_all_layers() -> None:
    strings = ("Open Studio", "snacks", "all ages", "FUN RUN")
    lines = [lettered(Lettering(string, Typeface.SANS, 30, NAVY), string) for string in strings]
    title = lettered(Lettering("JAZZ NIGHT", Typeface.SANS, 64, NAVY), "title")
    *measured, other = measure_text([loosened(layer) for layer in (*lines, title)])
    sizes = {layer.style.size_px for layer in measured if layer.style}
    assert len(sizes) == 1
    assert other.style is not None
    assert other.style.size_px > 1.8 * sizes.pop()


def test_two_sizes_in_one_layer_stay_apart() -> None:
    title = lettered(Lettering("JAZZ NIGHT", Typeface.SANS, 60, NAVY), "title")
    small = moved(lettered(Lettering("from 9 to 5", Typeface.SANS, 24, NAVY), "small"), to=(0, 90))
    pixels = np.maximum(title.on_canvas(500, 150), small.on_canvas(500, 150))
    both = Layer("both", LayerKind.TEXT, pixels, text=(*title.text, *small.text))
    (measured,) = measure_text([loosened(both)], lambda _: SANS)
    assert [line.size_px for line in measured.text] == pytest.approx([60, 24], rel=0.03)
    assert measured.style is not None
    assert measured.style.size_px == measured.text[0].size_px


def test_a_line_that_was_not_read_has_a_style_without_a_script() -> None:
    drawn = lettered(PLAIN, "text")
    style = style_of(replace(drawn, text=(replace(drawn.text[0], string=""),)))
    assert style.script == ""
    assert style.colour == CREAM


def bent(string: str, radius_px: float, is_below: bool) -> tuple[Layer, float]:
    """Text of 70 px around a circle, with loose corners, and the radius at its baseline."""
    hand = Hand(font=FONTS / "LaminaSans-Black.ttf", size_px=70, colour=NAVY)
    pixels = arc(string, hand, radius_px, is_below=is_below)
    layer = Layer("bent", LayerKind.TEXT, pixels, 40, 30).cropped()
    left, top, width, height = layer.box
    right, bottom, left, top = left + width + 8.0, top + height + 8.0, left - 8.0, top - 8.0
    line = TextLine(string, ((left, top), (right, top), (right, bottom), (left, bottom)), NAVY, 0.8 * height)
    # The middles of the letters' boxes are on the circle, 0.35 em above the baseline.
    return replace(layer, text=(line,)), -(radius_px + 24.5) if is_below else radius_px - 24.5


@pytest.mark.parametrize("is_below", [False, True])
@pytest.mark.parametrize("string", ["GRAND OPENING", "Up to 50% off"])
@pytest.mark.parametrize("radius_px", [200, 400, 1200])
def test_text_on_a_circle(radius_px: float, string: str, is_below: bool) -> None:
    layer, baseline_radius_px = bent(string, radius_px, is_below)
    (measured,) = measure_text([layer], lambda _: SANS)
    assert measured.style is not None
    assert measured.style.arc_radius_px == pytest.approx(baseline_radius_px, rel=0.15)
    assert measured.style.size_px == pytest.approx(70, rel=0.1)
    assert measured.style.rotation_degrees == 0
    (left, top), _, (right, bottom), _ = measured.text[0].quad
    assert (left, right) == pytest.approx((layer.left, layer.left + layer.width), abs=20)
    descender_px = 0.2 * 70  # of a letter that is not in the middle
    assert top == pytest.approx(layer.top, abs=8 + descender_px)
    assert bottom == pytest.approx(layer.top + layer.height, abs=8 + descender_px)


@pytest.mark.parametrize("string", ["GRAND OPENING", "Up to 50% off", "all ages", "o.-'"])
def test_straight_text_is_on_no_circle(string: str) -> None:
    style = style_of(lettered(replace(PLAIN, string=string), "text"))
    assert style.arc_radius_px == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3)])
@pytest.mark.parametrize("string", ["a", "", "b" * 5000, "\u202eשלום\x07"])
def test_any_layer_can_be_measured(size: tuple[int, int], string: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 4), np.uint8)
    line = TextLine(string, ((-50, 2), (9, 2), (9, 2), (-50, 1)), RED, 0.7)
    (measured,) = measure_text([Layer("odd", LayerKind.TEXT, pixels, 5, -7, text=(line, line))])
    assert measured.style is not None
    assert measured.style.size_px > 0


def test_other_layers_are_left_alone() -> None:
    other = Layer("Object", LayerKind.OBJECT, np.zeros((4, 4, 4), np.uint8))
    assert measure_text([other]) == [other]
