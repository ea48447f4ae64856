"""What a scenario expects of alarms, judged on what the daemon published.

The plant cannot judge these: an alarm is the daemon's word. Times are set against the plant's own
beginning, so that both sides of a report speak of the same seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from device_emulators.judge import not_judged

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


def judge(expectation: Expectation, changes: Iterable[Change], played_s: float) -> dict[str, Any]:
    """Return the verdict on one expectation that is the daemon's to meet.

    Args:
        expectation: of an alarm, or of none.
        changes: what the daemon published.
        played_s: plant time that was played [s]; what was not due by then is not judged.
    """
    ordered = sorted(changes, key=lambda change: change.at_s)
    if expectation.alarm is not None:
        verdict = _raised(expectation.alarm, ordered, played_s)
    else:
        assert expectation.no_alarm is not None, "the plant judges this one"
        verdict = _silent(expectation.no_alarm, ordered, played_s)
    return {"name": expectation.name, **verdict, "unit": "s"}


def _raised(wanted: Alarm, changes: list[Change], played_s: float) -> dict[str, Any]:
    own = [change for change in changes if fnmatchcase(change.id, wanted.id)]
    raised_s = next((c.at_s for c in own if c.active), None)
    by_s, text = wanted.raised_by_s, f"{wanted.id} raised"
    open_ = not_judged(played_s, begins_s=0.0, due_s=by_s)
    if raised_s is None and open_:
        return _verdict(None, None, by_s, open_)
    if raised_s is None or raised_s > by_s or wanted.cleared_by_s is None:
        return _verdict(raised_s is not None and raised_s <= by_s, raised_s, by_s, text)
    by_s, text = wanted.cleared_by_s, f"{wanted.id} cleared"
    cleared_s = None if own[-1].active else own[-1].at_s
    open_ = not_judged(played_s, begins_s=0.0, due_s=by_s)
    if cleared_s is None and open_:
        return _verdict(None, None, by_s, open_)
    return _verdict(cleared_s is not None and cleared_s <= by_s, cleared_s, by_s, text)


def _silent(unwanted: NoAlarm, changes: list[Change], played_s: float) -> dict[str, Any]:
    if open_ := not_judged(played_s, begins_s=unwanted.from_s):
        return _verdict(None, None, None, open_)
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


def _verdict(
    ok: bool | None, at_s: float | None, limit_s: float | None, text: str
) -> dict[str, Any]:
    shown_s = None if at_s is None else round(at_s, 3)
    return {
        "ok": ok,
        "value": shown_s,
        "limit": limit_s,
        "at_s": shown_s,
        "detail": text,
        "relation": "by",
    }
