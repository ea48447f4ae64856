"""What people are at work on is set towards zero and no further, and not counted on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.arbitration import Sent, State
from daemon.core.smoothing import stores
from daemon.model.commands import OperatorRequest, Proposal
from tests.unit.core.test_arbitration import Desk

POWER = "power_setpoint_w"


def tagged(*equipment: str) -> Desk:
    """Return a desk with tags of Anna."""
    desk = Desk()
    desk.facts = replace(desk.facts, tags={name: {"anna": "works"} for name in equipment})
    return desk


def prefers(equipment: str, value: float, point: str = POWER) -> Proposal:
    return Proposal(equipment, point, "prefer", value, "peaks", "the demand is held")


@pytest.mark.parametrize(
    ("shown_w", "wanted_w", "sent_w"),
    [
        (-1e6, -2e6, None),
        (-1e6, -0.4e6, -0.4e6),
        (-1e6, 1e6, 0.0),
        (-1e6, 0.0, 0.0),
        (1e6, 2e6, None),
        (1e6, 0.5e6, 0.5e6),
        (0.0, -1e6, None),
        (0.0, 1e6, None),
    ],
)
def test_automata_move_tagged_storage_towards_zero_alone(
    shown_w: float, wanted_w: float, sent_w: float | None
) -> None:
    desk = tagged("ESS-1")
    desk.lane.put(f"ESS-1.{POWER}", shown_w)
    turn = desk.scan(prefers("ESS-1", wanted_w))
    assert [c.value for c in turn.commands] == ([] if sent_w is None else [sent_w])


def test_it_is_told_who_holds_it_and_that_the_tag_is_off() -> None:
    desk = tagged("ESS-1")
    desk.state = State({f"ESS-1.{POWER}": Sent(-1e6, desk.lane.now_ns, "peaks")})
    desk.lane.put(f"ESS-1.{POWER}", -1e6)
    (held,) = desk.scan(prefers("ESS-1", -2e6)).events
    assert held.fields["owner"] == "maintenance"
    assert "a maintenance tag of anna hangs on it" in held.text
    desk.facts = replace(desk.facts, tags={})
    turn = desk.scan(prefers("ESS-1", -2e6), after_s=1.0)
    assert [c.value for c in turn.commands] == [-2e6]
    assert turn.events[0].fields["owner"] == "peaks"


def test_what_shows_nothing_and_was_told_nothing_is_left_alone() -> None:
    desk = tagged("ESS-1")
    desk.lane.spoil("ESS-1")
    assert desk.scan(prefers("ESS-1", -2e6)).commands == ()
    desk.state = State({f"ESS-1.{POWER}": Sent(-1e6, desk.lane.now_ns, "peaks")})
    desk.scan(prefers("ESS-1", -2e6), after_s=5.0)
    assert desk.state.sent[f"ESS-1.{POWER}"].value == -1e6


@pytest.mark.parametrize("equipment", ["DG-1", "ROW-1"])
def test_a_set_shares_and_a_row_is_capped_all_the_same(equipment: str) -> None:
    desk = tagged(equipment)
    point, value = (POWER, -1e6) if equipment == "DG-1" else ("power_cap_pu", 0.5)
    desk.lane.put(f"{equipment}.{point}", 0.0)
    assert [c.value for c in desk.scan(prefers(equipment, value, point)).commands] == [value]


@pytest.mark.parametrize(
    ("equipment", "point", "shown", "value", "refused"),
    [
        ("ESS-1", POWER, -1e6, -1.1e6, True),
        ("ESS-1", POWER, -1e6, 0.5e6, True),
        ("ESS-1", POWER, -1e6, -0.9e6, False),
        ("ESS-1", POWER, -1e6, 0.0, False),
        ("ESS-1", POWER, 0.0, 0.1e6, True),
        ("DG-1", POWER, 0.0, -1e6, True),
        ("ROW-1", "power_cap_pu", 1.0, 0.5, False),
        ("ROW-1", "power_cap_pu", 0.5, 1.0, True),
        ("TX-P-A", "voltage_setpoint_pu", 1.0, 0.99, True),
    ],
)
def test_a_person_is_refused_by_name_what_moves_it_elsewhere(
    equipment: str, point: str, shown: float, value: float, refused: bool
) -> None:
    for names in ((), (equipment,)):
        desk = tagged(*names)
        desk.lane.put(f"{equipment}.{point}", shown)
        asked = Proposal(equipment, point, "set", value, "", "by hand")
        turn = desk.scan(inbox=(OperatorRequest("r", "maria", asked),))
        told = [(e.name, e.fields.get("interlock")) for e in turn.events]
        if refused and names:
            assert told == [("setpoint_refused", "maintenance")]
            assert "a maintenance tag of anna hangs on it: take it off" in turn.events[0].text
        else:
            assert told[0][0] == "setpoint_taken"


def test_a_standing_set_point_of_a_person_can_be_released_under_a_tag() -> None:
    desk = Desk()
    desk.lane.put(f"ESS-1.{POWER}", 0.0)
    for number, action in enumerate(("set", "release")):
        asked = Proposal("ESS-1", POWER, action, -1e6, "", "by hand")
        turn = desk.scan(inbox=(OperatorRequest(f"r{number}", "maria", asked),))
        assert turn.events[0].name == "setpoint_taken"
        desk.facts = tagged("ESS-1").facts


@pytest.mark.parametrize("name", ["", "ESS-1"])
def test_smoothing_does_not_count_on_it(name: str) -> None:
    desk = tagged(*filter(None, [name]))
    demand = desk.facts.demand._replace(reserve_wh={"ESS-1": 0.0})
    desk.facts = replace(desk.facts, demand=demand)
    desk.lane.put("ESS-1.stage", "grid_following")
    view = desk.view()
    item = view.site.equipment["ESS-1"]
    told = (0.0, 0.0, 0.5, 3e6, 3e6)
    live = {view.topology.section[item.buses[0]]}
    (found,) = stores.able(view, [item], [told], [stores.Trust()], live)
    assert (found.give_w > 0.0) is (not name)
