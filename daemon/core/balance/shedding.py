"""Which load goes when what is left cannot carry all: rows by priority, and why.

Theory of operation. Row caps act first and at once (`caps`). A row is *shed*, which means that it
is to shut down in an orderly way and not to come back by itself, in two cases:

- *no more help is coming*: the utility is lost, no set is on its way, at least one has failed,
  those on the bus can carry no row, and the rows live on storage. The lowest priority goes now, so
  that what the storage holds carries the others longer. Those stay until their own autonomy calls
  (`shutdown`).
- *too little*: the sets carry rows but cannot give each of them `floor_pu`, or the converters that
  are left cannot. Rows are kept in order of priority while the budget lasts; the rest goes.

Either must hold for `confirm_s`; what converters lack for `converters_s`, because one that is only
without its input is back when its board is, and until then caps keep the rows within what the
others carry. That time runs on beside the other reasons, and begins anew only when nothing has been
lacking for `confirm_s`. What is shed stays shed until the utility is back, no outage stands and the
converters could give every row the least; starting a row again is a person's decision. What goes of
the other loads, `essential` says.
Spends no storage: it saves it.

Source: own derivation; faults F44, F47, F48.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

from annotated_types import Interval

from daemon.core.view import Turn, View
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daemon.core.facts import Path
    from daemon.model.plant import Site

OWNER: Final = "shedding"


@dataclass(frozen=True, slots=True)
class Params:
    """When a shortage is believed, and how little a row is worth keeping for.

    Attributes:
        confirm_s: a shortage must hold this long [s].
        floor_pu: least power of a row that still does work [pu].
        converters_s: what converters lack must have been lacking this long [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    confirm_s: Annotated[float, Interval(ge=0.0, le=10.0)] = 0.8
    floor_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.3
    converters_s: Annotated[float, Interval(ge=10.0, le=600.0)] = 90.0


class State(NamedTuple):
    """Rows that are shed, and since when there has been a shortage, of what [ns]."""

    shed: tuple[str, ...] = ()
    short_since_ns: int = 0
    reason: str = ""
    lacking_since_ns: int = 0
    """Since when converters have lacked something, 0 while they have not [ns]."""
    lacked_at_ns: int = 0
    """When they were last seen to [ns]."""


_CALM: Final = State()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is shed."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Decide which rows go."""
    if state == _CALM and not _pressed(view):
        return _turn(view, state)
    every = _rows(view)
    rows = {name: path for name, path in every.items() if view.stage(name) != "off"}
    if not rows:
        return Turn(state)
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    calm = not supply.get("outage") and not view.facts.autonomy.rows_on_storage
    if state.shed and calm and not _lacking(view, every, params):
        event = view.event(OWNER, "shedding_over", "Supply is back: nothing more is shed")
        return _turn(view, State(), event)
    left = {name: path for name, path in rows.items() if name not in state.shed}
    lacking = _lacking(view, left, params)
    state = _time_lacking(view, state, params, lacks=bool(lacking))
    going, reason = _surplus(view, left, params)
    alone = bool(supply.get("outage")) and view.facts.autonomy.rows_on_storage
    if not going and alone and hopeless(supply) and not state.shed:
        going, reason = lowest(left), "no more sets are coming"
    wait_s = params.confirm_s
    since_ns = state.short_since_ns if reason == state.reason else view.now_ns
    if not going:
        going, reason, wait_s = lacking, "converters cannot give them enough", params.converters_s
        since_ns = state.lacking_since_ns
    if not going:
        return _turn(view, state._replace(short_since_ns=0, reason=""))
    if view.now_ns - since_ns < ns(wait_s):
        return _turn(view, state._replace(short_since_ns=since_ns, reason=reason))
    event = view.event(
        OWNER,
        "load_shed",
        f"Shed {', '.join(going)}: {reason}",
        loads=list(going),
        reason=reason,
        capability_w=supply.get("capability_w", 0.0),
    )
    after = state._replace(shed=(*state.shed, *going), short_since_ns=0, reason="")
    if wait_s == params.converters_s:
        after = State(after.shed)
    return _turn(view, after, event)


def _time_lacking(view: View, state: State, params: Params, *, lacks: bool) -> State:
    """Note since when converters have lacked something, a short time without it included."""
    if lacks:
        since_ns = state.lacking_since_ns or view.now_ns
        return state._replace(lacking_since_ns=since_ns, lacked_at_ns=view.now_ns)
    if state.lacking_since_ns and view.now_ns - state.lacked_at_ns >= ns(params.confirm_s):
        return state._replace(lacking_since_ns=0, lacked_at_ns=0)
    return state


def _pressed(view: View) -> bool:
    """Return whether there is any limit that could make a row go."""
    relief = view.facts.relief
    return relief.budget_w >= 0.0 or bool(relief.limits) or view.facts.autonomy.rows_on_storage


def hopeless(supply: Mapping[str, object]) -> bool:
    """Return whether sets have failed, none is on its way, and those there are carry no row."""
    carried = bool(supply.get("sets_on_bus")) and supply.get("rows_limit_w") != 0.0
    return bool(supply.get("sets_failed")) and not supply.get("sets_pending") and not carried


def lowest(rows: Mapping[str, Path]) -> tuple[str, ...]:
    """Return the rows of the lowest priority, if others remain."""
    priorities = {path.priority for path in rows.values()}
    if len(priorities) < 2:
        return ()
    last = max(priorities)
    return tuple(name for name, path in rows.items() if path.priority == last)


def _rows(view: View) -> dict[str, Path]:
    """Return the paths of the rows, the priority kept longest first."""
    paths = view.facts.autonomy.paths
    found = {row.id: paths[row.id] for row in view.site.of_nature("rack_row") if row.id in paths}
    return dict(sorted(found.items(), key=lambda pair: pair[1].priority))


def _surplus(view: View, rows: Iterable[str], params: Params) -> tuple[tuple[str, ...], str]:
    """Return the rows that the sets cannot give even the least, lowest priority last to stay."""
    budget_w = view.facts.relief.budget_w
    going = () if budget_w < 0.0 else _beyond(view, rows, budget_w, params)
    return going, "the sets cannot give them enough"


def _lacking(view: View, rows: Iterable[str], params: Params) -> tuple[str, ...]:
    """Return the rows that the converters that are left cannot give even the least."""
    found: dict[str, None] = {}
    for limit in view.facts.relief.limits:
        there = [name for name in rows if name in limit.rows]
        found |= dict.fromkeys(_beyond(view, there, limit.total_w, params))
    return tuple(found)


def _beyond(view: View, rows: Iterable[str], left_w: float, params: Params) -> tuple[str, ...]:
    """Return the rows for which there is not the least, after those before them."""
    going = []
    for name in rows:
        left_w -= params.floor_pu * view.site.equipment[name].ratings["power_w"]
        if left_w < 0.0:
            going.append(name)
    return tuple(going)


def _turn(view: View, state: State, *events: object) -> Turn[State]:
    relief = view.facts.relief
    facts = None
    if relief.shed != state.shed:
        facts = {"relief": replace(relief, shed=state.shed)}
    return Turn(state, events=events, facts=facts)  # type: ignore[arg-type]
