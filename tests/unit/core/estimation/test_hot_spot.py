"""The hot spot: the standard's own solution, its example, and thermometers that lie."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from daemon.core.estimation.hot_spot import POWER, Kind, ageing_pu, moved, settled
from tests.main_lane import Lane, alarms, events

if TYPE_CHECKING:
    from daemon.core.facts import Thermal
    from daemon.core.step import Step

ANNEX = Kind(45.0, 35.0, 150.0 * 60.0, 7.0 * 60.0, 0.8, 1.3, 0.5, 2.0, 2.0)
"""The transformer of the worked example of IEC 60076-7: its loss ratio is 8."""


@pytest.mark.parametrize("after_min", [1.0, 5.0, 20.0, 60.0, 300.0])
@pytest.mark.parametrize(("before", "after"), [(0.3, 1.2), (1.0, 0.4)])
def test_a_step_goes_as_the_exponential_equations_say(
    before: float, after: float, after_min: float
) -> None:
    """IEC 60076-7, 8.2.2, gives the same as a closed form with f1, f2 and f3."""
    ratio, t = 6.0, after_min * 60.0
    heat = moved(POWER, settled(POWER, before, ratio), after, ratio, t)
    low, high = (((1 + ratio * k * k) / (1 + ratio)) ** 0.8 * 52.0 for k in (before, after))
    f1 = 1.0 - math.exp(-t / (0.5 * 210.0 * 60.0))
    assert heat.rise_k == pytest.approx(low + (high - low) * f1)
    f2 = 2.0 * (1.0 - math.exp(-t / (2.0 * 600.0))) - (1.0 - math.exp(-t / (210.0 * 60.0 / 2.0)))
    start, end = (26.0 * k**1.3 for k in (before, after))
    assert heat.gradient_k == pytest.approx(start + (end - start) * f2)


def test_the_example_of_the_standard_begins_as_it_is_printed() -> None:
    """At a loading of 0.81 and 30.3 deg C: 63.9 deg C top oil, gradients of 53.2 and 26.6 K."""
    heat = settled(ANNEX, 0.81, 8.0)
    assert 30.3 + heat.rise_k == pytest.approx(63.9, abs=0.05)
    assert heat.first_k == pytest.approx(53.2, abs=0.05)
    assert heat.second_k == pytest.approx(26.6, abs=0.05)


def test_it_overshoots_before_the_oil_has_moved() -> None:
    heat = settled(POWER, 0.5, 6.0)
    gradients = [moved(POWER, heat, 1.0, 6.0, 60.0 * n).gradient_k for n in range(600)]
    assert max(gradients) > 1.1 * settled(POWER, 1.0, 6.0).gradient_k


def test_paper_ages_at_one_at_110_degrees_and_twice_as_fast_some_kelvin_above() -> None:
    assert ageing_pu(110.0) == pytest.approx(1.0)
    assert 1.9 < ageing_pu(117.0) < 2.1


class Hall(Lane):
    def __init__(self) -> None:
        super().__init__()
        self.put_all("transformer", "loading_pu", 0.5)
        self.oil_c = 20.0 + settled(POWER, 0.5, 80.0 / 12.0).rise_k
        self.put("TX-P-A.oil_temperature_c", self.oil_c)
        gradient = settled(POWER, 0.5, 80.0 / 12.0).gradient_k
        self.put("TX-P-A.hot_spot_temperature_c", self.oil_c + gradient)

    def pass_(self, minutes: float, every_s: float = 20.0) -> list[Step]:
        return [self.scan(after_s=every_s) for _ in range(round(60.0 * minutes / every_s))]

    @property
    def thermal(self) -> Thermal:
        return self.state.facts.thermal


def test_oil_and_loading_that_fit_give_the_hot_spot() -> None:
    hall = Hall()
    hall.pass_(30.0)
    winding = hall.thermal.windings["TX-P-A"]
    gradient = settled(POWER, 0.5, 80.0 / 12.0).gradient_k
    assert winding.hot_spot_c == pytest.approx(hall.oil_c + gradient, abs=0.2)
    assert "TX-P-A" not in hall.thermal.contradicted


def test_without_a_thermometer_air_and_loading_stand_in_its_place() -> None:
    hall = Hall()
    hall.pass_(30.0)
    before = hall.thermal.windings["TX-P-A"]
    hall.spoil("TX-P-A")
    hall.put("TX-P-A.loading_pu", 0.5)
    hall.pass_(30.0)
    after = hall.thermal.windings["TX-P-A"]
    assert after.hot_spot_c == pytest.approx(before.hot_spot_c, abs=0.5)
    assert after.sigma_k > 2.0 * before.sigma_k
    hall.spoil("TX-P-A")
    hall.pass_(600.0, every_s=120.0)
    assert hall.thermal.windings["TX-P-A"].hot_spot_c > 90.0, "what is not shown counts as rated"


@pytest.mark.fault("F19")
def test_a_thermometer_that_stays_where_it_is() -> None:
    hall = Hall()
    hall.pass_(30.0)
    hall.put("TX-P-A.loading_pu", 1.2)
    steps = hall.pass_(240.0)
    assert "TX-P-A" in hall.thermal.contradicted
    (told,) = [e for e in events(steps, "temperature_contradicted") if e.source == "TX-P-A"]
    assert "colder" in told.text
    assert "transformer-temperature-contradicted:TX-P-A" in [a.alarm_id for a in alarms(steps, "B")]


def test_lost_cooling_is_told_as_hotter_oil() -> None:
    hall = Hall()
    hall.pass_(30.0)
    hall.put("TX-P-A.oil_temperature_c", hall.oil_c + 30.0)
    hall.put("TX-P-A.hot_spot_temperature_c", hall.oil_c + 45.0)
    steps = hall.pass_(10.0)
    (told,) = [e for e in events(steps, "temperature_contradicted") if e.source == "TX-P-A"]
    assert "hotter" in told.text
    assert hall.thermal.windings["TX-P-A"].hot_spot_c > hall.oil_c + 30.0
