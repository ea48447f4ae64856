"""The memory of the core as a key: two that differ only in the times of their stamps are one.

Every place in a state that holds a stamp gets a number of its own, in the order in which a walk
meets them. That two were taken at one instant is then a matter of time, as all else about them is,
and stands with their distances; and a stamp that is never asked about distinguishes nothing.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.proof.zones import coded, decoded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

FRESH: Final = 1 << 40
"""First number of a command made in the scan under proof."""
KNOWN: Final = 1 << 42
"""First number of a command of an earlier scan: one for every device, which has one at a time."""

_SINCE: Final = frozenset({"since_ns", "intake_ns", "block_ns"})
"""Fields that tell since when what is has been, or when the last of its kind was: of old, where it
never was. Of others 0 means that it is not."""
_STAGES: Final = {"since_ns": "stage", "intake_ns": "intake"}
"""By field of a stamp that is asked for by the stage, the field of that. What else is noted is
asked for in one stage and carried through others: to tell it by them is to learn the same late."""
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
        stamps: number that each stamp had before, in the order in which they are met.
        places: what tells about the use of each: class, field, the stage where that decides, and
            the time after it.
    """

    def __init__(self) -> None:
        """Have met nothing yet."""
        self.stamps: list[int] = []
        self.places: list[Hashable] = []

    def key(self, value: Any, place: Hashable = "") -> Hashable:  # noqa: ANN401
        """Return a value with its stamps numbered as they are met."""
        if type(value) is bool or isinstance(value, str | float | Enum) or value is None:
            return value
        if isinstance(value, int):
            return self._number(value, place)
        if (names := _names(value)) is not None:
            kind = type(value).__qualname__
            places = [(kind, n, getattr(value, _STAGES.get(n, ""), None)) for n in names]
            at = zip(names, places, strict=True)
            return tuple([self.key(getattr(value, n), place) for n, place in at])
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
        self.stamps.append(stamp)
        self.places.append((place, offset_ns))
        return ("at", offset_ns)


def rewritten(value: Any, integer: Callable[[int], int]) -> Any:  # noqa: ANN401
    """Return a value of the same make, every integer put through `integer` as `Reading` walks."""
    if type(value) is bool or isinstance(value, str | float | Enum | frozenset) or value is None:
        return value
    if isinstance(value, int):
        return integer(value)
    if (names := _names(value)) is not None:
        return type(value)(**{n: rewritten(getattr(value, n), integer) for n in names})
    if isinstance(value, tuple | list):
        return tuple([rewritten(v, integer) for v in value])
    put = {k: rewritten(value[k], integer) for k in sorted(value)}
    return {k: put[k] for k in value}


def begun_long_ago(value: Any) -> Any:  # noqa: ANN401
    """Return first states, what has stood since the machine was switched on as a stamp of old.

    To `View.passed` both are the same. So a daemon that has come to rest again remembers nothing
    else than one that has never had anything to do.
    """
    if (names := _names(value)) is not None:
        return type(value)(**{n: _of_old(n, getattr(value, n)) for n in names})
    if isinstance(value, tuple | list):
        return tuple([begun_long_ago(v) for v in value])
    if isinstance(value, dict):
        return {k: begun_long_ago(v) for k, v in value.items()}
    return value


def _of_old(name: str, value: Any) -> Any:  # noqa: ANN401
    return coded(0) if name in _SINCE and value == 0 else begun_long_ago(value)


def renumbered(value: Any) -> Any:  # noqa: ANN401
    """Return a value whose stamps are coded by the order in which a walk meets them."""
    met = count()

    def integer(number: int) -> int:
        found = decoded(number)
        return int(number) if found is None else coded(next(met), found[1])

    return rewritten(value, integer)


def with_known_commands(value: Any, numbers: Mapping[int, int]) -> Any:  # noqa: ANN401
    """Return a value in which the numbers of new commands are those of their devices."""
    return rewritten(value, lambda number: numbers.get(number, number))
