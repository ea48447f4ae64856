"""Laws of short circuits, whatever else happens: balance, energy, bounds of currents."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_emulators.plant import solving
from device_emulators.plant.elements import Fault
from device_emulators.plant.plant import Plant
from device_emulators.plant.training import Training
from tests.properties import examples
from tests.properties.test_plant import COMMANDS, HAPPENINGS, bench, do
from tests.unit.device_emulators.sites import Hand, S, residual_w, shipped

AC = ("G", "A", "D", "I", "O", "HI", "T")
FAULTS: st.SearchStrategy[tuple[str, str, dict[str, Any]]] = st.one_of(
    st.builds(
        lambda bus, kind, ohm: (bus, "fault", {"kind": kind, "ohm": ohm}),
        st.sampled_from(AC),
        st.sampled_from(["three_phase", "phase_phase", "earth"]),
        st.sampled_from([0.0, 1e-3, 0.1, 1.0, 50.0]),
    ),
    st.builds(
        lambda bus, ohm: (bus, "fault", {"kind": "phase_phase", "ohm": ohm}),
        st.sampled_from(["DC", "B48"]),
        st.sampled_from([0.0, 0.01, 1.0, 100.0]),
    ),
)
CLEARED: st.SearchStrategy[tuple[str, str, dict[str, Any]]] = st.builds(
    lambda bus: (bus, "clear", {}), st.sampled_from((*AC, "DC", "B48"))
)
STEPS = st.lists(
    st.tuples(st.one_of(FAULTS, CLEARED, HAPPENINGS, COMMANDS), st.floats(0.001, 0.6)), max_size=10
)


def earthed() -> Plant:
    """Return the bench with its neutrals earthed, through resistances above 1 kV."""
    site = bench().site
    buses = {
        bus.id: replace(bus, earthing="resistance" if bus.voltage_v > 1e3 else "solid")
        for bus in site.buses.values()
    }
    return Plant(replace(site, buses=buses), workload=Training())


@examples(25)
@given(STEPS)
def test_power_balances_and_energy_is_kept_while_faults_stand(
    steps: list[tuple[tuple[Any, ...], float]],
) -> None:
    plant = earthed()
    hand = Hand(plant)
    residuals = []
    plant.watchers.append(lambda: residuals.append(residual_w(plant)))
    for what, pause_s in steps:
        do(hand, what)
        plant.advance(plant.now_ns + round(pause_s * S))
        truth = plant.truth()
        assert all(0.0 <= bus.voltage_pu < 1.5 for bus in truth.buses.values())
        assert np.isfinite(plant.grid.switch_current_a).all()
        assert np.isfinite(plant.grid.switch_residual_a).all()
    assert max(residuals, default=0.0) < 5.0  # 1e-6 of the largest source
    energy = plant.truth().energy_wh
    difference = energy["sources"] - energy["loads"] - energy["losses"] - energy["stored"]
    assert abs(difference) <= 1e-3 * max(energy["loads"] + energy["losses"], 1.0)


@examples(25)
@given(
    st.sampled_from(["UA", "HV", "MVA", "SB11", "LVA1", "LVB2", "UAI", "CH11"]),
    st.floats(0.0, 2.0),
    st.floats(0.01, 1.0),
)
def test_a_higher_resistance_draws_less_and_leaves_more(bus: str, ohm: float, more: float) -> None:
    """Without loads, which let go where voltages are low."""
    grid = Plant(shipped("ai_hall"), seed=1).grid
    grid.p_w, grid.q_var = [0.0] * len(grid.p_w), [0.0] * len(grid.q_var)
    found = []
    for resistance in (ohm, ohm + more):
        grid.set_fault("it", Fault(grid.bus[bus], "three_phase", resistance))
        solving.refresh(grid)
        solving.solve_ac(grid)
        found.append((float(grid.fault_a[0]), grid.v[grid.bus[bus]]))
        grid.clear_fault("it")
    assert found[1][0] <= found[0][0] * (1.0 + 1e-9)
    assert found[1][1] >= found[0][1] - 1e-9
    volts = found[0][1] * float(grid.nominal_v[grid.bus[bus]]) / math.sqrt(3.0)
    assert volts == pytest.approx(found[0][0] * max(ohm, 1e-6), rel=1e-6)
