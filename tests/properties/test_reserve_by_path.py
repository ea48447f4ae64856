"""What economy leaves in storage still bridges a start failure and a shutdown, path by path.

The controllers of the lane themselves spend what they will: shaving and smoothing ask of storage,
and of a UPS that shares its load, until they ask no more. Then supply fails, and what the real
answers of `core.security` say of each path is held against what they say with full stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.model.quantities import ns
from tests.main_lane import Lane, commands, loaded, supply
from tests.sharing import sharing_hall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.core.facts import Path as Supplied

STORES = {"ESS-1": "power_w", "UPS-A": "battery_power_w"}
"""What takes set-points, and where it shows its power."""
FULL_PU = dict.fromkeys(STORES, 0.9)
START_FAILURE_S = 78.0
SHUTDOWN_S = 222.0
"""Of rows here: as long as that of what tells none, so that nothing is left over [s]."""
HELD = {"MVA", "ES1", "HAI", "SA11", "SA21", "QA", "LVA1", "UAI"}
"""Buses that storage holds when it forms section A."""
EVERY_S = 0.5


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the hall with UPS-A that shares, and no more declared than rides through."""
    file = tmp_path_factory.mktemp("site") / "hall.yaml"
    file.write_text(sharing_hall("  peaks: {ups_pu: 0.55, reserve_pu: 0}\n"))
    return str(file)


@pytest.fixture(scope="module")
def spent_pu(hall: str) -> Mapping[str, float]:
    """Return the charge of each store when a dear hour and a job have had all that they get."""
    lane = Lane(hall)
    lane.now_ns += ns(680.0)  # 120 s before a window ends
    capacity_j = {name: lane.site.equipment[name].ratings["energy_wh"] * 3600.0 for name in STORES}
    peaks = loaded(hall).control.peaks
    least_pu = {
        "ESS-1": 3e6 * (START_FAILURE_S + SHUTDOWN_S) / peaks.efficiency_pu / capacity_j["ESS-1"],
        "UPS-A": peaks.ups_pu,
    }
    charge_pu = {"ESS-1": least_pu["ESS-1"] + 0.001, "UPS-A": least_pu["UPS-A"] + 0.004}
    rows_w, gave = 0.96e6, set[str]()
    for limit in ("charge_limit_w", "discharge_limit_w"):
        lane.put(f"ESS-1.{limit}", 3e6)
    lane.put("UPS-A.output_power_w", 0.5e6)
    shown = dict.fromkeys(STORES, 0.0)
    ramps = [lane.points.index(row.id, "ramp_limit_w_s") for row in lane.site.of_nature("rack_row")]
    for k in range(170):
        rows_w = min(rows_w + sum(float(lane.values[n]) for n in ramps) * EVERY_S, 6e6)
        lane.put_all("rack_row", "power_w", rows_w / 6.0)
        for name, point in STORES.items():
            charge_pu[name] += shown[name] / 0.98 * EVERY_S / capacity_j[name]
            lane.put(f"{name}.soc_pu", charge_pu[name])
            lane.put(f"{name}.{point}", shown[name])
        lane.put("M-UA.power_w", 5e6 + rows_w + sum(shown.values()))
        done = lane.scan(*((supply(),) if k == 0 else ()), after_s=EVERY_S)
        for command in (*commands([done], "power_setpoint_w"), *commands([done], "ramp_limit_w_s")):
            lane.put(f"{command.equipment}.{command.point}", command.value)
            if command.equipment in STORES:
                shown[command.equipment] = min(command.value, 0.0)
                gave |= {command.equipment} if command.value < 0.0 else set()
    assert gave == set(STORES), "both were asked"
    assert all(charge_pu[name] < least_pu[name] + 0.0004 for name in STORES), "and to the end"
    assert all(charge_pu[name] > least_pu[name] - 0.0001 for name in STORES), "and no further"
    return charge_pu


class Held(Lane):
    """The hall when supply fails: storage forms section A, racks have nothing of their own."""

    def __init__(self, hall: str, charge_pu: Mapping[str, float]) -> None:
        super().__init__(hall)
        self.lose_utility()
        for point in self.points.points:
            item, name = self.site.equipment[point.equipment], point.spec.name
            if "voltage" not in name or "battery" in name or not item.buses:
                continue
            at = -1 if name.startswith(("output", "load")) else 0
            if item.buses[at] in HELD:
                self.put(point.id, self.site.buses[item.buses[at]].voltage_v)
        for switch in ("52-VCB-MA", "52-VCB-MB", "52-VCB-IN"):
            self.put(f"{switch}.position", 1.0)
        self.put("HVDC-A.stage", "running")
        self.put("ESS-1.stage", "grid_forming")
        self.put("ESS-1.discharge_limit_w", 3e6)
        self.put("ESS-2.soc_pu", 0.0)
        for name, value in {"energy_stored_wh": 0.0, "shutdown_s": SHUTDOWN_S}.items():
            self.put_all("rack_row", name, value)
        for name, value_pu in charge_pu.items():
            self.put(f"{name}.soc_pu", value_pu)

    def paths(self, given_w: float, ups_w: float, *, fed: bool) -> Mapping[str, Supplied]:
        """Return what is said of each path while storage gives so much, and a UPS [W]."""
        self.put("ESS-1.power_w", -given_w)
        self.put_all("ups", "output_power_w", ups_w)
        self.put("UPS-A.on_battery", 0.0 if fed else 1.0)
        self.put("UPS-A.stage", "normal" if fed else "battery")
        self.put_all("rack_row", "power_w", given_w / 6.0)
        self.scan()
        return self.state.facts.autonomy.paths


def short(full: Mapping[str, Supplied], left: Mapping[str, Supplied]) -> set[str]:
    """Return the paths that lasted long enough with full stores and do not any more."""
    assert full.keys() == left.keys()
    needed_s = {name: START_FAILURE_S + path.shutdown_s for name, path in full.items()}
    return {
        name
        for name, path in left.items()
        if path.autonomy_s < min(full[name].autonomy_s, needed_s[name]) - 0.5
    }


def test_what_economy_leaves_bridges_each_path(hall: str, spent_pu: Mapping[str, float]) -> None:
    full, left = Held(hall, FULL_PU), Held(hall, spent_pu)

    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.floats(0.5e6, 3e6), st.floats(0.1e6, 1.44e6), st.booleans())
    def at_any_load(given_w: float, ups_w: float, fed: bool) -> None:
        assert not short(full.paths(given_w, ups_w, fed=fed), left.paths(given_w, ups_w, fed=fed))

    at_any_load()
    paths = left.paths(3e6, 1.44e6, fed=False)
    assert paths["ROW-1"].held_s == pytest.approx(START_FAILURE_S + SHUTDOWN_S, rel=0.02)
    assert {"UPS-A", "UPS-B", "REC-A", "ROW-1", "ROW-6"} < paths.keys()


@pytest.mark.parametrize(("store", "path"), [("ESS-1", "ROW-1"), ("UPS-A", "UPS-A")])
def test_half_of_it_would_not(
    hall: str, spent_pu: Mapping[str, float], store: str, path: str
) -> None:
    full = Held(hall, FULL_PU).paths(3e6, 1.44e6, fed=False)
    less = {**spent_pu, store: 0.5 * spent_pu[store]}
    assert path in short(full, Held(hall, less).paths(3e6, 1.44e6, fed=False))
