"""The outgoing feeders of a board: what sets cannot carry is off it, and closed again later.

AI rows are capped, or taken off the board, before a section is fed from sets. What the board's own
logic has shed while the daemon was silent is the daemon's to bring back: whatever it had last seen
closed, finds open and finds no fault at, once the selector and the own logic leave it the scheme.
On sets the feeders of rows wait for their caps, others for sets that carry all essential loads, and
each waits until the block before it has been digested. What a person opened stays open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks import FAULT_TRIPS
from daemon.core.transfer import acceptance
from daemon.core.transfer.board import MOVING
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from daemon.core.transfer.board import Params, Scan
    from daemon.core.view import View

_HEARD_VALID_NS: Final = 2 * SECOND


def limit_w(view: View, params: Params) -> float:
    """Return what all rows together may draw from the sets on the bus [W]."""
    sets = view.facts.sets
    carried = view.facts.supply.outage or not view.facts.sets_released
    if not carried or not sets.on_bus:
        return acceptance.NO_LIMIT_W
    return acceptance.rows_limit_w(view.site, view.points, sets.capability_w, params.load)


def load_fits(scan: Scan) -> bool:
    """Return whether a section may be fed by the sets that run now."""
    if scan.limit_w == acceptance.NO_LIMIT_W:
        return True
    if not _sets_awaited(scan):
        return False
    if scan.limit_w > 0 and _caps_in_force(scan):
        return True
    return all(map(scan.view.is_open, _feeders(scan)))


def _sets_awaited(scan: Scan) -> bool:
    """Return whether no more sets are coming, or they have been waited for long enough."""
    waited = scan.view.lasted(scan.state.sets_ns, ns(scan.params.sets_wait_s))
    return waited or (scan.state.sets_ns > 0 and not scan.view.facts.sets.pending)


def _caps_in_force(scan: Scan) -> bool:
    heard = scan.view.word("caps")
    if heard is None or scan.view.passed(heard.at_ns + _HEARD_VALID_NS + 1):
        return False
    return 0 <= float(heard.values["rows_limit_w"]) <= scan.limit_w


def _rows_cut(scan: Scan) -> bool:
    """Return whether the rows must be off the board: nothing for them, or no cap in force."""
    if scan.limit_w == acceptance.NO_LIMIT_W or not _sets_awaited(scan):
        return False
    if scan.limit_w == 0:
        return True
    patience_s = scan.params.sets_wait_s + scan.params.caps_wait_s
    late = scan.view.lasted(scan.state.sets_ns, ns(patience_s))
    return late and not _caps_in_force(scan)


def _feeders(scan: Scan) -> tuple[str, ...]:
    return acceptance.row_feeders(scan.view.site, scan.view.points, scan.scheme)


def shed(scan: Scan) -> tuple[str, ...]:
    """Return the feeders that this scheme or its board opened and that are to close again."""
    if scan.auto is False and not _own_logic(scan):
        return ()
    view, state = scan.view, scan.state
    left = (*state.shed, *_last_closed(scan)) if scan.auto is False else state.shed
    left = tuple(f for f in left if not view.is_closed(f) and not _faulty(view, f))
    if scan.auto is not False and _rows_cut(scan):
        left = (*left, *(f for f in _feeders(scan) if view.is_closed(f)))
    return tuple(dict.fromkeys(left))


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
    """Open row feeders while there is nothing for them; close feeders again when there is."""
    of_rows = [f for f in scan.state.shed if f in _feeders(scan)]
    others = [f for f in scan.state.shed if f not in of_rows]
    spare_w = acceptance.spare_w(
        scan.view.site, scan.view.points, scan.view.facts.sets.capability_w, scan.params.load
    )
    back = others if scan.limit_w != 0.0 or spare_w >= 0.0 else []
    if _rows_cut(scan):
        opened = [(f, "open", "the sets cannot carry the rows") for f in of_rows]
        return opened + [(f, "close", "it can be carried again") for f in _next(scan, back)]
    if scan.limit_w == acceptance.NO_LIMIT_W or _caps_in_force(scan):
        back = back + of_rows
    return [(f, "close", "it can be carried again") for f in _next(scan, back)]


def _next(scan: Scan, feeders: list[str]) -> list[str]:
    """Return which feeders are to close now: on sets one, when the last block is digested."""
    view, state = scan.view, scan.state
    live = [f for f in feeders if view.topology.live(view.site.equipment[f].buses[0])]
    if not view.facts.supply.outage:
        return live
    digested = not state.block_ns or view.passed(state.block_ns + ns(scan.params.between_blocks_s))
    moving = any(s.stage in MOVING for s in state.sections)
    return live[:1] if digested and not moving else []
