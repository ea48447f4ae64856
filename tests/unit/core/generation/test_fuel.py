"""Fuel: how long it lasts, a level that sticks, a level that leaks, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.main_lane import Lane, alarms, events

if TYPE_CHECKING:
    from daemon.core.facts import Fuel
    from daemon.core.step import Step

RATED_W = 3.2e6
FULL_L_S = (0.0193 * RATED_W + 0.2498 * RATED_W) / 3.6e6
DAY_L = 6900.0


class Burning(Lane):
    """A hall whose DG-1 runs at rated power and burns."""

    def __init__(self, day_l: float = DAY_L, bulk_l: float = 10_000.0) -> None:
        super().__init__()
        self.day_l, self.bulk_l, self.lost_l_s = day_l, bulk_l, 0.0
        self.put_all("generator", "bulk_tank_l", 10_000.0)
        self.put("DG-1.stage", "loaded")
        self.put("DG-1.power_w", -RATED_W)
        self.shows()

    def shows(self) -> None:
        self.put("DG-1.fuel_l", self.day_l)
        self.put("DG-1.bulk_tank_l", self.bulk_l)

    def burn(self, hours: float, *, shown: bool = True) -> list[Step]:
        steps = []
        for _ in range(round(hours * 120)):
            self.day_l -= (FULL_L_S + self.lost_l_s) * 30.0
            if self.day_l < 0.7 * DAY_L and self.bulk_l > 2000.0:
                self.day_l, self.bulk_l = self.day_l + 1700.0, self.bulk_l - 1700.0
            if shown:
                self.shows()
            steps.append(self.scan(after_s=30.0))
        return steps

    @property
    def fact(self) -> Fuel:
        return self.state.facts.fuel


def test_a_set_lasts_as_long_as_its_tanks_at_what_it_gives() -> None:
    hall = Burning(bulk_l=0.0)
    hall.run(0.5)
    assert hall.fact.endurance_s["DG-1"] == pytest.approx(DAY_L / FULL_L_S, rel=0.01)
    assert hall.fact.endurance_s["DG-2"] > hall.fact.endurance_s["DG-1"], "it is at rest"
    total_l = DAY_L + 3 * 16_000.0
    assert hall.fact.plant_s == pytest.approx(total_l / FULL_L_S, rel=0.01), "DG-1 burns alone"


def test_endurance_falls_with_the_hours_and_nothing_is_wrong() -> None:
    hall = Burning()
    hall.burn(0.01)
    before_s = hall.fact.endurance_s["DG-1"]
    hall.burn(6.0)
    assert hall.fact.endurance_s["DG-1"] == pytest.approx(before_s - 6 * 3600.0, rel=0.02)
    assert hall.fact.uncertain == hall.fact.leaking == ()


@pytest.mark.fault("F50")
def test_eight_four_and_one_hour_are_told_once_each() -> None:
    hall = Burning(bulk_l=0.0)
    steps = hall.burn(7.8)
    told = [e.fields["limit"] for e in events(steps, "fuel_low") if e.source == "DG-1"]
    assert told == [8.0, 4.0, 1.0]
    raised = [a.alarm_id for a in alarms(steps, "B")]
    assert [n for n in raised if "endurance" in n and "DG-1" in n] == [
        f"generator-endurance-{hours}h:DG-1" for hours in (8, 4, 1)
    ]


@pytest.mark.fault("F32")
def test_a_level_that_sticks_is_named_and_the_energy_counts() -> None:
    hall = Burning(bulk_l=0.0)
    hall.scan()
    steps = hall.burn(5.0, shown=False)
    assert [e.source for e in events(steps, "fuel_uncertain")] == ["DG-1"]
    assert hall.fact.uncertain == ("DG-1",)
    left_s = (DAY_L - 5 * 3600.0 * FULL_L_S) / FULL_L_S
    assert hall.fact.endurance_s["DG-1"] == pytest.approx(left_s, rel=0.02)
    assert any(a.alarm_id == "generator-fuel-uncertain:DG-1" for a in alarms(steps, "B"))


@pytest.mark.fault("F32")
def test_a_day_tank_that_jumps_to_full_was_not_filled() -> None:
    hall = Burning(bulk_l=1500.0)
    hall.burn(3.0)
    truly_s = hall.fact.endurance_s["DG-1"]
    hall.put("DG-1.fuel_l", DAY_L)
    hall.scan(after_s=30.0)
    assert hall.fact.uncertain == ("DG-1",)
    assert hall.fact.endurance_s["DG-1"] == pytest.approx(truly_s, rel=0.02)


@pytest.mark.fault("F50")
def test_a_level_that_falls_faster_than_it_burns_leaks_until_it_is_filled() -> None:
    hall = Burning()
    hall.scan()
    hall.lost_l_s = 0.2
    steps = hall.burn(1.0)
    assert events(steps, "fuel_leak")[0].fields["leak_l_s"] == pytest.approx(0.2, rel=0.3)
    assert hall.fact.leaking == ("DG-1",)
    assert any(a.alarm_id == "generator-fuel-leak:DG-1" for a in alarms(steps, "B"))
    hall.lost_l_s, hall.bulk_l = 0.0, 30_000.0
    hall.burn(0.1)
    assert not hall.fact.leaking


@pytest.mark.fault("F01")
def test_a_set_that_cannot_be_read_is_reckoned_to_run_and_believed_when_it_is_back() -> None:
    hall = Burning(bulk_l=0.0)
    hall.scan()
    hall.spoil("DG-1")
    hall.burn(2.0, shown=False)
    planned_l_s = (0.0193 + 0.75 * 0.2498) * RATED_W / 3.6e6
    left_l = DAY_L - 2 * 3600.0 * planned_l_s
    assert hall.fact.endurance_s["DG-1"] == pytest.approx(left_l / planned_l_s, rel=0.02)
    hall.day_l = DAY_L
    hall.put("DG-1.stage", "stopped")
    hall.put("DG-1.power_w", 0.0)
    hall.shows()
    hall.scan(after_s=30.0)
    assert hall.fact.uncertain == ()
    assert hall.fact.endurance_s["DG-1"] == pytest.approx(DAY_L / planned_l_s, rel=0.02)
