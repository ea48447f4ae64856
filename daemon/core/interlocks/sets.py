"""The standby sets, and what stands over a whole scheme: emergency off and maintenance tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case


def emergency_off(case: Case) -> bool:
    """Emergency power off or fire trip stands at the device or its scheme, or may."""
    scheme = case.scheme()
    return case.not_known("emergency_off", False) or (
        scheme is not None and case.not_known("emergency_off", False, scheme.controller)
    )


def under_maintenance(case: Case) -> bool:
    """A maintenance tag is on the scheme, or may be."""
    scheme = case.scheme()
    return scheme is not None and case.not_known("maintenance", False, scheme.controller)


def on_bus(case: Case) -> bool:
    """The breaker of the set is or may be closed."""
    scheme = case.scheme()
    return scheme is not None and case.may_be_closed(scheme.sets[case.item.id])


def not_auto(case: Case) -> bool:
    """The selector of the set is not known to be on auto."""
    served = case.view.points.find(case.item.id, "selector") is not None
    return served and case.view.stage(case.item.id, "selector") != "auto"
