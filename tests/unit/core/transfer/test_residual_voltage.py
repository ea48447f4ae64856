"""What motors leave on a section they have lost: nothing closes onto it before it has decayed.

The daemon's residual-voltage element (27R) is that of `core.topology`: below `DEAD_PU` a bus is
dead, above `LIVE_PU` live, and between the two it is unknown and closed onto by nobody.
"""

from __future__ import annotations

import pytest

from tests.hall import _TERMINALS, OPEN, Hall
from tests.unit.core.interlocks.test_rows import case, on_sets, refusing

GA, MA, TIE = "52-VCB-GA", "52-VCB-MA", "52-VCB-TIE"


def leave(hall: Hall, bus: str, left_pu: float) -> None:
    """Let motors hold a section, with all that switches join to it, at a part of nominal."""
    joined, to_do = {bus}, [bus]
    while to_do:
        here = to_do.pop()
        for item in hall.site.equipment.values():
            if item.nature == "breaker" and here in item.buses and hall.positions[item.id] != OPEN:
                fresh = set(item.buses) - joined
                joined |= fresh
                to_do += fresh
    for point in hall.params.points.points:
        item = hall.site.equipment[point.equipment]
        terminal = _TERMINALS.get(point.spec.name)
        if terminal is not None and terminal < len(item.buses) and item.buses[terminal] in joined:
            nominal_v = hall.site.buses[item.buses[terminal]].voltage_v
            hall.said[item.id, point.spec.name] = left_pu * nominal_v


@pytest.mark.parametrize(
    ("left_pu", "row"),
    [
        (0.0, ""),
        (0.09, ""),
        (0.11, "voltage_unknown"),
        (0.25, "voltage_unknown"),
        (0.3, "voltage_unknown"),
        (0.49, "voltage_unknown"),
        (0.51, "live_live"),
        (0.9, "live_live"),
    ],
)
@pytest.mark.parametrize("breaker", [GA, TIE])
def test_a_plain_close_onto_what_has_not_decayed_is_refused_by_name(
    breaker: str, left_pu: float, row: str
) -> None:
    hall = Hall()
    on_sets(hall)
    if breaker == TIE:  # the sets hold the other section
        hall.positions["52-VCB-GB"] = 2
    leave(hall, "MVA", left_pu)
    asked = set(refusing(case(hall, breaker, "close")))
    assert asked & {"voltage_unknown", "live_live"} == ({row} if row else set())


def test_sets_are_not_given_a_section_before_its_voltage_has_decayed() -> None:
    hall = Hall()
    hall.run(2.0)
    hall.lose_mains()
    assert hall.run(20.0, lambda: hall.positions[MA] == OPEN)
    leave(hall, "MVA", 0.3)
    assert hall.run(40.0, lambda: bool(hall.sources_of("MVB"))), "the other section is not held up"
    hall.run(3.0)
    assert hall.told(GA) == []
    assert hall.told(TIE) == []
    hall.said.clear()
    assert hall.run(40.0, lambda: bool(hall.sources_of("MVA")))
    assert hall.told(GA) + hall.told(TIE) == ["close"]


def test_a_section_without_its_transformer_gets_the_tie_once_its_voltage_has_decayed() -> None:
    hall = Hall()
    hall.run(17.0)
    hall.positions["52-VCB-PA"] = OPEN
    assert hall.run(20.0, lambda: hall.positions[MA] == OPEN)
    leave(hall, "MVA", 0.3)
    hall.run(3.0)
    assert hall.told(TIE) == []
    leave(hall, "MVA", 0.09)
    hall.run(1.0)
    assert hall.told(TIE) == ["close"]
