"""The AI rows as a load that can wait: power caps for what storage cannot give.

A cap costs work, so it comes after all storage, and of the rows the one that is given up first is
capped first. Rows that are capped draw less, and so the need for the cap seems to be over as soon
as it acts; what they would draw above it (`cut_w`) is therefore carried along and counted as load.
Rows that stay below their caps by themselves would draw no more without them: then it is nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.gauges import Gauges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

POINT: Final = "power_cap_pu"
_BINDS_PU: Final = 0.97
"""Rows that draw less than this part of their caps are not held down by them."""
_PERCENT: Final = 100


class Rows(NamedTuple):
    """The rows that take a cap.

    Attributes:
        ids: the one that is given up first is the first.
        rated_w: of each [W].
        told: power and cap of each.
    """

    ids: tuple[str, ...]
    rated_w: tuple[float, ...]
    told: Gauges


class Held(NamedTuple):
    """What the rows are held to.

    Attributes:
        caps_pu: by row.
        cut_w: what they would draw above it [W].
        at_rest: no row has a cap.
    """

    caps_pu: Mapping[str, float]
    cut_w: float
    at_rest: bool


def found(site: Site, points: PointTable) -> Rows:
    """Return the rows of a site that take a cap."""
    racks = site.of_nature("ai_rack")
    ranked = [
        (row.priority or min((r.priority for r in racks if r.group == row.id), default=0), row)
        for row in site.of_nature("rack_row")
        if points.find(row.id, POINT) is not None
    ]
    ranked.sort(key=lambda pair: -pair[0])
    rows = [row for _, row in ranked]
    return Rows(
        tuple(row.id for row in rows),
        tuple(row.ratings["power_w"] for row in rows),
        Gauges(points, [(row.id, name) for row in rows for name in ("power_w", POINT)]),
    )


def spare_w(view: View, rows: Rows, least_pu: float) -> float:
    """Return what the rows draw above the lowest caps they may get, as far as it is known [W]."""
    powers_w = view.best(rows.told)[::2]
    known = zip(powers_w, rows.rated_w, strict=True)
    return sum(max(0.0, p - least_pu * rated_w) for p, rated_w in known if p is not None)


def capped(view: View, rows: Rows, short_w: float, cut_w: float, least_pu: float) -> Held:
    """Return the caps that make up for what is short.

    A row whose power is not known gets no lower cap than it has: nobody knows what that would give.

    Args:
        view: of this scan.
        rows: of the site.
        short_w: what all rows together shall draw less than they would [W].
        cut_w: what they are held down by now [W].
        least_pu: no cap goes below it [pu].
    """
    told = view.best(rows.told)
    powers_w, caps_now = told[::2], told[1::2]
    known = list(zip(rows.ids, rows.rated_w, powers_w, caps_now, strict=True))
    binds_w = sum(
        rated_w
        for _, rated_w, power_w, cap_pu in known
        if power_w is not None
        and cap_pu is not None
        and cap_pu < 1.0
        and power_w >= _BINDS_PU * cap_pu * rated_w
    )
    held_w = cut_w if binds_w else 0.0
    caps, cut, left_w = {}, 0.0, short_w
    for name, rated_w, power_w, cap_pu in known:
        caps[name] = 1.0
        if power_w is None:
            caps[name] = 1.0 if cap_pu is None else cap_pu
            continue
        # What it would draw: what held it down is shared over those that are held down.
        binding = cap_pu is not None and cap_pu < 1.0 and power_w >= _BINDS_PU * cap_pu * rated_w
        wish_w = min(rated_w, power_w + (held_w * rated_w / binds_w if binding else 0.0))
        less_w = min(left_w, max(0.0, wish_w - least_pu * rated_w))
        if less_w > 0.0:
            caps[name] = max(least_pu, (wish_w - less_w) / rated_w * _PERCENT // 1 / _PERCENT)
            # What the grain of a cap takes besides is held down as well: it must come back too.
            left_w, cut = left_w - less_w, cut + wish_w - caps[name] * rated_w
    at_rest = all(cap_pu is None or cap_pu >= 0.999 for cap_pu in caps_now)
    return Held(caps, cut, at_rest)
