"""What goes of the loads beside the AI rows when what is left cannot carry even those.

Theory of operation. Rows give way first (`caps`, `shedding`). When a source of the site carries the
sections in an outage, no set is on its way any more, and what it can give is less than what
chillers and IT racks need, those that do not fit go in one step, after `confirm_s`: loads are kept
as long as there is room, critical ones first and each kind in order of priority. A chiller is told
to stop; the feeder that a scheme has opened (`transfer.rows`) does not suffice for it, since its
transfer switch finds the other side. It is started again when a larger source came that can carry
it, or with the utility. An IT rack ends in order (`shutdown`) and is started by a person; while
storage alone holds a section, which is for a time, only chillers go. Pumps are never stopped:
without coolant everything else is lost as well.

A load that runs counts with what it takes; one that starts, or cannot be read, with its rating; one
that rests with nothing, until it starts. Losses and recharge come on top as `overhead_pu`. Spends
no storage.

Source: own derivation; faults F44, F47.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple

from annotated_types import Gt, Interval

from daemon.core.topology import once_per_site
from daemon.core.view import Turn, View
from daemon.model.commands import Proposal
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = "essential"
_STOPPED: Final = "chiller"
"""What is stopped; all else that goes ends in order."""
_NATURES: Final = ("pump", "it_rack", _STOPPED)
_OWN: Final = frozenset({"generators", "island"})
_AT_REST: Final = frozenset({"stopped", "fault", "off"})
_STARTS: Final = frozenset({"starting", "running"})


@dataclass(frozen=True, slots=True)
class Params:
    """How much the sources are trusted with, and when a shortage is believed.

    Attributes:
        confirm_s: a shortage must hold this long [s].
        usable_pu: share of the rated power of the sources that load may be planned on [pu].
        overhead_pu: losses and recharge on top of what the loads take [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    confirm_s: Annotated[float, Interval(ge=0.0, le=10.0)] = 0.8
    usable_pu: Annotated[float, Gt(0.0), Interval(le=1.0)] = 0.95
    overhead_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.15


class State(NamedTuple):
    """Loads that were given up, those to be started again, and what there was for all of them.

    Attributes:
        given_up: loads that are not carried.
        to_start: loads that were stopped and may run again, until they are seen to.
        capability_w: of the sources when it was last decided [W].
        short_since_ns: since when the sources have been short, 0 when they are not [ns].
    """

    given_up: tuple[str, ...] = ()
    to_start: tuple[str, ...] = ()
    capability_w: float = 0.0
    short_since_ns: int = 0


_CALM: Final = State()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: everything is carried."""
    return _CALM


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Decide which loads go, and which come back."""
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    carried = _carried(supply)
    if state == _CALM and not carried:
        return Turn(state)
    capability_w = float(supply.get("capability_w", 0.0))
    left: tuple[str, ...] = state.given_up
    if not supply.get("outage"):
        left = ()
    elif carried:
        larger = capability_w > state.capability_w
        left = _surplus(view, supply, left, params, again=larger)
    going = tuple(name for name in left if name not in state.given_up)
    since_ns = (state.short_since_ns or view.now_ns) if going else 0
    if going and view.now_ns - since_ns < ns(params.confirm_s):
        return _turn(view, state._replace(short_since_ns=since_ns))
    if left == state.given_up:
        return _turn(view, state._replace(short_since_ns=0))
    back = tuple(n for n in state.given_up if n not in left and _stops(view, n))
    to_start = tuple(n for n in dict.fromkeys((*state.to_start, *back)) if n not in left)
    after = State(left, to_start, capability_w if left else 0.0)
    return _turn(view, after, *_events(view, going, back, capability_w))


def _carried(supply: Mapping[str, Any]) -> bool:
    """Return whether sources of the site carry what there is, and no set is on its way."""
    if not supply.get("outage") or supply.get("sets_pending"):
        return False
    return not {*_OWN, "storage"}.isdisjoint(dict(supply.get("feeds", {})).values())


@once_per_site
def _loads(site: Site, points: PointTable) -> tuple[Equipment, ...]:
    """Return the loads beside the rows, the one that is kept longest first."""
    loads = [e for e in site.of_nature(*_NATURES) if e.normally != "out_of_service"]
    return tuple(sorted(loads, key=lambda e: (e.nature != "pump", not e.critical, e.priority)))


def _surplus(
    view: View, supply: Mapping[str, Any], gone: tuple[str, ...], params: Params, *, again: bool
) -> tuple[str, ...]:
    """Return the loads that do not fit what there is; those that are gone may come again or not."""
    machines = not _OWN.isdisjoint(dict(supply["feeds"]).values())
    left_w = params.usable_pu * float(supply.get("capability_w", 0.0))
    surplus = []
    for load in _loads(view.site, view.points):
        wanted_w = load.ratings["power_w"] if load.id in gone else _takes_w(view, load)
        needs_w = (1.0 + params.overhead_pu) * wanted_w
        may_go = load.nature == _STOPPED or (load.nature == "it_rack" and machines)
        may_go = may_go and view.points.find(load.id, "command") is not None
        if (load.id in gone and not again) or (may_go and 0.0 < needs_w > left_w):
            surplus.append(load.id)
        else:
            left_w -= needs_w
    return tuple(surplus)


def _takes_w(view: View, load: Equipment) -> float:
    """Return what a load takes, or will when it has started [W]."""
    stage, power_w = view.stage(load.id), view.best_of(load.id, "power_w")
    if stage in _AT_REST:
        return 0.0
    return load.ratings["power_w"] if power_w is None or stage == "starting" else power_w


def _stops(view: View, name: str) -> bool:
    return view.site.equipment[name].nature == _STOPPED


def _turn(view: View, state: State, *events: Event) -> Turn[State]:
    """Stop what is given up, start what may run again and has a supply."""
    stop = [n for n in state.given_up if _stops(view, n) and view.stage(n) in _STARTS]
    to_start = tuple(n for n in state.to_start if view.stage(n) not in _STARTS)
    live = view.topology.live
    start = [
        name
        for name in to_start
        if view.stage(name) == "stopped" and live(view.site.equipment[name].buses[0])
    ]
    why = {"stop": "the sources cannot carry it", "start": "it can be carried again"}
    wishes = [*((name, "stop") for name in stop), *((name, "start") for name in start)]
    relief, facts = view.facts.relief, None
    if relief.given_up != state.given_up:
        facts = {"relief": replace(relief, given_up=state.given_up)}
    return Turn(
        state._replace(to_start=to_start),
        tuple(Proposal(name, "command", do, 0.0, OWNER, why[do]) for name, do in wishes),
        events,
        facts=facts,
    )


def _events(
    view: View, going: tuple[str, ...], back: tuple[str, ...], capability_w: float
) -> list[Event]:
    """Say what goes, and what comes back."""
    events = []
    if going:
        reason = "the sources cannot carry them"
        text = f"Shed {', '.join(going)}: {reason}"
        more = {"loads": list(going), "reason": reason, "capability_w": capability_w}
        events.append(view.event(OWNER, "load_shed", text, **more))
    if back:
        text = f"{', '.join(back)} can be carried again"
        events.append(view.event(OWNER, "load_restored", text, loads=list(back)))
    return events
