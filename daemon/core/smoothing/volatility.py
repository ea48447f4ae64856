"""How restless the load is: initial, intermediate or turbulent.

Theory of operation. What is measured is the power of all AI rows together. Its swing is the highest
less the lowest value in a rolling 5 s, as a part of the highest power within `look_back_s`; of
idle rows, of a part of their rating, for what they do moves nothing. Each second gives one swing;
a stage is entered on the 95th percentile of those within `look_back_s`, so that the start or stop
of one job, which is five seconds in three hundred, makes no stage, and a job that swings all the
time does. It is left again only when the percentile is `hysteresis_pu` below where it was entered.

The first stage is found when `look_back_s` is full and is told to nobody: it is no change. What is
seen while anything but the utility feeds, or while a row does not answer, is forgotten, for then it
is not the load that moves; the stage stands meanwhile.

    UNKNOWN
        WILD -> TURBULENT
        NEARLY_WILD, RESTLESS -> INTERMEDIATE
        NEARLY_CALM, CALM -> INITIAL
    INITIAL
        WILD -> TURBULENT
        NEARLY_WILD, RESTLESS -> INTERMEDIATE
    INTERMEDIATE
        WILD -> TURBULENT
        CALM -> INITIAL
    TURBULENT
        RESTLESS, NEARLY_CALM -> INTERMEDIATE
        CALM -> INITIAL

The stage is shown, counted and, when turbulent, alarmed; its row of `strategy` says what it means
for limits, bands, the rows' floor and how often the connection is looked at. *Initial* is below
5 %, *turbulent* above 20 %.

Source: thresholds and window, numbers of the product; percentile and hysteresis, own choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Interval, Le

from daemon.core.automaton import Table, Word, advance, ignoring_the_rest
from daemon.core.facts import Volatility
from daemon.core.gauges import Gauges
from daemon.core.smoothing.strategy import STRATEGIES
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

_WINDOW: Final = 5
"""Seconds over which a swing is taken."""
_PERCENTILE: Final = 0.95


class Stage(Word):
    """How restless the load is."""

    UNKNOWN = "unknown"
    INITIAL = "initial"
    INTERMEDIATE = "intermediate"
    TURBULENT = "turbulent"


class Event(Word):
    """What the percentile says, once a second."""

    WILD = "at or above the turbulent threshold"
    NEARLY_WILD = "below turbulent, not clearly"
    RESTLESS = "clearly below turbulent, at or above intermediate"
    NEARLY_CALM = "below intermediate, not clearly"
    CALM = "clearly below intermediate"


_TRANSITIONS: Final = {
    (Stage.UNKNOWN, Event.WILD): Stage.TURBULENT,
    (Stage.UNKNOWN, Event.NEARLY_WILD): Stage.INTERMEDIATE,
    (Stage.UNKNOWN, Event.RESTLESS): Stage.INTERMEDIATE,
    (Stage.UNKNOWN, Event.NEARLY_CALM): Stage.INITIAL,
    (Stage.UNKNOWN, Event.CALM): Stage.INITIAL,
    (Stage.INITIAL, Event.WILD): Stage.TURBULENT,
    (Stage.INITIAL, Event.NEARLY_WILD): Stage.INTERMEDIATE,
    (Stage.INITIAL, Event.RESTLESS): Stage.INTERMEDIATE,
    (Stage.INTERMEDIATE, Event.WILD): Stage.TURBULENT,
    (Stage.INTERMEDIATE, Event.CALM): Stage.INITIAL,
    (Stage.TURBULENT, Event.RESTLESS): Stage.INTERMEDIATE,
    (Stage.TURBULENT, Event.NEARLY_CALM): Stage.INTERMEDIATE,
    (Stage.TURBULENT, Event.CALM): Stage.INITIAL,
}
VOLATILITY: Final = Table(
    first=Stage.UNKNOWN,
    transitions=_TRANSITIONS,
    # Each second says one of them again: a stage listens to what moves it.
    ignored=ignoring_the_rest(Stage, Event, _TRANSITIONS),
    rests=frozenset(Stage),
)


@dataclass(frozen=True, slots=True)
class Params:
    """Thresholds and times.

    Attributes:
        intermediate_pu: swing by the highest power from which the load is intermediate [pu].
        turbulent_pu: from which it is turbulent [pu].
        hysteresis_pu: part of a threshold below which its stage is left [pu].
        look_back_s: over so long the percentile is taken [s].
        least_pu: part of the rating that swings are measured by at least [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    intermediate_pu: Annotated[float, Gt(0.0), Le(1.0)] = 0.05
    turbulent_pu: Annotated[float, Gt(0.0), Le(1.0)] = 0.2
    hysteresis_pu: Annotated[float, Interval(ge=0.1, le=1.0)] = 0.8
    look_back_s: Annotated[float, Ge(30.0), Le(3600.0)] = 300.0
    least_pu: Annotated[float, Interval(ge=0.05, le=1.0)] = 0.25


class Second(NamedTuple):
    """Lowest and highest power within one second [W]."""

    low_w: float
    high_w: float


class State(NamedTuple):
    """What has been seen.

    Attributes:
        stage: of the load.
        since_ns: since when [ns].
        second: number of the second that runs; -1 where nothing has been seen.
        now: of that second.
        last: of the seconds before it, at most a window, oldest first.
        swings_w: of the windows that ended within the look-back, oldest first [W].
        highs_w: highest power of the same seconds [W].
    """

    stage: Stage = Stage.UNKNOWN
    since_ns: int = 0
    second: int = -1
    now: Second = Second(0.0, 0.0)
    last: tuple[Second, ...] = ()
    swings_w: tuple[float, ...] = ()
    highs_w: tuple[float, ...] = ()


@once_per_site
def _gauges(site: Site, points: PointTable) -> tuple[Gauges, float]:
    """Return the powers of all rows, and their rating [W]."""
    rows = site.of_nature("rack_row")
    powers = Gauges(points, [(row.id, "power_w") for row in rows])
    return powers, sum(row.ratings["power_w"] for row in rows)


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Take what the rows draw now, and judge once a second."""
    gauges, rated_w = _gauges(view.site, view.points)
    if not rated_w:
        return Turn(state)
    powers_w = [power_w for power_w in view.believed(gauges) if power_w is not None]
    second = view.now_ns // SECOND
    if len(powers_w) < len(gauges.points) or not _on_utility(view):
        return Turn(State(state.stage, state.since_ns))
    power_w = sum(powers_w)
    if second == state.second:
        now = Second(min(state.now.low_w, power_w), max(state.now.high_w, power_w))
        return Turn(state if now == state.now else state._replace(now=now))
    most = round(params.look_back_s)
    seen = _next(state, second, most)._replace(second=second, now=Second(power_w, power_w))
    return _judged(view, seen, rated_w, params) if len(seen.swings_w) == most else Turn(seen)


def _on_utility(view: View) -> bool:
    """Return whether nothing but the utility feeds any section of a scheme."""
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    return all(feed == "utility" for feed in dict(supply.get("feeds", {})).values())


def _next(state: State, second: int, most: int) -> State:
    """Return the state when a second is over; seconds that nobody saw make a window anew."""
    if second != state.second + 1:
        return state._replace(last=())
    last = (*state.last, state.now)[-_WINDOW:]
    if len(last) < _WINDOW:
        return state._replace(last=last)
    swing_w = max(s.high_w for s in last) - min(s.low_w for s in last)
    swings_w = (*state.swings_w, swing_w)[-most:]
    highs_w = (*state.highs_w, state.now.high_w)[-most:]
    return state._replace(last=last, swings_w=swings_w, highs_w=highs_w)


def _judged(view: View, state: State, rated_w: float, params: Params) -> Turn[State]:
    """Return the stage that the swings of the look-back make."""
    order = sorted(state.swings_w)
    base_w = max(*state.highs_w, params.least_pu * rated_w)
    swing_pu = order[ceil(_PERCENTILE * len(order)) - 1] / base_w
    at = state.stage, state.since_ns
    stage, since_ns = advance(VOLATILITY, at, (_event(swing_pu, params),), view, {})
    if stage is state.stage:
        return Turn(state)
    after, facts = (
        state._replace(stage=stage, since_ns=since_ns),
        {"volatility": Volatility(stage.value, STRATEGIES[stage.value].kept_pu)},
    )
    if state.stage is Stage.UNKNOWN:
        return Turn(after, facts=facts)
    median_pu, most_pu = order[len(order) // 2] / base_w, order[-1] / base_w
    text = (
        f"Load volatility is {stage.value} (before: {state.stage.value}): swings in 5 s of "
        f"{100 * swing_pu:.0f} % of the highest power, median {100 * median_pu:.0f} %, "
        f"highest {100 * most_pu:.0f} %"
    )
    fields = {"stage": stage.value, "before": state.stage.value, "swing_pu": round(swing_pu, 4)}
    event = view.event(view.site.id, "volatility_stage", text, **fields)
    return Turn(after, events=(event,), facts=facts)


def _event(swing_pu: float, params: Params) -> Event:
    """Return what a swing says."""
    if swing_pu >= params.turbulent_pu:
        return Event.WILD
    if swing_pu >= params.hysteresis_pu * params.turbulent_pu:
        return Event.NEARLY_WILD
    if swing_pu >= params.intermediate_pu:
        return Event.RESTLESS
    if swing_pu >= params.hysteresis_pu * params.intermediate_pu:
        return Event.NEARLY_CALM
    return Event.CALM
