"""Posters: drawn alike every time, readable, and true: their layers keep the rules that the figures rely on."""

import hashlib
from itertools import combinations

import numpy as np
import pytest
from PIL import ImageFont

from lab.posters import BACKGROUNDS, FIRST_TUNING_SEED, Background, Poster, poster, words
from lab.posters.lettering import Lettering, Typeface, lettered
from lab.posters.motifs import MOTIFS
from lab.posters.showcase import showcase
from lamina.core.composite import composite
from lamina.core.layers import Layer, LayerKind, LayerStack

SEEDS = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + 4)


@pytest.fixture(scope="module")
def posters() -> list[Poster]:
    sizes = ((512, 512), (384, 512), (640, 400), None)
    return [
        poster(seed, background, size) for background in BACKGROUNDS for seed, size in zip(SEEDS, sizes, strict=True)
    ]


def _covers(layer: Layer, stack: LayerStack) -> np.ndarray:
    return layer.on_canvas(stack.width, stack.height)[..., 3] > 0


def _of_kind(stack: LayerStack, kind: LayerKind) -> list[Layer]:
    return [layer for layer in stack if layer.kind is kind]


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_seed_gives_the_same_poster_every_time(background: Background) -> None:
    first, second = (poster(FIRST_TUNING_SEED, background, (320, 240)).stack for _ in range(2))
    assert first.has_same_content(second)


def test_another_seed_or_ground_gives_another_poster() -> None:
    stacks = [poster(seed, kind, (320, 240)).stack for seed in SEEDS[:2] for kind in BACKGROUNDS]
    digests = {hashlib.sha256(composite(stack).tobytes()).hexdigest() for stack in stacks}
    assert len(digests) == len(stacks)


def test_the_layers_are_a_background_at_most_a_panel_six_or_more_objects_and_two_or_three_texts(
    posters: list[Poster],
) -> None:
    for drawn in posters:
        kinds = [layer.kind for layer in drawn.stack]
        assert kinds[0] is LayerKind.BACKGROUND
        assert kinds.count(LayerKind.BACKGROUND) == 1
        assert kinds.count(LayerKind.PANEL) <= 1
        assert 6 <= kinds.count(LayerKind.OBJECT) <= 7
        assert 2 <= kinds.count(LayerKind.TEXT) <= 3
        assert len(kinds) <= 10


def test_the_background_is_opaque_and_nothing_reaches_beyond_the_canvas(posters: list[Poster]) -> None:
    for drawn in posters:
        stack = drawn.stack
        assert stack[0].box == (0, 0, stack.width, stack.height)
        assert (stack[0].pixels[..., 3] == 255).all()
        for layer in stack:
            x, y, width, height = layer.box
            assert min(x, y) >= 0
            assert x + width <= stack.width
            assert y + height <= stack.height


def test_one_pair_of_objects_or_two_overlap_in_part_and_the_rest_stand_free(posters: list[Poster]) -> None:
    for drawn in posters:
        covers = [_covers(layer, drawn.stack) for layer in _of_kind(drawn.stack, LayerKind.OBJECT)]
        shares = [(rear & front).sum() / rear.sum() for rear, front in combinations(covers, 2)]
        overlapping = [share for share in shares if share > 0]
        assert 1 <= len(overlapping) <= 2
        assert all(0.1 < share < 0.3 for share in overlapping)


def test_text_lies_over_no_object_and_no_other_text(posters: list[Poster]) -> None:
    for drawn in posters:
        texts, objects = (_of_kind(drawn.stack, kind) for kind in (LayerKind.TEXT, LayerKind.OBJECT))
        for text in texts:
            mine = _covers(text, drawn.stack)
            others = [other for other in (*objects, *texts) if other is not text]
            assert not any((mine & _covers(other, drawn.stack)).any() for other in others)


def test_a_text_layer_says_what_it_shows_and_where(posters: list[Poster]) -> None:
    for drawn in posters:
        for text in _of_kind(drawn.stack, LayerKind.TEXT):
            (line,) = text.text
            assert text.name.endswith(line.string)
            inked = (text.pixels == (*line.colour, 255)).all(-1)
            y, x = np.nonzero(inked)
            distances = [
                _from_edge(x + text.left + 0.5, y + text.top + 0.5, start, end)
                for start, end in zip(line.quad, (*line.quad[1:], line.quad[0]), strict=True)
            ]
            assert len(x) > 50
            for from_edge in distances:  # every letter lies within, and reaches each of the four edges
                assert -1.5 < from_edge.min() < 3


def _from_edge(x: np.ndarray, y: np.ndarray, start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    """How far points lie to the right of the way from start to end: inside, if the quad goes clockwise."""
    along = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
    return along[0] * (y - start[1]) - along[1] * (x - start[0])


def test_the_edge_of_an_object_has_the_objects_own_colour() -> None:
    """Colour under a half-clear edge is that of the full pixels near it, not darkened towards black."""
    stack = showcase()
    ball = next(layer for layer in stack if layer.name == "Ball")
    outline = np.array((34, 40, 84))
    edge = (ball.pixels[..., 3] > 0) & (ball.pixels[..., 3] < 128)
    assert edge.sum() > 100
    assert np.abs(ball.pixels[edge][:, :3].astype(int) - outline).max() <= 1


def test_flat_and_gradient_grounds_are_smooth_and_textured_ones_are_not(posters: list[Poster]) -> None:
    for drawn in posters:
        ground = drawn.stack[0].pixels[..., :3].astype(int)
        if drawn.background == "flat":
            assert not np.ptp(ground, axis=(0, 1)).any()
        elif drawn.background == "gradient":
            assert np.ptp(ground, axis=(0, 1)).max() > 10
            assert max(np.abs(np.diff(ground, axis=axis)).max() for axis in (0, 1)) <= 4
        else:
            assert np.ptp(ground, axis=(0, 1)).max() > 8


def test_a_turned_line_keeps_its_quad_on_the_letters() -> None:
    upright, turned = (lettered(Lettering("HELLO", Typeface.SANS, 60, (0, 0, 0), turn), "t") for turn in (0, 20))
    (x0, y0), (x1, y1) = turned.text[0].quad[:2]
    assert np.degrees(np.arctan2(y1 - y0, x1 - x0)) == pytest.approx(20)
    assert np.hypot(x1 - x0, y1 - y0) == pytest.approx(upright.width, abs=1)


def test_the_bundled_fonts_have_every_letter() -> None:
    latin = "".join(words.HEADLINES + words.SUBTITLES + words.SMALL_LINES)
    han = "".join(words.CJK_HEADLINES + words.CJK_SUBTITLES)
    for typeface in Typeface:
        blank = _glyph(typeface, "\uffff")
        for letter in sorted(set(han if typeface is Typeface.HAN else latin) - {" "}):
            assert _glyph(typeface, letter) != blank, f"{typeface} lacks {letter}"


def _glyph(typeface: Typeface, letter: str) -> bytes:
    from importlib.resources import files

    with files("lab.posters").joinpath("fonts", typeface).open("rb") as file:
        mask = ImageFont.truetype(file, 40, layout_engine=ImageFont.Layout.BASIC).getmask(letter)
    return bytes(mask) + bytes(mask.size)


def test_there_are_many_motifs_each_of_several_colours() -> None:
    from lab.posters.motifs import Paint
    from lab.posters.sketch import Sketch, Style

    tones = ((250, 90, 80), (60, 120, 220), (250, 200, 60), (250, 250, 250), (20, 20, 20), (70, 160, 80))
    paint = Paint(*tones, wood=(140, 90, 50), crust=(230, 190, 110))
    assert len(MOTIFS) >= 16
    for name, motif in MOTIFS.items():
        sketch = Sketch(96, Style(None, 0, is_shaded=False, has_details=False))
        motif(sketch, paint)
        pixels = sketch.pixels()
        solid = pixels[pixels[..., 3] == 255][:, :3]
        _, counts = np.unique(solid, axis=0, return_counts=True)
        assert (counts > 20).sum() >= 2, name
        assert not pixels[[0, -1], :, 3].any(), name
        assert not pixels[:, [0, -1], 3].any(), name
