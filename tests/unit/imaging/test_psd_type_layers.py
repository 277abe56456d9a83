"""Type layers in Photoshop files: what other programs read in them, and that picture and stack stay the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_stacks import STACKS, full_stack, noise, opaque
from hypothesis import HealthCheck, given, settings
from psd_tools import PSDImage
from psd_tools.api.layers import Group, TypeLayer

from lamina.core.layers import Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import TextAlignment, TextStyle, Typeface, TypefaceClass
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.formats.psd_type_layers import font_name
from lamina.imaging.saving import load, save
from lamina.typesetting.frames import LineBox, TextFrame

EDITABLE = ExportOptions(editable_text=True)
FACE = Typeface(family="Open Sans", confidence=0.9, weight=700, is_italic=False, type_class=TypefaceClass.SANS)
STYLE = TextStyle(
    size_px=24,
    line_height_px=30,
    letter_spacing_px=1.2,
    alignment=TextAlignment.CENTER,
    colour=(200, 30, 40),
    script="Latn",
    typeface=FACE,
)


def line(string: str, top: float, degrees: float = 0.0) -> TextLine:
    quad = TextFrame(degrees).quad(LineBox(left=50, right=240, top=top, bottom=top + 18))
    return TextLine(string, quad, STYLE.colour, STYLE.size_px)


def text_stack(*lines: TextLine, style: TextStyle = STYLE) -> LayerStack:
    """A background and one text layer."""
    text = Layer("Headline", LayerKind.TEXT, noise(60, 200), 45, 35, text=lines, style=style)
    return LayerStack(300, 200, (Layer("Background", LayerKind.BACKGROUND, opaque(200, 300, (9, 90, 200))), text))


def type_layers(path: Path) -> list[TypeLayer]:
    return [layer for layer in PSDImage.open(path).descendants() if isinstance(layer, TypeLayer)]


def test_a_block_is_one_type_layer_with_its_style(tmp_path: Path) -> None:
    text = "SALE (50 %) \\ café 漢字 😀"
    path = save(text_stack(line(text, 40), line("second line", 70)), tmp_path / "a.psd", EDITABLE)
    (layer,) = type_layers(path)
    assert layer.text == f"{text}\rsecond line"
    style = layer.engine_dict["StyleRun"]["RunArray"][0]["StyleSheet"]["StyleSheetData"]
    assert (float(style["FontSize"]), float(style["Leading"]), int(style["Tracking"])) == (24, 30, 50)
    assert [float(value) for value in style["FillColor"]["Values"]] == [1, *(round(v / 255, 5) for v in STYLE.colour)]
    paragraphs = layer.engine_dict["ParagraphRun"]
    assert int(paragraphs["RunArray"][0]["ParagraphSheet"]["Properties"]["Justification"]) == 2
    units = len(text.encode("utf-16-le")) // 2
    assert [int(length) for length in paragraphs["RunLengthArray"]] == [units + 1, len("second line") + 1]
    assert layer.resource_dict["FontSet"][0]["Name"] == "OpenSans-Bold"


def test_the_first_baseline_stands_where_it_is_in_the_picture(tmp_path: Path) -> None:
    upright = type_layers(save(text_stack(line("HHH", 40)), tmp_path / "a.psd", EDITABLE))[0]
    assert upright.transform[:4] == (1, 0, 0, 1)
    assert upright.transform[4] == pytest.approx(145, abs=3)  # the centre
    assert upright.transform[5] == pytest.approx(58, abs=1)  # capitals stand on their baseline
    turned = replace(STYLE, rotation_degrees=30.0)
    rotated = type_layers(save(text_stack(line("HHH", 40, 30), style=turned), tmp_path / "b.psd", EDITABLE))[0]
    assert rotated.transform[:4] == pytest.approx((0.866, 0.5, -0.5, 0.866), abs=1e-3)
    assert TextFrame(30).across(rotated.transform[4:]) == pytest.approx(58, abs=1)


def test_it_is_hidden_beside_the_pixels_and_the_picture_stays_exact(tmp_path: Path) -> None:
    stack = text_stack(line("SALE", 40))
    document = PSDImage.open(save(stack, tmp_path / "a.psd", EDITABLE))
    group = document[1]
    assert isinstance(group, Group) and group.name == "Headline"
    assert [(layer.kind, layer.visible) for layer in group] == [("type", False), ("pixel", True)]
    plain = PSDImage.open(save(stack, tmp_path / "b.psd"))
    assert np.array_equal(np.asarray(document.composite(force=True)), np.asarray(plain.composite(force=True)))
    assert np.array_equal(np.asarray(document.topil()), np.asarray(plain.topil()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stack=STACKS)
def test_any_stack_is_read_as_it_was(stack: LayerStack, tmp_path: Path) -> None:
    path = save(stack, tmp_path / "any.psd", EDITABLE)
    assert load(path).has_same_content(stack)


def test_without_the_option_there_is_none(tmp_path: Path) -> None:
    assert type_layers(save(full_stack(), tmp_path / "a.psd")) == []


def test_text_that_was_not_read_has_none(tmp_path: Path) -> None:
    assert type_layers(save(text_stack(line("", 40)), tmp_path / "a.psd", EDITABLE)) == []


def test_a_type_layer_that_was_made_visible_is_read_as_pixels(tmp_path: Path) -> None:
    document = PSDImage.open(save(text_stack(line("SALE", 40)), tmp_path / "a.psd", EDITABLE))
    group = document[1]
    assert isinstance(group, Group)
    text, pixels = group
    pixels.visible, text.visible = False, True
    document.save(tmp_path / "b.psd")
    names = {layer.name: layer.is_hidden for layer in load(tmp_path / "b.psd")}
    assert names == {"Background": False, "SALE": False, "Headline": True}


@pytest.mark.parametrize(
    ("typeface", "name"),
    [
        (None, "ArialMT"),
        (FACE, "OpenSans-Bold"),
        (replace(FACE, weight=400, is_italic=True), "OpenSans-Italic"),
        (replace(FACE, weight=350), "OpenSans-Regular"),
        (replace(FACE, family="", type_class=TypefaceClass.SERIF), "TimesNewRomanPS-BoldMT"),
        (replace(FACE, family="IM Fell DW Pica", weight=400), "IMFellDWPica-Regular"),
    ],
)
def test_the_font_has_a_postscript_name(typeface: Typeface | None, name: str) -> None:
    assert font_name(typeface) == name
