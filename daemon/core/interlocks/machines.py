"""Machines, their neutrals, and who decides over them: own logic, selector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.interlocks.drawn import machines, own_breakers, schemes_by_member
from daemon.core.topology import Presence
from daemon.model.natures import Position
from daemon.model.plant import IntakeScheme

if TYPE_CHECKING:
    from daemon.core.interlocks.case import Case

EARTHED: Final = frozenset({"solid", "resistance"})
"""Declared earthing of a bus that asks for a neutral on its island."""


def own_logic(case: Case) -> bool:
    """The scheme's own controller, or the switch itself, decides now, or may."""
    view = case.view
    if case.item.nature == "transfer_switch":
        intake = any(
            isinstance(s, IntakeScheme) and s.switch == case.item.id
            for s in view.site.schemes.values()
        )
        return intake and case.not_known("inhibited", True)
    scheme = schemes_by_member(view.site, view.points).get(case.item.id)
    if scheme is None or not case.serves("stage", scheme.controller):
        return False
    return view.stage(scheme.controller) != "inhibited"


def not_auto(case: Case) -> bool:
    """The selector on the panel is not known to be on auto."""
    return case.serves("selector") and case.view.stage(case.item.id, "selector") != "auto"


def on_bus(case: Case) -> bool:
    """A breaker of the machine is or may be closed."""
    breakers = own_breakers(case.view.site, case.view.points).get(case.item.id, ())
    return any(map(case.may_be_closed, breakers))


def started_on_bus(case: Case) -> bool:
    """A machine at rest would run up onto a bus that it may not have for itself."""
    view = case.view
    if view.stage(case.item.id) in {"ready", "loaded", "cooling_down"} or not on_bus(case):
        return False
    own = own_breakers(view.site, view.points)
    beyond = {b for name in own[case.item.id] for b in view.site.equipment[name].buses}
    others = [
        name
        for machine, breakers in own.items()
        for name in breakers
        if machine != case.item.id and not beyond.isdisjoint(view.site.equipment[name].buses)
    ]
    return not all(map(view.topology.dead, beyond)) or any(map(case.may_be_closed, others))


def at_rest(case: Case) -> bool:
    """A machine at its own terminals is not known to run on: the grid would turn it."""
    own = machines(case.view.site, case.view.points)
    presence = case.view.topology.presence
    return any(
        presence[bus] is not Presence.LIVE or _runs_out(case, own[bus])
        for bus in case.sides
        if bus in own
    )


def _runs_out(case: Case, machine: str) -> bool:
    """Return whether a machine that has voltage yet was told to stop."""
    told = case.under_way.get(machine) == "stop"
    return told or case.view.stage(machine) == "cooling_down"


def no_neutral(case: Case) -> bool:
    """The island that a machine would make has no neutral that is known to be earthed."""
    own = machines(case.view.site, case.view.points)
    return any(
        case.view.site.buses[bus].earthing in EARTHED
        and case.not_known("neutral_earthed", True, own[bus])
        for bus in case.sides
        if bus in own
    )


def second_neutral(case: Case) -> bool:
    """A machine would join an island on which more than one neutral is earthed already."""
    view, site = case.view, case.view.site
    own = machines(site, view.points)
    sides = [bus for bus in case.sides if bus not in own]
    if len(sides) != 1:
        return False  # no machine stands at it
    joined = view.topology.reach[sides[0]]
    earthed = [
        machine
        for machine, breakers in own_breakers(site, view.points).items()
        if case.item.id not in breakers
        and view.status(machine, "neutral_earthed")
        and any(
            view.position(b) not in {Position.OPEN, Position.TRAVELLING}
            and joined in {view.topology.reach[end] for end in site.equipment[b].buses}
            for b in breakers
        )
    ]
    return len(earthed) > 1
