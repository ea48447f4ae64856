"""The charge of every store: counted, corrected, and held against what its device reports.

Theory of operation. Once a second every store is looked at: converters of storage, UPS, rectifiers
and racks. `charge` counts what goes in and out, with the bias of the sensor, the loss and the
capacity as states of their own. Four kinds of evidence correct it:

- *full*: a converter offers no more charging although nothing is wrong with it; or a charger that
  is on has found next to nothing to put in, steadily, for half an hour, or for ten minutes and by a
  sensor that may be farther off where its device calls the battery full as well;
- *empty*: a converter offers no more discharging although nothing is wrong with it;
- *voltage*: while a battery gives, its voltage, less what its resistance takes, says where it is on
  the curve of its cells (`cells`); the flat part of a curve says nothing, and knows it. A battery
  on its charger says nothing either;
- *rest*: storage that was told to do nothing does nothing, so what is shown is the bias; on DC,
  where it may help by itself, once that has been the same for a while.

What the device reports begins the count and is no evidence after that: its gauge counts with the
very sensor that is suspected. It is held against the count instead. For whoever decides, the least
of reported, counted and voltage-based charge is what is *usable* (fault F31). A report that stands
above the count by more than both can explain contradicts it, which is alarmed and told once.

A report that falls at once by more than can have been taken is believed: a string was opened. The
count goes on from there, and comes back when the report does.

A power that cannot be read adds its whole range to the variance; a count that has become worthless
begins anew from the report. No store is in this list without a charge that it reports.

Source: own derivation; marks and minimum after fault F31.
"""

from __future__ import annotations

import math
from collections.abc import Mapping  # needed when the state is read back
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from daemon.core.estimation import cells, charge
from daemon.core.estimation.charge import BIAS, CHARGE, HEALTH, Charges, Prior
from daemon.core.facts import Charge, Store
from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import LaneMessage
from daemon.model.quantities import MINUTE, ns, seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

    Array = NDArray[np.float64]
    Ints = NDArray[np.int64]

TOPIC: Final = "charge"
_TOLD_PU: Final = 0.05
"""Step in which the switching lane is told what is in a store that contradicts itself [pu]."""
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "power": ("battery_power_w", "power_w"),
    "current": ("battery_current_a",),
    "charge": ("soc_pu",),
    "health": ("battery_health_pu",),
    "volts": ("battery_voltage_v",),
    "stage": ("stage",),
    "wanted": ("power_setpoint_w",),
    "charging": ("charge_limit_w",),
    "giving": ("discharge_limit_w",),
    "warmth": ("temperature_c", "battery_temperature_c"),
    "fault": ("battery_alarm",),
}
"""What is looked at, by the names that it has; the first that a store serves counts."""
_WITH_CHARGER: Final = ("ups", "rectifier", "ai_rack")
_LOSS: Final[Mapping[str, tuple[float, float]]] = {
    "ess": (0.02, 0.01),
    "ups": (0.02, 0.015),
    "rectifier": (0.02, 0.015),
    "ai_rack": (0.02, 0.02),
}
"""Loss of one way in the converter that is expected, and its deviation [pu].

What cells lose comes on top. Source: usual data sheets."""
_CHARGED: Final = frozenset({"normal", "running"})
_RESTING: Final = frozenset({"off", "standby", "grid_following"})
_WAITING: Final = _RESTING | {"grid_forming"}
"""The same on DC, where storage helps when the voltage falls."""
_IDLE_PU: Final = 0.01
"""Power by rating below which a store may be at rest [pu]."""
_ASLEEP_SIGMAS: Final = 4.0
"""What is told to do nothing may show so many deviations of a bias: a large one matters most."""
_AFLOAT_PU: Final = 0.02
_CALLED_FULL_PU: Final = 0.995
_CALLED_NS: Final = 10 * MINUTE
"""The same where the battery is called full, and how long that takes."""
_STEADY_PU: Final = 2e-3
_STEADY_NS: Final = 30 * MINUTE
_WAITS_NS: Final = 5 * MINUTE
_WARM_C: Final = 42.0
"""Above this a converter derates, and what it offers tells nothing of its charge [deg C]."""
_MARK_SIGMA: Final = (0.005, 0.015)
"""Deviation of full by what a converter offers, and by a charger at rest [pu]."""
_EMPTY_PU: Final = (0.02, 0.02)
_REST_SIGMA: Final = 5e-4
_REST_LEAST: Final = 1e-4
"""Deviation of one look at rest, and of as many as one likes [pu]."""
_TELLING_PU: Final = 0.05
"""A charge by voltage that is surer than this counts for the minimum as well [pu]."""
_HEALTH_LEAST: Final = 0.2
_FALL_PU: Final = 0.03
_LOST_PU: Final = 0.2
_SHOWN: Final = 4
"""Digits that are told."""


@dataclass(frozen=True, slots=True)
class Params:
    """How far instruments are trusted.

    Attributes:
        every_s: time between two looks [s].
        reported_sigma_pu: deviation of the charge that a device reports at the beginning [pu].
        bias_pu: deviation of a sensor at rest, by rated power [pu].
        health_sigma_pu: deviation of the capacity [pu].
        doubt_sigmas: a report so far above the count contradicts it, by deviations of the count.
        doubt_pu: and by at least this [pu].
        doubt_s: for this long [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    every_s: Annotated[float, Gt(0), Le(60)] = 1.0
    reported_sigma_pu: Annotated[float, Gt(0), Le(0.5)] = 0.01
    bias_pu: Annotated[float, Gt(0), Le(0.1)] = 0.005
    health_sigma_pu: Annotated[float, Gt(0), Le(0.5)] = 0.02
    doubt_sigmas: Annotated[float, Gt(0), Le(20)] = 3.0
    doubt_pu: Annotated[float, Gt(0), Le(1)] = 0.05
    doubt_s: Annotated[float, Ge(0), Le(3600)] = 5.0


class State(NamedTuple):
    """The belief of all stores in the order of the site, and what it was made from.

    Attributes:
        at_ns: when stores were looked at last, 0 never [ns].
        mean: four states each, store after store.
        cov: their covariances, store after store.
        power_pu: power at the last look [pu].
        steady_pu: power that it has been steady at [pu].
        mean_pu: mean power since it has been [pu].
        steady_ns: since when [ns].
        reported_pu: charge that was reported last; negative before it was [pu].
        lost_pu: charge that went at once and may come back, 0 without [pu].
        above_ns: since when the report has been above the count, 0 when it is not [ns].
        doubted: stores that contradict their report, as told.
    """

    at_ns: int = 0
    mean: tuple[float, ...] = ()
    cov: tuple[float, ...] = ()
    power_pu: tuple[float, ...] = ()
    steady_pu: tuple[float, ...] = ()
    mean_pu: tuple[float, ...] = ()
    steady_ns: tuple[int, ...] = ()
    reported_pu: tuple[float, ...] = ()
    lost_pu: tuple[float, ...] = ()
    above_ns: tuple[int, ...] = ()
    doubted: tuple[str, ...] = ()


class _Arrays(NamedTuple):
    """A state as arrays, store by store, none of them changed any more; names as in `State`."""

    charges: Charges
    power_pu: Array
    steady_pu: Array
    mean_pu: Array
    steady_ns: Ints
    reported_pu: Array
    lost_pu: Array
    above_ns: Ints

    @classmethod
    def of(cls, state: State) -> _Arrays:
        """Return the arrays of a state."""
        mean = np.array(state.mean).reshape(-1, 4)
        return cls(
            Charges(mean, np.array(state.cov).reshape(-1, 4, 4)),
            np.array(state.power_pu),
            np.array(state.steady_pu),
            np.array(state.mean_pu),
            np.array(state.steady_ns),
            np.array(state.reported_pu),
            np.array(state.lost_pu),
            np.array(state.above_ns),
        )

    def state(self, at_ns: int, doubted: tuple[str, ...]) -> State:
        """Return the state of these arrays at a time [ns]."""
        return State(
            at_ns=at_ns,
            mean=tuple(self.charges.mean.ravel().tolist()),
            cov=tuple(self.charges.cov.ravel().tolist()),
            power_pu=tuple(self.power_pu.tolist()),
            steady_pu=tuple(self.steady_pu.tolist()),
            mean_pu=tuple(self.mean_pu.tolist()),
            steady_ns=tuple(self.steady_ns.tolist()),
            reported_pu=tuple(self.reported_pu.tolist()),
            lost_pu=tuple(self.lost_pu.tolist()),
            above_ns=tuple(self.above_ns.tolist()),
            doubted=doubted,
        )


class _Plan:
    """The stores of a site, and the points that tell about them."""

    def __init__(self, site: Site, points: PointTable) -> None:
        every = site.of_nature("ess", "ups", "rectifier", "ai_rack")
        self.stores = tuple(e for e in every if points.find(e.id, "soc_pu") is not None)
        self.size = len(self.stores)
        self.names = [e.id for e in self.stores]
        self.groups = [e.group for e in self.stores]
        names = [
            (e.id, next((n for n in served if points.find(e.id, n) is not None), served[0]))
            for served in _FIELDS.values()
            for e in self.stores
        ]
        self.gauges = Gauges(points, names)
        self.rated_w = np.array([_rated_w(e) for e in self.stores])
        self.energy_wh = np.array([_energy_wh(e) for e in self.stores])
        self.rate = self.rated_w / np.maximum(3600.0 * self.energy_wh, 1e-9)
        losses = np.array([_LOSS[e.nature] for e in self.stores]).reshape(-1, 2)
        self.loss, self.loss_sigma = losses[:, 0], losses[:, 1]
        self.battery_v = np.array([e.ratings.get("battery_v", np.nan) for e in self.stores])
        self.curve = [_curve(e) for e in self.stores]
        per_h = np.minimum(3600.0 * self.rate, cells.BUILT_PER_H)
        drops = np.array([_cells(e).drop_pu for e in self.stores])
        self.pace = charge.Pace(self.rate, drops * per_h)
        self.charger = np.array([e.nature in _WITH_CHARGER for e in self.stores], dtype=np.bool_)
        self.on_ac = np.array(
            [e.nature == "ess" and site.buses[e.buses[0]].kind == "ac" for e in self.stores],
            dtype=np.bool_,
        )
        self.converter = np.array([e.nature == "ess" for e in self.stores], dtype=np.bool_)
        labels = [e.kind.points["stage"].states for e in self.stores]
        self.charged = _codes(labels, _CHARGED)
        self.resting = _codes(labels, _RESTING)
        self.waiting = _codes(labels, _WAITING)
        self.failed = _codes(labels, frozenset({"fault", "off"}))
        self._kept: tuple[State, _Arrays] | None = None

    def arrays(self, state: State) -> _Arrays:
        """Return the arrays of a state: those it was made of if it is the last one."""
        if self._kept is None or self._kept[0] is not state:
            self._kept = state, _Arrays.of(state)
        return self._kept[1]

    def keep(self, state: State, arrays: _Arrays) -> None:
        """Remember what a state was made of: the next look mostly begins there."""
        self._kept = state, arrays


def _codes(labels: list[tuple[str, ...]], wanted: frozenset[str]) -> NDArray[np.bool_]:
    """Return by store and code of its stage whether that is one of some (n_store, 16)."""
    table = np.zeros((len(labels), 16), dtype=np.bool_)
    for row, states in enumerate(labels):
        for code, label in enumerate(states):
            table[row, code] = label in wanted
    return table


def _rated_w(item: Equipment) -> float:
    return item.ratings["power_w"]


def _energy_wh(item: Equipment) -> float:
    return item.ratings.get("energy_wh", 0.0) or item.ratings.get("battery_wh", 0.0)


def _curve(item: Equipment) -> cells.Curve | None:
    """Return what the voltage of a store tells; None where its cells are not given."""
    given = "battery_v" in item.ratings and item.ratings.get("chemistry_count", 0) in cells.CURVES
    return _cells(item) if given else None


def _cells(item: Equipment) -> cells.Curve:
    """Return the cells of a store, the usual ones where they are not given."""
    return cells.CURVES.get(int(item.ratings.get("chemistry_count", 0)), cells.LITHIUM_IRON)


_plan = once_per_site(_Plan)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing was counted."""
    return State()


class _Seen(NamedTuple):
    """What stores show (n_store,), NaN where nothing good is served."""

    power: Array
    current: Array
    charge: Array
    health: Array
    volts: Array
    stage: Array
    wanted: Array
    charging: Array
    giving: Array
    warmth: Array
    fault: Array


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Look at all stores when it is time."""
    if state.at_ns and not view.passed(state.at_ns + ns(params.every_s)):
        return Turn(state)
    plan = _plan(view.site, view.points)
    if not plan.size:
        return Turn(state)
    told = view.best_array(plan.gauges)
    seen = _Seen(*told.reshape(len(_FIELDS), plan.size))
    look = _Look(view, plan, seen, state, params)
    return look.turn()


def _word(before: Charge, after: Charge) -> tuple[LaneMessage, ...]:
    """Return what the switching lane has to know: the charge of stores whose report is wrong."""
    told, news = (
        {
            name: math.floor(c.stores[name].usable_pu / _TOLD_PU) * _TOLD_PU
            for name in c.contradicted
        }
        for c in (before, after)
    )
    return () if told == news else (LaneMessage("main", TOPIC, {"usable_pu": news}),)


class _Look:
    """One look at all stores."""

    def __init__(self, view: View, plan: _Plan, seen: _Seen, state: State, params: Params) -> None:
        self.view, self.plan, self.seen, self.params = view, plan, seen, params
        self.before = state
        self.power = self._power_pu()
        self.known = np.isfinite(self.power)
        was = plan.arrays(state) if state.mean else self._begun()
        self.charges = Charges(was.charges.mean.copy(), was.charges.cov.copy())  # changed in place
        self.last, self.steady, self.mean = was.power_pu, was.steady_pu, was.mean_pu
        self.steady_ns, self.above_ns = was.steady_ns, was.above_ns
        self.reported, self.lost = was.reported_pu, was.lost_pu
        self.by_volts = np.full(plan.size, np.nan)
        staged = np.isfinite(seen.stage)
        code = np.where(staged, np.clip(seen.stage, 0, 15), 15).astype(np.int64)
        self.staged, self.codes = staged, (np.arange(plan.size), code)

    def _begun(self) -> _Arrays:
        """Return what there is before the first look: nothing but what is shown now."""
        plan, params, n = self.plan, self.params, self.plan.size
        prior = Prior(
            params.reported_sigma_pu,
            params.bias_pu,
            plan.loss,
            plan.loss_sigma,
            params.health_sigma_pu,
        )
        told = self.seen.health >= _HEALTH_LEAST  # less is what shows where nothing is told
        health = np.where(told, self.seen.health, 1.0)
        reported = np.where(np.isfinite(self.seen.charge), self.seen.charge, 0.0)
        unknown = np.full(n, np.nan)
        return _Arrays(
            charge.begun(reported, np.minimum(health, 1.2), prior),
            power_pu=self.power,
            steady_pu=unknown,
            mean_pu=unknown,
            steady_ns=np.full(n, self.view.now_ns, dtype=np.int64),
            reported_pu=np.full(n, -1.0),
            lost_pu=np.zeros(n),
            above_ns=np.zeros(n, dtype=np.int64),
        )

    def _power_pu(self) -> Array:
        """Return the power of every store, by its current where that and its volts are known."""
        plan, seen = self.plan, self.seen
        by_current = seen.current * plan.battery_v
        power: Array = np.where(np.isfinite(by_current), by_current, seen.power) / plan.rated_w
        return power

    def turn(self) -> Turn[State]:
        """Count, correct, compare; return what is concluded."""
        self._count()
        self._follow_steadiness()
        self._correct()
        self._follow_reports()
        usable, doubted, events = self._judge()
        view, before = self.view, self.before
        arrays = _Arrays(
            self.charges,
            np.where(self.known, self.power, self.last),
            self.steady,
            self.mean,
            self.steady_ns,
            self.reported,
            self.lost,
            self.above_ns,
        )
        state = arrays.state(view.now_ns, doubted if doubted != before.doubted else before.doubted)
        self.plan.keep(state, arrays)
        fact = self._fact(usable, doubted)
        facts = None if fact == view.facts.charge else {"charge": fact}
        return Turn(state, events=events, messages=_word(view.facts.charge, fact), facts=facts)

    def _count(self) -> None:
        dt_s = seconds(self.view.now_ns - self.before.at_ns) if self.before.at_ns else 0.0
        if dt_s <= 0.0:
            return
        known, last, rate = self.known, self.last, self.plan.rate
        now = np.where(known, self.power, 0.0)
        since = np.where(np.isfinite(last), last, now)
        filling = self.plan.charger & self._in(self.plan.charged)
        power = 0.5 * (now + since)
        charge.counted(self.charges, power, now - since, self.plan.pace, dt_s, filling)
        unseen = np.where(known, 0.0, 0.5 * rate * dt_s)  # of one mind all the while: no noise
        variance = self.charges.cov[:, CHARGE, CHARGE]
        variance += unseen * (2.0 * np.sqrt(variance) + unseen)

    def _follow_steadiness(self) -> None:
        moved = ~(np.abs(self.power - self.steady) <= _STEADY_PU)
        self.steady = np.where(moved, self.power, self.steady)
        self.steady_ns = np.where(moved, self.view.now_ns, self.steady_ns)
        self.looks = 1.0 + (self.view.now_ns - self.steady_ns) / ns(self.params.every_s)
        mean = self.mean + (self.power - self.mean) / self.looks
        self.mean = np.where(moved, self.power, mean)

    def _in(self, table: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which stores are in one of the stages of a table; silence is none of them."""
        found: NDArray[np.bool_] = table[self.codes] & self.staged
        return found

    def _correct(self) -> None:
        plan, seen, charges = self.plan, self.seen, self.charges
        idle = np.abs(self.power) <= _IDLE_PU
        still_ns = self.view.now_ns - self.steady_ns
        floats = (np.abs(self.power) <= _AFLOAT_PU) & (seen.charge >= _CALLED_FULL_PU)
        rested = (idle & (still_ns >= _STEADY_NS)) | (floats & (still_ns >= _CALLED_NS))
        sound = ~self._in(plan.failed) & ~(seen.fault > 0.0) & ~(seen.warmth > _WARM_C)
        takes, gives = (w > _IDLE_PU * plan.rated_w for w in (seen.charging, seen.giving))
        full = plan.converter & sound & (seen.charging >= 0.0) & ~takes & gives
        empty = plan.converter & sound & (seen.giving >= 0.0) & ~gives & takes
        afloat = plan.charger & rested & self._in(plan.charged) & ~(seen.fault > 0.0)
        value = np.where(full | afloat, 1.0, np.where(empty, _EMPTY_PU[0], np.nan))
        sigma = np.where(full, _MARK_SIGMA[0], np.where(empty, _EMPTY_PU[1], _MARK_SIGMA[1]))
        charge.shown(charges, CHARGE, value, sigma)
        waits = ~plan.on_ac & self._in(plan.waiting) & (still_ns >= _WAITS_NS)
        asleep = (plan.on_ac & self._in(plan.resting)) | (plan.converter & waits)
        asleep &= np.abs(self.power) <= _ASLEEP_SIGMAS * self.params.bias_pu
        asleep &= seen.wanted == 0.0
        bias = np.where(asleep, self.mean, np.nan)
        charge.shown(charges, BIAS, bias, np.hypot(_REST_SIGMA / np.sqrt(self.looks), _REST_LEAST))
        self._correct_by_volts()

    def _correct_by_volts(self) -> None:
        plan, seen = self.plan, self.seen
        giving = (self.power < -_IDLE_PU) & np.isfinite(seen.volts) & np.isfinite(plan.battery_v)
        if not giving.any():
            return
        value, sigma = np.full(plan.size, np.nan), np.ones(plan.size)
        for n in np.flatnonzero(giving).tolist():
            curve = plan.curve[n]
            if curve is not None:
                volts_pu = float(seen.volts[n] / plan.battery_v[n])
                per_h = float(-self.power[n] * plan.rate[n]) * 3600.0
                value[n], sigma[n] = cells.charge_of(curve, volts_pu, per_h)
        charge.shown(self.charges, CHARGE, value, sigma)
        self.by_volts = np.where(sigma < _TELLING_PU, value + sigma, np.nan)

    def _follow_reports(self) -> None:
        """Begin with the report, and believe one that falls at once."""
        shown, mean, cov = self.seen.charge, self.charges.mean, self.charges.cov
        heard, first = np.isfinite(shown), self.reported < 0.0
        fallen = heard & ~first & (self.reported - shown > _FALL_PU)
        fallen &= mean[:, CHARGE] - shown > _FALL_PU
        back = heard & (self.lost > 0.0) & (shown - self.reported > _FALL_PU)
        back &= np.abs(shown - self.reported - self.lost) < 2.0 * _FALL_PU
        worthless = heard & (cov[:, CHARGE, CHARGE] > _LOST_PU**2)
        again = (heard & first) | fallen | back | worthless
        drop = self.reported - shown
        self.lost = np.where(fallen, drop, np.where(back, 0.0, self.lost))
        if again.any():
            mean[again, CHARGE] = shown[again]
            cov[again, CHARGE, :] = cov[again, :, CHARGE] = 0.0
            cov[again, CHARGE, CHARGE] = self.params.reported_sigma_pu**2
        self.reported = np.where(heard, shown, self.reported)

    def _judge(self) -> tuple[Array, tuple[str, ...], tuple[Event, ...]]:
        """Return what is usable, whose report is contradicted, and what is new of that."""
        params, view = self.params, self.view
        counted = np.clip(self.charges.mean[:, CHARGE], 0.0, 1.0)
        sigma = np.sqrt(self.charges.cov[:, CHARGE, CHARGE])
        reported = np.where(self.reported < 0.0, counted, self.reported)
        usable = np.fmin(np.fmin(reported, counted), self.by_volts)
        over = reported - usable
        limit = np.maximum(params.doubt_sigmas * sigma, params.doubt_pu)
        names = self.plan.names
        was = np.array([name in self.before.doubted for name in names], dtype=np.bool_)
        above = over > np.where(was, 0.5 * limit, limit)
        since = np.where(self.above_ns > 0, self.above_ns, view.now_ns)
        self.above_ns = np.where(above, since, 0)
        lasts = view.now_ns - self.above_ns >= ns(params.doubt_s)
        found = above & (was | lasts)
        doubted = tuple(name for name, yes in zip(names, found.tolist(), strict=True) if yes)
        events = tuple(
            self._event(n, float(reported[n]), float(usable[n]), float(sigma[n]))
            for n in np.flatnonzero(found & ~was).tolist()
        )
        return usable, doubted, events

    def _event(self, n: int, reported: float, usable: float, sigma: float) -> Event:
        name = self.plan.stores[n].id
        text = (
            f"{name}: reports a charge of {100 * reported:.0f} %, "
            f"{100 * usable:.0f} +- {100 * sigma:.0f} % are reckoned"
        )
        fields = {"reported_pu": round(reported, 3), "reckoned_pu": round(usable, 3)}
        return self.view.event(name, "charge_contradicted", text, **fields)

    def _fact(self, usable: Array, doubted: tuple[str, ...]) -> Charge:
        mean, cov, plan = self.charges.mean, self.charges.cov, self.plan
        sigma = np.sqrt(np.einsum("nii->ni", cov))
        counted = np.clip(mean[:, CHARGE], 0.0, 1.0)
        columns = (counted, sigma[:, CHARGE], usable, mean[:, HEALTH], mean[:, BIAS])
        rows = np.round(np.column_stack(columns), _SHOWN).tolist()
        stores = dict(zip(plan.names, starmap(Store, rows), strict=True))
        held = usable * np.minimum(mean[:, HEALTH], 1.0) * plan.energy_wh
        held_wh: dict[str, float] = {}
        for name, group, wh in zip(
            plan.names, plan.groups, np.round(held, 0).tolist(), strict=True
        ):
            held_wh[name] = wh
            if group:
                held_wh[group] = held_wh.get(group, 0.0) + wh
        return Charge(stores, held_wh, doubted)
