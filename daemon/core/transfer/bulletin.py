"""What the switching lane tells the main lane: the supply and the sets, on change and each second.

The form of the message stands in `daemon.core.step`. It says what is, not what to do: capping,
shedding and shutting down are decided by the main lane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Gt, Le

from daemon.core.topology import once_per_site
from daemon.core.transfer import standstill
from daemon.core.view import Turn
from daemon.model.commands import LaneMessage
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


@dataclass(frozen=True, slots=True)
class Params:
    """How often the word is repeated when nothing changes.

    Attributes:
        repeat_s: time between two messages without a change [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    repeat_s: Annotated[float, Gt(0), Le(10)] = 1.0


@dataclass(frozen=True, slots=True)
class State:
    """What was said last, and when [ns]."""

    told: Mapping[str, Any] = field(default_factory=dict)
    told_ns: int = 0


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing was said."""
    return State()


@once_per_site
def _sections(site: Site, points: PointTable) -> dict[str, str]:
    """Return the generator bus of every section; of a site without schemes, the utility's bus."""
    found = {
        section.bus: scheme.generator_bus
        for scheme in site.schemes.values()
        if isinstance(scheme, MainTieMainScheme)
        for section in scheme.sections
    }
    return found or {u.buses[0]: "" for u in site.of_nature("utility")}


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Say what has changed, or say it again."""
    values = compose(view)
    if values == state.told and not view.passed(state.told_ns + ns(params.repeat_s)):
        return Turn(state)
    message = LaneMessage(view.lane, "supply", values)
    return Turn(State(values, view.now_ns), messages=(message,))


def compose(view: View) -> dict[str, Any]:
    """Return the values of the message."""
    facts, sections = view.facts, _sections(view.site, view.points)
    feeds = {bus: _fed_by(view, bus) for bus in sections}
    # Lists, not tuples: what was said is compared with what a file gives back.
    return {
        "outage": facts.supply.outage,
        "all_ac_lost": bool(feeds) and all(view.topology.dead(bus) for bus in feeds),
        "stable": bool(facts.supply.stable),
        "sets_on_bus": len(facts.sets.on_bus),
        "sets_pending": len(facts.sets.pending),
        "sets_failed": len(facts.sets.failed),
        "sets": list(facts.sets.on_bus),
        "sets_leaving": list(facts.sets.leaving),
        "capability_w": _capability_w(view),
        "feeds": feeds,
        "rows_limit_w": facts.rows_limit_w,
        "island": list(facts.island.sources),
        "orders": {held.store: held.order for held in facts.formed.values() if held.order},
        "stages": dict(facts.stages),
        "waits": {**facts.held_back, **standstill.waits(view)},
        "joined": standstill.joined(view),
    }


def _capability_w(view: View) -> float:
    """Return what the sources of the site that carry sections can give [W]."""
    facts = view.facts
    held_w = (held.capability_w for held in facts.formed.values() if held.proven)
    return facts.sets.capability_w or facts.island.capability_w or max(held_w, default=0.0)


def _fed_by(view: View, bus: str) -> str:
    """Return what kind of source a section is live from.

    In the overlap of a closed transition sets still carry it: what they limit holds to its end.
    """
    if not view.topology.live(bus):
        return "none"
    kinds = {view.site.equipment[s].nature for s in view.topology.sources(bus)}
    if "generator" in kinds:
        return "generators"
    if "utility" in kinds:
        return "utility"
    if "gas_turbine" in kinds:
        return "island"
    return "storage" if bus in view.facts.formed else "other"
