"""How many sets stay on the bus: as many as the load needs, and some in reserve.

Theory of operation. In an outage all sets are started at once, because none can be chosen in the
dark and each is the alternate of the others (`start`). When every section has a source and nothing
is on its way any more, the load is known: sets that have not been needed for `surplus_s` are then
to spare, one after the other. Kept is what carries the load within `usable_pu` of its rating
although `reserve_count` of the largest fail, and never less than lets all rows run without a limit.
The one with the most starts goes first, so that the sets take turns; among equals the last in the
starting order.

A set to spare hands its load to the others, opens, cools down and stops. All of them come back at
once when the load rises above `recall_pu` of what is kept without its reserve, when one of those
that were kept leaves, when a section loses its source, and when what a set gives is not known.

Source: own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple

from annotated_types import Ge, Gt, Le

from daemon.core.topology import once_per_site
from daemon.core.view import Turn
from daemon.model.plant import MainTieMainScheme
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.view import View
    from daemon.model.plant import Site
    from daemon.model.points import PointTable


@dataclass(frozen=True, slots=True)
class Params:
    """When a set is not needed.

    Attributes:
        usable_pu: part of its rating up to which a set is planned to carry load [pu].
        recall_pu: part of that rating above which sets to spare are called back [pu].
        reserve_count: sets that may fail without the others being overloaded.
        surplus_s: a set must have been unneeded for this long, and so the next after it [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    usable_pu: Annotated[float, Gt(0), Le(1)] = 0.8
    recall_pu: Annotated[float, Gt(0), Le(1)] = 0.9
    reserve_count: Annotated[int, Ge(0), Le(8)] = 1
    surplus_s: Annotated[float, Gt(0), Le(86_400)] = 300.0


class State(NamedTuple):
    """Sets to spare, those that were kept then, and since when one more is not needed [ns]."""

    spare: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    surplus_ns: int = 0


_ALL_STAY = State()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: none is to spare."""
    return _ALL_STAY


@once_per_site
def _order(site: Site, points: PointTable) -> tuple[str, ...]:
    """Return the sets in their starting order."""
    schemes = [s for s in site.schemes.values() if isinstance(s, MainTieMainScheme)]
    return tuple(name for scheme in schemes for name in scheme.sets)


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Decide which sets are to spare."""
    sets = view.facts.sets
    kept = tuple(n for n in sets.on_bus if n not in state.spare)
    if not kept or view.facts.sets_released:
        return _turn(view, state, _ALL_STAY, "")
    why = _recall(view, state, kept, params)
    if why:
        return _turn(view, state, _ALL_STAY, why)
    surplus = _surplus(view, kept, params)
    if not surplus:
        return _turn(view, state, State(state.spare, state.kept), "")
    since_ns = state.surplus_ns or view.now_ns
    if not view.lasted(since_ns, ns(params.surplus_s)):
        return _turn(view, state, state._replace(surplus_ns=since_ns), "")
    left = tuple(n for n in kept if n != surplus)
    return _turn(view, state, State((*state.spare, surplus), left), "")


def _recall(view: View, state: State, kept: tuple[str, ...], params: Params) -> str:
    """Return why sets to spare are needed again, "" when they are not."""
    if not state.spare:
        return ""
    load_w = _load_w(view)
    if load_w is None:
        return "what a set gives is not known"
    if view.facts.awaiting:
        return "a section has no source"
    if not set(state.kept) <= set(kept):
        return "a set that was kept has left"
    if load_w > params.recall_pu * _firm_w(view, kept, params):
        return "the load has risen"
    return ""


def _surplus(view: View, kept: tuple[str, ...], params: Params) -> str:
    """Return the set that is the next to be spared, "" when none is."""
    facts = view.facts
    load_w = _load_w(view)
    if load_w is None or facts.awaiting or facts.sets.pending or facts.sets.leaving:
        return ""
    order = _order(view.site, view.points)
    first = max(kept, key=lambda n: (view.read(n, "start_count") or 0.0, order.index(n)))
    left = [n for n in kept if n != first]
    rated_w = sum(view.site.equipment[n].ratings["power_w"] for n in left)
    enough = load_w <= params.usable_pu * _firm_w(view, left, params)
    return first if enough and rated_w >= facts.rows_free_w else ""


def _firm_w(view: View, sets: Sequence[str], params: Params) -> float:
    """Return what sets are rated for when the largest in reserve have failed [W]."""
    rated = sorted(view.site.equipment[n].ratings["power_w"] for n in sets)
    return sum(rated[: max(0, len(rated) - params.reserve_count)])


def _load_w(view: View) -> float | None:
    """Return what the sets on the bus give together [W], None when that is not known."""
    given_w = [view.read(name, "power_w") for name in view.facts.sets.on_bus]
    return None if None in given_w else -sum(power for power in given_w if power is not None)


def _turn(view: View, before: State, after: State, why: str) -> Turn[State]:
    if after == before:
        after = before
    events = []
    if after.spare != before.spare:
        if more := [n for n in after.spare if n not in before.spare]:
            text = f"{', '.join(more)}: not needed, shall rest"
            events.append(view.event(more[0], "set_to_spare", text, kept=list(after.kept)))
        elif why:
            text = f"{', '.join(before.spare)} called back: {why}"
            events.append(view.event(before.spare[0], "sets_recalled", text, reason=why))
    return Turn(after, events=tuple(events), facts={"sets_to_spare": after.spare})
