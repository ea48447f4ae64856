"""Short-circuit currents of both sites equal pandapower's IEC 60909, and closed forms.

Compared is the initial symmetrical current at t = 0 of faults without load, fed by the utility, at
the voltage 1.0 pu: IEC 60909 puts c U there, so pandapower's currents are divided by c (1.1 at
every level: low voltage with 10 % tolerance), its utility is given c times the declared
short-circuit power (the standard has c in that impedance too), and its transformers are given their
impedances divided by the correction factor K_T that the standard multiplies them with. Transformers
are Dyn with the declared neutral resistance. What is left between the two is the magnetising
current of transformers, which the standard leaves out.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pandapower
import pandapower.shortcircuit
import pytest

from device_emulators.plant import solving
from device_emulators.plant.elements import Fault
from device_emulators.plant.plant import Plant
from tests.oracle.one_line import R_BY_X, OneLine
from tests.unit.device_emulators.sites import SITES, Hand, shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.model.plant import Site

C: Final = 1.1
WITHIN: Final = 0.01
SQRT3: Final = math.sqrt(3.0)


def utility_alone(name: str) -> Site:
    """Return a shipped site whose on-site sources are out of service."""
    site = shipped(name)
    others = {e.id: replace(e, normally="out_of_service") for e in site.of_nature("smr", "pv")}
    return replace(site, equipment={**site.equipment, **others})


def plant_says(plant: Plant, kind: str) -> dict[str, float]:
    """Return the current of a bolted fault at every bus that utilities feed, without load [A]."""
    return {bus: faulted(plant, bus, kind) for bus in fed_by_utilities(plant)}


def fed_by_utilities(plant: Plant) -> list[str]:
    leaders = {bus: plant.grid.leader(number) for bus, number in plant.grid.bus.items()}
    return [bus for bus, leader in leaders.items() if leader is not None and leader.rank == 0]


def faulted(plant: Plant, bus: str, kind: str, ohm: float = 0.0) -> float:
    """Return the current of a fault at a bus of an unloaded network [A]."""
    grid = plant.grid
    grid.p_w, grid.q_var = [0.0] * len(grid.p_w), [0.0] * len(grid.q_var)
    grid.set_fault("it", Fault(grid.bus[bus], kind, ohm))
    solving.refresh(grid)
    solving.solve_ac(grid)
    current = float(grid.fault_a[0])
    grid.clear_fault("it")
    solving.refresh(grid)
    solving.solve_ac(grid)
    return current


def pandapower_says(plant: Plant, utilities: Sequence[str], fault: str) -> dict[str, float]:
    """Return the initial currents of faults at all buses that the utilities feed [A]."""
    one_line = OneLine(SITES / f"{plant.site.id}.yaml")
    one_line.switch(plant.truth().positions, ())
    one_line.branches({})
    net = one_line.net
    for row in net.trafo.index:
        vk, vkr = net.trafo.vk_percent[row] / 100.0, net.trafo.vkr_percent[row] / 100.0
        k_t = 0.95 * C / (1.0 + 0.6 * math.sqrt(vk**2 - vkr**2))
        net.trafo.loc[row, ["vk_percent", "vkr_percent"]] /= k_t
        ratings = one_line.equipment[net.trafo.name[row]]["ratings"]
        net.trafo.loc[row, "rn_ohm"] = float(ratings.get("neutral_ohm", 0.0))
    net.trafo["vector_group"] = "Dyn"  # the zero sequence of a secondary ends in its delta
    net.trafo["vk0_percent"], net.trafo["vkr0_percent"] = (
        net.trafo.vk_percent,
        net.trafo.vkr_percent,
    )
    net.trafo["mag0_percent"], net.trafo["mag0_rx"], net.trafo["si0_hv_partial"] = 100.0, 0.0, 0.5
    for name in utilities:
        item = one_line.equipment[name]
        mva = C * float(item["ratings"]["short_circuit_va"]) / 1e6
        bus = one_line.bus[item["buses"][0]]
        pandapower.create_ext_grid(
            net, bus, s_sc_max_mva=mva, rx_max=R_BY_X, x0x_max=1.0, r0x0_max=R_BY_X
        )
    pandapower.shortcircuit.calc_sc(net, fault=fault, case="max", lv_tol_percent=10)
    return {
        name: 1e3 * float(net.res_bus_sc.ikss_ka.loc[number]) / C
        for name, number in one_line.bus.items()
        if net.res_bus_sc.ikss_ka.loc[number] > 0.0
    }


@pytest.mark.parametrize(("kind", "fault"), [("three_phase", "3ph"), ("phase_phase", "2ph")])
@pytest.mark.parametrize(
    ("name", "utilities", "least"), [("ai_hall", ("U-A", "U-B"), 40), ("traditional", ("U-1",), 18)]
)
def test_fault_currents_equal_iec_60909_by_pandapower(
    name: str, utilities: Sequence[str], least: int, kind: str, fault: str
) -> None:
    plant = Plant(utility_alone(name))
    expected = pandapower_says(plant, utilities, fault)
    found = plant_says(plant, kind)
    assert len(expected) >= least
    for bus, current_a in expected.items():
        assert found[bus] == pytest.approx(current_a, rel=WITHIN), bus
    assert set(found) == set(expected)


@pytest.mark.parametrize(
    ("name", "utilities", "least"), [("ai_hall", ("U-A", "U-B"), 30), ("traditional", ("U-1",), 16)]
)
def test_earth_fault_currents_equal_pandapower(
    name: str, utilities: Sequence[str], least: int
) -> None:
    """Behind transformers, whose neutrals are earthed as declared; a utility has none there."""
    plant = Plant(utility_alone(name))
    expected = pandapower_says(plant, utilities, "1ph")
    behind = [bus for bus in expected if plant.grid.nominal_v[plant.grid.bus[bus]] < 15e3]
    assert len(behind) >= least
    for bus in behind:
        assert faulted(plant, bus, "earth") == pytest.approx(expected[bus], rel=WITHIN), bus


def test_tied_sections_equal_pandapower_too() -> None:
    plant = Plant(utility_alone("ai_hall"))
    hand = Hand(plant)
    hand.run(1.0)
    for breaker in ("52-VCB-MA", "52-VCB-PA"):
        assert hand.command(breaker, "open")
    hand.run(2.0)
    assert hand.command("52-VCB-TIE", "close")
    hand.run(3.0)
    expected = pandapower_says(plant, ("U-A", "U-B"), "3ph")
    for bus in ("MVA", "MVB", "SA12", "LVB2"):
        assert faulted(plant, bus, "three_phase") == pytest.approx(expected[bus], rel=WITHIN), bus


def test_a_set_equals_pandapower() -> None:
    plant = Plant(shipped("ai_hall"), seed=1)
    hand = Hand(plant)
    assert hand.command("DG-1", "start")
    hand.run(20.0)
    x = plant.grid.feeds[[f.id for f in plant.grid.feeds].index("DG-1")].reactance_pu
    net = pandapower.create_empty_network(f_hz=60.0)
    bus = pandapower.create_bus(net, vn_kv=6.6)
    ohm = x * 6600.0**2 / 4e6
    pandapower.create_gen(
        net,
        bus,
        p_mw=0.0,
        vn_kv=6.6,
        sn_mva=4.0,
        xdss_pu=x / math.hypot(1.0, R_BY_X),
        rdss_ohm=ohm * R_BY_X / math.hypot(1.0, R_BY_X),
        cos_phi=1.0,
        slack=True,
    )
    pandapower.shortcircuit.calc_sc(net, fault="3ph", case="max")
    expected = 1e3 * float(net.res_bus_sc.ikss_ka.loc[bus])  # K_G = c here: they cancel
    assert faulted(plant, "G1", "three_phase") == pytest.approx(expected, rel=WITHIN)


def test_currents_behind_one_transformer_by_hand() -> None:
    """MVA of the hall: the utility's 400 MVA at 15.4 kV, then 12 MVA of 8 %, at 6.6 kV."""
    source = complex(0.1, 1.0) / abs(complex(0.1, 1.0)) * 6600.0**2 / 400e6
    r_pu = 80e3 / 12e6
    transformer = complex(r_pu, math.sqrt(0.08**2 - r_pu**2)) * 6600.0**2 / 12e6
    volts = 6600.0 / SQRT3
    z = source + transformer
    plant = Plant(utility_alone("ai_hall"))
    three = faulted(plant, "MVA", "three_phase")
    assert three == pytest.approx(volts / abs(z), rel=2e-3)
    assert faulted(plant, "MVA", "phase_phase") == pytest.approx(SQRT3 / 2.0 * three, rel=1e-3)
    with_arc = volts / abs(z + 0.5)
    assert faulted(plant, "MVA", "three_phase", 0.5) == pytest.approx(with_arc, rel=2e-3)
    zero = transformer + 3.0 * 9.5  # of its secondary; the delta keeps the utility's out
    earth = 3.0 * volts / abs(2.0 * z + zero)
    assert faulted(plant, "MVA", "earth") == pytest.approx(earth, rel=2e-3)


def test_an_earth_fault_behind_a_solid_neutral_by_hand() -> None:
    """LVA1 of the hall: three impedances in series, in the zero sequence the last one alone."""
    source = complex(0.1, 1.0) / abs(complex(0.1, 1.0)) * 380.0**2 / 400e6
    primary = complex(80e3 / 12e6, math.sqrt(0.08**2 - (80e3 / 12e6) ** 2)) * 380.0**2 / 12e6
    r_pu = 22e3 / 2.5e6
    secondary = complex(r_pu, math.sqrt(0.06**2 - r_pu**2)) * 380.0**2 / 2.5e6
    z = source + primary + secondary
    expected = 3.0 * 380.0 / SQRT3 / abs(2.0 * z + secondary)
    plant = Plant(utility_alone("ai_hall"))
    assert faulted(plant, "LVA1", "earth") == pytest.approx(expected, rel=3e-3)


def test_the_comparison_notices_a_wrong_network() -> None:
    site = utility_alone("traditional")
    worse = replace(
        site.equipment["TX-P-1"], ratings={**site.equipment["TX-P-1"].ratings, "impedance_pu": 0.08}
    )
    plant = Plant(replace(site, equipment={**site.equipment, "TX-P-1": worse}))
    expected = pandapower_says(plant, ("U-1",), "3ph")
    assert faulted(plant, "MV", "three_phase") != pytest.approx(expected["MV"], rel=WITHIN)


@pytest.mark.parametrize("name", ["ai_hall", "traditional"])
def test_every_breaker_can_break_what_flows_behind_it(name: str) -> None:
    plant = Plant(shipped(name), seed=1)
    grid, asked = plant.grid, 0
    for item in plant.site.of_nature("breaker"):
        bus = item.buses[1]
        if grid.is_ac[grid.bus[bus]] and grid.v[grid.bus[bus]] > 0.5:
            worst = max(faulted(plant, bus, kind) for kind in ("three_phase", "earth"))
            assert worst <= item.ratings["breaking_a"], item.id
            asked += 1
    assert asked >= 15
