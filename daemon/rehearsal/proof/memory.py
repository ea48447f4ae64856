"""The memory of the core as a key: two that differ only in the names of their stamps are one.

`Memory.key` holds every value of the state of the controllers, stamps numbered in the order in
which they are met; `Memory.state` is the same with stamps coded in that order, ready to be stepped.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.proof.zones import coded, decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

FRESH: Final = 1 << 40
"""First number of a command made in the scan under proof."""
KNOWN: Final = 1 << 42
"""First number of a command of an earlier scan: one for every device, which has one at a time."""

_FIELDS: dict[type, tuple[str, ...]] = {}


def _names(value: Any) -> tuple[str, ...] | None:  # noqa: ANN401
    """Return the names of the fields of a record, or None of what is none."""
    kind = type(value)
    if kind not in _FIELDS:
        if is_dataclass(value):
            _FIELDS[kind] = tuple(f.name for f in fields(value))
        else:
            _FIELDS[kind] = getattr(kind, "_fields", ())
    return _FIELDS[kind] or None


class Reading:
    """One walk over a state: the key, and where each stamp was met.

    Attributes:
        stamps: original number of each stamp, in the order in which they are met.
        places: what tells about the use of each: class, field and stage.
    """

    def __init__(self) -> None:
        """Have met nothing yet."""
        self.stamps: list[int] = []
        self.places: list[set[Hashable]] = []

    def key(self, value: Any, place: Hashable = "") -> Hashable:  # noqa: ANN401
        """Return a value with its stamps numbered as they are met."""
        if type(value) is bool or isinstance(value, str | float | Enum) or value is None:
            return value
        if isinstance(value, int):
            return self._number(value, place)
        if (names := _names(value)) is not None:
            stage = getattr(value, "stage", None)
            kind = type(value).__qualname__
            return tuple([self.key(getattr(value, n), (kind, n, stage)) for n in names])
        if isinstance(value, tuple | list):
            return tuple([self.key(v, place) for v in value])
        if isinstance(value, frozenset | set):
            return frozenset(value)
        return tuple([(k, self.key(v, place)) for k, v in sorted(value.items())])

    def _number(self, value: int, place: Hashable) -> Hashable:
        found = decoded(value)
        if found is None:
            return value
        stamp, offset_ns = found
        if stamp not in self.stamps:
            self.stamps.append(stamp)
            self.places.append(set())
        number = self.stamps.index(stamp)
        self.places[number].add((place, offset_ns))
        return ("at", number, offset_ns)


def rewritten(value: Any, integer: Callable[[int], int]) -> Any:  # noqa: ANN401
    """Return a value of the same make with every integer put through `integer`."""
    if type(value) is bool or isinstance(value, str | float | Enum | frozenset) or value is None:
        return value
    if isinstance(value, int):
        return integer(value)
    if (names := _names(value)) is not None:
        return type(value)(**{n: rewritten(getattr(value, n), integer) for n in names})
    if isinstance(value, tuple | list):
        return tuple([rewritten(v, integer) for v in value])
    return {k: rewritten(v, integer) for k, v in value.items()}


def renumbered(value: Any, stamps: list[int]) -> Any:  # noqa: ANN401
    """Return a value whose stamps are coded in the order of `stamps`."""

    def integer(number: int) -> int:
        found = decoded(number)
        if found is None:
            return int(number)
        stamp, offset_ns = found
        return coded(stamps.index(stamp), offset_ns)

    return rewritten(value, integer)


def with_known_commands(value: Any, numbers: Mapping[int, int]) -> Any:  # noqa: ANN401
    """Return a value in which the numbers of new commands are those of their devices."""
    return rewritten(value, lambda number: numbers.get(number, number))
