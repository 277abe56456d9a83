"""Type layers as ag-psd, a reader and writer of Photoshop files in JavaScript, understands them."""

import json
import subprocess
from pathlib import Path

import numpy as np

from lamina.core.layers import Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import TextAlignment, TextStyle, Typeface, TypefaceClass
from lamina.imaging.export_options import ExportOptions
from lamina.imaging.saving import save
from sdks import node_with

READ = """
import fs from "fs";
import agPsd from "ag-psd";
const skipped = {skipLayerImageData: true, skipCompositeImageData: true, skipThumbnail: true};
const group = agPsd.readPsd(fs.readFileSync(process.argv[2]), skipped).children[1];
console.log(JSON.stringify(group.children.map(({name, hidden, text}) => ({name, hidden, text}))));
"""


def test_text_font_colour_alignment_and_place_are_understood(tmp_path: Path) -> None:
    face = Typeface(family="Lato", confidence=1.0, weight=900, is_italic=True, type_class=TypefaceClass.SANS)
    style = TextStyle(
        size_px=30, line_height_px=36, alignment=TextAlignment.RIGHT, colour=(51, 102, 255), typeface=face
    )
    lines = tuple(
        TextLine(string, ((20, top), (160, top), (160, top + 22), (20, top + 22)), style.colour, 30)
        for string, top in (("Größe 中 (1)", 20.0), ("two", 56.0))
    )
    pixels = np.full((70, 150, 4), 128, np.uint8)
    layers = (
        Layer("Background", LayerKind.BACKGROUND, np.full((100, 200, 4), 255, np.uint8)),
        Layer("Headline", LayerKind.TEXT, pixels, 15, 15, text=lines, style=style),
    )
    path = save(LayerStack(200, 100, layers), tmp_path / "a.psd", ExportOptions(editable_text=True))
    script = node_with("ag-psd@31.0.2") / "read_type_layers.js"
    script.write_text(READ)
    done = subprocess.run(["node", script, path], capture_output=True, text=True, timeout=120, check=True)
    text_layer, pixel_layer = json.loads(done.stdout)
    assert (text_layer["hidden"], pixel_layer["hidden"]) == (True, False)
    text = text_layer["text"]
    assert text["text"] == "Größe 中 (1)\ntwo"
    assert text["style"]["font"]["name"] == "Lato-BlackItalic"
    assert (text["style"]["fontSize"], text["style"]["leading"]) == (30, 36)
    assert [round(text["style"]["fillColor"][channel]) for channel in "rgb"] == [51, 102, 255]
    assert text["paragraphStyle"]["justification"] == "right"
    assert text["transform"][:4] == [1, 0, 0, 1]
    assert abs(text["transform"][4] - 160) < 3 and abs(text["transform"][5] - 42) < 1.5
    assert (text["shapeType"], text["orientation"]) == ("point", "horizontal")
