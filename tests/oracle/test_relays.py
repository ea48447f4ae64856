"""Inverse-time trips against the over-current relay of pandapower, in a running plant."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from pandapower.protection.protection_devices.ocrelay import OCRelay

from device_emulators.plant.plant import Plant
from device_emulators.plant.protection import CURVES
from tests.unit.device_emulators.sites import MAINS, Hand, S, item, site

IEC = ("standard_inverse", "very_inverse", "extremely_inverse", "long_inverse")


def drawn_s(curve: str, pickup_a: float, multiplier_pu: float, current_a: float) -> float:
    """Return what a relay of pandapower takes."""
    relay: Any = object.__new__(OCRelay)  # its constructor finds settings from a whole network
    relay.oc_relay_type, relay.curve_type = "IDMT", curve
    relay._select_k_alpha()
    relay.I_s, relay.tms, relay.t_grade = pickup_a / 1000.0, multiplier_pu, 0.0
    relay.switch_index, relay.activation_parameter = 0, "i_ka"
    seen = SimpleNamespace(res_switch_sc=pd.DataFrame({"ikss_ka": [current_a / 1000.0]}))
    return float(relay.protection_function(seen, "sc")["trip_melt_time_s"])


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("ratio", [1.05, 1.5, 2.0, 5.0, 10.0, 20.0])
def test_iec_curves_are_those_of_pandapower(number: int, ratio: float) -> None:
    expected = drawn_s(IEC[number], 400.0, 0.3, ratio * 400.0)
    assert CURVES[number].operating_s(ratio, 0.3) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("pickup_a", [30.0, 60.0, 80.0])
def test_a_breaker_trips_within_a_millisecond_of_pandapower(number: int, pickup_a: float) -> None:
    plant = Plant(
        site(
            {"G": 6600.0, "A": 6600.0},
            [
                item("U", "utility", "G", **MAINS),
                item(
                    "52-1",
                    "breaker",
                    "G A",
                    current_a=630.0,
                    pickup_51_a=pickup_a,
                    time_multiplier_51_pu=0.05,
                    curve_51_count=float(number),
                ),
                item("R", "it_rack", "A", power_w=1e6),
            ],
            emulation={"it_rack": {"utilisation_pu": 1.0}},
        )
    )
    current_a = plant.read("52-1", "current_a")
    expected = drawn_s(IEC[number], pickup_a, 0.05, current_a)
    hand = Hand(plant)
    hand.run(expected + 1.0)
    (trip,) = hand.happened("52-1", "tripped")
    assert trip.at_ns / S == pytest.approx(expected, abs=1e-3)
    assert plant.quantity("52-1", "operating_s") == pytest.approx(0.050, abs=1e-9)
