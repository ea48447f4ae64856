"""Power caps of the AI rows while the utility, converters or their cooling are not there.

Theory of operation. Five ceilings are held on every row, the lowest wins:

- *storage*: while the rows are carried by storage alone, `storage_cap_pu`, so that rack batteries
  and the DC storage outlast a start failure and the orderly shutdown after it. Said by the
  switching lane (`supply.all_ac_lost`) or seen in the image (every converter in front of every row
  gives nothing): either is enough. It must hold for `storage_after_s`, so that a sag costs no work.
  A single row to which no converter gives anything is capped so too, while others are fed.
- *limit*: what the switching lane allows all rows together before it closes the next feeder
  (`supply.rows_limit_w`). A limit of zero means that the rows will not be fed at all; no cap can
  meet it, the feeders stay open, and the rows stay on storage under the first ceiling.
- *sets*: while a section is fed by generators, what the sets on the bus can give, less every other
  load (its rating where it is not known), less a reserve for recharging, less losses. It does not
  hold while the rows are on storage: then they take nothing from the sets.
- *converters*: what those that are left can give the rows on their boards (`converters`), less
  `recharge_pu` of their rating for the rack batteries. What is above it the batteries give until
  they are empty, and nobody sees it in the feeds. It acts in one step, on the second scan that
  says so, before the few seconds are over for which a converter carries more than it is rated for.
- *cooling*: while no coolant moves, with or without the utility, `uncooled_cap_pu` after
  `uncooled_after_s`, so that the rows can be shut down in order (`shutdown`) before they trip.

What is limited for several rows is shared over them: `floor_pu` for each if that is there, the rest
in order of priority, equal within one; rounded down to whole percent. A ceiling that falls acts at
once. One that rises is followed by `lift_step_pu` every `lift_every_s`, so that governors and
converters see steps they can take; after the utility has returned the steps are larger (recovery is
exempt from the ramp limit), and after a momentary loss there are none: what comes back within
`momentary_s` comes back at once, unless something else has held a cap since. When every row is back
at 1.0 and nothing is wrong, the controller lets go of the caps, `lift_every_s` after the last of
them moved: a row that shows 1.0 sooner may show what was before a cap that is on its way still, and
nobody would take that back. A row that another owner holds lower (a person, peak shaving) is no
reason to keep the others. A row that shows nothing then may hold what it was told last: it alone is
told on, until it shows 1.0, and named. So is, without being named, one that another holds: who took
it from under a cap would give it back to that cap.

What is not heard lifts nothing. A cap that is held stands while a board is live, or may be, from
nobody knows what, and a set may be what feeds it; and on converters, or switches after them, that
are silent. Without word from the switching lane its last word stands. Caps begin from what the rows
show, so that one that was told before a restart is not lifted by it.

Spends no reserve: it makes storage last.

Source: own derivation; the balance of the reference hall, worked in tests/unit/settings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping  # needed when the state is read back
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple

from annotated_types import Gt, Interval

from daemon.core.balance import converters, cooling
from daemon.core.gauges import Gauges
from daemon.core.topology import Presence, once_per_site
from daemon.core.view import Turn, View
from daemon.model.commands import LaneMessage, Proposal
from daemon.model.natures import NATURES, SETS
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from daemon.core.facts import RowsLimit
    from daemon.model.events import Event
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

OWNER: Final = "caps"
POINT: Final = "power_cap_pu"
_NO_LIMIT: Final = -1.0
_PERCENT: Final = 100
_UNCAPPED_PU: Final = 0.999
"""What a row shows that holds no cap, its register's rounding included [pu]."""
_OTHERS: Final = (
    ("ups", "output_power_w"),
    ("rectifier", "output_power_w"),
    ("chiller", "power_w"),
)

Fraction = Annotated[float, Interval(ge=0.0, le=1.0)]


@dataclass(frozen=True, slots=True)
class Params:
    """How low, and how fast up again.

    Attributes:
        storage_cap_pu: cap while storage alone carries the rows [pu].
        lift_step_pu: step of a rising cap on generators [pu].
        lift_every_s: time between steps [s].
        return_step_pu: step of a rising cap once the utility is back [pu].
        momentary_s: on storage for no longer, the rows are let go at once when the utility is back,
            the reclosing of the intake included [s].
        usable_pu: part of the sets' rating that may be used [pu].
        recharge_w: kept free on generators for recharging storage [W].
        recharge_pu: kept free on converters for recharging the batteries of rows, by their rating
            [pu].
        loss_pu: part of what the sets give that is lost on the way [pu].
        floor_pu: share of a row that is given before any priority counts [pu].
        storage_after_s: how long the rows must be on storage to be capped for it [s].
        uncooled_cap_pu: cap while no coolant moves [pu].
        uncooled_after_s: how long it must stand for that: pumps come back by themselves [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    storage_cap_pu: Fraction = 0.45
    lift_step_pu: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.1
    lift_every_s: Annotated[float, Gt(0.0)] = 2.0
    return_step_pu: Annotated[float, Interval(gt=0.0, le=1.0)] = 0.2
    momentary_s: Annotated[float, Interval(ge=0.0, le=10.0)] = 2.0
    usable_pu: Fraction = 0.97
    recharge_w: Annotated[float, Interval(ge=0.0)] = 0.4e6
    recharge_pu: Fraction = 0.03
    loss_pu: Fraction = 0.03
    floor_pu: Fraction = 0.3
    storage_after_s: Annotated[float, Interval(ge=0.0, le=0.5)] = 0.2
    uncooled_cap_pu: Fraction = 0.1
    uncooled_after_s: Annotated[float, Interval(ge=0.0, le=10.0)] = 3.0


class State(NamedTuple):
    """Caps held.

    Attributes:
        caps_pu: by row; empty while the controller has let go.
        lifted_at_ns: when a cap last moved [ns].
        reason: why, for people.
        told_at_ns: when the caps were last told to the switching lane [ns].
        told_w: what was told [W].
    """

    caps_pu: Mapping[str, float] = {}
    lifted_at_ns: int = 0
    reason: str = ""
    told_at_ns: int = 0
    told_w: float = _NO_LIMIT
    storage_since_ns: int = 0
    """Since when storage alone has carried the rows, 0 when it does not [ns]."""
    still_since_ns: int = 0
    """Since when no coolant moves, 0 while some may [ns]."""
    momentary: bool = False
    """The last time on storage was a momentary one, and nothing else has held a cap since."""
    carries_w: Mapping[str, float] = {}
    """By converter, what it could give when it was last heard, the higher of two scans [W]."""
    heard_w: Mapping[str, float] = {}
    """By converter, in the last scan in which it was [W]."""
    unheard: tuple[str, ...] = ()
    """Rows that did not show 1.0 when the others were let go, and have not since."""


class _Plan(NamedTuple):
    rows: tuple[tuple[Equipment, int], ...]
    """Rows with their priority, the one that is kept longest first."""
    others: tuple[tuple[Equipment, str, float], ...]
    """Other loads on AC: where they tell their power, and efficiency of what feeds it."""
    efficiency_pu: float
    """Of the converters in front of the rows."""
    of_rows: Gauges
    """Cap and stage of every row."""
    off: int
    """Code of the stage in which a row draws nothing."""
    of_others: Gauges
    """Power of every other load."""


@once_per_site
def _plan(site: Site, points: PointTable) -> _Plan:
    racks = site.of_nature("ai_rack")
    ranked = [
        (row, row.priority or min((r.priority for r in racks if r.group == row.id), default=0))
        for row in site.of_nature("rack_row")
    ]
    others = [
        (item, name, item.ratings.get("efficiency_pu", 1.0))
        for nature, name in _OTHERS
        for item in site.of_nature(nature)
        if item.normally != "out_of_service"
    ]
    hvdc = [item.ratings.get("efficiency_pu", 1.0) for item in site.of_nature("hvdc")]
    ranked.sort(key=lambda pair: pair[1])
    off = NATURES["rack_row"].points["stage"].states.index("off")
    return _Plan(
        rows=tuple(ranked),
        others=tuple(others),
        efficiency_pu=min(hvdc, default=1.0),
        of_rows=Gauges(points, [(row.id, n) for row, _ in ranked for n in (POINT, "stage")]),
        off=off,
        of_others=Gauges(points, [(item.id, name) for item, name, _ in others]),
    )


def initial(site: Site, params: Params) -> State:
    """Return the state before the first scan: no cap is held."""
    return State()


def step(view: View, state: State, params: Params) -> Turn[State]:
    """Hold the ceilings that this instant calls for."""
    plan = _plan(view.site, view.points)
    if not plan.rows:
        return Turn(state)
    supply = view.heard["supply"].values if "supply" in view.heard else {}
    state = _time_storage(view, state, supply, params)
    still_ns = cooling.still_since_ns(view, state.still_since_ns)
    if still_ns != state.still_since_ns:
        state = state._replace(still_since_ns=still_ns)
    budget_w = _budget_w(view, plan, supply, state, params)
    left = converters.left(view, state.carries_w, state.heard_w, params.recharge_pu)
    if left.carries_w is not state.carries_w or left.heard_w is not state.heard_w:
        state = state._replace(carries_w=left.carries_w, heard_w=left.heard_w)
    ceilings, reason = _ceilings(view, plan, supply, state, budget_w, params)
    ceilings, reason = _narrowed(plan, ceilings, left.limits, reason, params)
    alone = _alone(view, plan, left.idle)
    if alone:
        reason = "storage alone carries some rows"
        lower = {row: min(ceilings[row], params.storage_cap_pu) for row in alone}
        ceilings = ceilings | lower
    relief = view.facts.relief
    facts = None
    if (budget_w, left.limits) != (relief.budget_w, relief.limits):
        facts = {"relief": replace(relief, budget_w=budget_w, limits=left.limits)}
    if not reason and not state.caps_pu:
        return _tell(view, plan, _free_unheard(view, state)._replace(facts=facts))
    held = state.caps_pu or _shown(view, ceilings)
    ceilings, reason = _held(view, plan, supply, left, held, (ceilings, reason), params)
    due = rested = view.now_ns - state.lifted_at_ns >= ns(params.lift_every_s)
    free = not reason and not supply.get("outage")
    step_pu = params.return_step_pu if free else params.lift_step_pu
    if free and state.momentary:
        due, step_pu = True, 1.0
    caps = {row: follow(held[row], ceilings[row], step_pu if due else 0.0) for row in ceilings}
    settled = rested and caps == held
    done = settled and not reason and all(_at_rest(view, row, cap) for row, cap in caps.items())
    new = state._replace(
        caps_pu={} if done else caps,
        unheard=tuple(row for row in caps if done and not _shows_none(view, row)),
        lifted_at_ns=state.lifted_at_ns if caps == held else view.now_ns,
        reason=reason,
        momentary=state.momentary and not reason and not done,
    )
    why = reason or "supply is back"
    proposals = tuple(Proposal(r, POINT, "max", cap, OWNER, why) for r, cap in caps.items())
    events = _events(view, state, new)
    return _tell(view, plan, Turn(new, () if done else proposals, events, facts=facts))


def _time_storage(view: View, state: State, supply: Mapping[str, Any], params: Params) -> State:
    """Note since when the rows have been on storage, from whichever evidence comes first."""
    on_storage = bool(supply.get("all_ac_lost")) or view.facts.autonomy.rows_on_storage
    if on_storage == bool(state.storage_since_ns):
        return state
    if on_storage:
        return state._replace(storage_since_ns=view.now_ns, momentary=False)
    momentary = view.now_ns - state.storage_since_ns <= ns(params.momentary_s)
    return state._replace(storage_since_ns=0, momentary=momentary)


def follow(cap_pu: float, ceiling_pu: float, step_pu: float) -> float:
    """Return the next cap: down at once, up by one step at most [pu]."""
    return min(ceiling_pu, cap_pu + step_pu) if ceiling_pu > cap_pu else ceiling_pu


def share(
    total_w: float, rows: tuple[tuple[str, int, float], ...], floor_pu: float = 0.0
) -> dict[str, float]:
    """Return the cap of every row [pu] so that all together draw `total_w` at most.

    Args:
        total_w: what there is [W].
        rows: id, priority and rating [W], the priority that is kept longest first.
        floor_pu: cap that every row gets first, if there is enough for all [pu].
    """
    rated_w = sum(rating for _, _, rating in rows)
    base_pu = floor_pu if total_w >= floor_pu * rated_w else 0.0
    left_w = max(total_w - base_pu * rated_w, 0.0)
    caps: dict[str, float] = {}
    for priority in dict.fromkeys(priority for _, priority, _ in rows):
        level_w = sum(rating for _, p, rating in rows if p == priority)
        more_pu = min(1.0 - base_pu, left_w / level_w)
        cap = math.floor((base_pu + more_pu) * _PERCENT) / _PERCENT
        caps |= {name: cap for name, p, _ in rows if p == priority}
        left_w = max(0.0, left_w - more_pu * level_w)
    return caps


def _ceilings(
    view: View,
    plan: _Plan,
    supply: Mapping[str, Any],
    state: State,
    budget_w: float,
    params: Params,
) -> tuple[dict[str, float], str]:
    """Return the ceiling of every row [pu], and why there is one ("" for none)."""
    budgets = []
    limit_w = float(supply.get("rows_limit_w", _NO_LIMIT))
    if limit_w > 0.0:
        budgets.append((limit_w, "limit before the next feeder closes"))
    if budget_w >= 0.0:
        budgets.append((budget_w, "sets carry the rows"))
    total_w, reason = min(budgets, default=(0.0, ""))
    rated = tuple((row.id, priority, row.ratings["power_w"]) for row, priority in plan.rows)
    ceilings = {row.id: 1.0 for row, _ in plan.rows}
    if budgets:
        ceilings = share(total_w, rated, params.floor_pu)
    since_ns = state.storage_since_ns
    if since_ns and view.now_ns - since_ns >= ns(params.storage_after_s):
        reason = "storage alone carries the rows"
        ceilings = {row: min(cap, params.storage_cap_pu) for row, cap in ceilings.items()}
    still_ns = state.still_since_ns
    if still_ns and view.now_ns - still_ns >= ns(params.uncooled_after_s):
        reason = "no coolant moves"
        ceilings = {row: min(cap, params.uncooled_cap_pu) for row, cap in ceilings.items()}
    return ceilings, reason


def _narrowed(
    plan: _Plan,
    ceilings: dict[str, float],
    limits: tuple[RowsLimit, ...],
    reason: str,
    params: Params,
) -> tuple[dict[str, float], str]:
    """Return the ceilings within what some rows may draw together, and why [pu]."""
    for limit in limits:
        rated = tuple((r.id, p, r.ratings["power_w"]) for r, p in plan.rows if r.id in limit.rows)
        shared = share(limit.total_w, rated, params.floor_pu)
        lower = {row: cap for row, cap in shared.items() if cap < ceilings[row]}
        if lower:
            reason, ceilings = "the converters that are left carry no more", ceilings | lower
    return ceilings, reason


def _alone(view: View, plan: _Plan, idle: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rows that storage carries while others are fed, without those that are off."""
    if len(idle) == len(plan.rows):
        return ()
    return tuple(row for row in idle if view.stage(row) != "off")


def _shown(view: View, rows: Mapping[str, float]) -> dict[str, float]:
    """Return the caps that rows show and that may be ours, else none [pu]."""
    shown = {row: view.read(row, POINT) if _is_ours(view, row) else None for row in rows}
    return {row: 1.0 if cap is None else min(max(cap, 0.0), 1.0) for row, cap in shown.items()}


def _held(
    view: View,
    plan: _Plan,
    supply: Mapping[str, Any],
    left: converters.Left,
    held: Mapping[str, float],
    found: tuple[dict[str, float], str],
    params: Params,
) -> tuple[dict[str, float], str]:
    """Return the ceilings without those that would lift a cap on what is not heard, and why."""
    ceilings, reason = found
    sure = dict.fromkeys(ceilings, 0.0)
    if not _fed_by_unheard(view, supply):
        sure, _ = _narrowed(plan, ceilings, left.sure, "", params)
        sure = sure | dict.fromkeys(_alone(view, plan, left.idle), 0.0)
    kept = {row: min(cap, max(held[row], sure[row])) for row, cap in ceilings.items()}
    return kept, reason or ("" if kept == ceilings else "what feeds the rows is not heard")


def _fed_by_unheard(view: View, supply: Mapping[str, Any]) -> bool:
    """Return whether a board may be live from a set that nobody hears."""
    topology = view.topology
    sets = [
        topology.reach[at]
        for source, at in topology.running.items()
        if view.site.equipment[source].nature in SETS
    ]
    return any(
        topology.presence[bus] in _MAY_BE_LIVE and topology.reach[bus] in sets
        for bus, kind in dict(supply.get("feeds", {})).items()
        if kind in _NOT_KNOWN
    )


_NOT_KNOWN: Final = frozenset({"none", "other"})
"""What the switching lane says of a board of which it does not know what feeds it."""
_MAY_BE_LIVE: Final = frozenset({Presence.LIVE, Presence.UNKNOWN})


def _budget_w(
    view: View, plan: _Plan, supply: Mapping[str, Any], state: State, params: Params
) -> float:
    """Return what the sets on the bus can give all rows together, -1 without that limit [W]."""
    feeds = dict(supply.get("feeds", {})).values()
    if state.storage_since_ns or not {"generators", "island"}.intersection(feeds):
        return _NO_LIMIT
    free_w = params.usable_pu * float(supply.get("capability_w", 0.0))
    free_w -= params.recharge_w + _others_w(view, plan)
    return max(0.0, free_w) * (1.0 - params.loss_pu) * plan.efficiency_pu


def _others_w(view: View, plan: _Plan) -> float:
    """Return what all other loads take from AC; the rating of one that is not known [W]."""
    total_w = 0.0
    powers = zip(plan.others, view.best(plan.of_others), strict=True)
    for (item, _, efficiency_pu), power_w in powers:
        total_w += (item.ratings["power_w"] if power_w is None else power_w) / efficiency_pu
    return total_w


def _at_rest(view: View, row: str, cap_pu: float) -> bool:
    """Return whether a row is uncapped by us and says so, if it says anything."""
    silent = view.read(row, POINT) is None
    return cap_pu >= 1.0 and (silent or _shows_none(view, row) or not _is_ours(view, row))


def _shows_none(view: View, row: str) -> bool:
    """Return whether a row shows that it holds no cap."""
    return (view.read(row, POINT) or 0.0) >= _UNCAPPED_PU


def _is_ours(view: View, row: str) -> bool:
    """Return whether the cap that a row is told rests on no other's bound."""
    return view.facts.setpoints.owners.get(f"{row}.{POINT}", OWNER) == OWNER


def _free_unheard(view: View, state: State) -> Turn[State]:
    """Tell rows that did not show that no cap of ours stands, until they show it."""
    unheard = tuple(row for row in state.unheard if not _shows_none(view, row))
    if unheard != state.unheard:
        state = state._replace(unheard=unheard)
    return Turn(
        state, tuple(Proposal(r, POINT, "max", 1.0, OWNER, "supply is back") for r in unheard)
    )


def _tell(view: View, plan: _Plan, turn: Turn[State]) -> Turn[State]:
    """Tell the switching lane each second, and on change, what the rows hold themselves to."""
    total_w = 0.0
    told = iter(plan.of_rows.read(view.image))
    for (row, _), cap_pu, stage in zip(plan.rows, told, told, strict=True):
        if stage is None or not plan.off <= stage < plan.off + 1:
            total_w += row.ratings["power_w"] * (1.0 if cap_pu is None else cap_pu)
    state = turn.state
    if total_w == state.told_w and view.now_ns - state.told_at_ns < SECOND:
        return turn
    message = LaneMessage(view.lane, "caps", {"rows_limit_w": total_w})
    return turn._replace(
        state=state._replace(told_at_ns=view.now_ns, told_w=total_w),
        messages=(*turn.messages, message),
    )


def _events(view: View, before: State, after: State) -> tuple[Event, ...]:
    """Say when caps begin, change their reason or end."""
    if bool(before.caps_pu) == bool(after.caps_pu) and before.reason == after.reason:
        return ()
    if not after.caps_pu:
        text = "Row caps released"
        if silent := [row for row in after.unheard if view.read(row, POINT) is None]:
            text += f", but for {', '.join(silent)}: silent, told when heard again"
        return (view.event(OWNER, "caps_released", text),)
    lowest = min(after.caps_pu.values())
    text = f"Rows capped, lowest {lowest:.0%}: {after.reason or 'supply is back'}"
    return (view.event(OWNER, "caps", text, caps_pu=dict(after.caps_pu), reason=after.reason),)
