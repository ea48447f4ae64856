"""UPS: when it may leave its inverter, and when it may come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks.drawn import partners

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case

TEST_SOC_PU: Final = 0.5
"""Charge below which a battery is not tested."""


def bypass_not_ready(case: Case) -> bool:
    """The bypass is not known to be in range and in phase, or its source to be live."""
    return case.not_known("bypass_available", True) or not case.view.topology.live(
        case.item.buses[0]
    )


def on_maintenance(case: Case) -> bool:
    """People may be at work behind the maintenance bypass."""
    return case.view.stage(case.item.id) in {"maintenance_bypass", None}


def faulty(case: Case) -> bool:
    """The inverter has a fault."""
    return case.view.stage(case.item.id) == "fault"


def overloaded(case: Case) -> bool:
    """The inverter is not known to be able to carry the load."""
    output_w = case.view.read(case.item.id, "output_power_w")
    too_much = output_w is None or output_w > case.item.ratings["power_w"]
    return too_much or case.not_known("overload", False)


def partner_not_normal(case: Case) -> bool:
    """Another UPS that carries the same critical loads is not known to be on its inverter."""
    others = partners(case.view.site, case.view.points)[case.item.id]
    return any(case.view.stage(other) != "normal" for other in others)


def not_testable(case: Case) -> bool:
    """It does not stand on a utility with its store charged, as far as is known."""
    view, item = case.view, case.item
    topology, bus = view.topology, item.buses[0]
    utility = any(view.site.equipment[s].nature == "utility" for s in topology.sources(bus))
    charged = (view.charge_pu(item.id) or 0.0) >= TEST_SOC_PU
    return view.stage(item.id) != "normal" or not charged or not (utility and topology.live(bus))
