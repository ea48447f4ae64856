"""Things that are the same for many and changed by few: kept once, and copied when asked for.

Every OPC UA server begins with the same three thousand nodes of the standard, which took 40 MB and
more than half a second each. Hardly any of them is ever looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from copy import deepcopy
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Shelf(MutableMapping[K, V]):
    """A dictionary that begins with copies of what lies in store, and keeps changes to itself."""

    def __init__(self, store: Mapping[K, V]) -> None:
        """Begin with everything in `store`, which is never changed."""
        self._store: Final = store
        self._taken: Final[dict[K, V]] = {}
        self._gone: Final[set[K]] = set()

    def __getitem__(self, key: K) -> V:
        """Return the copy of this shelf."""
        if key not in self._taken:
            if key in self._gone:
                raise KeyError(key)
            self._taken[key] = deepcopy(self._store[key])
        return self._taken[key]

    def __setitem__(self, key: K, value: V) -> None:
        """Put something in the place of what is there."""
        self._taken[key] = value
        self._gone.discard(key)

    def __delitem__(self, key: K) -> None:
        """Take something out."""
        if key not in self:
            raise KeyError(key)
        self._taken.pop(key, None)
        self._gone.add(key)

    def __contains__(self, key: object) -> bool:
        """Return whether it is there; nothing is copied for that."""
        return key in self._taken or (key in self._store and key not in self._gone)

    def __iter__(self) -> Iterator[K]:
        """Yield the keys, what was added last."""
        yield from (key for key in self._store if key not in self._gone)
        yield from (key for key in self._taken if key not in self._store)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)
