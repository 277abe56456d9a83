"""What nano is taught on: exact layers, the same from a seed, described in words, apart from what it is judged on."""

import numpy as np
import pytest

from lab.nano.drawing import (
    COLOURS,
    LETTERS,
    SHAPES,
    SIZES,
    Composition,
    Ground,
    Thing,
    arranged,
    drawn,
    flattened,
    in_canonical_order,
    phrased,
    random_composition,
    seen_shares,
)
from lab.nano.edits import KINDS, MIN_SEEN, random_edit
from lab.nano.training import layered, pictures
from lab.nano.training.layered import as_many

RED_CIRCLE = Thing("circle", "red", COLOURS["red"], (30, 20), 24)
BLUE_A = Thing("A", "blue", COLOURS["blue"], (34, 47), 24)
GREEN = Ground(("green",), (COLOURS["green"],))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_seed_is_a_picture():
    first, second = (random_composition(rng(5), 3) for _ in range(2))
    assert first == second
    assert np.array_equal(first.layers(), second.layers())
    assert random_composition(rng(6), 3) != first


@pytest.mark.parametrize("size", SIZES)
def test_layers_are_straight_rgba_of_the_asked_size(size: tuple[int, int]):
    composition = random_composition(rng(), 2, size)
    layers = composition.layers()
    assert layers.shape == (3, 4, size[1], size[0])
    assert layers.min() >= 0
    assert layers.max() <= 1
    assert (layers[0, 3] == 1).all()
    for layer, thing in zip(layers[1:], composition.things, strict=True):
        assert np.allclose(layer[:3, 0, 0] * 255, thing.rgb), "a layer has its colour also where it is not seen"


def test_things_cover_what_is_below_them():
    composition = Composition(64, 64, GREEN, (RED_CIRCLE, Thing("square", "blue", COLOURS["blue"], (30, 20), 12)))
    picture = flattened(composition.layers())
    assert np.allclose(picture[:3, 20, 30] * 255, COLOURS["blue"])
    assert np.allclose(picture[:3, 20, 40] * 255, COLOURS["red"])
    assert np.allclose(picture[:3, 60, 60] * 255, COLOURS["green"])


@pytest.mark.parametrize("kind", [*SHAPES, *LETTERS])
def test_every_shape_and_letter_differs_from_the_others(kind: str):
    mine = drawn(Thing(kind, "", (0, 0, 0), (32, 32), 40), 64, 64)
    others = [
        drawn(Thing(other, "", (0, 0, 0), (32, 32), 40), 64, 64) for other in (*SHAPES, *LETTERS) if other != kind
    ]
    assert mine.sum() > 200
    assert max(np.minimum(mine, other).sum() / np.maximum(mine, other).sum() for other in others) < 0.9


def test_captions_say_what_is_there_top_first():
    assert Composition(64, 64, GREEN, (RED_CIRCLE, BLUE_A)).caption == (
        "a blue letter A and a red circle on a green background"
    )
    gradient = Ground(("orange", "cyan"), (COLOURS["orange"], COLOURS["cyan"]), "vertical")
    assert Composition(64, 64, gradient, ()).caption == "an orange to cyan vertical gradient background"


def test_sayings_keep_every_colour_and_kind():
    composition = Composition(64, 64, GREEN, (RED_CIRCLE, BLUE_A))
    sayings = {phrased(rng(seed), composition) for seed in range(60)}
    assert len(sayings) > 4
    for saying in sayings:
        assert all(word in saying for word in ("red circle", "blue letter A", "green background"))


def test_of_things_that_do_not_touch_the_upper_one_is_below_in_the_picture():
    loose = Composition(64, 64, GREEN, (BLUE_A, RED_CIRCLE))
    ordered = in_canonical_order(loose)
    assert ordered.things == (RED_CIRCLE, BLUE_A)
    assert np.array_equal(flattened(ordered.layers()), flattened(loose.layers()))


def test_the_canonical_order_never_changes_a_picture():
    for seed in range(40):
        composition = random_composition(rng(seed), 3, is_held_out=None)
        ordered = in_canonical_order(composition)
        assert np.allclose(flattened(ordered.layers()), flattened(composition.layers()))


def test_enough_of_everything_is_seen():
    for seed in range(20):
        assert seen_shares(random_composition(rng(seed), 3, min_seen=0.5)).min() >= 0.5


def test_nothing_held_out_is_drawn_unless_it_is_asked_for():
    drawn_kinds = [random_composition(rng(seed), 2) for seed in range(60)]
    assert not any(composition.is_held_out for composition in drawn_kinds)
    assert all(random_composition(rng(seed), 2, is_held_out=True).is_held_out for seed in range(10))
    assert not any(random_edit(rng(seed)).is_held_out for seed in range(40))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_what_a_caption_names_stands_apart_in_its_order_and_inside(size: tuple[int, int], count: int):
    for seed in range(10):
        composition = random_composition(rng(seed), count, size)
        placed = arranged(rng(seed), composition)
        assert placed.caption == composition.caption
        covers = [drawn(thing, *size) > 0 for thing in placed.things]
        assert np.sum(covers, axis=0, initial=0).max() <= 1
        for thing in placed.things:
            ends = [
                (at - thing.size / 2, side - at - thing.size / 2) for at, side in zip(thing.middle, size, strict=True)
            ]
            assert np.min(ends) >= -1
        if count == 2:
            first, second = reversed(placed.things)
            assert max(second.middle[0] - first.middle[0], second.middle[1] - first.middle[1]) > 20


def test_what_is_added_hides_little_of_what_was_there():
    for seed in range(20):
        edit = random_edit(rng(seed), kind="add")
        assert seen_shares(edit.result)[:-1].min(initial=1) >= MIN_SEEN


def test_whether_a_composition_is_held_out_depends_on_what_is_said_and_not_on_where_things_are():
    moved = Thing("circle", "red", COLOURS["red"], (20, 40), 30)
    for ground in COLOURS:
        plain = Ground((ground,), (COLOURS[ground],))
        here = Composition(64, 64, plain, (RED_CIRCLE, BLUE_A))
        there = Composition(64, 64, plain, (BLUE_A, moved))
        assert here.is_held_out == there.is_held_out


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_edit_changes_its_thing_and_nothing_else(kind: str):
    edit = random_edit(rng(4), kind=kind)
    before, after = edit.references[0], edit.result
    if edit.changed is None:
        assert after.things == before.things
        assert after.ground != before.ground
    else:
        assert after.ground == before.ground
        assert len({*before.things} ^ {*after.things}) <= 2
    assert edit.instruction


def test_layers_are_as_many_as_are_asked_for():
    parts = Composition(64, 64, GREEN, (RED_CIRCLE, BLUE_A)).layers()
    with_empty, merged = as_many(parts, 4), as_many(parts, 2)
    assert with_empty[3].max() == 0
    assert np.allclose(flattened(with_empty), flattened(parts))
    assert np.allclose(flattened(merged), flattened(parts))
    assert np.array_equal(merged[1], parts[2])


@pytest.mark.parametrize("group", [*layered.groups(), *pictures.groups()], ids=lambda group: group.name)
def test_samples_have_the_shape_of_their_group(group):
    sample = group.draw(rng(1))
    assert sample.pictures.shape == (group.pictures, 4, group.size[1], group.size[0])
    assert sample.text
    assert bool(sample.shown) == group.name.startswith("edit")
