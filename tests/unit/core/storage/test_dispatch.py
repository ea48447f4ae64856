"""AC storage: helps sets that are short, refills within what is left, else nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core.estimation import storage_state
from daemon.core.storage.dispatch import Params, beside_sets_w
from daemon.model.commands import OperatorRequest, Proposal
from daemon.model.natures import Position
from daemon.model.quality import Quality
from tests.main_lane import Lane, commands, dark, events, on_sets, supply

POINT = "power_setpoint_w"


def last(hall: Lane, message: object) -> float:
    """Return the set-point that stands after ten seconds under this word of the other lane."""
    steps = [hall.scan(message), *hall.run(10.0)]  # type: ignore[arg-type]
    sent = [c.value for c in commands(steps, POINT) if c.equipment == "ESS-1"]
    return sent[-1] if sent else float(hall.values[hall.points.index("ESS-1", POINT)])


def following(hall: Lane, for_s: int, load_w: float | None = None) -> float:
    """Return the set-point that stands after a time on the utility, of a store that follows it.

    One that does not is soon asked only for what it does (`daemon.core.smoothing`). The import is
    load and store; without a load its meter stays as it is.
    """
    at = hall.points.index("ESS-1", POINT)
    for _ in range(for_s):
        power_w = float(hall.values[at])
        hall.put("ESS-1.power_w", power_w)
        if load_w is not None:
            hall.put("M-UA.power_w", load_w + power_w)
        for command in commands([hall.scan(supply()), *hall.run(0.9)], POINT):
            if command.equipment == "ESS-1":
                hall.put(f"ESS-1.{POINT}", command.value)
    return float(hall.values[at])


def settled() -> Lane:
    """Return a lane a minute after its daemon began: until then the import goes nowhere."""
    hall = Lane()
    for name, value in (("soc_pu", 0.9), ("charge_limit_w", 3e6), ("power_w", 0.0)):
        hall.put(f"ESS-1.{name}", value)
    hall.put("M-UA.power_w", 2.0e6)
    hall.scan(supply())
    hall.run(62.0)
    return hall


def test_nothing_at_loss_of_mains() -> None:
    hall = Lane()
    hall.put("ESS-1.power_setpoint_w", -1e6)
    assert last(hall, dark()) == 0.0


def test_dc_storage_gets_no_set_point() -> None:
    hall = Lane()
    hall.put("ESS-2.soc_pu", 0.1)
    steps = [hall.scan(supply()), *hall.run(5.0)]
    assert not [c for c in commands(steps, POINT) if c.equipment == "ESS-2"]


@pytest.mark.parametrize(
    ("total_w", "expected_w"),
    [(3.0e6, 0.04e6), (1.0e6, 0.4e6), (3.5e6, -0.46e6)],
)
def test_room_on_one_set(total_w: float, expected_w: float) -> None:
    assert beside_sets_w(total_w, 3.2e6, Params()) == pytest.approx(expected_w)


def test_sets_that_are_short_are_helped_above_the_floor_of_charge() -> None:
    hall = Lane()
    hall.put("ESS-1.discharge_limit_w", 3e6)
    hall.put("ESS-1.power_w", 0.0)
    hall.put("DG-1.power_w", -3.4e6)
    assert last(hall, on_sets(1)) == pytest.approx(-0.36e6)
    hall.put("ESS-1.soc_pu", 0.15)
    assert last(hall, on_sets(1)) == 0.0


def test_loads_that_live_on_storage_come_before_a_refill() -> None:
    hall = Lane()
    hall.put("ESS-1.soc_pu", 0.5)
    hall.put("ESS-1.charge_limit_w", 3e6)
    hall.put("ESS-1.power_w", 0.0)
    hall.put("DG-1.power_w", -1.0e6)
    assert last(hall, on_sets(4)) == pytest.approx(0.4e6)
    hall.put("UPS-A.on_battery", 1.0)
    assert last(hall, on_sets(4)) == 0.0


def test_helping_does_not_swing() -> None:
    """The relief that a discharge gives the sets is counted as load that is there."""
    hall = Lane()
    hall.put("ESS-1.discharge_limit_w", 3e6)
    hall.put("ESS-1.power_w", -0.36e6)
    hall.put("DG-1.power_w", -3.04e6)
    assert last(hall, on_sets(1)) == pytest.approx(-0.36e6)


def test_refill_on_the_utility_stays_inside_the_contract() -> None:
    hall = settled()
    hall.put("ESS-1.soc_pu", 0.5)
    hall.state = replace(hall.state, storage_state=storage_state.State())
    assert following(hall, 52, 2.0e6) == 1.0e6
    assert following(hall, 45, 4.5e6) == pytest.approx(0.44e6)
    hall.spoil("M-UA")
    less_w = [following(hall, 5) for _ in range(3)]
    assert 0.44e6 > less_w[0] > less_w[1] > less_w[2], "an import that is not known allows nothing"


def test_a_store_whose_power_is_not_known_is_not_dropped_while_it_stands_for_a_job() -> None:
    hall = Lane()
    hall.put("ESS-1.soc_pu", 0.9)
    hall.put(f"ESS-1.{POINT}", -1.5e6)
    hall.put("M-UA.power_w", 2.0e6)
    hall.put("M-UB.power_w", 0.0)
    hall.quality[hall.points.index("ESS-1", "power_w")] = Quality.BAD_TIMEOUT
    hall.scan(supply())
    asked_w = [c.value for c in commands(hall.run(3.0), POINT) if c.equipment == "ESS-1"]
    assert not asked_w or max(asked_w) <= -1.4e6
    hall.put("M-UA.power_w", -0.2e6)
    asked_w = [c.value for c in commands(hall.run(3.0), POINT) if c.equipment == "ESS-1"]
    assert asked_w[-1] >= -1.3e6, "it is exported"


def asked(hall: Lane, value_w: float) -> str:
    """Return what became of a person's set-point: its value at the device, or why not."""
    wish = Proposal("ESS-1", POINT, "set", value_w, "kim", "a trial")
    steps = [hall.scan(OperatorRequest("1", "kim", wish)), *hall.run(3.0)]
    if refused := events(steps, "setpoint_refused"):
        return str(refused[0].fields["interlock"])
    sent = [c.value for c in commands(steps, POINT) if c.equipment == "ESS-1"]
    return f"{sent[-1]:g}"


@pytest.mark.parametrize("value_w", [-0.8e6, 0.7e6])
def test_a_person_has_the_say_over_storage_that_is_full_enough(value_w: float) -> None:
    hall = Lane()
    hall.put("ESS-1.power_w", 0.0)
    hall.put("M-UA.power_w", 2.0e6)
    hall.put("M-UB.power_w", 0.0)
    assert last(hall, supply()) == 0.0
    assert asked(hall, value_w) == f"{value_w:g}"


def test_a_person_is_refused_by_name_what_the_plant_cannot_bear() -> None:
    hall = Lane()
    hall.put("ESS-1.power_w", 0.0)
    hall.put("M-UA.power_w", 2.0e6)
    hall.put("M-UB.power_w", 0.0)
    hall.run(1.0)
    hall.scan(supply())
    assert asked(hall, -2.5e6) == "bounded_by_dispatch", "it would be exported"
    hall.scan(dark())
    hall.run(1.0)
    assert asked(hall, 0.5e6) == "bounded_by_dispatch", "there is nothing to follow"


def test_refill_ends_at_its_target_and_begins_again_below_it() -> None:
    hall, wanted = settled(), []
    for soc in (0.84, 0.88, 0.91, 0.88, 0.84):
        hall.put("ESS-1.soc_pu", soc)
        # Nothing flows in this picture, so a count would contradict what is put here.
        hall.state = replace(hall.state, storage_state=storage_state.State())
        following(hall, 1)
        wanted.append(hall.state.storage.refilling == ("ESS-1",))
    assert wanted == [True, True, False, False, True]


def test_storage_whose_charge_is_not_known_gets_zero() -> None:
    hall = Lane()
    hall.put("ESS-1.power_setpoint_w", 1e6)
    hall.spoil("ESS-1")
    hall.put("ESS-1.power_setpoint_w", 1e6)
    assert last(hall, supply()) == 0.0


def test_an_order_to_hold_a_section_is_passed_on_once_and_not_when_nobody_wants_it() -> None:
    hall = Lane()
    hall.lose_utility()
    off = ("52-VCB-IN", "52-VCB-MA", "52-VCB-HA", "52-VCB-SA1", "52-VCB-SA2", "52-VCB-QA")
    for breaker in off:
        hall.put(f"{breaker}.position", Position.OPEN.value)
    word = dark(orders={"ESS-1": "grid_forming"})
    steps = [hall.scan(word), *hall.run(2.5)]
    assert [c.action for c in commands(steps, "command") if c.equipment == "ESS-1"] == [
        "grid_forming"
    ]
    steps = [hall.scan(dark(orders={})), *hall.run(2.5)]
    assert not [c for c in commands(steps, "command") if c.equipment == "ESS-1"]
