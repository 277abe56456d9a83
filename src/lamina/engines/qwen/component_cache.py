"""Keeps the loaded components: one object for equal content, and the least recently used model leaves first."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CacheItem:
    """A component to be had: `key` is equal for equal content held in the same way; `load` makes it anew."""

    role: str
    key: Hashable
    bytes: int
    load: Callable[[], Any]


class ComponentCache:
    """Components by their keys, each held as long as a model on the cache uses it. Not for several threads.

    `budget_bytes`: what all of them together may take. `on_evict`: told the name of a model that leaves, before its
    components are let go: whoever holds a pipeline of it must drop it.
    """

    def __init__(self, budget_bytes: int, on_evict: Callable[[str], None] = lambda _: None) -> None:
        self._budget = budget_bytes
        self._on_evict = on_evict
        self._loaded: dict[Hashable, tuple[Any, int]] = {}
        self._models: dict[str, frozenset[Hashable]] = {}  # the least recently used first

    @property
    def models(self) -> list[str]:
        """The least recently used first."""
        return list(self._models)

    @property
    def held_bytes(self) -> int:
        return sum(size for _, size in self._loaded.values())

    def get_or_load(self, model: str, items: Iterable[CacheItem]) -> dict[str, Any]:
        """The model's components by role, loaded where they are not here; it is now the most recently used.

        Models leave until the new components fit the budget; a model alone may exceed it. If a component cannot be
        loaded, its error goes on and nothing of this model that no other uses stays.
        """
        wanted = list(items)
        keys = frozenset(item.key for item in wanted)
        self._models.pop(model, None)
        self._drop_unused(keys)
        self._evict_until_fits(keys, {item.key: item.bytes for item in wanted})
        try:
            for item in wanted:
                if item.key not in self._loaded:
                    self._loaded[item.key] = item.load(), item.bytes
        except BaseException:
            self._drop_unused(frozenset())
            raise
        self._models[model] = keys
        return {item.role: self._loaded[item.key][0] for item in wanted}

    def has(self, model: str) -> bool:
        return model in self._models

    def touch(self, model: str) -> None:
        """It is now the most recently used. Raises KeyError if it is not here."""
        self._models[model] = self._models.pop(model)

    def evict(self, model: str) -> None:
        """The model leaves now, if it is here."""
        if model in self._models:
            self._evict(model)
            self._drop_unused(frozenset())

    def clear(self) -> None:
        for model in self.models:
            self.evict(model)

    def _evict_until_fits(self, keys: frozenset[Hashable], sizes: dict[Hashable, int]) -> None:
        coming = sum(size for key, size in sizes.items() if key not in self._loaded)
        while self._models and self.held_bytes + coming > self._budget:
            self._evict(next(iter(self._models)))
            self._drop_unused(keys)

    def _evict(self, model: str) -> None:
        self._on_evict(model)
        del self._models[model]

    def _drop_unused(self, keys: frozenset[Hashable]) -> None:
        """All that neither a model here nor `keys` names."""
        used = keys.union(*self._models.values())
        unused = [key for key in self._loaded if key not in used]
        for key in unused:
            del self._loaded[key]
        if unused:
            _release()


def _release() -> None:
    from lamina.engines.qwen.devices import release_memory

    release_memory()
