"""What resvg draws of our SVG files, and what an XML reader sees in them."""

import base64
import io
import math
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import resvg_py
from drawn_stacks import full_stack, line, noise, opaque
from drawn_texts import STYLE, text_layer, text_line
from fontTools.ttLib import TTFont
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
from PIL import Image

from installed_fonts import FONTS, SANS, bundled, fonts_in_home
from lab.posters.lettering import Lettering, Typeface, lettered, moved
from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layer_tree import grouped
from lamina.core.layers import BlendMode, Group, Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import ColourGradient, TextAlignment, TextOutline, TextShadow, TypefaceClass
from lamina.engines.classic.text_styles import measure_text
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import save

SVG, INKSCAPE = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"
EDITABLE = ExportOptions(editable_text=True)


def _drawn(path: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    drawn = bytes(resvg_py.svg_to_bytes(svg_path=str(path)))
    with Image.open(io.BytesIO(drawn)) as image:
        return np.asarray(image.convert("RGBA")).astype(np.int64)


def test_resvg_draws_the_composite(tmp_path: Path) -> None:
    drawn = _drawn(save(full_stack(), tmp_path / "a.svg"))
    assert np.abs(drawn - composite(full_stack())).max() <= 2


def test_one_layer_on_an_opaque_ground_is_within_one_level(tmp_path: Path) -> None:
    layers = (
        Layer("Ground", LayerKind.BACKGROUND, opaque(40, 60, (20, 200, 90))),
        Layer("Above", LayerKind.OBJECT, noise(50, 30), -4, -6),
    )
    stack = LayerStack(60, 40, layers)
    assert np.abs(_drawn(save(stack, tmp_path / "a.svg")) - composite(stack)).max() <= 1


@pytest.mark.parametrize("blend", BlendMode)
def test_resvg_draws_each_blend_mode(blend: BlendMode, tmp_path: Path) -> None:
    layers = (
        Layer("Ground", LayerKind.BACKGROUND, opaque(8, 8, (20, 200, 90))),
        Layer("Above", LayerKind.OBJECT, noise(8, 8), blend=blend),
    )
    stack = LayerStack(8, 8, layers)
    # resvg keeps colours multiplied with alpha, and dodging makes its rounding larger.
    assert np.abs(_drawn(save(stack, tmp_path / "a.svg")) - composite(stack)).max() <= 4


def test_inkscape_layers_carry_names_and_switches(tmp_path: Path) -> None:
    root = etree.parse(save(full_stack(), tmp_path / "a.svg")).getroot()
    groups = [group for group in root.iter(f"{SVG}g") if group.get("id").startswith("layer")]
    assert [group.get(f"{INKSCAPE}label") for group in groups] == [layer.name for layer in full_stack()]
    assert {group.get(f"{INKSCAPE}groupmode") for group in groups} == {"layer"}
    assert groups[2].get("style") == "display:none;"
    assert float(groups[3].get("opacity")) == pytest.approx(100 / 255, abs=1e-5)


def _labels(element: Any) -> list[Any]:
    """The labels of Inkscape's layers as they are nested."""
    return [
        [child.get(f"{INKSCAPE}label"), *_labels(child)] if child.find(f"{SVG}g") is not None
        else child.get(f"{INKSCAPE}label")
        for child in element.findall(f"{SVG}g")
    ]  # fmt: skip


def test_groups_are_inkscape_layers_as_they_are_nested(tmp_path: Path) -> None:
    root = etree.parse(save(full_stack(), tmp_path / "a.svg")).getroot()
    text = ["Text", "Headline: SUMMER 夏", "Line: sale"]
    assert _labels(root) == ["Background", "Object 1 (red)", ["Card <1>", "Hidden & <secret>", "Faint", text]]
    card = root.findall(f"{SVG}g")[2]
    assert {key.rpartition("}")[2]: value for key, value in card.items()} == {
        "id": "group0",
        "groupmode": "layer",
        "label": "Card <1>",
        "insensitive": "true",
    }


def test_a_hidden_group_is_not_drawn_and_a_group_does_not_isolate_modes(tmp_path: Path) -> None:
    ground, above = Layer("Ground", LayerKind.BACKGROUND, opaque(8, 8, (60, 120, 190))), noise(8, 8, 3)
    seen = grouped([Layer("Above", LayerKind.OBJECT, above, blend=BlendMode.MULTIPLY)], Group("Seen"))
    hidden = grouped([Layer("Cover", LayerKind.OBJECT, opaque(8, 8, (9, 9, 9)))], Group("Hidden", is_hidden=True))
    stack = LayerStack(8, 8, (ground, *seen, *hidden))
    assert np.abs(_drawn(save(stack, tmp_path / "a.svg")) - composite(stack)).max() <= 1


def test_live_text_is_text_in_its_place_and_turn(tmp_path: Path) -> None:
    root = etree.parse(save(full_stack(), tmp_path / "a.svg", EDITABLE)).getroot()
    texts = root.findall(f".//{SVG}text")
    assert [[row.text for row in text] for text in texts] == [["SUMMER 夏"], ["a"], ["b <&>"]]
    assert texts[0].get("fill") == "#fa1003"
    degrees, *_ = (float(part) for part in texts[0].get("transform")[len("rotate(") : -1].split())
    assert degrees == pytest.approx(math.degrees(math.atan2(2, 36)), abs=0.5)
    assert len(root.findall(f".//{SVG}image")) == 4


def test_a_layer_with_a_line_that_was_not_read_stays_a_picture(tmp_path: Path) -> None:
    unread = Layer("Text (not read)", LayerKind.TEXT, noise(40, 20), text=(line(""),))
    root = etree.parse(save(LayerStack(60, 40, (unread,)), tmp_path / "a.svg", EDITABLE)).getroot()
    assert root.findall(f".//{SVG}text") == []
    assert len(root.findall(f".//{SVG}image")) == 1


def _texts(path: Path) -> list[Any]:
    return etree.parse(path).getroot().findall(f".//{SVG}text")


def _saved(*layers: Layer, path: Path) -> Path:
    return save(LayerStack(800, 500, layers), path, EDITABLE)


@pytest.mark.parametrize("turn", [0, -12])
def test_the_letters_are_where_they_are_in_the_picture(turn: float, tmp_path: Path) -> None:
    drawn = moved(lettered(Lettering("Open Studio", Typeface.SANS, 90, (0, 0, 0), turn), "text"), to=(60, 80))
    with fonts_in_home(tmp_path / "home"):
        path = _saved(*measure_text([drawn], lambda _: SANS), path=tmp_path / "a.svg")
    assert "textLength" not in path.read_text()
    fonts = [str(FONTS / "LaminaSans-Black.ttf")]
    again = bytes(resvg_py.svg_to_bytes(svg_path=str(path), font_files=fonts, skip_system_fonts=True))
    with Image.open(io.BytesIO(again)) as image:
        letters = np.asarray(image.convert("RGBA"))[..., 3] > 127
    truth = drawn.on_canvas(800, 500)[..., 3] > 127
    assert (letters & truth).sum() / (letters | truth).sum() > 0.9


@pytest.mark.parametrize("radius_px", [200.0, -300.0])
def test_bent_text_follows_its_circle(radius_px: float, tmp_path: Path) -> None:
    style = replace(STYLE, arc_radius_px=radius_px, typeface=SANS)
    line = TextLine("Studio Studio", ((300, 150), (500, 150), (500, 220), (300, 220)), (0, 0, 0), 40.0)
    with fonts_in_home(tmp_path / "home"):
        path = _saved(text_layer(line, style=style), path=tmp_path / "a.svg")
    (text,) = _texts(path)
    assert (text[0].tag, text[0].text) == (f"{SVG}textPath", "Studio Studio")
    fonts = [str(FONTS / "LaminaSans-Black.ttf")]
    drawn = bytes(resvg_py.svg_to_bytes(svg_path=str(path), font_files=fonts, skip_system_fonts=True))
    with Image.open(io.BytesIO(drawn)) as image:
        rows, columns = np.nonzero(np.asarray(image.convert("RGBA"))[..., 3] > 127)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(400, abs=4)
    # The middle of the text is where the line is highest, or lowest.
    if radius_px > 0:
        assert rows.min() == pytest.approx(150, abs=3)
    else:
        assert rows.max() == pytest.approx(220, abs=3)
    assert np.ptp(rows) > 1.5 * 29  # the height of capitals


def test_a_block_is_one_element_with_a_row_per_line(tmp_path: Path) -> None:
    lines = [text_line(string, 100, 200 + 50 * index) for index, string in enumerate(("Plan", "Ship it", "now"))]
    (text,) = _texts(_saved(text_layer(*lines), path=tmp_path / "a.svg"))
    assert [row.text for row in text] == ["Plan", "Ship it", "now"]
    assert [float(row.get("y")) for row in text] == pytest.approx([200, 250, 300], abs=0.1)
    assert {row.get("x") for row in text} == {"100.00"}
    assert text.get("font-family").endswith("sans-serif")
    assert text.get("font-size") == "40.00"


@pytest.mark.parametrize(("alignment", "anchor"), [("left", None), ("center", "middle"), ("right", "end")])
def test_alignment_is_the_anchor(alignment: str, anchor: str | None, tmp_path: Path) -> None:
    style = replace(STYLE, alignment=TextAlignment(alignment))
    lines = [text_line(string, 100, 200 + 50 * index) for index, string in enumerate(("Plan", "Plan"))]
    (text,) = _texts(_saved(text_layer(*lines, style=style), path=tmp_path / "a.svg"))
    assert text.get("text-anchor") == anchor


def test_the_typeface_has_fallbacks_of_its_class(tmp_path: Path) -> None:
    face = replace(bundled("No 'Such' Serif", 300, TypefaceClass.SERIF), is_italic=True)
    style = replace(STYLE, typeface=face)
    (text,) = _texts(_saved(text_layer(text_line("Plan", 100, 200), style=style), path=tmp_path / "a.svg"))
    assert text.get("font-family").startswith("'No \\'Such\\' Serif', 'Times New Roman'")
    assert text.get("font-family").endswith(", serif")
    assert (text.get("font-weight"), text.get("font-style")) == ("300", "italic")
    assert text[0].get("textLength")  # fits another typeface into the place


def test_effects(tmp_path: Path) -> None:
    style = replace(
        STYLE,
        gradient=ColourGradient(start=(255, 0, 0), end=(0, 0, 255), degrees=90.0),
        outline=TextOutline(colour=(1, 2, 3), width_px=3.0),
        shadow=TextShadow(colour=(9, 9, 9), offset_px=(4.0, 5.0), blur_px=2.0, opacity=0.5),
    )
    path = _saved(text_layer(text_line("Plan", 100, 200), style=style), path=tmp_path / "a.svg")
    root = etree.parse(path).getroot()
    (text,) = root.findall(f".//{SVG}text")
    assert text.get("stroke-width") == "6.00"  # half of it lies beneath the letters
    assert text.get("paint-order") == "stroke"
    (gradient,) = root.findall(f".//{SVG}linearGradient")
    assert text.get("fill") == f"url(#{gradient.get('id')})"
    assert [stop.get("stop-color") for stop in gradient] == ["#ff0000", "#0000ff"]
    assert gradient.get("x1") == gradient.get("x2")
    (shadow,) = root.findall(f".//{SVG}feDropShadow")
    assert (shadow.get("dx"), shadow.get("dy"), shadow.get("stdDeviation")) == ("4.00", "5.00", "2.00")
    drawn = _drawn(path)
    assert drawn.shape == (500, 800, 4)


def _text_in_lamina_sans(home: Path) -> Layer:
    style = replace(STYLE, typeface=SANS)
    with fonts_in_home(home):
        return text_layer(text_line("Open", 100, 200, style), text_line("Studio", 100, 250, style), style=style)


def _embedded(path: Path) -> list[TTFont]:
    sources = re.findall(r"url\(data:font/woff;base64,([^)]*)\)", path.read_text())
    return [TTFont(io.BytesIO(base64.b64decode(source))) for source in sources]


def test_fonts_are_embedded_with_the_letters_of_the_text(tmp_path: Path) -> None:
    stack = LayerStack(800, 500, (_text_in_lamina_sans(tmp_path / "one"),))
    with fonts_in_home(tmp_path / "home"):
        path = save(stack, tmp_path / "a.svg", ExportOptions(editable_text=True, embeds_fonts=True))
        plain = save(stack, tmp_path / "b.svg", EDITABLE)
        again = save(stack, tmp_path / "c.svg", ExportOptions(editable_text=True, embeds_fonts=True))
    (font,) = _embedded(path)
    assert set(map(chr, font.getBestCmap())) == set("OpenStudio")
    assert 'font-family:"Lamina Sans";font-weight:900' in path.read_text()
    assert _texts(path)[0].get("font-family").startswith("'Lamina Sans'")
    assert _embedded(plain) == []
    assert again.read_bytes() == path.read_bytes()


def test_fonts_that_must_not_be_embedded_are_left_out(tmp_path: Path) -> None:
    layer = _text_in_lamina_sans(tmp_path / "one")
    with fonts_in_home(tmp_path / "home"):
        installed = tmp_path / "home/.fonts/LaminaSans-Black.ttf"
        font = TTFont(installed)
        font["OS/2"].fsType = 2  # restricted licence embedding
        font.save(installed)
        path = save(
            LayerStack(800, 500, (layer,)), tmp_path / "a.svg", ExportOptions(editable_text=True, embeds_fonts=True)
        )
    assert _embedded(path) == []
    assert len(_texts(path)) == 1


def test_without_fonttools_embedding_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = _text_in_lamina_sans(tmp_path / "one")
    monkeypatch.setitem(sys.modules, "fontTools.subset", None)
    with fonts_in_home(tmp_path / "home"), pytest.raises(LaminaError) as refused:
        save(LayerStack(800, 500, (layer,)), tmp_path / "a.svg", ExportOptions(editable_text=True, embeds_fonts=True))
    assert refused.value.code is ErrorCode.OUTPUT_UNWRITABLE
    assert "fonts" in refused.value.hint
    assert not (tmp_path / "a.svg").exists()


def test_text_from_right_to_left_keeps_its_edge(tmp_path: Path) -> None:
    (text,) = _texts(_saved(text_layer(text_line("שלום עולם!", 100, 200)), path=tmp_path / "a.svg"))
    assert (text.get("direction"), text.get("text-anchor")) == ("rtl", "end")


@pytest.mark.parametrize("string", ["word " * 1000, "🎉 sale 🎉", "a\x00b\x1b[31m\ud800", " ", "]]><&\"'"])
def test_any_string_gives_a_file_that_can_be_read(string: str, tmp_path: Path) -> None:
    (text,) = _texts(_saved(text_layer(text_line(string, 100, 200)), path=tmp_path / "a.svg"))
    assert len(text[0].text) == len(string)
