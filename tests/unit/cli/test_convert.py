"""`convert` writes the same layers in other formats, and says what it did."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pptx import Presentation

from lamina.core.layers import Layer, LayerKind, LayerStack, TextLine
from lamina.core.text_styles import TextStyle
from lamina.imaging.saving import load, save

Lamina = Callable[..., Any]


@pytest.fixture(autouse=True)
def stack(folder: Path) -> LayerStack:
    """stack.psd: on 80 x 60, a background and a line of text with a style."""
    line = TextLine("Open", ((10.0, 10.0), (60.0, 10.0), (60.0, 24.0), (10.0, 24.0)), (200, 0, 0), 20.0)
    style = TextStyle(size_px=20.0, colour=(200, 0, 0), script="Latn")
    letters = np.full((14, 50, 4), (200, 0, 0, 255), np.uint8)
    layers = (
        Layer("Background", LayerKind.BACKGROUND, np.full((60, 80, 4), 255, np.uint8)),
        Layer("Text: Open", LayerKind.TEXT, letters, 10, 10, text=(line,), style=style),
    )
    made = LayerStack(80, 60, layers)
    save(made, folder / "stack.psd")
    return made


def test_the_layers_stay_as_they_are(lamina: Lamina, stack: LayerStack) -> None:
    done = lamina("convert", "stack.psd", "--to", "out/stack.ora", "--to", "layers/")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "stack": "stack.psd",
        "width": 80,
        "height": 60,
        "layers": 2,
        "outputs": ["out/stack.ora", "layers/"],
    }
    for path in ("out/stack.ora", "layers"):
        assert load(path).has_same_content(stack)


@pytest.mark.parametrize("option", ["--editable", "--live-text"])
def test_text_is_editable_if_that_is_asked_for(option: str, lamina: Lamina) -> None:
    assert lamina("convert", "stack.psd", "--to", "slide.pptx").code == 0
    assert not any(shape.has_text_frame for shape in Presentation("slide.pptx").slides[0].shapes)
    assert lamina("convert", "stack.psd", "--to", "slide.pptx", option).code == 0
    shapes = list(Presentation("slide.pptx").slides[0].shapes)
    assert shapes[1].text_frame.text == "Open"


def test_nothing_is_printed_if_that_is_asked_for(lamina: Lamina) -> None:
    assert lamina("convert", "stack.psd", "--to", "slide.svg", "--quiet").out == ""


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("stack.psd",), 2, "--to"),
        (("stack.psd", "--to", "out.xyz"), 2, "extension"),
        (("stack.psd", "--to", "stack.psd"), 1, "also an input"),
        (("missing.psd", "--to", "out.svg"), 1, "does not exist"),
        (("picture.txt", "--to", "out.svg"), 1, "not a layered file"),
    ],
)
def test_what_cannot_be_converted_is_told(
    arguments: tuple[str, ...], code: int, message: str, lamina: Lamina, folder: Path
) -> None:
    (folder / "picture.txt").write_text("no stack")
    done = lamina("convert", *arguments)
    assert done.code == code
    assert message in done.err
    assert done.out == ""
    assert not (folder / "out.svg").exists()
