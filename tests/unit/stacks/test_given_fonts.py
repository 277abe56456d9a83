"""Text layers are set anew with the font files of users, in this process and in one of its own, which give the same."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ImageFont
from test_text_setting import FACE, STYLE, Page, needs_the_font, text_layer

from drawn_fonts import drawn_font
from installed_fonts import FONTS
from lamina.core.errors import ErrorCode, LaminaError
from lamina.stacks import operations as op
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.lettering import Row
from lamina.stacks.revisions.text_fonts import set_text_apart
from lamina.stacks.verbs.text_setting import restore_text, set_text

__all__ = ["needs_the_font"]
BLACK = FONTS / "LaminaSans-Black.ttf"


@pytest.fixture
def page() -> Page:
    return Page(text_layer([Row("Hello", 60.0, 80.0)], STYLE))


def node_of(document: Document) -> LayerNode:
    return next(document.layers())


def test_the_process_for_fonts_gives_the_same_layer(page: Page) -> None:
    turned = page.after(op.Rotate(node=1, degrees=30), op.Hide(node=1))
    operation = op.SetText(node=1, words="Sale\nnow", font=BLACK, size_px=40.0, colour=(1, 2, 3))
    here, apart = (work(turned, operation, page.pixels) for work in (set_text, set_text_apart))
    assert apart == here
    node = node_of(apart)
    assert node.style is not None
    assert node.style.typeface is not None
    assert (node.style.typeface.family, node.style.typeface.weight) == ("Lamina Sans", 900)
    assert (node.is_hidden, [line.string for line in node.text]) == (True, ["Sale", "now"])
    restored = restore_text(set_text_apart(apart, replace(operation, words="Hi"), page.pixels), op.RestoreText(node=1))
    assert restored == turned


def test_no_font_of_a_user_is_opened_in_this_process(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    operation = op.SetText(node=1, words="Sale", font=BLACK)
    expected = set_text(page.document, operation, page.pixels)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a font was opened in this process")

    monkeypatch.setattr(ImageFont, "truetype", refuse)
    with pytest.raises(AssertionError, match="was opened"):
        set_text(page.document, operation, page.pixels)
    assert set_text_apart(page.document, operation, page.pixels) == expected


def test_the_place_stays(page: Page) -> None:
    x, y, _, height = page.ink(page.document)
    new_x, new_y, _, new_height = page.ink(page.after(op.SetText(node=1, words="H", font=BLACK)))
    assert abs(new_x - x) <= 3
    assert abs(new_y + new_height - y - height) <= 1


def test_a_variable_font_takes_the_nearest_weight(page: Page, tmp_path: Path) -> None:
    path = drawn_font(tmp_path / "drawn.ttf", is_variable=True)
    bold = Page(text_layer([Row("HELLO", 60.0, 80.0)], replace(STYLE, typeface=replace(FACE, weight=900))))
    for weight, expected in ((None, 700), (600, 600)):
        style = node_of(bold.after(op.SetText(node=1, font=path, weight=weight))).style
        assert style is not None
        assert style.typeface is not None
        assert style.typeface.weight == expected
    with pytest.raises(LaminaError, match="has the weights 300 to 700"):
        page.after(op.SetText(node=1, words="HE", font=path, weight=800))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": 400}, "The font Lamina Sans has the weight 900 only."),
        ({"is_italic": True}, "The font Lamina Sans is upright."),
        ({"words": "Hi \u4e2d\u6587"}, "The font Lamina Sans lacks the letters \u4e2d \u6587."),
    ],
)
def test_what_the_font_lacks_is_told(page: Page, change: dict[str, object], message: str) -> None:
    operation = replace(op.SetText(node=1, font=BLACK), **change)
    for work in (set_text, set_text_apart):
        with pytest.raises(LaminaError) as caught:
            work(page.document, operation, page.pixels)
        assert (caught.value.code, caught.value.message) == (ErrorCode.TASK_INVALID, message)
        assert caught.value.hint


def test_the_weight_that_the_font_has_may_be_named(page: Page) -> None:
    assert node_of(page.after(op.SetText(node=1, font=BLACK, weight=900, is_italic=False))).text


@pytest.mark.parametrize("size_px", [40.0, 2_000.0])
def test_letters_of_absurd_sizes_are_refused(page: Page, tmp_path: Path, size_px: float) -> None:
    path = drawn_font(tmp_path / "huge.ttf", units_per_em=16)
    for work in (set_text, set_text_apart):
        with pytest.raises(LaminaError) as caught:
            work(page.document, op.SetText(node=1, words="HELLO " * 300, font=path, size_px=size_px), page.pixels)
        assert caught.value.code in (ErrorCode.TASK_INVALID, ErrorCode.INPUT_CORRUPT)
        assert caught.value.hint


def test_a_layer_without_text_is_refused_before_the_font_is_opened(page: Page) -> None:
    with pytest.raises(LaminaError, match="no layer or group with the id 7"):
        set_text_apart(page.document, op.SetText(node=7, font=BLACK), page.pixels)
