"""The plan of a site: all limits, when each is reached, and what one more block or unit buys."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.rehearsal.growth.assumptions import AI, TRADITIONAL, chosen
from daemon.rehearsal.growth.exhaustion import first_years, quantiles, share_pu, worst
from daemon.rehearsal.growth.futures import Group, log_rates, median_log_rates
from daemon.rehearsal.growth.limits import limits_of, mains_w, steady_w
from daemon.rehearsal.growth.loads import NOTHING, case, racks_of
from daemon.rehearsal.growth.reserve import reserve_of
from daemon.settings.document import read
from daemon.settings.forms import BalanceForm
from daemon.settings.validate import fill

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from daemon.rehearsal.growth.assumptions import Assumption
    from daemon.rehearsal.growth.exhaustion import Bound
    from daemon.rehearsal.growth.limits import Limit
    from daemon.rehearsal.growth.loads import Line, Racks
    from daemon.settings import SiteFile

    Floats = NDArray[np.float64]

MONTHS: Final = 12.0


@dataclass(frozen=True, slots=True)
class Reached:
    """When a limit is reached.

    Attributes:
        bound: which is the worst today.
        today_pu: what is carried today by what can be [pu].
        years: before which it is reached in one, five and nine of ten futures; `inf` for never.
    """

    bound: Bound
    today_pu: float
    years: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a limit.

    Attributes:
        limit: which.
        normal: with everything in service; None where it then carries nothing.
        reduced: in the worst of the declared cases.
        block_months: by which one more block moves the median of `reduced`; None where it does
            not, or where it is never reached.
        unit_months: the same for one more unit.
    """

    limit: Limit
    normal: Reached | None
    reduced: Reached
    block_months: float | None
    unit_months: float | None


@dataclass(frozen=True, slots=True)
class Cascade:
    """From demand to the grid, as lines [W].

    Attributes:
        racks: of the site.
        cooling: power of what cools.
        site: what the site takes.
        steady_w: what on-site sources give of it day and night [W].
    """

    racks: Racks
    cooling: Line
    site: Line
    steady_w: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Until when a site suffices.

    Attributes:
        site_id: which.
        name: of the site, for people.
        world: "AI" or "traditional".
        assumed: by name.
        today_pu: what each group draws today by its rating `(3,)`.
        log_rates: growth of each group in each future `(n, 3)` [1/year].
        median_log_rates: growth at the median of every rate `(1, 3)` [1/year].
        cascade: from demand to the grid.
        answers: those reached first come first.
        accepted: equipment whose loss the site lives with.
        blocks: how many there are.
    """

    site_id: str
    name: str
    world: str
    assumed: Mapping[str, Assumption]
    today_pu: Floats
    log_rates: Floats
    median_log_rates: Floats
    cascade: Cascade
    answers: tuple[Answer, ...]
    accepted: tuple[str, ...]
    blocks: int

    def drawn_pu(self, years: float) -> Floats:
        """Return what each group draws by its rating today, at the median of all rates `(3,)`."""
        return np.asarray(self.today_pu * np.exp(self.median_log_rates[0] * years))

    def site_w(self, years: float) -> tuple[float, float, float]:
        """Return what the site takes: 10, 50 and 90 % of the futures [W]."""
        return quantiles(self.cascade.site.at(self.today_pu * np.exp(self.log_rates * years)))

    def blocks_needed(self, years: float) -> int:
        """Return how many blocks it takes then, at the median of all rates and in N-1."""
        drawn = self.drawn_pu(years)
        shares = [
            share_pu(bound, drawn)
            for one in self.answers
            if one.limit.block_adds
            for bound in one.limit.reduced
        ]
        return max(self.blocks, ceil(self.blocks * max(shares, default=1.0) - 1e-9))


def worlds_of(loaded: SiteFile) -> tuple[str, tuple[Assumption, ...]]:
    """Return in which world a site grows, and what is assumed there."""
    return ("AI", AI) if loaded.site.of_nature("ai_rack") else ("traditional", TRADITIONAL)


def plan_of(loaded: SiteFile, given: Mapping[str, str]) -> Plan:
    """Return the plan of a site.

    Args:
        loaded: the site file.
        given: assumptions in place of its own, as written, by name.

    Raises:
        ValueError: an assumption is not of this site, or absurd; or nothing here can grow.
    """
    site = loaded.site
    world, own = worlds_of(loaded)
    assumed = chosen(own, given)
    balance: BalanceForm = fill(BalanceForm, read(loaded.path).data.get("balance", {}))[0]
    racks = racks_of(site, balance, assumed)
    if not racks.it_w.any():
        raise ValueError(
            f"{site.id}: no racks in service, so nothing grows (valid: a site with some)"
        )
    cases = [case(site, balance, racks, out) for out in ((), *balance.n_minus_1)]
    today_pu = np.full(len(Group), assumed["utilisation"].value)
    found = [
        *limits_of(site, cases, racks, balance.power_factor_pu),
        *reserve_of(site, loaded.control, cases, today_pu),
    ]
    drawn = mains_w(site, cases[0], balance.power_factor_pu) or NOTHING
    cascade = Cascade(racks, racks.cooling.times(racks.coolers_w), drawn, steady_w(site))
    blocks = max(1, len({g.block for g in site.gateways.values() if g.block}))
    solver = _Solver(today_pu, log_rates(assumed), blocks)
    answers = sorted((solver.answer(limit) for limit in found), key=_order)
    return Plan(
        site.id,
        site.name,
        world,
        assumed,
        today_pu,
        solver.log_rates,
        median_log_rates(assumed),
        cascade,
        tuple(answers),
        tuple(loaded.control.n_minus_1.accepted),
        blocks,
    )


def _order(answer: Answer) -> tuple[float, float]:
    # Rounded, so that equals stay in the order of the file.
    return round(answer.reduced.years[1], 6), -round(answer.reduced.today_pu, 4)


class _Solver:
    """Answers for limits; those of equal blocks are worked out once."""

    def __init__(self, today_pu: Floats, rates: Floats, blocks: int) -> None:
        self.today_pu, self.log_rates, self._blocks = today_pu, rates, blocks
        self._known: dict[tuple[float, ...], tuple[float, float, float]] = {}

    def answer(self, limit: Limit) -> Answer:
        """Return what is known of a limit."""
        reduced = self._reached(limit.reduced)
        more = (self._blocks + 1) / self._blocks
        block = unit = None
        if limit.block_adds:
            larger = [b._replace(capacity=b.capacity * more) for b in limit.reduced]
            block = _months(reduced, self._years(larger))
        if limit.unit_adds:
            larger = [b._replace(capacity=b.capacity + limit.unit_adds) for b in limit.reduced]
            unit = _months(reduced, self._years(larger))
        normal = self._reached(limit.normal) if limit.normal else None
        return Answer(limit, normal, reduced, block, unit)

    def _reached(self, bounds: tuple[Bound, ...]) -> Reached:
        bound = worst(bounds, self.today_pu)
        return Reached(bound, share_pu(bound, self.today_pu), self._years(bounds))

    def _years(self, bounds: tuple[Bound, ...] | list[Bound]) -> tuple[float, float, float]:
        key = tuple(value for b in bounds for value in _weights(b))
        if key not in self._known:
            self._known[key] = quantiles(first_years(bounds, self.today_pu, self.log_rates))
        return self._known[key]


def _weights(bound: Bound) -> tuple[float, ...]:
    """Return what tells bounds apart: all that is carried, by what can be."""
    if not bound.capacity:
        return (float("inf"),) * (2 + len(Group))
    carried = (bound.line.constant, bound.least, *bound.line.slopes.tolist())
    return tuple(round(one / bound.capacity, 9) for one in carried)


def _months(before: Reached, after: tuple[float, float, float]) -> float | None:
    moved = (after[1] - before.years[1]) * MONTHS if np.isfinite(before.years[1]) else None
    return moved if moved is None or np.isfinite(moved) else float("inf")
