"""What the converters that are left can give the rows on their boards.

A row takes from whichever of its feeds has the higher voltage, so what converters can give counts
together for all rows that hang on the same boards, and for a row that is joined to one of them
alone, that one counts alone: for every set of boards that some row hangs on, and for all boards
that such rows join, the rows that hang on nothing else may draw what the converters there give.
Nothing between the two is looked at. With up to three boards there is nothing: each part that can
be too weak by itself is one or the other. Of four or more in a chain or a ring (rows on A and B, on
B and C, on C and D) the part A to C is not found. No shipped site has more than two.

Two answers. What *may* be there is what lowers a cap: a converter that is not heard counts with
what it could give when it last was, a switch that is not heard as closed, so that a lost telegram
costs no work; nor does one wrong scan, because of the last two the higher counts. What is *sure*
is what a cap may be lifted on: a converter that is not heard counts with nothing, live as its input
may be (it may have lost its modules since), a switch that is not heard as open.

Storage is not counted: it empties. A row to which no converter gives anything lives on it; such a
row is named, and has a ceiling of its own (`caps`).

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core import demand
from daemon.core.facts import RowsLimit
from daemon.core.topology import once_per_site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.view import View
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable


class Left(NamedTuple):
    """What the converters that are left can carry.

    Attributes:
        limits: what holds, where it is less than the rows are rated for.
        sure: the same of what is known only.
        idle: rows to which no converter gives anything.
        carries_w: by converter, what it could give when it was last heard, the higher of the last
            two scans [W].
        heard_w: by converter, what it said then alone [W].
    """

    limits: tuple[RowsLimit, ...]
    sure: tuple[RowsLimit, ...]
    idle: tuple[str, ...]
    carries_w: Mapping[str, float]
    heard_w: Mapping[str, float]


class _Plan:
    """Rows with the buses that their racks hang on, and the converters, as drawn."""

    def __init__(self, site: Site, points: PointTable) -> None:
        racks = site.of_nature("ai_rack")
        self.rows = tuple(
            (row, tuple(dict.fromkeys(b for r in racks if r.group == row.id for b in r.buses)))
            for row in site.of_nature("rack_row")
        )
        self.converters = site.of_nature("hvdc")
        self.asked: tuple[object, ...] = ()
        """What the last answer rests on."""
        self.found: tuple[tuple[RowsLimit, ...], tuple[RowsLimit, ...], tuple[str, ...]]
        self.found = (), (), ()


_plan: Final = once_per_site(_Plan)


def left(
    view: View, before_w: Mapping[str, float], last_w: Mapping[str, float], recharge_pu: float
) -> Left:
    """Return what the converters that are left can give the rows.

    Args:
        view: this scan.
        before_w: by converter, what it could give when it was last heard, its rating before
            anything was [W].
        last_w: by converter, what it said when it was last heard [W].
        recharge_pu: of the rating of the rows, kept free for recharging their batteries [pu].
    """
    plan = _plan(view.site, view.points)
    may_w, sure_w, heard_w = {}, {}, {}
    for item in plan.converters:
        rated_w = item.ratings["power_w"]
        told_w, was_w = _heard_w(view, item), last_w.get(item.id, rated_w)
        heard_w[item.id] = was_w if told_w is None else told_w
        may_w[item.id] = before_w.get(item.id, rated_w) if told_w is None else max(told_w, was_w)
        sure_w[item.id] = 0.0 if told_w is None else told_w
    asked = view.topology, tuple(may_w.values()), tuple(sure_w.values()), recharge_pu
    if plan.asked[1:] != asked[1:] or plan.asked[0] is not view.topology:
        limits, idle = _limits(plan, view.topology.reach, may_w, recharge_pu)
        sure, unfed = _limits(plan, view.topology.section, sure_w, recharge_pu)
        unheard = tuple(row for row in unfed if row not in idle)
        plan.found = limits, (*sure, RowsLimit(unheard, 0.0)) if unheard else sure, idle
        plan.asked = asked
    return Left(
        *plan.found,
        before_w if may_w == before_w else may_w,
        last_w if heard_w == last_w else heard_w,
    )


def _heard_w(view: View, item: Equipment) -> float | None:
    """Return what a converter can give, None when it does not say so [W]."""
    stage = view.stage(item.id)
    served = view.points.find(item.id, "available_w") is not None
    silent = stage is None or (served and view.read(item.id, "available_w") is None)
    return None if silent else demand.converter_w(view, item)


def _limits(
    plan: _Plan, label: Mapping[str, int], gives_w: Mapping[str, float], recharge_pu: float
) -> tuple[tuple[RowsLimit, ...], tuple[str, ...]]:
    """Return the limits that are less than the rows are rated for, and the rows given nothing.

    Args:
        plan: rows and converters.
        label: number of the board that each bus is joined to.
        gives_w: by converter [W].
        recharge_pu: of the rating of the rows, kept free [pu].
    """
    boards: dict[int, float] = {}
    for item in plan.converters:
        at = label[item.buses[-1]]
        boards[at] = boards.get(at, 0.0) + gives_w[item.id]
    giving = {at for at, w in boards.items() if w > 0.0}
    hangs = [(row, giving.intersection(label[bus] for bus in feeds)) for row, feeds in plan.rows]
    found = []
    for joined in _joined({frozenset(on) for _, on in hangs}):
        rows = [row for row, on in hangs if on and on <= joined]
        rated_w = sum(row.ratings["power_w"] for row in rows)
        left_w = sum(boards[at] for at in joined) - recharge_pu * rated_w
        if left_w < rated_w:
            found.append(RowsLimit(tuple(row.id for row in rows), max(left_w, 0.0)))
    idle = tuple(row.id for row, on in hangs if not on and plan.converters)
    return tuple(found), idle


def _joined(sets: set[frozenset[int]]) -> list[frozenset[int]]:
    """Return sets of boards, and what those that have a board in common make together."""
    whole: list[frozenset[int]] = []
    for each in sets:
        apart = [other for other in whole if not other & each]
        whole = [*apart, each.union(*(other for other in whole if other & each))]
    return sorted({*sets, *whole} - {frozenset()}, key=sorted)
