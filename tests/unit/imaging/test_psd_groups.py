"""Groups of Photoshop files of other programs: which stay groups, and what becomes of those that cannot."""

from pathlib import Path

import numpy as np
import pytest
from drawn_psds import add, add_block, document, saved, without_merged
from psd_tools import PSDImage
from psd_tools.api.layers import Group as PsdGroup
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.constants import BlendMode as PsdBlend
from psd_tools.constants import Tag

from lamina.core.composite import composite
from lamina.core.layers import MAX_GROUP_DEPTH, LayerKind, LayerStack
from lamina.imaging.saving import load, save

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

PROGRAMS = Path(__file__).parent / "other_programs"
LOCK_ALL = 0x80000000


def tree(stack: LayerStack) -> list[tuple[str, ...]]:
    """The names of each layer's groups, and its own."""
    return [(*(group.name for group in layer.groups), layer.name) for layer in stack]


def group_of(made: PSDImage, name: str, *members: PsdLayer, mode: PsdBlend = PsdBlend.PASS_THROUGH) -> PsdGroup:
    group = made.create_group(list(members), name)
    group.blend_mode = mode
    return group


@pytest.mark.parametrize("program", ["gimp", "krita"])
def test_what_gimp_and_krita_saved_has_the_same_groups(program: str, tmp_path: Path) -> None:
    """A file of Lamina was opened in GIMP 2.10 and Krita 5.1, and saved again."""
    stack = load(PROGRAMS / f"{program}_groups.psd")
    assert tree(stack) == [
        ("Background",),
        ("Outer Karte", "one"),
        ("Outer Karte", "Inner", "mul"),
        ("Outer Karte", "Inner", "hid"),
        ("Hidden", "cover"),
    ]
    assert [(layer.is_hidden, layer.is_visible) for layer in stack] == [
        *[(False, True)] * 3,
        (True, False),
        (False, False),
    ]
    assert stack.notes == ()
    assert load(save(stack, tmp_path / "again.psd")).has_same_content(stack)


def test_a_layer_that_is_merged_with_those_below_its_group_leaves_it(tmp_path: Path) -> None:
    """It has layers from outside the group, and the hidden layer in the group would be interrupted by it."""
    made = PSDImage.new("RGB", (6, 6))
    add(made, "A", (200, 100, 50, 128))
    add(made, "B", (0, 0, 255, 128), size=3)
    hidden = add(made, "Hidden", (9, 9, 9))
    hidden.visible = False
    invert, above = add(made, "Invert", (0, 0, 0), size=1), add(made, "Above", (7, 7, 7), size=1)
    add_block(invert, Tag.INVERT)
    group = group_of(made, "Group", hidden, invert, above)
    group._record.tagged_blocks.set_data(Tag.PROTECTED_SETTING, LOCK_ALL)
    stack = load(without_merged(made, tmp_path / "a.psd"))
    assert tree(stack) == [("Hidden",), ("Invert",), ("Group", "Above")]
    assert [(layer.is_hidden, layer.is_locked) for layer in stack] == [(True, True), (False, True), (False, False)]
    assert [group.is_locked for group in stack[2].groups] == [True]


def test_an_isolated_group_stays_a_group_only_if_it_looks_the_same(tmp_path: Path) -> None:
    made = document()
    plain = group_of(made, "Plain", add(made, "A", (9, 9, 9), size=2), mode=PsdBlend.NORMAL)
    blended = add(made, "C", (0, 0, 255), size=3)
    blended.blend_mode = PsdBlend.MULTIPLY
    inner = group_of(made, "Blended", add(made, "B", (200, 200, 0), size=3), blended, mode=PsdBlend.NORMAL)
    group_of(made, "Outer", plain, inner)
    stack = load(saved(made, tmp_path / "a.psd"))
    assert tree(stack) == [("Ground",), ("Outer", "Plain", "A"), ("Outer", "Blended")]
    assert composite(stack)[2, 2].tolist() == [0, 0, 0, 255]


def test_a_translucent_group_gives_its_opacity_to_layers_that_lie_apart(tmp_path: Path) -> None:
    made = document()
    group = group_of(made, "Group", add(made, "A", (9, 9, 9), size=2), add(made, "B", (0, 0, 0), size=2, left=3))
    group.opacity = 128
    stack = load(saved(made, tmp_path / "a.psd"))
    assert tree(stack) == [("Ground",), ("Group", "A"), ("Group", "B")]
    assert [layer.opacity for layer in stack] == [255, 128, 128]


def test_switches_of_groups_stay_theirs(tmp_path: Path) -> None:
    made = document()
    shown, hidden = add(made, "Shown", (9, 9, 9), size=2), add(made, "Hidden", (0, 0, 0), size=2)
    hidden.visible = False
    group_of(made, "Outer", group_of(made, "Inner", shown, hidden)).visible = False
    stack = load(saved(made, tmp_path / "a.psd"))
    assert tree(stack)[1:] == [("Outer", "Inner", "Shown"), ("Outer", "Inner", "Hidden")]
    assert [layer.is_hidden for layer in stack] == [False, False, True]
    assert [group.is_hidden for group in stack[1].groups] == [True, False]
    assert np.array_equal(composite(stack)[0, 0], [200, 100, 50, 255])


def test_what_is_clipped_to_a_hidden_group_is_hidden_with_it(tmp_path: Path) -> None:
    made = document()
    group_of(made, "Group", add(made, "A", (9, 9, 9), size=2)).visible = False
    add(made, "Clipped", (0, 0, 0), size=2).clipping = True
    stack = load(without_merged(made, tmp_path / "a.psd"))
    assert tree(stack) == [("Ground",), ("Group", "A"), ("Clipped",)]
    assert [layer.is_visible for layer in stack] == [True, False, False]


def test_an_empty_group_is_left_out_and_noted(tmp_path: Path) -> None:
    made = document()
    group_of(made, "Outer", made.create_group([], "Empty"), add(made, "A", (9, 9, 9)))
    stack = load(saved(made, tmp_path / "a.psd"))
    assert tree(stack)[1:] == [("Outer", "A")]
    assert stack.notes == ("Empty groups were omitted: 'Empty'.",)


def test_a_group_without_a_name_gets_one(tmp_path: Path) -> None:
    made = document()
    group_of(made, " ", add(made, "A", (9, 9, 9)))
    assert tree(load(saved(made, tmp_path / "a.psd")))[1:] == [("Group", "A")]


def test_groups_deeper_than_a_stack_allows_give_their_switches_to_what_is_in_them(tmp_path: Path) -> None:
    made = document()
    group = group_of(made, "0", add(made, "A", (9, 9, 9)))
    group.visible = False
    for number in range(1, MAX_GROUP_DEPTH + 1):
        group = group_of(made, str(number), group)
    stack = load(without_merged(made, tmp_path / "a.psd"))
    assert len(stack[1].groups) == MAX_GROUP_DEPTH
    assert (stack[1].is_hidden, stack[1].kind) == (True, LayerKind.OBJECT)
