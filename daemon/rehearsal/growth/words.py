"""How a plan is said to people, and what of it machines read."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from daemon.rehearsal.compliance.words import figure
from daemon.rehearsal.growth.exhaustion import QUANTILES
from daemon.rehearsal.growth.futures import Group
from daemon.rehearsal.growth.limits import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.rehearsal.growth.plan import Answer, Plan, Reached

DAYS: Final = 365.2425
"""In a year."""
_SECONDS: Final = 86_400.0 * DAYS


class View(NamedTuple):
    """From when a plan is looked at, and how far.

    Attributes:
        begin: the day of today's load.
        years: that are looked at.
    """

    begin: date
    years: int

    @property
    def end(self) -> date:
        """Return the last day that is looked at."""
        return self.begin + timedelta(days=self.years * DAYS)

    def day(self, years: float) -> date | None:
        """Return a day so many years on; None beyond what is looked at."""
        return self.begin + timedelta(days=years * DAYS) if years <= self.years else None

    def month(self, years: float) -> str:
        """Return it for people."""
        found = self.day(years)
        if years <= 0.0:
            return "now"
        return f"{found:%Y-%m}" if found else f">{self.end.year}"

    def dates(self, reached: Reached | None) -> str:
        """Return median and interval for people."""
        if reached is None:
            return "carries nothing"
        low, middle, high = (self.month(one) for one in reached.years)
        if low == high:
            return middle
        short = [one.removeprefix("20") for one in (low, high)]
        return f"{middle} ({short[0]} .. {short[1]})"


class Row(NamedTuple):
    """Limits of one kind that are reached at the same times.

    Attributes:
        answer: of the first of them.
        names: of all.
    """

    answer: Answer
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return them for people."""
        more = len(self.names) - 1
        if more == 0:
            return self.names[0]
        return (
            f"{self.names[0]}, {self.names[1]}"
            if more == 1
            else f"{self.names[0]} and {more} alike"
        )


def rows(plan: Plan) -> list[Row]:
    """Return limits that are alike as one, those reached first come first."""
    found: dict[tuple[object, ...], list[Answer]] = {}
    for one in plan.answers:
        normal = one.normal and (*np.round(one.normal.years, 2), round(one.normal.today_pu, 3))
        reduced = (*np.round(one.reduced.years, 2), round(one.reduced.today_pu, 3))
        found.setdefault((one.limit.kind, normal, reduced), []).append(one)
    return [Row(same[0], tuple(one.limit.name for one in same)) for same in found.values()]


def by_kind(plan: Plan) -> list[tuple[str, list[Row]]]:
    """Return the rows of each kind that the site has."""
    all_rows = rows(plan)
    groups = [(kind, [r for r in all_rows if r.answer.limit.kind == kind]) for kind in KINDS]
    return [(kind, same) for kind, same in groups if same]


def amount(value: float, unit: str) -> str:
    """Return a figure with its unit."""
    if unit == "VA":
        return figure(value, "W").replace("W", "VA")
    return f"{value:.0f} A" if unit == "A" else figure(float(f"{value:.3g}"), unit)


def carried(plan: Plan, reached: Reached | None, unit: str) -> str:
    """Return what is carried today, by what can be."""
    if reached is None:
        return ""
    now = max(float(reached.bound.line.at(plan.today_pu)), reached.bound.least)
    capacity = amount(float(f"{reached.bound.capacity:.3g}"), unit)
    return f"{amount(float(f'{now:.3g}'), unit)} of {capacity}, {reached.today_pu:.0%}"


def months(value: float | None) -> str:
    """Return by how much a date moves."""
    if value is None:
        return "-"
    return f"+{value:.0f} mo" if isfinite(value) else "for good"


def first(plan: Plan, *, reduced: bool) -> Answer | None:
    """Return the limit reached first, racks aside; None where nothing ever is."""

    def at(one: Answer) -> tuple[float, float]:
        found = one.reduced if reduced else one.normal
        assert found is not None
        return found.years[1], -found.today_pu

    some = [a for a in plan.answers if a.limit.kind != "racks" and (reduced or a.normal)]
    answer = min(some, key=at, default=None)
    return answer if answer and isfinite(at(answer)[0]) else None


def said(plan: Plan, view: View) -> Iterator[str]:
    """Yield what matters most, in sentences."""
    for row in rows(plan):
        limit, normal, reduced = row.answer.limit, row.answer.normal, row.answer.reduced
        if reduced.years[1] <= 0.0:
            reached = normal if normal and normal.years[1] <= 0.0 else reduced
            case = f" {reached.bound.case}" if reached.bound.case else ""
            what = carried(plan, reached, limit.unit)
            yield f"passed today: {row.name} ({limit.kind}){case}, {what}"
    later = [a for a in plan.answers if a.reduced.years[1] > 0.0]
    for answer in later[:1]:
        limit, reached = answer.limit, answer.reduced
        case = f" {reached.bound.case}" if reached.bound.case else ""
        if isfinite(reached.years[1]):
            yield f"next: {limit.name} ({limit.kind}){case}, {view.dates(reached)}"
        else:
            yield "nothing else runs out: demand does not grow into any limit"


def about(plan: Plan) -> Iterator[str]:
    """Yield today's load, and how fast it grows."""
    drawn, cascade = plan.today_pu, plan.cascade
    it_w = float(cascade.racks.it_w @ drawn)
    site_w = float(cascade.site.at(drawn))
    cooling_w = float(cascade.cooling.at(drawn))
    import_w = site_w - cascade.steady_w
    yield (
        f"today: racks {figure(it_w / 1e6, 'MW')}, cooling {figure(round(cooling_w, -4), 'W')}, "
        f"site {figure(round(site_w, -4), 'W')} (PUE {site_w / it_w:.2f}), "
        f"import {figure(round(import_w, -4), 'W')}"
    )
    growth = np.exp(plan.median_log_rates[0])
    parts = [
        f"{_GROUPS[group]} {growth[group]:.2f}/yr"
        for group in Group
        if plan.cascade.racks.it_w[group]
    ]
    yield f"power of racks grows: {', '.join(parts)}"


_GROUPS: Final = {Group.AI: "AI", Group.SERVERS: "servers", Group.STORAGE: "storage and network"}


class Year(NamedTuple):
    """The cascade in one year, at the median of all rates [W].

    Of the site there are the 10 and 90 % of all futures too. Blocks are those that it takes so that
    nothing which a block brings is passed in N-1.
    """

    year: float
    ai_w: float
    servers_w: float
    storage_w: float
    cooling_w: float
    site_w: float
    site_low_w: float
    site_high_w: float
    blocks: int

    @property
    def pue(self) -> float:
        """Return power of the site by that of racks."""
        return self.site_w / (self.ai_w + self.servers_w + self.storage_w)


def years(plan: Plan, view: View) -> list[Year]:
    """Return the cascade year by year."""
    found = []
    for year in range(view.years + 1):
        drawn = plan.drawn_pu(year)
        low, _, high = plan.site_w(year)
        blocks = plan.blocks_needed(year)
        ai, servers, storage = (plan.cascade.racks.it_w * drawn).tolist()
        cooling, site = float(plan.cascade.cooling.at(drawn)), float(plan.cascade.site.at(drawn))
        found.append(Year(year, ai, servers, storage, cooling, site, low, high, blocks))
    return found


def years_shown(plan: Plan, view: View) -> list[Year]:
    """Return the cascade until of every kind the first has run out."""
    firsts = [same[0].answer for _, same in by_kind(plan)]
    ends = [
        reached.years[1]
        for one in firsts
        for reached in (one.normal, one.reduced)
        if reached is not None and isfinite(reached.years[1])
    ]
    return years(plan, view)[: max(4, ceil(max(ends, default=0.0)) + 1)]


def accepted(plan: Plan) -> str:
    """Return what the site lives without a second of."""
    if not plan.accepted:
        return ""
    return f"no second of {', '.join(plan.accepted)}: their loss is accepted, so not a case of N-1"


def verdicts(plan: Plan) -> list[dict[str, Any]]:
    """Return whether every limit holds today, and until when."""
    found = []
    for one in plan.answers:
        for name, reached in (("N", one.normal), ("N-1", one.reduced)):
            if reached is None:
                continue
            now = max(float(reached.bound.line.at(plan.today_pu)), reached.bound.least)
            found.append(
                {
                    "name": f"{one.limit.kind}: {one.limit.name}, {name}",
                    "ok": reached.today_pu <= 1.0,
                    "value": now,
                    "limit": reached.bound.capacity,
                    "unit": one.limit.unit,
                    "at_s": _finite(reached.years[1] * _SECONDS),
                }
            )
    return found


def plain(plan: Plan, view: View) -> dict[str, Any]:
    """Return a plan for machines."""
    return {
        "site": plan.site_id,
        "world": plan.world,
        "from": view.begin.isoformat(),
        "years": view.years,
        "blocks": plan.blocks,
        "assumptions": [
            {
                "name": a.name, "value": a.value, "low": a.low, "high": a.high, "unit": a.unit,
                "about": a.about, "source": a.source,
            }
            for a in plan.assumed.values()
        ],
        "cascade": [one._asdict() | {"pue": one.pue} for one in years(plan, view)],
        "limits": [_limit(one, view) for one in plan.answers],
        "accepted": list(plan.accepted),
        "verdicts": verdicts(plan),
    }  # fmt: skip


def _limit(one: Answer, view: View) -> dict[str, Any]:
    return {
        "name": one.limit.name,
        "kind": one.limit.kind,
        "unit": one.limit.unit,
        "note": one.limit.note,
        "normal": one.normal and _reached(one.normal, view),
        "n_minus_1": _reached(one.reduced, view),
        "block_months": _finite(one.block_months),
        "unit_months": _finite(one.unit_months),
    }


def _reached(reached: Reached, view: View) -> dict[str, Any]:
    days = [view.day(one) for one in reached.years]
    named = zip(QUANTILES, days, strict=True)
    return {
        "case": reached.bound.case,
        "today_pu": reached.today_pu,
        "capacity": reached.bound.capacity,
        "dates": {f"p{100 * q:.0f}": day.isoformat() if day else None for q, day in named},
        "years": [_finite(one) for one in reached.years],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
