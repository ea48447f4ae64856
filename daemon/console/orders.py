"""From what a person typed to what a lane is asked: names looked up, numbers read, or refused.

Only what makes no sense by itself is refused here, with the words that would be valid. Whether it
may be done now is for the core to say.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from daemon.model.commands import HANG, TAG, TAKE_OFF, Proposal
from daemon.model.natures import PointKind
from daemon.settings.findings import choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.model.plant import Equipment, Site
    from daemon.model.points import Point, PointTable

LONGEST_WORD: Final = 80
LONGEST_REASON: Final = 200
MOST_BYPASSED: Final = 8
TAGGING: Final = (HANG, TAKE_OFF)


class RefusedError(Exception):
    """What a person asked for is not passed on.

    Attributes:
        name: which rule refuses, in snake case.
        text: why, and what would be right.
    """

    def __init__(self, name: str, text: str) -> None:
        """Refuse by the rule `name`."""
        super().__init__(text)
        self.name: Final = name
        self.text: Final = text


def word(
    request: Mapping[str, Any], key: str, longest: int = LONGEST_WORD, default: str = ""
) -> str:
    """Return a text of a request, in printable characters.

    Raises:
        RefusedError: it is missing, too long, or holds what cannot be printed.
    """
    value = request.get(key, "")
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise RefusedError("malformed", f"{key}: must be printable text of {longest} at most")
    if not value and key != "reason":
        raise RefusedError("malformed", f"{key}: is missing")
    return value


def words(request: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of texts of a request.

    Raises:
        RefusedError: it is none, or too long.
    """
    value = request.get(key, [])
    if not isinstance(value, list) or len(value) > MOST_BYPASSED:
        raise RefusedError("malformed", f"{key}: must be a list of {MOST_BYPASSED} names at most")
    return tuple(word({key: each}, key) for each in value)


def reason(request: Mapping[str, Any]) -> str:
    """Return why a person asks.

    Raises:
        RefusedError: it is no printable text.
    """
    return word(request, "reason", LONGEST_REASON) or "asked for"


def action(request: Mapping[str, Any], user: str, site: Site, points: PointTable) -> Proposal:
    """Return the switching action that a person wants to select, or the tag to hang or take off.

    Raises:
        RefusedError: there is no such equipment or scheme, or it does not obey that.
    """
    name, what = word(request, "equipment"), word(request, "action")
    if what in TAGGING:
        if name not in site.schemes and name not in site.equipment:
            raise _unknown(name, site)
        return Proposal(name, TAG, what, 0.0, user, reason(request))
    if name not in site.schemes:
        item = _item(name, site)
        valid = item.kind.commands()
        if points.find(name, "command") is None:
            raise RefusedError("foreign_device", f"{name}: its device takes no commands")
        if what not in valid:
            raise RefusedError("unknown_action", f"{name} does not {what} (valid: {_list(valid)})")
    return Proposal(name, "command", what, 0.0, user, reason(request))


def setpoint(request: Mapping[str, Any], user: str, site: Site, points: PointTable) -> Proposal:
    """Return the set-point that a person wants to give, or to release where there is no value.

    Raises:
        RefusedError: there is no such set-point, or the value is no number within its range.
    """
    name, what = word(request, "equipment"), word(request, "point")
    valid = {point.spec.name: point for point in setpoints(points, _item(name, site))}
    if what not in valid:
        given = choices(valid, what) or "none, it takes no set-points"
        raise RefusedError("unknown_point", f"{name} has no set-point {what} (valid: {given})")
    if request["do"] == "release":
        return Proposal(name, what, "release", 0.0, user, reason(request))
    value = number(request.get("value"))
    low, high = valid[what].place.low, valid[what].place.high
    if (low is not None and value < low) or (high is not None and value > high):
        raise RefusedError("out_of_range", f"{name}.{what}: {value:g} is not in {_span(low, high)}")
    return Proposal(name, what, "set", value, user, reason(request))


def number(given: Any) -> float:  # noqa: ANN401 - as it was sent
    """Return a finite number, sent as one or as it was typed.

    Raises:
        RefusedError: it is none.
    """
    try:
        if isinstance(given, bool) or not isinstance(given, int | float | str):
            raise ValueError
        value = float(given)
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise RefusedError("not_a_number", f"{str(given)[:LONGEST_WORD]!r} is not a finite number")
    return value


def served(points: PointTable, item: Equipment) -> list[Point]:
    """Return what a device serves: asked by name, for a large site has many points."""
    places = (points.find(item.id, name) for name in item.kind.points)
    return [points.points[place] for place in places if place is not None]


def setpoints(points: PointTable, item: Equipment) -> list[Point]:
    """Return the set-points that a device takes."""
    return [
        point
        for point in served(points, item)
        if point.spec.kind is PointKind.SETPOINT and "w" in point.place.access
    ]


def _item(name: str, site: Site) -> Equipment:
    item = site.equipment.get(name)
    if item is None:
        raise _unknown(name, site)
    if item.device is None:
        raise RefusedError("foreign_device", f"{name} is not joined to this daemon by any device")
    return item


def _unknown(name: str, site: Site) -> RefusedError:
    known = choices([*site.equipment, *site.schemes], name)
    return RefusedError("unknown_equipment", f"nothing here is called {name} (valid: {known})")


def _list(valid: tuple[str, ...]) -> str:
    return ", ".join(valid) or "nothing"


def _span(low: float | None, high: float | None) -> str:
    least = "" if low is None else f"{low:g}"
    return f"{least}..{'' if high is None else f'{high:g}'}"
