"""Transfer switches: where they may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.feeding import Change, fed_buses
from daemon.core.interlocks.case import TRANSFER
from daemon.core.interlocks.drawn import touching

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case

CARRIES_PU: Final = 0.01
"""A breaker that shows open is not, if it carries more of its rated current than this. Source: own
derivation."""


def target_not_live(case: Case) -> bool:
    """The source to go to is not known to be live."""
    return not case.view.topology.live(case.item.buses[TRANSFER[case.wish.action]])


def onto_island(case: Case) -> bool:
    """The load side is unknown, or may have a source of its own beside that through the switch."""
    topology, load = case.view.topology, case.item.buses[2]
    if topology.dead(load):
        return False
    if not topology.live(load) or _carries_though_open(case, load):
        return True
    alone = Change(cut=frozenset({case.item.id}))
    return load in fed_buses(case.view, surely=False, change=alone)


def _carries_though_open(case: Case, load: str) -> bool:
    """Return whether a breaker of the load side shows open and carries current all the same."""
    view = case.view
    for name in touching(view.site, view.points)[load]:
        if view.site.equipment[name].nature == "breaker" and view.is_open(name):
            carried_a = view.read(name, "current_a")
            rated_a = view.site.equipment[name].ratings["current_a"]
            if carried_a is not None and abs(carried_a) >= CARRIES_PU * rated_a:
                return True
    return False


def out_of_phase(case: Case) -> bool:
    """A static switch would leave a source that is not known dead for one out of phase with it."""
    if case.item.variant != "sts":
        return False
    other = case.item.buses[1 - TRANSFER[case.wish.action]]
    return not case.view.topology.dead(other) and case.not_known("in_sync", True)
