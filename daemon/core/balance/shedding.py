"""Which load goes when what is left cannot carry all: rows by priority, and why.

Theory of operation. Row caps act first and at once (`caps`). A row is *shed*, which means that it
is to shut down in an orderly way and not to come back by itself, in two cases:

- *no more help is coming*: the utility is lost, no set is on its way, at least one has failed,
  those on the bus can carry no row, and the rows live on storage. The lowest priority goes now, so
  that what the storage holds carries the others longer. Those stay until their own autonomy calls
  (`shutdown`).
- *too little*: the sets carry rows but cannot give each of them `floor_pu`. Rows are kept in
  order of priority while the budget lasts; the rest goes.

Either must hold for `confirm_s`. What is shed stays shed until the utility is back and no outage
stands; starting a row again is a person's decision. What goes of the other loads, `essential` says.
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
    from collections.abc import Mapping

    from daemon.core.facts import Path
    from daemon.model.plant import Site

OWNER: Final = "shedding"


@dataclass(frozen=True, slots=True)
class Params:
    """When a shortage is believed, and how little a row is worth keeping for.

    Attributes:
        confirm_s: a shortage must hold this long [s].
        floor_pu: least power of a row that still does work [pu].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    confirm_s: Annotated[float, Interval(ge=0.0, le=10.0)] = 0.8
    floor_pu: Annotated[float, Interval(ge=0.0, le=1.0)] = 0.3


class State(NamedTuple):
    """Rows that are shed, and rows that will be when the shortage is confirmed."""

    shed: tuple[str, ...] = ()
    short_since_ns: int = 0


_CALM: Final = State()


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: nothing is shed."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Decide which rows go."""
    if state == _CALM and not _pressed(view):
        return _turn(view, state)
    rows = _rows(view)
    if not rows:
        return Turn(state)
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    if state.shed and not supply.get("outage") and not view.facts.autonomy.rows_on_storage:
        event = view.event(OWNER, "shedding_over", "Supply is back: nothing more is shed")
        return _turn(view, State(), event)
    left = {name: path for name, path in rows.items() if name not in state.shed}
    going, reason = _surplus(view, left, params)
    alone = bool(supply.get("outage")) and view.facts.autonomy.rows_on_storage
    if not going and alone and hopeless(supply) and not state.shed:
        going, reason = lowest(left), "no more sets are coming"
    if not going:
        return _turn(view, state._replace(short_since_ns=0))
    since_ns = state.short_since_ns or view.now_ns
    if view.now_ns - since_ns < ns(params.confirm_s):
        return _turn(view, state._replace(short_since_ns=since_ns))
    event = view.event(
        OWNER,
        "load_shed",
        f"Shed {', '.join(going)}: {reason}",
        loads=list(going),
        reason=reason,
        capability_w=supply.get("capability_w", 0.0),
    )
    return _turn(view, State((*state.shed, *going)), event)


def _pressed(view: View) -> bool:
    """Return whether there is any limit that could make a row go."""
    return view.facts.relief.budget_w >= 0.0 or view.facts.autonomy.rows_on_storage


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
    """Return the paths of the rows that run, the priority kept longest first."""
    paths = view.facts.autonomy.paths
    running = {
        row.id: paths[row.id]
        for row in view.site.of_nature("rack_row")
        if row.id in paths and view.stage(row.id) != "off"
    }
    return dict(sorted(running.items(), key=lambda pair: pair[1].priority))


def _surplus(view: View, rows: Mapping[str, Path], params: Params) -> tuple[tuple[str, ...], str]:
    """Return the rows that the sets cannot give even the least, lowest priority last to stay."""
    left_w = view.facts.relief.budget_w
    if left_w < 0.0:
        return (), ""
    going = []
    for name in rows:
        left_w -= params.floor_pu * view.site.equipment[name].ratings["power_w"]
        if left_w < 0.0:
            going.append(name)
    return tuple(going), "the sets cannot give them enough"


def _turn(view: View, state: State, *events: object) -> Turn[State]:
    relief = view.facts.relief
    facts = None
    if relief.shed != state.shed:
        facts = {"relief": replace(relief, shed=state.shed)}
    return Turn(state, events=events, facts=facts)  # type: ignore[arg-type]
