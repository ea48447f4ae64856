"""Sags that pandapower reckons, against the ride-through curve of ERCOT from the shared list.

A short circuit somewhere behind the intake is a constant impedance there. What is left of the
voltage at the connection is pandapower's, how long it lasts is the relay's; the verdict on each
band of the curve must be what depth and duration say by themselves.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandapower
import pytest
from pandapower.shortcircuit import calc_sc

from daemon.core import compliance
from daemon.model.quantities import ns
from daemon.settings.rules import load_rules
from tests.shared_data import shared

if TYPE_CHECKING:
    from daemon.model.compliance import Verdict

STEP_S = 0.001
INTAKE_KV = 15.4
FACTOR = 1.1
"""Of the voltage before the fault, as IEC 60909 reckons the largest current."""
FAULTS_KM = (0.05, 0.3, 0.6, 1.0, 2.0, 4.0, 8.0, 20.0)
LASTING_S = (0.1, 0.3, 1.1, 3.5)


@cache
def bands() -> list[dict[str, float]]:
    """Return the bands of the curve, as listed by others [pu, s]."""
    curves = json.loads(shared("limits.json").read_text())["voltage_ride_through_pu"]
    listed: list[dict[str, float]] = curves["ERCOT_NOGRR282_large_computational_load"]["bands"]
    return listed


@cache
def left_pu(distance_km: float) -> float:
    """Return what is left at the intake of 400 MVA while a line of a length ends in a fault."""
    net = pandapower.create_empty_network(f_hz=60.0)
    source, intake, there = (pandapower.create_bus(net, vn_kv=INTAKE_KV) for _ in range(3))
    pandapower.create_ext_grid(net, source, s_sc_max_mva=4000.0, rx_max=0.1)
    for begin, end, length_km in ((source, intake, 1.0), (intake, there, distance_km)):
        pandapower.create_line_from_parameters(
            net, begin, end, length_km, 0.06, 0.6, c_nf_per_km=0.0, max_i_ka=99.0
        )
    calc_sc(net, bus=there, branch_results=True, r_fault_ohm=0.05, use_pre_fault_voltage=False)
    return float(net.res_line_sc.vm_from_pu.iloc[1]) / FACTOR


def judged(sag_pu: float, lasts_s: float) -> dict[str, Verdict]:
    """Return the verdicts on a supply that sags once, by limit."""
    n = round(lasts_s / STEP_S)
    voltage_pu = np.concatenate((np.ones(1000), np.full(n, sag_pu), np.ones(3000)))
    t_ns = np.arange(len(voltage_pu), dtype=np.int64) * ns(STEP_S)
    given = compliance.Given(ns(STEP_S), measured=frozenset({"voltage_pu"}))
    court = compliance.begin([load_rules("ercot_nogrr282")], given)
    court = compliance.take(court, compliance.Samples(t_ns, {"voltage_pu": voltage_pu}))
    return {one.name: one for one in compliance.verdicts(court)}


@pytest.mark.parametrize("lasts_s", LASTING_S)
@pytest.mark.parametrize("distance_km", FAULTS_KM)
def test_each_band_of_the_curve_is_passed_by_depth_and_duration_alone(
    distance_km: float, lasts_s: float
) -> None:
    sag_pu = left_pu(distance_km)
    found = judged(sag_pu, lasts_s)
    lows = [band for band in bands() if band["lo"] < 1.0 and f"below {band['hi']:.2f} pu" in found]
    assert lows
    for band in lows:
        outlasted = sag_pu < band["hi"] and lasts_s > band["t_s"]
        assert found[f"below {band['hi']:.2f} pu"].ok is not outlasted, (sag_pu, band)


def test_faults_are_near_enough_and_far_enough_for_every_band() -> None:
    left = [left_pu(distance_km) for distance_km in FAULTS_KM]
    assert left == sorted(left)
    highs = sorted(band["hi"] for band in bands() if band["lo"] < 1.0 and band["hi"] < 1.0)
    for below, above in zip([0.0, *highs], [*highs, 1.0], strict=True):
        assert any(below <= sag_pu < above for sag_pu in left), (below, above, left)
