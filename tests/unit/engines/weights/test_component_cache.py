"""The cache shares what is equal and lets the least recently used model go when room is needed."""

import pytest

from lamina.engines.qwen.component_cache import CacheItem, ComponentCache


class Loads:
    """Counts what was loaded."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def item(self, key: str, size: int) -> CacheItem:
        def load() -> object:
            self.keys.append(key)
            return object()

        return CacheItem(key.split("-")[0], key, size, load)


def test_what_is_equal_is_loaded_once() -> None:
    loads, cache = Loads(), ComponentCache(100)
    first = cache.get_or_load("a", [loads.item("vae-1", 5), loads.item("transformer-a", 40)])
    second = cache.get_or_load("b", [loads.item("vae-1", 5), loads.item("transformer-b", 40)])
    assert first["vae"] is second["vae"]
    assert loads.keys == ["vae-1", "transformer-a", "transformer-b"]
    assert cache.held_bytes == 85


def test_the_least_recently_used_model_leaves_first_and_what_is_shared_stays() -> None:
    left: list[str] = []
    loads, cache = Loads(), ComponentCache(100, left.append)
    for name in ("a", "b"):
        cache.get_or_load(name, [loads.item("vae-1", 10), loads.item(f"transformer-{name}", 40)])
    cache.touch("a")
    cache.get_or_load("c", [loads.item("vae-1", 10), loads.item("transformer-c", 40)])
    assert left == ["b"]
    assert cache.models == ["a", "c"]
    assert cache.held_bytes == 90
    assert loads.keys.count("vae-1") == 1


def test_a_model_larger_than_the_budget_sends_all_others_away() -> None:
    loads, cache = Loads(), ComponentCache(100)
    cache.get_or_load("a", [loads.item("transformer-a", 50)])
    cache.get_or_load("b", [loads.item("transformer-b", 500)])
    assert cache.models == ["b"]


def test_room_is_made_before_anything_is_loaded() -> None:
    cache, loads = ComponentCache(100), Loads()
    cache.get_or_load("a", [loads.item("transformer-a", 60)])
    held: list[int] = []
    cache.get_or_load("b", [CacheItem("transformer", "b", 60, lambda: held.append(cache.held_bytes))])
    assert held == [0]


def test_a_model_that_cannot_be_loaded_leaves_nothing_behind() -> None:
    def fail() -> object:
        raise MemoryError

    loads, cache = Loads(), ComponentCache(100)
    cache.get_or_load("a", [loads.item("vae-1", 5)])
    with pytest.raises(MemoryError):
        cache.get_or_load(
            "b", [loads.item("vae-1", 5), loads.item("transformer-b", 40), CacheItem("text_encoder", "t", 9, fail)]
        )
    assert cache.models == ["a"]
    assert cache.held_bytes == 5


def test_a_model_that_is_forgotten_frees_what_it_alone_used() -> None:
    loads, cache = Loads(), ComponentCache(100)
    cache.get_or_load("a", [loads.item("vae-1", 5), loads.item("transformer-a", 40)])
    cache.get_or_load("b", [loads.item("vae-1", 5)])
    cache.evict("a")
    cache.evict("nothing")
    assert cache.held_bytes == 5
    with pytest.raises(KeyError):
        cache.touch("a")
    cache.clear()
    assert cache.held_bytes == 0


def test_a_component_held_otherwise_replaces_the_models_own() -> None:
    loads, cache = Loads(), ComponentCache(100)
    cache.get_or_load("a", [loads.item("transformer-bf16", 80)])
    cache.get_or_load("a", [loads.item("transformer-fp8", 40)])
    assert cache.models == ["a"]
    assert cache.held_bytes == 40
