"""Who of the site's own sources gives how much: reactor, sun, grid, and the turbine in an island.

Beside the utility the order is: the reactor gives all it can, since its fuel is spent anyway; then
the sun; the grid gives the rest. Neither may push power into the grid beyond what the contract
allows, so what they may give together is what the site takes, less `margin_w`; the sun is cut back
first, because it follows at once, the reactor then, as fast as its ramp lets it. Storage, gas
turbine and diesel sets give nothing for economy here: they stand by for an outage, in which storage
helps sets that are short (`storage.dispatch`) and the turbine takes what sets cannot
(`generation.turbine`).

In an island that a gas turbine holds the reactor gives what is left above `least_pu` of the
turbine's rating, so that whoever keeps the frequency keeps room to move both ways.

What is not measured changes nothing: the last set-points stand. Off the grid and off an island
nothing is said. Set-points move in steps of `grain_w`.

Source: own derivation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Ge, Gt, Interval, Le

from daemon.core.gauges import Gauges
from daemon.core.topology import once_per_site
from daemon.core.view import Turn, View
from daemon.model.commands import Proposal
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = "sources"
POWER: Final = "power_setpoint_w"
LIMIT: Final = "power_limit_w"


@dataclass(frozen=True, slots=True)
class Params:
    """How near to the limit, and how often.

    Attributes:
        every_s: time between two looks [s].
        margin_w: import that is kept beyond what the contract asks for [W].
        grain_w: step of set-points [W].
        least_pu: part of its rating that a turbine keeps in an island [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    every_s: Annotated[float, Gt(0), Le(60)] = 1.0
    margin_w: Annotated[float, Ge(0)] = 0.2e6
    grain_w: Annotated[float, Gt(0)] = 50e3
    least_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.3


class State(NamedTuple):
    """Set-points that stand, by equipment, and when the sources were last looked at [ns]."""

    proposals: tuple[Proposal, ...] = ()
    looked_ns: int = 0


class _Plan(NamedTuple):
    """The sources, and what their powers and the import are read from."""

    reactors: tuple[Equipment, ...]
    plants: tuple[Equipment, ...]
    turbines: tuple[Equipment, ...]
    own: Gauges
    """Power of all of these, in this order."""
    imports: Gauges
    """Power at the buses of utilities."""
    metered: bool


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    reactors, plants = site.of_nature("smr"), site.of_nature("pv")
    turbines = site.of_nature("gas_turbine")
    feeds = {e.buses[0] for e in site.of_nature("utility")}
    meters = [e for e in site.of_nature("meter") if e.buses[0] in feeds]
    return _Plan(
        reactors,
        plants,
        turbines,
        Gauges(points, [(e.id, "power_w") for e in (*reactors, *plants, *turbines)]),
        Gauges(points, [(m.id, "power_w") for m in meters]),
        bool(meters),
    )


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing has been looked at."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Propose a set-point for every source that gives by set-point."""
    plan = _plan(view.site, view.points)
    if not (plan.reactors or plan.plants):
        return Turn(state)
    if state.looked_ns and view.now_ns - state.looked_ns < ns(params.every_s):
        return Turn(state, state.proposals)
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    found = _decide(view, plan, supply, params)
    proposals = state.proposals if found is None else found
    return Turn(State(proposals, view.now_ns), proposals)


def _decide(
    view: View, plan: _Plan, supply: Mapping[str, object], params: Params
) -> tuple[Proposal, ...] | None:
    """Return the set-points of this instant, None when the last ones stand."""
    own = view.best(plan.own)
    if None in own:
        return None
    given_w = [-power for power in own if power is not None]
    n_steady, n_own = len(plan.reactors), len(plan.reactors) + len(plan.plants)
    feeds = dict(supply.get("feeds", {})).values()  # type: ignore[call-overload]
    if "island" in feeds:
        lead_w = sum(given_w[n_own:])
        kept_w = params.least_pu * sum(t.ratings["power_w"] for t in plan.turbines)
        room_w = sum(given_w[:n_steady]) + lead_w - kept_w
        return tuple(_reactors(plan, room_w, params, "the turbine keeps room in the island"))
    if "utility" not in feeds or not plan.metered:
        return ()
    imports = view.best(plan.imports)
    if None in imports:
        return None
    import_w = sum(power for power in imports if power is not None)
    room_w = import_w + sum(given_w[:n_own]) + view.site.contract.export_limit_w - params.margin_w
    why = "reactor first, then the sun, the grid gives the rest"
    found = _reactors(plan, room_w, params, why)
    left_w = room_w - sum(given_w[:n_steady])
    for plant in plan.plants:
        limit_w = _grained(min(max(left_w, 0.0), plant.ratings["power_w"]), params)
        found.append(Proposal(plant.id, LIMIT, "max", limit_w, OWNER, why))
        left_w -= limit_w
    return tuple(found)


def _reactors(plan: _Plan, room_w: float, params: Params, why: str) -> list[Proposal]:
    """Return the set-points of the reactors, who share what there is in order of the site file."""
    found = []
    for reactor in plan.reactors:
        wanted_w = _grained(min(max(room_w, 0.0), reactor.ratings["power_w"]), params)
        # A person may want less of it. As a bound it is followed to the end by itself.
        found.append(Proposal(reactor.id, POWER, "min", -wanted_w, OWNER, why))
        room_w -= wanted_w
    return found


def _grained(power_w: float, params: Params) -> float:
    return float(int(power_w / params.grain_w)) * params.grain_w
