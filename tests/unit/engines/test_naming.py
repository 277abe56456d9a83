"""Layers are called what people would call them, each differently."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.core.layers import LayerKind
from lamina.engines.classic.layer_traits import Traits
from lamina.engines.classic.naming import names_of
from lamina.engines.classic.shape_kinds import ShapeKind
from lamina.engines.colours import colour_word

THING = Traits(kind=LayerKind.OBJECT, place="top left", colour="red")
TEXT = Traits(kind=LayerKind.TEXT, place="top left", says="SUMMER SALE")


def object_of(shape: ShapeKind | None, place: str = "top left", colour: str = "red") -> Traits:
    return replace(THING, shape=shape, place=place, colour=colour)


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        (THING, "Red object, top left"),
        (replace(THING, place=""), "Red object"),
        (replace(THING, place="centre", is_subject=True), "Subject"),
        (replace(THING, kind=LayerKind.SMALL), "Small elements"),
        (replace(THING, kind=LayerKind.AREA, place="bottom", colour="green"), "Green area, bottom"),
        (object_of(ShapeKind.CIRCLE), "Circle, top left"),
        (object_of(ShapeKind.ELLIPSE), "Ellipse, top left"),
        (object_of(ShapeKind.RECTANGLE), "Rectangle, top left"),
        (object_of(ShapeKind.ROUNDED_RECTANGLE), "Rounded rectangle, top left"),
        (object_of(ShapeKind.TRIANGLE), "Triangle, top left"),
        (object_of(ShapeKind.RING), "Ring, top left"),
        (object_of(ShapeKind.FRAME, ""), "Frame"),
        (object_of(ShapeKind.LINE, "centre"), "Line, centre"),
        (replace(object_of(ShapeKind.RECTANGLE), is_detailed=True), "Red object, top left"),
        (replace(object_of(ShapeKind.RECTANGLE), is_detailed=True, is_picture=True), "Picture, top left"),
        (replace(object_of(ShapeKind.RECTANGLE), is_detailed=True, is_picture=True, is_photo=True), "Photo, top left"),
        (replace(object_of(ShapeKind.CIRCLE), bears_text=True, is_badge=True), "Badge, top left"),
        (replace(object_of(ShapeKind.ROUNDED_RECTANGLE), bears_text=True, is_button=True), "Button, top left"),
        (replace(object_of(ShapeKind.RECTANGLE, "bottom"), bears_text=True), "Panel, bottom"),
        (replace(object_of(ShapeKind.RECTANGLE), kind=LayerKind.PANEL), "Panel, top left"),
        (replace(object_of(ShapeKind.ELLIPSE, "top"), kind=LayerKind.PANEL, bears_text=True), "Panel, top"),
        (replace(THING, kind=LayerKind.PANEL), "Red object, top left"),
        (TEXT, "Text: SUMMER SALE"),
        (replace(TEXT, is_headline=True), "Headline: SUMMER SALE"),
        (replace(TEXT, is_button_label=True), "Button label: SUMMER SALE"),
        (replace(TEXT, says=""), "Text (not read), top left"),
        (replace(TEXT, says="", is_headline=True), "Text (not read), top left"),
    ],
)
def test_a_name_says_what_a_layer_is_and_where(traits: Traits, name: str) -> None:
    assert names_of([traits]) == [name]


def test_colours_tell_things_of_one_kind_and_place_apart() -> None:
    circles = [object_of(ShapeKind.CIRCLE, "left", colour) for colour in ("red", "light blue")]
    others = [object_of(ShapeKind.CIRCLE, "right"), object_of(ShapeKind.RING, "left")]
    names = names_of([*circles, *others])
    assert names == ["Red circle, left", "Light blue circle, left", "Circle, right", "Ring, left"]


def test_what_stays_alike_is_numbered_from_top_to_bottom() -> None:
    things = [replace(THING, reading_order=(y, x)) for y, x in ((300, 0), (100, 80), (100, 20))]
    assert names_of(things) == ["Red object 3, top left", "Red object 2, top left", "Red object, top left"]
    unread = [replace(TEXT, says="", reading_order=(y, 0)) for y in (1, 2)]
    assert names_of(unread) == ["Text (not read), top left", "Text (not read) 2, top left"]


def test_texts_that_say_the_same_are_told_apart_by_their_places() -> None:
    texts = [TEXT, replace(TEXT, place="bottom"), replace(TEXT, place="bottom", reading_order=(1, 0))]
    assert names_of(texts) == [
        "Text: SUMMER SALE (top left)",
        "Text: SUMMER SALE (bottom)",
        "Text: SUMMER SALE (bottom, 2)",
    ]


def test_long_text_is_cut() -> None:
    (name,) = names_of([replace(TEXT, says="word " * 40)])
    assert len(name) <= 66 and name.endswith("word…")


places = st.sampled_from(["", "top", "left", "centre", "bottom right"])
things = st.builds(
    Traits,
    kind=st.sampled_from([LayerKind.OBJECT, LayerKind.PANEL, LayerKind.AREA, LayerKind.SMALL]),
    shape=st.sampled_from([None, *ShapeKind]),
    place=places,
    colour=st.sampled_from(["red", "blue"]),
    reading_order=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    bears_text=st.booleans(),
)
texts = st.builds(
    Traits,
    kind=st.just(LayerKind.TEXT),
    place=places,
    says=st.sampled_from(["", "SALE", "SALE (top)", "SALE (top, 2)"]),
    reading_order=st.tuples(st.integers(0, 9), st.integers(0, 9)),
)


@given(st.lists(things | texts, max_size=12))
def test_no_two_names_are_the_same(traits: list[Traits]) -> None:
    names = names_of(traits)
    assert len(set(names)) == len(names)
    assert names_of(traits) == names


@given(st.lists(things, min_size=1, max_size=9), things)
def test_another_thing_renames_only_those_that_it_could_be_taken_for(traits: list[Traits], other: Traits) -> None:
    before, (alone,) = names_of(traits), names_of([other])
    after = names_of([*traits, other])[:-1]
    for one, old, new in zip(traits, before, after, strict=True):
        if old != new:
            assert one.place == other.place or other.kind is LayerKind.SMALL
            assert names_of([one])[0].split(",")[0].split()[-1] == alone.split(",")[0].split()[-1]


@pytest.mark.parametrize(
    ("rgb", "word"),
    [
        ((255, 0, 0), "red"),
        ((0, 0, 0), "black"),
        ((255, 255, 255), "white"),
        ((48, 99, 142), "blue"),
        ((255, 165, 0), "orange"),
        ((0, 128, 128), "teal"),
        ((64, 160, 60), "green"),
        ((165, 202, 154), "green"),
        ((165, 145, 213), "purple"),
        ((255, 192, 203), "pink"),
        ((101, 67, 33), "brown"),
        ((130, 130, 130), "grey"),
    ],
)
def test_plain_colours_have_their_everyday_names(rgb: tuple[int, int, int], word: str) -> None:
    assert colour_word(np.array([rgb] * 10, np.uint8)) == word


def test_an_outline_does_not_name_the_thing() -> None:
    pixels = np.array([(20, 20, 25)] * 60 + [(220, 40, 40)] * 40, np.uint8)
    assert colour_word(pixels) == "red"
