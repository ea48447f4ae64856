"""The AI rows of a board that lives on sets: capped, or off the board, before a section is fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.transfer import acceptance
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
    """Return the row feeders that this scheme opened and still has to close again."""
    if scan.auto is False:
        return ()
    if _rows_cut(scan):
        closed = [f for f in _feeders(scan) if scan.view.is_closed(f)]
        return tuple(dict.fromkeys((*scan.state.shed, *closed)))
    return tuple(f for f in scan.state.shed if not scan.view.is_closed(f))


def wishes(scan: Scan) -> list[tuple[str, str, str]]:
    """Open row feeders while there is nothing for them; close those again when there is."""
    if _rows_cut(scan):
        return [(f, "open", "the sets cannot carry the rows") for f in scan.state.shed]
    held = scan.limit_w != acceptance.NO_LIMIT_W and not _caps_in_force(scan)
    return [
        (f, "close", "the rows can be carried again")
        for f in scan.state.shed
        if not held and scan.view.topology.live(scan.view.site.equipment[f].buses[0])
    ]
