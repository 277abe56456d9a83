"""Caches loaded components: models share equal ones, and the least recently used model is evicted first."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CacheItem(Generic[T]):
    """A component and how to load it. `key`: equal for equal content with the same precision and placement."""

    role: str
    key: Hashable
    bytes: int
    load: Callable[[], T]


class ComponentCache:
    """Components by key, each kept as long as a cached model uses it. Not thread-safe.

    `budget_bytes`: limit of their total size. `on_evict`: called with the name of a model before its components are
    released; the callee must drop its references to them.
    """

    def __init__(self, budget_bytes: int, on_evict: Callable[[str], None] = lambda _: None) -> None:
        self._budget = budget_bytes
        self._on_evict = on_evict
        self._loaded: dict[Hashable, tuple[Any, int]] = {}
        self._models: dict[str, frozenset[Hashable]] = {}  # the least recently used first

    @property
    def models(self) -> list[str]:
        """Names of the cached models, the least recently used first."""
        return list(self._models)

    @property
    def held_bytes(self) -> int:
        return sum(size for _, size in self._loaded.values())

    def get_or_load(self, model: str, items: Iterable[CacheItem[T]]) -> dict[str, T]:
        """The model's components by role, loading those not cached; it becomes the most recently used model.

        Other models are evicted until the new components fit the budget; a single model may exceed it. If a component
        fails to load, the error is raised and components that no other model uses are released.
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

    def touch(self, model: str) -> None:
        """Marks the model as the most recently used. Raises KeyError if it is not cached."""
        self._models[model] = self._models.pop(model)

    def evict(self, model: str) -> None:
        """Removes the model, if it is cached."""
        if model in self._models:
            self._evict(model)
            self._drop_unused(frozenset())

    def clear(self) -> None:
        for model in self.models:
            self.evict(model)

    def _evict_until_fits(self, keys: frozenset[Hashable], sizes: dict[Hashable, int]) -> None:
        incoming = sum(size for key, size in sizes.items() if key not in self._loaded)
        while self._models and self.held_bytes + incoming > self._budget:
            self._evict(next(iter(self._models)))
            self._drop_unused(keys)

    def _evict(self, model: str) -> None:
        self._on_evict(model)
        del self._models[model]

    def _drop_unused(self, keys: frozenset[Hashable]) -> None:
        """Releases components that neither a cached model nor `keys` uses."""
        used = keys.union(*self._models.values())
        unused = [key for key in self._loaded if key not in used]
        for key in unused:
            del self._loaded[key]
        if unused:
            _release()


def _release() -> None:
    from lamina.engines.qwen.devices import release_memory

    release_memory()
