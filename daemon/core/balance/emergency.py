"""What emergency power off or a fire trip ends: loads in order, stores and converters at once.

The panel opens every breaker of its scheme and stops its sets by wire, whoever has authority. Until
a person has reset it the interlocks let pass no close, start or transfer of anything behind its
mains, nor of what would bring voltage there (`daemon.core.interlocks.held`). What the wire does not
reach, the daemon tells: storage and converters to stop, so that nothing there holds a voltage or
brings one back by itself; and the loads, which run on their own batteries by then, to end in order
at once, whatever time these still had. What was stopped, a person starts again.

A flag can lie. The loads must be seen to live on storage; stores and converters are stopped when a
breaker of the board says that it is held off as well, or nothing from outside feeds its sections.

Source: own derivation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.boards import boards, held_off

if TYPE_CHECKING:
    from daemon.core.boards import Board
    from daemon.core.view import View

OWNER: Final = "emergency"
REASON: Final = "emergency power off or fire trip stands"
_STOPPED: Final = frozenset({"ess", "hvdc"})
_AT_REST: Final = frozenset({"off", "standby", "fault"})


def cut_off(view: View) -> frozenset[str]:
    """Return the equipment behind schemes whose emergency power off is known to stand."""
    struck = [
        board.behind
        for board in boards(view.site, view.points)
        if view.status(board.scheme.controller, "emergency_off")
    ]
    return frozenset[str]().union(*struck)


def to_stop(view: View) -> tuple[str, ...]:
    """Return the storage and converters that are to stop, and do not yet show that they have."""
    found: list[str] = []
    for board in boards(view.site, view.points):
        if not view.status(board.scheme.controller, "emergency_off"):
            continue
        if held_off(view, board.scheme) or not _fed_from_outside(view, board):
            own = (e for e in view.site.of_nature(*_STOPPED) if e.id in board.behind)
            found += [e.id for e in own if view.stage(e.id) not in _AT_REST]
    return tuple(found)


def _fed_from_outside(view: View, board: Board) -> bool:
    """Return whether a section has its voltage from anything but the scheme's own storage."""
    topology = view.topology
    buses = [c.bus for c in board.scheme.sections if not topology.dead(c.bus)]
    stores = {e.id for e in view.site.of_nature("ess")} & board.behind
    return any(not stores.issuperset(topology.sources(bus) or ("",)) for bus in buses)
