"""Is each breaker as it shows? Two hypotheses, weighed by its flow and the voltages beside it.

Theory of operation. For every breaker *closed* is weighed against *open*. Evidence adds up as the
logarithm of a likelihood ratio; each kind of it is capped by how often such an instrument lies:

- *flow*: what is open carries nothing. A current that stands out of the noise speaks for closed,
  more so where power agrees; power without current is a lying meter and speaks for nothing. No flow
  speaks a little for open: a closed switch may be idle, and a closed tie may carry nothing;
- *difference*: across a closed switch there is none. Live on one side and dead on the other is the
  clear case;
- *way*: a part that no other way leads to a source, by the positions shown, and that is live, is
  fed through this switch; a part that is dead beside a live one is not. The more devices say so,
  the more it counts. Where several switches that are shown open lead into such a part, one of them
  that carries something explains it for all, and else they share the suspicion.

Against this stands that a position is seldom shown wrong. What comes of it is `contradicted` where
the other position is beyond doubt (with its probability), `confirmed` where evidence speaks for
what is shown, else `undetermined`: an idle feeder, or everything dead. Two readings of the device,
one after the other, must say the same before a verdict is contradicted or is taken back.

Flows and voltages are read more slowly than positions. After anything has switched, evidence counts
only when it was read after that, and voltages only when what is left in capacitors has gone: until
then `lagging` is told and no verdict becomes worse.

Who is contradicted counts as neither open nor closed from then on (`daemon.core.topology`), in both
lanes: whatever depends on its position is refused by the interlocks, with that reason, and nothing
automatic relies on it. Breakers only; a transfer switch shows which source it stands on by its own
voltages, which its supervision watches.

Source: own derivation; hypotheses as in A. Abur, A. Gomez Exposito, Power System State Estimation,
chapter 8 (topology errors); faults F25 and F26.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from daemon.core.estimation.ways import Ways, joints_of
from daemon.core.facts import Positions, Verdict
from daemon.core.topology import DEAD_PU, LIVE_PU, once_per_site
from daemon.core.view import Turn
from daemon.model.commands import LaneMessage
from daemon.model.natures import Position
from daemon.model.quality import good_mask
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.view import View
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]

CONFIRMED, CONTRADICTED, UNDETERMINED = "confirmed", "contradicted", "undetermined"
TOPIC: Final = "positions"

_PRIOR: Final = math.log(1e4)
"""A position is shown wrong once in so many looks that matter."""
_SURE: Final = math.log(100.0)
"""Odds from which on the other position is beyond doubt."""
_TELLS: Final = 3.0
"""Evidence from which on what is shown is confirmed."""
_FLOW, _ONE_METER, _CURRENT_ALONE = 14.0, 11.0, 8.0
_IDLE: Final = -1.5
_DIFFERENCE: Final = 14.0
_WAY, _WAY_MORE, _WAY_MOST = 12.0, 6.0, 18.0
_SEEN: Final = 4.5
"""Half the square of three standard deviations."""
_CARRIES: Final = 1.0
_VERDICTS: Final = (UNDETERMINED, CONFIRMED, CONTRADICTED)
_CONTRADICTED: Final = 2
_READ: Final = ("current_a", "power_w", "source_voltage_v", "load_voltage_v")
"""What is read of each breaker beside its position."""
_READINGS: Final = 2
_VOLTAGES: Final = {
    "breaker": (("source_voltage_v", 0), ("load_voltage_v", 1)),
    "relay": (("voltage_ll_v", 0),),
    "meter": (("voltage_v", 0),),
    "ups": (("input_voltage_ll_v", 0),),
    "hvdc": (("input_voltage_ll_v", 0),),
    "rectifier": (("input_voltage_ll_v", 0),),
}
"""Voltages that tell of a bus, with the terminal they are at."""


@dataclass(frozen=True, slots=True)
class Params:
    """How well breakers measure, and how long evidence lags.

    Attributes:
        every_s: time between two looks [s].
        flow_sigma_pu: deviation of current and power, by reading [pu].
        floor_pu: the same at nothing, by rating [pu].
        voltage_sigma_pu: deviation of a voltage [pu].
        settle_s: a reading counts so long after anything has switched [s].
        residual_s: a voltage counts so long after that [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    every_s: Annotated[float, Gt(0), Le(10)] = 0.2
    flow_sigma_pu: Annotated[float, Gt(0), Le(0.2)] = 0.01
    floor_pu: Annotated[float, Gt(0), Le(0.1)] = 0.002
    voltage_sigma_pu: Annotated[float, Gt(0), Le(0.1)] = 0.007
    settle_s: Annotated[float, Ge(0), Le(60)] = 0.1
    residual_s: Annotated[float, Ge(0), Le(60)] = 0.9


class State(NamedTuple):
    """What was seen and concluded of every breaker, in the order of the site.

    Attributes:
        at_ns: time of the last look [ns].
        codes: what told of ways at the last look.
        switched_ns: when that changed last [ns].
        read_ns: when each device was read last [ns].
        against: readings in a row that say the other thing than the verdict.
        verdict: of each.
        probability: that it is not as it shows, when its verdict was found.
    """

    at_ns: int = 0
    codes: tuple[int, ...] = ()
    switched_ns: int = 0
    read_ns: tuple[int, ...] = ()
    against: tuple[int, ...] = ()
    verdict: tuple[str, ...] = ()
    probability: tuple[float, ...] = ()


class _Plan:
    """The breakers of a site, and the points that tell about them."""

    def __init__(self, site: Site, points: PointTable) -> None:
        def served(item: Equipment, name: str) -> bool:
            return points.find(item.id, name) is not None

        every = site.of_nature("breaker")
        self.items = tuple(e for e in every if served(e, "position"))
        self.number = {bus: i for i, bus in enumerate(site.buses)}
        self.ends = np.array([[self.number[b] for b in e.buses] for e in self.items], dtype=np.intp)
        self.ends = self.ends.reshape(-1, 2)
        self.position = self._column(points, "position")
        self.read = np.stack([self._column(points, name) for name in _READ])
        nominal = [site.buses[e.buses[0]].voltage_v for e in self.items]
        phases = [
            math.sqrt(3.0) if site.buses[e.buses[0]].kind == "ac" else 1.0 for e in self.items
        ]
        nominal_v = np.array(nominal)
        rated_a = np.array([e.ratings["current_a"] for e in self.items])
        rated_w = rated_a * nominal_v * np.array(phases)
        self.base = np.stack([rated_a, rated_w, nominal_v, nominal_v])
        rows = [
            (points.index(e.id, name), self.number[bus], n, site.buses[bus].voltage_v)
            for n, e in enumerate(site.equipment.values())
            for name, terminal in _VOLTAGES.get(e.nature, ())
            if terminal < len(e.buses) and served(e, name)
            for bus in (e.buses[terminal],)
        ]
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        self.gauge_point, self.gauge_bus = (table[:, n].astype(np.intp) for n in (0, 1))
        self.gauge_nominal = table[:, 3]
        measured = self.read[0]
        self.stamp = np.where(measured >= 0, measured, self.position)
        self.joints = joints_of(site, points)
        self._kept: tuple[bytes, Ways] | None = None

    def ways(self, codes: NDArray[np.int64]) -> Ways:
        """Return the parts of every breaker; kept while nothing switches."""
        key = codes.tobytes()
        if self._kept is None or self._kept[0] != key:
            self._kept = key, self.joints.ways(codes, self.ends)
        return self._kept[1]

    def _column(self, points: PointTable, name: str) -> NDArray[np.intp]:
        """Return the index of a point of every breaker, -1 where it is not served (n_breaker,)."""
        found = (points.find(e.id, name) for e in self.items)
        return np.array([-1 if index is None else index for index in found], dtype=np.intp)


_plan = once_per_site(_Plan)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing was weighed."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Weigh what breakers show when it is time."""
    if state.at_ns and not view.passed(state.at_ns + ns(params.every_s)):
        return Turn(state)
    plan = _plan(view.site, view.points)
    if not plan.items:
        return Turn(state)
    codes = plan.joints.codes(view.image)
    told, read_ns = tuple(codes.tolist()), tuple(view.image.source_ns[plan.stamp].tolist())
    if told != state.codes:
        state = state._replace(codes=told, switched_ns=view.now_ns)
    elif read_ns == state.read_ns:
        return Turn(state._replace(at_ns=view.now_ns))
    look = _Look(view, plan, codes, state, params)
    after = look.concluded(state)
    fact = _fact(plan, after, view.facts.positions, lagging=look.lagging)
    events = _events(view, plan, state, after)
    messages: tuple[LaneMessage, ...] = ()
    if fact.contradicted != view.facts.positions.contradicted:
        messages = (LaneMessage("main", TOPIC, {"contradicted": fact.contradicted}),)
    facts = None if fact is view.facts.positions else {"positions": fact}
    return Turn(after, events=events, messages=messages, facts=facts)


class _Look:
    """One look at all breakers: the evidence for closed against open (n_breaker,)."""

    def __init__(
        self, view: View, plan: _Plan, codes: NDArray[np.int64], state: State, params: Params
    ) -> None:
        self.view, self.plan, self.params = view, plan, params
        self.image = image = view.image
        self.good = good_mask(image.quality)
        self.ways = plan.ways(codes)
        self.read_ns = image.source_ns[plan.stamp]
        self.settled_ns = state.switched_ns + ns(params.residual_s)
        self.flows_count = self.read_ns > state.switched_ns + ns(params.settle_s)
        self.volts_count = self.read_ns > self.settled_ns
        self.lagging = not bool(self.volts_count.all())
        self.was = np.zeros(len(plan.items), dtype=np.bool_)
        if CONTRADICTED in state.verdict:
            self.was |= np.array(state.verdict) == CONTRADICTED
        known = self.good[plan.position]
        self.shown = np.where(known, image.values[plan.position], Position.BAD.value)
        served = (plan.read >= 0) & self.good[plan.read]
        read = np.where(served, image.values[plan.read], np.nan) / plan.base
        self.flows, self.volts = read[:2], read[2:]

    def _by_flow(self) -> Array:
        """Return what current and power say (n_breaker,)."""
        params = self.params
        sigma = np.hypot(params.flow_sigma_pu * self.flows, params.floor_pu)
        i, p = 0.5 * (self.flows / sigma) ** 2
        both = np.isfinite(i) & np.isfinite(p)
        alone = np.where(np.isfinite(i), i, p)
        flows = np.where(p > _SEEN, np.minimum(i, _FLOW), np.minimum(i, _CURRENT_ALONE))
        odd = (i < _SEEN) & (p > _CURRENT_ALONE)
        said = np.where(both, np.where(odd, 0.0, flows), np.minimum(alone, _ONE_METER))
        quiet = np.where(both, np.fmax(i, p) < _SEEN, alone < _SEEN)
        found = np.where(quiet, _IDLE, said)
        return np.where(np.isfinite(alone) & self.flows_count, found, 0.0)

    def _by_difference(self) -> Array:
        """Return what the voltages of its two sides say (n_breaker,)."""
        apart = (self.volts[0] - self.volts[1]) / (math.sqrt(2.0) * self.params.voltage_sigma_pu)
        found = -np.minimum(np.where(np.abs(apart) > 5.0, 0.5 * apart**2, 0.0), _DIFFERENCE)
        return np.where(np.isfinite(apart) & self.flows_count, found, 0.0)

    def _by_way(self, flows: Array) -> Array:
        """Return what parts say that hang on a switch alone (n_breaker,).

        Args:
            flows: what flows say (n_breaker,).
        """
        plan, ways, image = self.plan, self.ways, self.image
        volts = image.values[plan.gauge_point] / plan.gauge_nominal
        fresh = image.source_ns[plan.gauge_point] > self.settled_ns
        good, size = self.good[plan.gauge_point] & fresh, len(plan.number)
        live, dead = (
            np.asarray(np.bincount(plan.gauge_bus, good & so, size), dtype=np.float64)
            for so in (volts > LIVE_PU, volts < DEAD_PU)
        )
        lit, dark = ways.parts(live), ways.parts(dead)
        opened = self.shown == Position.OPEN.value
        carries = (opened & ((flows > _CARRIES) | self.was)).astype(np.float64)
        carrying = ways.out_of(carries) - carries[:, None]
        shared = np.log(np.maximum(ways.out_of(opened.astype(np.float64)), 1.0))
        alight = ~ways.fed & (lit > 0.0) & (dark == 0.0) & (carrying < 0.5)
        sure = np.minimum(_WAY + _WAY_MORE * (lit - 1.0), _WAY_MOST) - shared
        # A part that hangs on the switch alone and is dark beside one that is live.
        unlit = ~ways.fed & (dark > 1.0) & (lit == 0.0) & (lit[:, ::-1] > 0.0)
        weight = np.where(alight, sure, 0.0) - np.where(unlit, _WAY, 0.0)
        return np.where(self.volts_count, weight.sum(axis=1), 0.0)

    def concluded(self, state: State) -> State:
        """Return the state after this look."""
        n = len(self.plan.items)
        flows = self._by_flow()
        evidence = flows + self._by_difference() + self._by_way(flows)
        closed = self.shown == Position.CLOSED.value
        known = closed | (self.shown == Position.OPEN.value)
        support = np.where(closed, evidence, -evidence)
        odds = np.where(known, -support - _PRIOR, -_PRIOR)
        before = state.verdict or (UNDETERMINED,) * n
        was = self.was
        new = self.read_ns != (np.array(state.read_ns) if state.read_ns else np.zeros(n))
        other = np.where(was, odds < 0.0, odds > _SURE)
        against = np.array(state.against) if state.against else np.zeros(n, dtype=np.int64)
        against = np.where(other, against + new, 0)
        turns = against >= _READINGS
        now = np.where(turns, ~was, was)
        said = np.where(now, _CONTRADICTED, known & (support > _TELLS))
        verdict = tuple([_VERDICTS[n] for n in said.tolist()])
        probability = state.probability or (0.0,) * n
        if verdict != before:
            chance = np.round(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))), 4).tolist()
            probability = tuple(
                old if said == held else new_
                for old, new_, said, held in zip(probability, chance, verdict, before, strict=True)
            )
        return state._replace(
            at_ns=self.view.now_ns,
            read_ns=tuple(self.read_ns.tolist()),
            against=tuple(np.where(turns, 0, against).tolist()),
            verdict=verdict,
            probability=probability,
        )


def _fact(plan: _Plan, state: State, before: Positions, *, lagging: bool) -> Positions:
    if lagging == before.lagging and len(before.verdicts) == len(plan.items):
        told = tuple(v.verdict for v in before.verdicts.values())
        if told == state.verdict:
            return before
    rows = zip(plan.items, state.verdict, state.probability, strict=True)
    verdicts = {item.id: Verdict(verdict, chance) for item, verdict, chance in rows}
    contradicted = tuple(name for name, v in verdicts.items() if v.verdict == CONTRADICTED)
    return Positions(verdicts, contradicted, lagging)


def _events(view: View, plan: _Plan, before: State, after: State) -> tuple[Event, ...]:
    if CONTRADICTED not in before.verdict and CONTRADICTED not in after.verdict:
        return ()
    events = []
    was = before.verdict or (UNDETERMINED,) * len(plan.items)
    rows = zip(plan.items, was, after.verdict, after.probability, plan.position, strict=True)
    for item, old, new, chance, index in rows:
        if CONTRADICTED not in {old, new} or old == new:
            continue
        shows = Position(int(view.image.values[index])).name.lower()
        text = f"{item.id}: flow and voltages fit what it shows again"
        if new == CONTRADICTED:
            text = f"{item.id}: shows {shows}, flow and voltages say otherwise ({chance:.1%})"
        fields = {"shows": shows, "verdict": new, "probability": chance}
        events.append(view.event(item.id, "position_judged", text, **fields))
    return tuple(events)
