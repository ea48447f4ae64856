"""What a scenario expects of alarms, judged on what the daemon published.

The plant cannot judge these: an alarm is the daemon's word. Times are set against the plant's own
beginning, so that both sides of a report speak of the same seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device_emulators.scenario import Alarm, Expectation, NoAlarm


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm whose condition came or went.

    Attributes:
        id: `<class>:<equipment>`.
        at_s: plant time [s].
        active: whether the condition holds from now on.
        priority: 1 (highest) to 4.
    """

    id: str
    at_s: float
    active: bool
    priority: int


def judge(expectation: Expectation, changes: Iterable[Change]) -> dict[str, Any]:
    """Return the verdict on one expectation that is the daemon's to meet."""
    ordered = sorted(changes, key=lambda change: change.at_s)
    if expectation.alarm is not None:
        verdict = _raised(expectation.alarm, ordered)
    else:
        assert expectation.no_alarm is not None, "the plant judges this one"
        verdict = _silent(expectation.no_alarm, ordered)
    return {"name": expectation.name, **verdict, "unit": "s"}


def _raised(wanted: Alarm, changes: list[Change]) -> dict[str, Any]:
    own = [change for change in changes if fnmatchcase(change.id, wanted.id)]
    raised_s = next((c.at_s for c in own if c.active), None)
    if raised_s is None or raised_s > wanted.raised_by_s:
        return _verdict(False, raised_s, wanted.raised_by_s, f"{wanted.id} raised")
    if wanted.cleared_by_s is None:
        return _verdict(True, raised_s, wanted.raised_by_s, f"{wanted.id} raised")
    cleared_s = None if own[-1].active else own[-1].at_s
    ok = cleared_s is not None and cleared_s <= wanted.cleared_by_s
    return _verdict(ok, cleared_s, wanted.cleared_by_s, f"{wanted.id} cleared")


def _silent(unwanted: NoAlarm, changes: list[Change]) -> dict[str, Any]:
    end_s = float("inf") if unwanted.to_s is None else unwanted.to_s
    first = next(
        (
            change
            for change in changes
            if change.active
            and unwanted.from_s <= change.at_s <= end_s
            and change.priority <= unwanted.priority_at_most
            and fnmatchcase(change.id, unwanted.id)
        ),
        None,
    )
    if first is None:
        return _verdict(True, None, None, "no such alarm")
    return _verdict(False, first.at_s, None, f"{first.id} raised")


def _verdict(ok: bool, at_s: float | None, limit_s: float | None, text: str) -> dict[str, Any]:
    shown_s = None if at_s is None else round(at_s, 3)
    return {"ok": ok, "value": shown_s, "limit": limit_s, "at_s": shown_s, "detail": text}
