"""Storage that is told to form an island: the one reference of a dead bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case

FORM_SOC_PU: Final = 0.1
"""Charge below which an island would not last. Source: own derivation."""


def on_dc(case: Case) -> bool:
    """Storage on DC only supports its bus: it is no reference."""
    return case.view.site.buses[case.item.buses[0]].kind == "dc"


def second_reference(case: Case) -> bool:
    """Its bus is not known to be dead: something else may hold its voltage and frequency."""
    return not on_dc(case) and not case.view.topology.dead(case.item.buses[0])


def empty(case: Case) -> bool:
    """Its charge is not known to last for an island."""
    return not on_dc(case) and (case.view.charge_pu(case.item.id) or 0.0) < FORM_SOC_PU
