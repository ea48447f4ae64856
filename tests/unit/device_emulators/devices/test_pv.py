"""Photovoltaic plant: sky, file, clouds, curtailment, trips, return to service."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from device_emulators.irradiance import IrradianceError, read_irradiance
from device_emulators.plant import sun
from device_emulators.plant.plant import Plant
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site

if TYPE_CHECKING:
    from pathlib import Path

NOON_S = 1_782_063_600.0  # 2026-06-21 17:40 UTC
FILE = """ts,pv_kw_per_kwp,ghi_w_m2,temp_c
2001-06-21T12:00:00-0500,0.6,700,20
2001-06-21T13:00:00-0500,0.8,900,20
2001-06-21T14:00:00-0500,0.7,800,20
"""


def plant(**setting: Any) -> Plant:
    return Plant(
        site(
            {"G": 15400.0, "V": 15400.0},
            [
                item("U", "utility", "G", **MAINS),
                item("52-V", "breaker", "V G", current_a=630.0),
                item("PV", "pv", "V", power_w=1e6),
                item("P", "pump", "G", power_w=3e6),
            ],
            emulation={"pv": {"enter_service_s": 3.0, "ramp_s": 2.0, **setting}},
        )
    )


def test_without_a_place_the_sun_is_what_the_site_declares_and_clouds_dim_it() -> None:
    hand = Hand(plant())
    hand.run(1.0)
    assert hand.plant.read("PV", "power_w") == pytest.approx(-0.4e6)
    hand.plant.inject("PV", "clouds", {"cloud_pu": 1.0})
    hand.run(4.0)
    assert hand.plant.read("PV", "power_w") == pytest.approx(-0.1e6)
    hand.plant.inject("PV", "clear", {})
    hand.run(8.0)
    assert hand.plant.read("PV", "power_w") == pytest.approx(-0.4e6)


def test_a_place_and_a_time_give_the_sun_of_that_sky_as_it_moves() -> None:
    hand = Hand(plant(latitude_deg=36.1, longitude_deg=-79.95, start_utc_s=NOON_S - 18_000.0))
    hand.run(0.1)
    first = hand.plant.read("PV", "irradiance_pu")
    plane = sun.Plane(36.1, -79.95, 25.0, 180.0)
    assert first == pytest.approx(sun.on_plane_w_m2(NOON_S - 18_000.0, plane) / 1000.0)
    hand.run(61.0)  # the morning sun rises
    assert hand.plant.read("PV", "irradiance_pu") > first + 0.002
    assert hand.plant.read("PV", "power_w") == pytest.approx(
        hand.plant.read("PV", "power_available_w"), rel=0.01
    )


def test_a_file_gives_what_was_measured_at_that_time_of_the_year(tmp_path: Path) -> None:
    path = tmp_path / "year.csv.gz"
    path.write_bytes(gzip.compress(FILE.encode()))
    record = read_irradiance(path)
    year = 25 * sun.YEAR_S
    middle = record.time_s[1] - 1800.0 + year
    assert record.at(middle) == pytest.approx((0.8, 0.9))
    assert record.at(middle + 1800.0) == pytest.approx((0.75, 0.85))
    hand = Hand(plant(irradiance_file=str(path), start_utc_s=middle))
    hand.run(1.0)
    assert hand.plant.read("PV", "power_w") == pytest.approx(-0.8e6)
    assert hand.plant.read("PV", "irradiance_pu") == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ts,ghi_w_m2\n", "the header should have"),
        (FILE.replace("0.8", "much"), ":3: could not convert"),
        (FILE.replace("2001-06-21T13:00:00", "yesterday"), ":3: Invalid isoformat"),
        (FILE.splitlines()[0], "two rows at least"),
    ],
)
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "year.csv"
    path.write_text(text)
    with pytest.raises(IrradianceError, match=said):
        read_irradiance(path)
    with pytest.raises(IrradianceError, match="No such file"):
        read_irradiance(tmp_path / "none.csv")


def test_curtailment_limits_what_is_fed_and_not_what_is_there() -> None:
    hand = Hand(plant())
    assert hand.plant.write("PV", "power_limit_w", 0.15e6)
    assert not hand.plant.write("PV", "power_limit_w", 2e6)
    hand.run(3.0)
    assert hand.plant.read("PV", "power_w") == pytest.approx(-0.15e6)
    assert hand.plant.read("PV", "power_available_w") == pytest.approx(-0.4e6)


def test_it_trips_with_the_mains_opens_its_breaker_and_comes_back_after_its_delay() -> None:
    hand = Hand(plant())
    hand.run(1.0)
    hand.plant.inject("U", "outage", {})
    hand.run(1.1)
    assert hand.stage("PV") == "tripped"
    assert hand.plant.quantity("52-V", "closed") == 1.0
    hand.run(1.4)
    assert hand.plant.quantity("52-V", "closed") == 0.0
    hand.plant.inject("U", "return", {})
    hand.run(6.0)
    assert hand.stage("PV") == "tripped"
    hand.command("52-V", "close")
    hand.run(7.0)
    assert hand.stage("PV") == "waiting"
    hand.run(9.0)
    assert hand.stage("PV") == "waiting"
    hand.run(10.0)
    assert hand.stage("PV") == "feeding"


@pytest.mark.parametrize(
    ("event", "values", "before_s", "after_s"),
    [
        ("frequency", {"frequency_hz": 56.0}, 0.14, 0.18),
        ("frequency", {"frequency_hz": 62.5}, 0.14, 0.18),
        ("voltage", {"voltage_pu": 0.8}, 20.9, 21.1),
        ("voltage", {"voltage_pu": 1.25}, 0.14, 0.18),
    ],
)
def test_limits_of_voltage_and_frequency_trip_it_after_their_times(
    event: str, values: dict[str, float], before_s: float, after_s: float
) -> None:
    hand = Hand(plant())
    hand.run(1.0)
    hand.plant.inject("U", event, values)
    hand.run(1.0 + before_s)
    assert hand.stage("PV") == "feeding"
    hand.run(1.0 + after_s)
    assert hand.stage("PV") == "tripped"
    hand.run(40.0)
    assert hand.stage("PV") == "tripped"  # the grid is not fit to come back to
    assert hand.plant.now_ns == 40 * S


def test_a_short_excursion_trips_nothing() -> None:
    hand = Hand(plant())
    for k in range(5):
        hand.plant.inject("U", "sag", {"depth_pu": 0.3, "for_s": 0.5})
        hand.run(2.0 * (k + 1))
    assert hand.happened("PV", "stage") == []
