"""Compensators: the slow part of the voltage by set-point, the fast part left to themselves.

Theory of operation. A compensator opposes by itself, within milliseconds, what its voltage does,
which is what lamps and neighbours see as flicker; no loop over a bus could. What it needs for that
is room: a set-point near its rating leaves none. So the daemon leads its reactive power slowly, by
`step_pu` of the rating once in `every_s`, and keeps at least `flicker_pu` of the rating free for
the device; where flicker is above `noticed_pu` (people notice 1), `noticed_room_pu`.

*Voltage.* Outside `band_pu` around nominal it supplies or takes reactive power until the voltage is
back at the edge; inside half the band what was lent goes back to zero. The band is wider than that
of tap changers, which go on while the compensator holds the edge, and relieve it.

*When.* Only in the mode that follows a reactive power, which a person may change; while nothing but
the utility feeds any section, for regulators of sets hold their own voltage and a capacitive load
is the last they can bear; and on good values. Else it asks for zero. A person overrules.

Power is consumption positive: a compensator that supplies has negative reactive power.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Interval

from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.commands import Proposal
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = "compensation"
POINT: Final = "reactive_power_setpoint_var"
_LED: Final = "reactive_power"
"""Mode in which it follows a set-point of reactive power."""
_HALF: Final = 0.5

Fraction = Annotated[float, Interval(ge=0.0, le=1.0)]


@dataclass(frozen=True, slots=True)
class Params:
    """Band of the voltage, and what is left to the device.

    Attributes:
        band_pu: voltage this far from nominal is left alone [pu].
        every_s: time between set-points [s].
        step_pu: most that a set-point moves in that time, by rating [pu].
        flicker_pu: part of the rating that is left to the device [pu].
        noticed_pu: severity of flicker from which it is left more [pu].
        noticed_room_pu: part of the rating that is left to it then [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    band_pu: Annotated[float, Interval(ge=0.005, le=0.1)] = 0.02
    every_s: Annotated[float, Interval(ge=0.5, le=60.0)] = 1.0
    step_pu: Annotated[float, Gt(0.0)] = 0.05
    flicker_pu: Fraction = 0.4
    noticed_pu: Annotated[float, Ge(0.0)] = 0.9
    noticed_room_pu: Fraction = 0.8


class State(NamedTuple):
    """What is asked for.

    Attributes:
        asked_var: of each compensator, its set-point [var].
        wishes: what is proposed until the next look.
        due_ns: when that is [ns].
    """

    asked_var: tuple[float, ...] = ()
    wishes: tuple[Proposal, ...] = ()
    due_ns: int = 0


class _Plan(NamedTuple):
    compensators: tuple[Equipment, ...]
    nominal_v: tuple[float, ...]
    told: Gauges
    """Voltage, flicker and set-point of each."""


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    found = site.of_nature("statcom")
    names = ("voltage_ll_v", "flicker_pu", POINT)
    return _Plan(
        found,
        tuple(site.buses[e.buses[0]].voltage_v for e in found),
        Gauges(points, [(e.id, name) for e in found for name in names]),
    )


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Lead every compensator when it is time; between two looks what was proposed stands."""
    plan = _plan(view.site, view.points)
    if not plan.compensators or view.now_ns < state.due_ns:
        return Turn(state, state.wishes)
    told = view.gauge(plan.told)
    alone = _on_utility(view)
    asked, wishes = [], []
    for n, item in enumerate(plan.compensators):
        voltage_v, flicker_pu, shown_var = told[3 * n : 3 * n + 3]
        led = view.stage(item.id) == "running" and view.stage(item.id, "mode") == _LED
        before_var = state.asked_var[n] if state.asked_var else shown_var or 0.0
        off_pu = None if voltage_v is None else voltage_v / plan.nominal_v[n] - 1.0
        value_var = 0.0
        if led and alone and off_pu is not None and flicker_pu is not None:
            rated_var = item.ratings["reactive_power_var"]
            value_var = rated_var * led_pu(before_var / rated_var, off_pu, flicker_pu, params)
        asked.append(value_var)
        if led and shown_var is not None and (value_var or shown_var):
            why = "voltage is off its band" if value_var else "voltage is held without it"
            wishes.append(Proposal(item.id, POINT, "prefer", value_var, OWNER, why))
    due_ns = view.now_ns + ns(params.every_s)
    return Turn(State(tuple(asked), tuple(wishes), due_ns), tuple(wishes))


def led_pu(before_pu: float, off_pu: float, flicker_pu: float, params: Params) -> float:
    """Return the next set-point of a compensator, supplying negative [pu].

    Args:
        before_pu: the one that stands [pu].
        off_pu: how far the voltage is above nominal, negative below [pu].
        flicker_pu: severity of flicker [pu].
        params: of this controller.
    """
    noticed = flicker_pu >= params.noticed_pu
    most_pu = 1.0 - (params.noticed_room_pu if noticed else params.flicker_pu)
    value_pu = before_pu
    if abs(off_pu) > params.band_pu:
        value_pu += params.step_pu if off_pu > 0.0 else -params.step_pu
    elif abs(off_pu) <= _HALF * params.band_pu:
        value_pu -= min(max(before_pu, -params.step_pu), params.step_pu)
    bounded_pu = min(max(value_pu, -most_pu), most_pu)
    # Less room is come to by the same steps; steps there and back come to zero again.
    led = min(max(bounded_pu, before_pu - params.step_pu), before_pu + params.step_pu)
    return round(led, 6)


def _on_utility(view: View) -> bool:
    """Return whether nothing but the utility is known to feed any section."""
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    feeds = dict(supply.get("feeds", {})).values()
    return bool(feeds) and all(feed == "utility" for feed in feeds)
