"""The outgoing feeders of a board: load in blocks that the sets can take, and off what they cannot.

*Onto a dead section* goes at once what fits the load step of the sets on the bus, feeders in order
of priority; the others are opened first and come back as blocks of their own, each when the block
before it has been digested. When not even the first feeder fits, more sets are awaited, and after
`sets_wait_s` it is taken all the same, if only the sets can carry it: a step that is too large is a
dip, a section that is never fed is worse. A feeder that will not open is taken along then, too.

Rows that the first set could not begin with are off before it takes its bus: while its breaker
closes theirs open, and no time is lost between.

*AI rows* come last: their feeders stay open while their caps are not in force, or while there is
nothing for them. Rows that are fed already are taken off when the sets cannot carry them any more,
and so are other feeders, the lowest priority first, when sets cannot carry the essential loads.

What the board's own logic has shed while the daemon was silent is the daemon's to bring back:
whatever it had last seen closed, finds open and finds no fault at, once the selector and the own
logic leave it the scheme. So is what the daemon before it had opened (`opened`). What a person
opened stays open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks import FAULT_TRIPS
from daemon.core.transfer import acceptance, opened
from daemon.core.transfer.board import MOVING
from daemon.core.transfer.section import Stage
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from daemon.core.transfer.board import Params, Scan, State
    from daemon.core.view import View

_HEARD_VALID_NS: Final = 2 * SECOND


def capability_w(view: View, state: State) -> float:
    """Return what the sources can give that feed the sections now, or would feed them next [W].

    Sets first; an island of other sources where sections hang on it or no set is on the bus;
    storage that is called to hold a section when there is nothing else. Of two that feed a section
    each, the weaker counts.
    """
    facts = view.facts
    if not facts.island.bus:
        if facts.sets.on_bus:
            return facts.sets.capability_w
        return max((held.capability_w for held in facts.formed.values()), default=0.0)
    on_mains = [
        section.stage in {Stage.ON_MAIN, Stage.CLOSING_MAIN}
        for scheme in state.schemes.values()
        for section in scheme.sections
    ]
    found = [facts.sets.capability_w] if facts.sets.on_bus and not all(on_mains) else []
    if any(on_mains) or not found:
        found.append(facts.island.capability_w)
    return min(found)


def _source_there(view: View) -> bool:
    """Return whether there is a source on the site that feeds sections, or is called to."""
    facts = view.facts
    return bool(facts.sets.on_bus or facts.island.bus or facts.formed)


def limit_w(view: View, capability_w: float, params: Params) -> float:
    """Return what all rows together may draw from what feeds the sections [W]."""
    facts = view.facts
    carried = facts.supply.outage or bool(facts.island.bus) or not facts.sets_released
    if not carried or not _source_there(view):
        return acceptance.NO_LIMIT_W
    return acceptance.rows_limit_w(view.site, view.points, capability_w, params.load)


def load_fits(scan: Scan, i: int) -> bool:
    """Return whether a section may be fed by the sets that run now, as its feeders stand."""
    off = keep_off(scan, i)
    if off is None:
        return False
    left = [f for f in off if not scan.view.is_open(f)]
    if not left:
        return True
    wait_ns = ns(scan.params.sets_wait_s)
    tried = scan.view.lasted(scan.state.sections[i].since_ns, wait_ns)
    if not tried or not scan.view.lasted(scan.state.sets_ns, wait_ns):
        return False
    stuck_w = sum(_brings(scan, f) for f in left)
    return stuck_w <= _room_w(scan) and not any(f in _feeders(scan) for f in left)


def keep_off(scan: Scan, i: int) -> tuple[str, ...] | None:
    """Return the feeders of a dead section that must be open when sets begin to feed it.

    Returns:
        The feeders, or None while nothing may be fed yet because more sets are awaited.
    """
    view, bus = scan.view, scan.scheme.sections[i].bus
    room_w = _room_w(scan)
    most_w = min(room_w, _step_w(scan))
    total_w = _brings(scan, bus)
    loaded = [f for f in _by_priority(scan, bus) if not view.is_open(f) and _brings(scan, f) > 0.0]
    off: list[str] = []
    for feeder in loaded:
        brings_w = _brings(scan, feeder)
        if _rows_wait(scan, feeder) or total_w + brings_w > most_w:
            off.append(feeder)
        else:
            total_w += brings_w
    if off != loaded or not loaded or total_w > 0.0:
        return tuple(off)
    if not _sets_awaited(scan):
        return None
    first = (f for f in loaded if not _rows_wait(scan, f) and _brings(scan, f) <= room_w)
    taken = next(first, None)
    return tuple(f for f in off if f != taken)


def _by_priority(scan: Scan, bus: str) -> list[str]:
    """Return the feeders of a section, the one that is kept longest first."""
    found = acceptance.blocks(scan.view.site, scan.view.points)
    feeders = acceptance.feeders_of(scan.view.site, scan.view.points, bus)
    return sorted(feeders, key=lambda name: found[name].priority)


def _brings(scan: Scan, name: str) -> float:
    """Return what a feeder, or a section beside its feeders, brings when it closes [W].

    The first converter that is fed carries the rows of both sides, the second adds nothing to it.
    """
    view, params = scan.view, scan.params.load
    found = acceptance.blocks(view.site, view.points)
    block = found[name]
    if block.rows_w:
        rows_w = 0.0
        if not any(_live(scan, f) for f in _feeders(scan)):
            rows_w = sum(found[f].rows_w for f in _feeders(scan))
        block = block._replace(rows_w=rows_w)
    return acceptance.block_w(block, _rows_pu(scan) if block.rows_w else 0.0, params)


def _rows_pu(scan: Scan) -> float:
    """Return what the rows hold themselves to, by their rating [pu]; 1 when that is not known."""
    _, rated_w = acceptance.rated_w(scan.view.site, scan.view.points)
    heard_w = _caps_w(scan)
    return 1.0 if heard_w is None else min(1.0, heard_w / rated_w)


def _live(scan: Scan, feeder: str) -> bool:
    view = scan.view
    return view.is_closed(feeder) and view.topology.live(view.site.equipment[feeder].buses[0])


def _step_w(scan: Scan) -> float:
    view, facts = scan.view, scan.view.facts
    if facts.sets.on_bus:
        return acceptance.step_w(view.site, facts.sets.on_bus, scan.params.load)
    if facts.island.bus:
        return acceptance.step_w(view.site, facts.island.sources[:1], scan.params.load)
    return scan.capability_w  # a converter gives all it has at once


def _room_w(scan: Scan) -> float:
    """Return what the sets on the bus can still carry [W]."""
    params = scan.params.load
    usable_w = params.usable_pu * scan.capability_w
    return usable_w - sum(_carried_w(scan).values())


def _carried_w(scan: Scan) -> dict[str, float]:
    """Return what hangs on the sets, by section and feeder [W]; the rows once."""
    view, carried = scan.view, dict[str, float]()
    found = acceptance.blocks(view.site, view.points)
    for section in scan.scheme.sections:
        if _on_sets(scan, section.bus):
            fed = acceptance.feeders_of(view.site, view.points, section.bus)
            for name in (section.bus, *(f for f in fed if view.is_closed(f))):
                block = found[name]._replace(rows_w=0.0)
                carried[name] = acceptance.block_w(block, 0.0, scan.params.load)
    rows = _feeders(scan)
    if first := next((f for f in rows if f in carried), ""):
        all_w = acceptance.Block(rows_w=sum(found[f].rows_w for f in rows))
        carried[first] += acceptance.block_w(all_w, _rows_pu(scan), scan.params.load)
    return carried


def _on_sets(scan: Scan, bus: str) -> bool:
    """Return whether a section is live from sets of its board, or from what stands in for them."""
    topology, facts = scan.view.topology, scan.view.facts
    if not topology.live(bus):
        return False
    own = {*scan.scheme.sets, *facts.island.sources}
    return bus in facts.formed or any(s in own for s in topology.sources(bus))


def _sets_awaited(scan: Scan) -> bool:
    """Return whether no more sets are coming, or they have been waited for long enough."""
    if not scan.view.facts.sets.on_bus:
        return True  # other sources wait for nobody
    waited = scan.view.lasted(scan.state.sets_ns, ns(scan.params.sets_wait_s))
    return waited or (scan.state.sets_ns > 0 and not scan.view.facts.sets.pending)


def _caps_w(scan: Scan) -> float | None:
    """Return the total of the row caps read back [W], None when it is old or no limit."""
    heard = scan.view.word("caps")
    if heard is None or scan.view.passed(heard.at_ns + _HEARD_VALID_NS + 1):
        return None
    total_w = float(heard.values["rows_limit_w"])
    return total_w if total_w >= 0 else None


def _caps_in_force(scan: Scan) -> bool:
    total_w = _caps_w(scan)
    return total_w is not None and total_w <= scan.limit_w


def _rows_wait(scan: Scan, feeder: str) -> bool:
    """Return whether a feeder is one of rows whose caps are not in force, or have no room."""
    if feeder not in _feeders(scan) or scan.limit_w == acceptance.NO_LIMIT_W:
        return False
    return scan.limit_w == 0 or not _caps_in_force(scan)


def _rows_cut(scan: Scan) -> bool:
    """Return whether the rows must be off the board: nothing for them, or no cap in force."""
    if scan.limit_w == acceptance.NO_LIMIT_W or not _sets_awaited(scan):
        return False
    if scan.limit_w == 0:
        return True
    patience_s = scan.params.sets_wait_s + scan.params.caps_wait_s
    late = not scan.view.facts.sets.on_bus
    late = late or scan.view.lasted(scan.state.sets_ns, ns(patience_s))
    return late and not _caps_in_force(scan)


def _feeders(scan: Scan) -> tuple[str, ...]:
    return acceptance.row_feeders(scan.view.site, scan.view.points, scan.scheme)


def _must_go(scan: Scan) -> tuple[str, ...]:
    """Return the feeders that are closed and must not be: too much at once, or too much in all."""
    if scan.auto is False:
        return ()
    view, gone = scan.view, _ahead(scan)
    if _rows_cut(scan):
        gone += _feeders(scan)
        gone += _overload(scan)
    for i in _awaiting(scan):
        gone += keep_off(scan, i) or ()
    return tuple(f for f in dict.fromkeys(gone) if not view.is_open(f))


def _ahead(scan: Scan) -> list[str]:
    """Return the feeders of rows that the first set, ready for its bus, could not begin with."""
    view, sets = scan.view, scan.view.facts.sets
    coming = [name for name in sets.ready if name in scan.scheme.sets]
    if not coming or sets.on_bus or not view.facts.supply.outage:
        return []
    step_w = acceptance.step_w(view.site, coming[:1], scan.params.load)
    pairs = zip(scan.scheme.sections, scan.state.sections, strict=True)
    dark = {
        drawn.bus
        for drawn, at in pairs
        if at.stage is Stage.AWAITING and view.topology.dead(drawn.bus)
    }
    own = (f for f in _feeders(scan) if view.site.equipment[f].buses[0] in dark)
    return [f for f in own if _brings(scan, f) > step_w]


def _awaiting(scan: Scan) -> list[int]:
    """Return the sections that sets, or what stands in for them, are about to feed."""
    view, facts = scan.view, scan.view.facts
    sets_there = facts.sets.on_bus and view.topology.live(scan.scheme.generator_bus)
    if not (sets_there or facts.island.bus or facts.formed):
        return []
    stages = [at.stage for at in scan.state.sections]
    if not view.facts.supply.outage and Stage.ON_MAIN in stages:
        return []  # the tie can lend from mains
    pairs = zip(scan.scheme.sections, scan.state.sections, strict=True)
    return [
        i
        for i, (drawn, at) in enumerate(pairs)
        if at.stage is Stage.AWAITING and view.topology.dead(drawn.bus)
    ]


def _overload(scan: Scan) -> list[str]:
    """Return the feeders beside the rows that the sets cannot carry, of the lowest priority."""
    usable_w = scan.params.load.usable_pu * scan.capability_w
    carried = _carried_w(scan)
    found = acceptance.blocks(scan.view.site, scan.view.points)
    others = [f for f in carried if found[f].essential_w and f in scan.view.site.equipment]
    others.sort(key=lambda name: found[name].priority)
    total_w, gone = sum(w for f, w in carried.items() if f not in _feeders(scan)), []
    while others and total_w > usable_w:
        gone.append(others.pop())
        total_w -= carried[gone[-1]]
    return gone


def shed(scan: Scan) -> tuple[str, ...]:
    """Return the feeders that this scheme or its board opened and that are to close again."""
    view, state = scan.view, scan.state
    isolated = scan.scheme.id in view.facts.black_start.holding
    if scan.auto is False and not isolated and not _own_logic(scan):
        return ()
    left = state.shed
    if state.closed is None and acceptance.outgoing_feeders(view.site, view.points, scan.scheme):
        left = (*left, *opened.before(view, scan.scheme.id))
    if isolated:
        left = (*left, *view.facts.black_start.opened)
    elif scan.auto is False:
        left = (*left, *_last_closed(scan))
    left = tuple(f for f in left if not view.is_closed(f) and not _faulty(view, f))
    closed_now = (f for f in _must_go(scan) if view.is_closed(f))
    return tuple(dict.fromkeys((*left, *closed_now)))


def closed(scan: Scan) -> tuple[str, ...] | None:
    """Return the outgoing feeders that stood closed when the board's own logic last rested."""
    view = scan.view
    if scan.auto is None or _own_logic(scan):
        return scan.state.closed
    outgoing = acceptance.outgoing_feeders(view.site, view.points, scan.scheme)
    return tuple(f for f in outgoing if f in scan.state.shed or not view.is_open(f))


def _last_closed(scan: Scan) -> tuple[str, ...]:
    """Return the outgoing feeders that stood closed before, all of them if nobody has looked."""
    found = scan.state.closed
    if found is None:
        return acceptance.outgoing_feeders(scan.view.site, scan.view.points, scan.scheme)
    return found


def _own_logic(scan: Scan) -> bool:
    """Return whether it is the board's own logic that has the scheme."""
    view, controller = scan.view, scan.scheme.controller
    at_work = view.stage(controller) not in {"inhibited", None}
    return at_work and view.stage(controller, "selector") == "auto"


def _faulty(view: View, feeder: str) -> bool:
    return any(view.status(feeder, flag) for flag in FAULT_TRIPS)


def wishes(scan: Scan) -> list[tuple[str, str, str]]:
    """Open feeders that the sets cannot take now; close them again when they can."""
    if not scan.state.shed:
        return []
    gone = _must_go(scan)
    why = "the sets cannot carry the rows" if _rows_cut(scan) else "too large a step for the sets"
    opened = [(f, "open", why) for f in scan.state.shed if f in gone]
    back = [f for f in scan.state.shed if f not in gone]
    if _rows_cut(scan):
        back = [f for f in back if f not in _feeders(scan)]
    return opened + [(f, "close", "it can be carried again") for f in _next(scan, back)]


def _next(scan: Scan, feeders: list[str]) -> list[str]:
    """Return which feeders are to close now: on sets one, when the last block is digested.

    One that was told and did not close is wanted still, and stands in nobody's way.
    """
    view, state = scan.view, scan.state
    if _forbidden(scan):
        return []
    buses = {f: view.site.equipment[f].buses[0] for f in feeders}
    live = [f for f in feeders if view.topology.live(buses[f])]
    in_blocks = view.facts.supply.outage or bool(view.facts.black_start.sourcing)
    on_sets = [f for f in live if in_blocks or _on_sets(scan, buses[f])]
    digested = not state.block_ns or view.passed(state.block_ns + ns(scan.params.between_blocks_s))
    if digested and not any(s.stage in MOVING for s in state.sections):
        found = acceptance.blocks(view.site, view.points)
        on_sets.sort(key=lambda name: found[name].priority)
        idle = (f for f in on_sets if f not in view.facts.not_closed)
        taken = next((f for f in idle if _may_close(scan, f)), None)
    else:
        taken = None
    told = {taken, *view.facts.not_closed}
    return [f for f in live if f not in on_sets or f in told]


def _forbidden(scan: Scan) -> bool:
    """Return whether emergency power off or a maintenance tag stands on the board, or may."""
    view, controller = scan.view, scan.scheme.controller
    flags = [
        f for f in ("emergency_off", "maintenance") if view.points.find(controller, f) is not None
    ]
    return any(view.status(controller, flag) is not False for flag in flags)


def _may_close(scan: Scan, feeder: str) -> bool:
    """Return whether a feeder is a block that the sets can take now."""
    if _rows_wait(scan, feeder):
        return False
    brings_w = _brings(scan, feeder)
    if brings_w > _room_w(scan):
        return False
    waited = scan.view.lasted(scan.state.block_ns, ns(scan.params.sets_wait_s))
    return brings_w <= _step_w(scan) or (waited and _sets_awaited(scan))
