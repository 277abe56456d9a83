"""Text layers are set anew with installed fonts, where the text was, and go back to their original pixels."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels, TextLine
from lamina.core.text_styles import TextAlignment, TextOutline, TextShadow, TextStyle, Typeface, TypefaceClass
from lamina.stacks import operations as op
from lamina.stacks.applying import Tools, apply
from lamina.stacks.document import Document, LayerNode
from lamina.stacks.lettering import Row, Typesetter
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.records import parse_document, render_document
from lamina.stacks.rendering import document_of, rendered, stack_of
from lamina.typesetting.frames import TextFrame
from lamina.typesetting.installed import find_font

WIDTH, HEIGHT = 400, 240
FACE = Typeface(family="DejaVu Sans", confidence=1.0, weight=400, is_italic=False, type_class=TypefaceClass.SANS)
STYLE = TextStyle(size_px=32.0, line_height_px=40.0, colour=(180, 20, 40), typeface=FACE)


@pytest.fixture(autouse=True)
def needs_the_font() -> None:
    if find_font("DejaVu Sans", 400, False) is None:
        pytest.skip("the font DejaVu Sans was not found")


def text_layer(rows: list[Row], style: TextStyle) -> Layer:
    """A layer as the classic engine would return it: drawn text with its lines and style."""
    file = find_font("DejaVu Sans", 400, False)
    assert file is not None
    lettering = Typesetter(file, style).drawn(rows)
    frame = TextFrame(0.0)
    lines = [
        TextLine(row.string, frame.quad(box), style.colour, style.size_px)
        for row, box in zip(rows, lettering.boxes, strict=True)
    ]
    return Layer(
        "Title", LayerKind.TEXT, lettering.pixels, lettering.left, lettering.top, text=tuple(lines), style=style
    ).cropped()


class Page:
    """A text layer, the node 1, on an empty canvas."""

    def __init__(self, layer: Layer) -> None:
        self.pixels = MemoryPixels()
        self.document = document_of(LayerStack(WIDTH, HEIGHT, (layer,)), self.pixels)

    def after(self, *operations: op.Operation) -> Document:
        document = self.document
        for operation in operations:
            document = apply(document, operation, Tools(self.pixels, _no_engine))
        return document

    def drawn(self, document: Document) -> Pixels:
        node = next(document.layers())
        return rendered(node, self.pixels).on_canvas(WIDTH, HEIGHT)

    def ink(self, document: Document) -> tuple[int, int, int, int]:
        """x, y, width and height of what is visible."""
        x, y, width, height = cv2.boundingRect((self.drawn(document)[..., 3] > 40).astype(np.uint8))
        return x, y, width, height


def _no_engine() -> None:
    raise AssertionError("nothing here needs an engine")


@pytest.fixture
def page() -> Page:
    return Page(text_layer([Row("Hello", 60.0, 80.0)], STYLE))


def test_the_same_words_are_set_where_they_were(page: Page) -> None:
    after = page.after(op.SetText(node=1))
    assert np.abs(np.array(page.ink(after)) - page.ink(page.document)).max() <= 1
    assert page.drawn(after)[..., 3].sum() == pytest.approx(page.drawn(page.document)[..., 3].sum(), rel=0.05)


def test_other_words_start_at_the_same_place_on_the_same_baseline(page: Page) -> None:
    x, y, _, height = page.ink(page.document)
    new_x, new_y, _, new_height = page.ink(page.after(op.SetText(node=1, words="Hat")))
    assert abs(new_x - x) <= 1
    assert abs(new_y + new_height - y - height) <= 1


def test_lines_keep_their_distance_and_the_text_tells_what_is_there() -> None:
    page = Page(text_layer([Row("One", 60.0, 80.0), Row("Two", 60.0, 120.0)], STYLE))
    after = page.after(op.SetText(node=1, words="New\nand\nlonger"))
    layer = stack_of(after, page.pixels)[0]
    assert layer.says == "New\nand\nlonger"
    tops = [line.quad[0][1] for line in layer.text]
    assert tops[2] > tops[0] + 60
    _, _, _, height = page.ink(after)
    assert height > 80


def test_centred_text_stays_centred() -> None:
    style = replace(STYLE, alignment=TextAlignment.CENTER)
    page = Page(text_layer([Row("A wide line", 200.0, 80.0), Row("short", 200.0, 120.0)], style))
    x, _, width, _ = page.ink(page.after(op.SetText(node=1, words="Mm\nMmmmmM")))
    assert abs(x + width / 2 - 200) <= 2


def test_face_size_and_colour_are_changed(page: Page) -> None:
    after = page.after(op.SetText(node=1, weight=700, size_px=64, colour=(0, 90, 200)))
    _, _, width, height = page.ink(page.document)
    _, _, new_width, new_height = page.ink(after)
    assert 1.9 < new_height / height < 2.1
    assert new_width / width > 2.1  # bold is wider
    drawn = page.drawn(after)
    assert (drawn[drawn[..., 3] == 255][:, :3] == (0, 90, 200)).all()
    style = next(after.layers()).style
    assert style is not None and style.typeface is not None
    assert (style.size_px, style.colour, style.typeface.weight) == (64, (0, 90, 200), 700)


def test_turned_text_stays_turned(page: Page) -> None:
    turned = page.after(op.Rotate(node=1, degrees=90))
    page.document = document_of(stack_of(turned, page.pixels), page.pixels)  # as an engine would measure it
    x, y, width, height = page.ink(page.document)
    after = page.after(op.SetText(node=1))
    assert np.abs(np.array(page.ink(after)) - (x, y, width, height)).max() <= 1
    assert stack_of(after, page.pixels)[0].style == stack_of(page.document, page.pixels)[0].style


def test_effects_are_drawn(page: Page) -> None:
    outline = TextOutline(colour=(255, 255, 255), width_px=3.0)
    shadow = TextShadow(colour=(0, 0, 0), offset_px=(6.0, 8.0), blur_px=1.0, opacity=0.5)
    style = replace(STYLE, outline=outline, shadow=shadow)
    _, _, width, height = page.ink(page.document)
    wide = Page(text_layer([Row("Hello", 60.0, 80.0)], style))
    _, _, new_width, new_height = wide.ink(wide.after(op.SetText(node=1)))
    assert new_width >= width + 8
    assert new_height >= height + 10


def test_letter_spacing_widens(page: Page) -> None:
    spaced = Page(text_layer([Row("Hello", 60.0, 80.0)], replace(STYLE, letter_spacing_px=10.0)))
    _, _, width, _ = page.ink(page.document)
    _, _, spaced_width, _ = spaced.ink(spaced.after(op.SetText(node=1)))
    assert abs(spaced_width - width - 40) <= 2


def test_the_original_comes_back_where_the_layer_is_now(page: Page) -> None:
    assert page.after(op.SetText(node=1, words="Hat"), op.RestoreText(node=1)) == page.document
    twice = page.after(op.SetText(node=1, words="Hat"), op.SetText(node=1, size_px=50), op.RestoreText(node=1))
    assert twice == page.document
    moved = page.after(op.SetText(node=1, words="Hat"), op.Move(node=1, right=20, down=5), op.RestoreText(node=1))
    assert moved == page.after(op.Move(node=1, right=20, down=5))


def test_a_document_with_an_original_is_stored_whole(page: Page) -> None:
    after = page.after(op.SetText(node=1, words="Hat"))
    assert parse_document(render_document(after)) == after
    before = next(page.document.layers()).pixels
    assert before in list(after.stored_pixels())


def test_pixels_that_were_replaced_have_no_text_to_go_back_to(page: Page) -> None:
    other = page.pixels.put(np.full((5, 9, 4), 255, np.uint8))
    after = page.after(op.SetText(node=1), op.Replace(node=1, pixels=other))
    with pytest.raises(LaminaError, match="has no original text"):
        apply(after, op.RestoreText(node=1), Tools(page.pixels, _no_engine))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": "  \n "}, "The text is empty"),
        ({"words": "x" * 2001}, "has 2,001 characters"),
        ({"words": "\n".join("ab" for _ in range(101))}, "in 101 lines"),
        ({"words": "a\x07b"}, "control character U\\+0007"),
        ({"words": "Hi 𒀀"}, "lacks the letter 𒀀"),
        ({"family": "No Such Face"}, "The font No Such Face of weight 400 is not installed"),
        ({"size_px": 0.2}, "The size 0.2 px"),
        ({"size_px": float("nan")}, "The size nan px"),
        ({"size_px": 2000.0, "words": "m" * 1000}, "The text would be"),
        ({"weight": 0}, "The weight 0"),
        ({"colour": (0, 0, 256)}, "The colour"),
    ],
)
def test_what_cannot_be_set_is_refused(page: Page, change: dict[str, object], message: str) -> None:
    with pytest.raises(LaminaError, match=message) as caught:
        page.after(op.SetText(node=1, **change))  # pyright: ignore[reportArgumentType]
    assert caught.value.code is ErrorCode.TASK_INVALID
    assert caught.value.hint


def test_a_layer_without_readable_text_is_refused(page: Page) -> None:
    node = next(page.document.layers())
    for bare in (replace(node, kind=LayerKind.OBJECT), replace(node, text=()), replace(node, style=None)):
        page.document = page.document.substituted(1, [bare])
        with pytest.raises(LaminaError, match="no text whose place and size are known"):
            page.after(op.SetText(node=1, words="Hat"))
    assert isinstance(node, LayerNode)
    page.document = page.document.substituted(1, [replace(node, style=replace(STYLE, arc_radius_px=90.0))])
    with pytest.raises(LaminaError, match="is on a circle"):
        page.after(op.SetText(node=1, words="Hat"))


@pytest.mark.parametrize("alignment", TextAlignment)
def test_letters_that_go_back_are_all_drawn(alignment: TextAlignment) -> None:
    file = find_font("DejaVu Sans", 400, False)
    assert file is not None
    style = replace(STYLE, size_px=20.0, letter_spacing_px=-40.0, alignment=alignment)
    drawn = Typesetter(file, style).drawn([Row("iiiii", 150.0, 80.0)])
    columns = np.flatnonzero(drawn.pixels[..., 3].any(0))
    assert int((np.diff(columns) > 1).sum()) == 4, "five letters with gaps between them"
    assert columns[0] > 0 and columns[-1] < drawn.pixels.shape[1] - 1


@pytest.mark.parametrize("other", ["elsewhere", "larger", "unread"])
def test_text_that_would_be_lost_is_not_restyled(page: Page, other: str) -> None:
    layer = stack_of(page.document, page.pixels)[0]
    size_px = 96.0 if other == "larger" else STYLE.size_px
    box = ((60.0, 150.0), (200.0, 150.0), (200.0, 150.0 + size_px), (60.0, 150.0 + size_px))
    line = TextLine("" if other == "unread" else "Other", box, STYLE.colour, size_px)
    two = Page(replace(layer, text=(*layer.text, line)))
    reason = "could not be read" if other == "unread" else "has 2 blocks of text, which are not set as one"
    with pytest.raises(LaminaError, match=reason) as refused:
        two.after(op.SetText(node=1, colour=(0, 0, 255)))
    assert refused.value.code is ErrorCode.TASK_INVALID
    if other == "unread":
        assert stack_of(two.after(op.SetText(node=1, words="All new")), two.pixels)[0].says == "All new"
