"""Transfer switches: where they may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.core.interlocks.case import TRANSFER
from daemon.core.interlocks.feeding import fed_buses

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case


def target_not_live(case: Case) -> bool:
    """The source to go to is not known to be live."""
    return not case.view.topology.live(case.item.buses[TRANSFER[case.wish.action]])


def onto_island(case: Case) -> bool:
    """The load side is unknown, or has a source of its own beside the one through the switch."""
    topology, load = case.view.topology, case.item.buses[2]
    if topology.dead(load):
        return False
    return not topology.live(load) or load in fed_buses(case.view, without=case.item.id)
