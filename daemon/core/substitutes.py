"""Which controllers of a lane act on an estimate in place of a measurement, told to people.

The view notes for each controller where it was given an estimate (`View.best`). What is new of that
is told at once, as an event of the lane; that it is over, once the controller has done without for
`HELD_NS`, since some look once in ten seconds only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.view import View
    from daemon.model.events import Event

HELD_NS: Final = 30 * SECOND
"""So long after it was used last a substitute is still told to be in use [ns]."""
_NAMED: Final = 4
"""So many points are named in a text."""

Used = dict[str, dict[str, int]]
"""By controller and point, when the estimate was last taken in its place [ns]."""


def followed(
    view: View, before: Mapping[str, Mapping[str, int]], taken: Mapping[str, list[int]]
) -> tuple[Used, tuple[Event, ...]]:
    """Return what is in use now, and what is to be told of it.

    Args:
        view: the plant now.
        before: what was in use until now.
        taken: by controller, points in whose place it was given the estimate in this scan.
    """
    after: Used = {}
    events = []
    for name in dict.fromkeys((*before, *taken)):
        known = before.get(name, {})
        news = {view.points.points[p].id: view.now_ns for p in taken.get(name, ())}
        held = {p: at for p, at in known.items() if view.now_ns - at < HELD_NS} | news
        if begun := [point for point in news if point not in known]:
            text = f"{name} acts on the estimate in place of {_listed(begun)}"
            events.append(view.event(name, "estimate_used", text, points=begun))
        if ended := [point for point in known if point not in held]:
            text = f"{name} acts on what is measured again: {_listed(ended)}"
            events.append(view.event(name, "measurement_used", text, points=ended))
        if held:
            after[name] = held
    return after, tuple(events)


def _listed(points: list[str]) -> str:
    more = len(points) - _NAMED
    return ", ".join(points[:_NAMED]) + (f" and {more} more" if more > 0 else "")
