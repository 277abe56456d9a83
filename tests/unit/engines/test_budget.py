"""The budget keeps what would be missed most."""

from lamina.core.layers import LayerKind
from lamina.engines.classic.budget import Group, fit_budget


def group(kind: LayerKind, number: int, share: float, origin: int = 0, merit: float | None = None) -> Group:
    cuts = () if merit is None else ((number % 2 == 0, merit),)
    return Group(kind=kind, members=((kind, number),), share=share, origin=origin, cuts=cuts)


def kinds(groups: list[Group]) -> list[str]:
    return sorted(str(g.kind) for g in groups)


def members(groups: list[Group]) -> int:
    return sum(len(g.members) for g in groups)


OBJECTS = [group(LayerKind.OBJECT, i, 0.01 * i) for i in range(1, 7)]
TEXTS = [group(LayerKind.TEXT, i, 0.02 * i) for i in range(1, 4)]


def test_all_stay_when_there_is_room() -> None:
    assert len(fit_budget(OBJECTS + TEXTS, 9)) == 9


def test_small_things_are_one_layer_even_when_there_is_room() -> None:
    small = [group(LayerKind.SMALL, i, 0.0005) for i in range(20)]
    found = fit_budget(small + OBJECTS[:1], 9)
    assert kinds(found) == ["object", "small"]
    assert members(found) == 21


def test_the_smallest_objects_become_small_elements_first() -> None:
    found = fit_budget(list(OBJECTS), 4)
    small = next(g for g in found if g.kind is LayerKind.SMALL)
    assert {number for _, number in small.members} == {1, 2, 3}


def test_a_doubtful_cut_is_undone_before_a_thing_is_lost() -> None:
    halves = [
        group(LayerKind.OBJECT, 10, 0.02, origin=1, merit=0.1),
        group(LayerKind.OBJECT, 11, 0.03, origin=1, merit=0.1),
    ]
    lone = [group(LayerKind.OBJECT, i, 0.03) for i in range(3)]
    found = fit_budget(lone + halves, 4)
    assert kinds(found) == ["object"] * 4
    assert max(len(g.members) for g in found) == 2


def test_a_sure_cut_is_kept() -> None:
    halves = [
        group(LayerKind.OBJECT, 10, 0.03, origin=1, merit=9.0),
        group(LayerKind.OBJECT, 11, 0.03, origin=1, merit=9.0),
    ]
    tiny = [group(LayerKind.OBJECT, i, 0.002) for i in range(3)]
    found = fit_budget(tiny + halves, 4)
    assert sum(g.kind is LayerKind.OBJECT and g.origin == 1 for g in found) == 2


def test_nothing_is_lost_down_to_one_layer_in_front_and_none_at_zero() -> None:
    everything = [*OBJECTS, *TEXTS, group(LayerKind.PANEL, 1, 0.2), group(LayerKind.PANEL, 2, 0.1)]
    for limit in range(1, 11):
        found = fit_budget(list(everything), limit)
        assert len(found) <= limit
        assert members(found) == len(everything)
    assert fit_budget(list(everything), 0) == []


def test_areas_go_back_to_the_background_first() -> None:
    found = fit_budget([*OBJECTS[3:], group(LayerKind.AREA, 0, 0.3)], 3)
    assert kinds(found) == ["object"] * 3
