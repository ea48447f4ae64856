"""Transfer switches: where they may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.core.feeding import Change, fed_buses
from daemon.core.interlocks.case import TRANSFER, carries_though_open
from daemon.core.interlocks.drawn import touching

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case


def target_not_live(case: Case) -> bool:
    """The source to go to is not known to be live."""
    return not case.view.topology.live(case.item.buses[TRANSFER[case.wish.action]])


def onto_island(case: Case) -> bool:
    """The load side is unknown, or may have a source of its own beside that through the switch."""
    topology, load = case.view.topology, case.item.buses[2]
    if topology.dead(load):
        return False
    if not topology.live(load) or _carried_though_open(case, load):
        return True
    alone = Change(cut=frozenset({case.item.id}))
    return load in fed_buses(case.view, surely=False, change=alone)


def _carried_though_open(case: Case, load: str) -> bool:
    """Return whether a breaker of the load side shows open and carries current all the same."""
    view = case.view
    return any(
        view.site.equipment[name].nature == "breaker" and carries_though_open(view, name)
        for name in touching(view.site, view.points)[load]
    )


def out_of_phase(case: Case) -> bool:
    """A static switch would leave a source that is not known dead for one out of phase with it."""
    if case.item.variant != "sts":
        return False
    other = case.item.buses[1 - TRANSFER[case.wish.action]]
    return not case.view.topology.dead(other) and case.not_known("in_sync", True)
