"""What is in the stores: the least of three answers, reports that lie, strings that go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.core.estimation import storage_state
from daemon.core.facts import Store
from daemon.model.commands import LaneMessage
from daemon.model.quantities import ns
from tests.main_lane import Lane, alarms, events

if TYPE_CHECKING:
    from daemon.core.step import Step

CAPACITY_AH = 240e3 / 480.0


class Hall(Lane):
    """The hall with stores that rest and converters that offer what they should."""

    def __init__(self) -> None:
        super().__init__()
        self.put_all("ess", "power_w", 0.0)
        self.put_all("ess", "charge_limit_w", 1e6)
        self.put_all("ess", "discharge_limit_w", 1e6)
        self.put_all("ups", "battery_voltage_v", 480.0)

    def store(self, name: str) -> Store:
        return self.state.facts.charge.stores[name]

    def pass_(self, time_s: float, every_s: float = 1.0) -> list[Step]:
        return [self.scan(after_s=every_s) for _ in range(round(time_s / every_s))]


def test_a_store_at_rest_is_what_it_reports() -> None:
    hall = Hall()
    hall.pass_(10.0)
    assert hall.store("ESS-1").charge_pu == pytest.approx(0.9, abs=1e-3)
    assert hall.state.facts.charge.usable_wh["ESS-1"] == pytest.approx(0.9 * 6e6, rel=1e-3)
    assert hall.state.facts.charge.usable_wh["ROW-1"] == pytest.approx(0.9 * 8 * 3250, rel=1e-3)
    assert hall.state.facts.charge.contradicted == ()


@pytest.mark.fault("F31")
def test_a_ups_that_reports_full_while_it_empties() -> None:
    hall = Hall()
    hall.put("UPS-A.soc_pu", 1.0)
    hall.pass_(5.0)
    hall.put("UPS-A.stage", "battery")
    hall.put("UPS-A.on_battery", 1.0)
    hall.put("UPS-A.battery_current_a", -CAPACITY_AH * 3.0)
    hall.put("UPS-A.battery_voltage_v", 460.0)
    steps = hall.pass_(300.0)
    store = hall.store("UPS-A")
    assert store.usable_pu == pytest.approx(0.75, abs=0.02), "3 C for 5 minutes is a quarter"
    assert "UPS-A" in hall.state.facts.charge.contradicted
    told = events(steps, "charge_contradicted")
    assert [e.source for e in told] == ["UPS-A"]
    assert "charge-contradicted:UPS-A" in [a.alarm_id for a in alarms(steps, "B")]
    words = [m for s in steps for m in s.messages if isinstance(m, LaneMessage)]
    said = [m.values["usable_pu"] for m in words if m.topic == storage_state.TOPIC]
    assert 1 <= len(said) <= 6, "the switching lane is told, in steps"
    assert said[-1] == {"UPS-A": pytest.approx(0.7)}, "rounded down"
    path = hall.state.facts.autonomy.paths["UPS-A"]
    assert path.energy_wh == pytest.approx(store.usable_pu * 240e3 * 0.95, rel=0.02)


@pytest.mark.fault("F31")
def test_a_voltage_that_sags_is_believed_before_a_gauge_and_a_count() -> None:
    hall = Hall()
    hall.put("UPS-A.soc_pu", 1.0)
    hall.pass_(5.0)
    hall.put("UPS-A.stage", "battery")
    hall.put("UPS-A.battery_current_a", -CAPACITY_AH * 2.0)
    hall.put("UPS-A.battery_voltage_v", 480.0 * 3.0 / 3.29)
    hall.pass_(10.0)
    assert hall.store("UPS-A").usable_pu < 0.15


def test_storage_that_offers_no_more_charging_is_full() -> None:
    hall = Hall()
    hall.put("ESS-1.charge_limit_w", 0.0)
    hall.pass_(5.0)
    assert hall.store("ESS-1").charge_pu == pytest.approx(1.0, abs=0.03)
    assert hall.store("ESS-1").usable_pu == pytest.approx(0.9), "the report is less"


def test_storage_that_is_derated_to_nothing_is_neither_full_nor_empty() -> None:
    hall = Hall()
    hall.put("ESS-1.charge_limit_w", 0.0)
    hall.put("ESS-1.discharge_limit_w", 0.0)
    hall.pass_(5.0)
    assert hall.store("ESS-1").charge_pu == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("bias_pu", [0.008, -0.015])
def test_storage_told_to_rest_shows_its_bias(bias_pu: float) -> None:
    hall = Hall()
    hall.put("ESS-1.power_w", bias_pu * 3e6)
    hall.pass_(60.0)
    assert hall.store("ESS-1").bias_pu == pytest.approx(bias_pu, abs=5e-4)
    hall.put("ESS-1.power_setpoint_w", -1e6)
    hall.put("ESS-1.power_w", -1e6)
    hall.pass_(60.0)
    assert hall.store("ESS-1").bias_pu == pytest.approx(bias_pu, abs=5e-4), "it does not rest"


def test_a_charger_that_finds_nothing_to_put_in_has_filled_its_battery() -> None:
    hall = Hall()
    hall.put("UPS-A.battery_current_a", 0.2)
    hall.pass_(1000.0, every_s=10.0)
    assert hall.store("UPS-A").charge_pu == pytest.approx(0.9, abs=0.01), "not yet"
    hall.pass_(2000.0, every_s=10.0)
    assert hall.store("UPS-A").charge_pu == pytest.approx(1.0, abs=0.03)


def test_a_string_that_opens_is_believed_at_once_and_so_is_its_return() -> None:
    hall = Hall()
    hall.pass_(5.0)
    hall.put("UPS-A.soc_pu", 0.675)
    hall.pass_(3.0)
    assert hall.store("UPS-A").charge_pu == pytest.approx(0.675, abs=1e-3)
    hall.put("UPS-A.soc_pu", 0.9)
    hall.pass_(3.0)
    assert hall.store("UPS-A").charge_pu == pytest.approx(0.9, abs=1e-3)
    hall.put("UPS-A.soc_pu", 1.0)  # nothing was charged: this is a gauge
    hall.pass_(20.0)
    assert hall.store("UPS-A").usable_pu == pytest.approx(0.9, abs=1e-3)
    assert hall.state.facts.charge.contradicted == ("UPS-A",)


def test_a_power_that_is_not_read_makes_the_count_worthless_in_time() -> None:
    hall = Hall()
    hall.pass_(5.0)
    hall.spoil("UPS-A")
    hall.pass_(60.0)
    early = hall.store("UPS-A").sigma_pu
    hall.pass_(300.0)
    assert hall.store("UPS-A").sigma_pu > max(early, 0.15)
    for name in ("soc_pu", "battery_current_a", "battery_voltage_v", "battery_power_w", "stage"):
        index = hall.points.index("UPS-A", name)
        hall.quality[index] = 0
    hall.put("UPS-A.soc_pu", 0.5)
    hall.pass_(3.0)
    assert hall.store("UPS-A").usable_pu == pytest.approx(0.5, abs=1e-3)


def test_nothing_is_done_between_two_looks() -> None:
    hall = Hall()
    hall.scan()
    before = hall.state.storage_state
    hall.scan(after_s=0.1)
    assert hall.state.storage_state is before
    hall.now_ns += ns(1.0)
    hall.scan()
    assert hall.state.storage_state is not before
