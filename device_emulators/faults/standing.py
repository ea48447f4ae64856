"""What stands: everything that was done and has not been undone, by whomever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daemon.model.quantities import ns
from device_emulators.faults.words import ENDS, ONCE, UNDONE_BY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNDOING: Final = frozenset(UNDONE_BY.values())


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that was done.

    Attributes:
        target: to what.
        event: the word.
        values: how hard.
        since_ns: plant time at which it was done [ns].
        until_ns: when it ends by itself [ns], or None.
    """

    target: str
    event: str
    values: Mapping[str, Any]
    since_ns: int
    until_ns: int | None


class Book:
    """What stands now."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._standing: Final[list[Standing]] = []

    def note(self, target: str, event: str, values: Mapping[str, Any], now_ns: int) -> None:
        """Remember that something was done."""
        kept = [each for each in self._standing if not _ends(each, target, event, values)]
        self._standing[:] = kept
        if event == "clear" or event in ENDS or event in ONCE or event in _UNDOING:
            return
        for_s = values.get("for_s")
        until_ns = None if for_s is None else now_ns + ns(float(for_s))
        self._standing.append(Standing(target, event, dict(values), now_ns, until_ns))

    def standing(self, now_ns: int, target: str = "") -> Iterator[Standing]:
        """Yield what stands, at one target if it is named, in the order in which it was done."""
        for each in self._standing:
            over = each.until_ns is not None and each.until_ns <= now_ns
            if not over and target in {"", each.target}:
                yield each


def _ends(each: Standing, target: str, event: str, values: Mapping[str, Any]) -> bool:
    """Return whether something that is done ends or replaces what stands."""
    if target not in {each.target, "any"}:
        return False
    if event == "clear":
        return values.get("kind") in {None, each.event}
    same = each.event == event and each.values.get("point") == values.get("point")
    return same or event in ENDS or UNDONE_BY.get(each.event) == event
