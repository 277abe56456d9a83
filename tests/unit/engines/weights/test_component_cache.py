"""The shelf shares what is equal and lets the least recently used model go when room is needed."""

import pytest

from lamina.engines.qwen.component_cache import Item, Shelf


class Loads:
    """Counts what was loaded."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def item(self, key: str, size: int) -> Item:
        def load() -> object:
            self.keys.append(key)
            return object()

        return Item(key.split("-")[0], key, size, load)


def test_what_is_equal_is_loaded_once() -> None:
    loads, shelf = Loads(), Shelf(100)
    first = shelf.take("a", [loads.item("vae-1", 5), loads.item("transformer-a", 40)])
    second = shelf.take("b", [loads.item("vae-1", 5), loads.item("transformer-b", 40)])
    assert first["vae"] is second["vae"]
    assert loads.keys == ["vae-1", "transformer-a", "transformer-b"]
    assert shelf.held_bytes == 85


def test_the_least_recently_used_model_leaves_first_and_what_is_shared_stays() -> None:
    left: list[str] = []
    loads, shelf = Loads(), Shelf(100, left.append)
    for name in ("a", "b"):
        shelf.take(name, [loads.item("vae-1", 10), loads.item(f"transformer-{name}", 40)])
    shelf.use("a")
    shelf.take("c", [loads.item("vae-1", 10), loads.item("transformer-c", 40)])
    assert left == ["b"]
    assert shelf.models == ["a", "c"]
    assert shelf.held_bytes == 90
    assert loads.keys.count("vae-1") == 1


def test_a_model_larger_than_the_budget_sends_all_others_away() -> None:
    loads, shelf = Loads(), Shelf(100)
    shelf.take("a", [loads.item("transformer-a", 50)])
    shelf.take("b", [loads.item("transformer-b", 500)])
    assert shelf.models == ["b"]


def test_room_is_made_before_anything_is_loaded() -> None:
    shelf, loads = Shelf(100), Loads()
    shelf.take("a", [loads.item("transformer-a", 60)])
    held: list[int] = []
    shelf.take("b", [Item("transformer", "b", 60, lambda: held.append(shelf.held_bytes))])
    assert held == [0]


def test_a_model_that_cannot_be_loaded_leaves_nothing_behind() -> None:
    def fail() -> object:
        raise MemoryError

    loads, shelf = Loads(), Shelf(100)
    shelf.take("a", [loads.item("vae-1", 5)])
    with pytest.raises(MemoryError):
        shelf.take("b", [loads.item("vae-1", 5), loads.item("transformer-b", 40), Item("text_encoder", "t", 9, fail)])
    assert shelf.models == ["a"]
    assert shelf.held_bytes == 5


def test_a_model_that_is_forgotten_frees_what_it_alone_used() -> None:
    loads, shelf = Loads(), Shelf(100)
    shelf.take("a", [loads.item("vae-1", 5), loads.item("transformer-a", 40)])
    shelf.take("b", [loads.item("vae-1", 5)])
    shelf.forget("a")
    shelf.forget("nothing")
    assert shelf.held_bytes == 5
    assert not shelf.has("a")
    shelf.clear()
    assert shelf.held_bytes == 0


def test_a_component_held_otherwise_replaces_the_models_own() -> None:
    loads, shelf = Loads(), Shelf(100)
    shelf.take("a", [loads.item("transformer-bf16", 80)])
    shelf.take("a", [loads.item("transformer-fp8", 40)])
    assert shelf.models == ["a"]
    assert shelf.held_bytes == 40
