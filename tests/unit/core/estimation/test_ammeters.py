"""Feeders with nothing but an ammeter: that of a relay, of a panel, of a transformer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pytest

from daemon import settings
from daemon.core.estimation import ammeters
from daemon.core.estimation.instruments import At
from daemon.core.estimation.prepared import plan
from daemon.model.estimate import Estimate
from daemon.model.image import freeze
from daemon.model.natures import PointKind
from daemon.model.plant import Site
from daemon.model.points import PointTable, tabulate
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND
from daemon.runtime.estimated import solved

SITE: Final = """
site: {id: amps, name: Ammeters, frequency_hz: 60}
buses:
  MV:  {kind: ac, voltage_v: 6600, area: yard, earthing: resistance}
  CH1: {kind: ac, voltage_v: 6600, area: yard, earthing: resistance}
  CH2: {kind: ac, voltage_v: 6600, area: yard, earthing: resistance}
  TP:  {kind: ac, voltage_v: 6600, area: yard, earthing: resistance}
  LV:  {kind: ac, voltage_v: 400, area: yard, earthing: solid}
gateways:
  GW: {protocol: modbus_tcp, host: 127.0.0.1, port: 15501}
equipment:
  U-1: {nature: utility, buses: [MV], ratings: {power_va: 8e6, short_circuit_va: 400e6}}
  M-0: {nature: meter, buses: [MV], device: {profile: meter/whole, gateway: GW, unit: 1}}
  52-1:
    nature: breaker
    variant: vcb
    buses: [MV, CH1]
    normally: closed
    ratings: {current_a: 630}
    device: {profile: breaker/amps, gateway: GW, unit: 2}
  52-2: {nature: breaker, buses: [MV, CH2], normally: closed, ratings: {current_a: 630}}
  52-3: {nature: breaker, buses: [MV, TP], normally: closed, ratings: {current_a: 630}}
  M-2: {nature: meter, buses: [CH2], device: {profile: meter/amps, gateway: GW, unit: 3}}
  TX-3:
    nature: transformer
    buses: [TP, LV]
    ratings:
      {power_va: 2e6, impedance_pu: 0.06, load_loss_w: 16e3, no_load_loss_w: 2e3}
    device: {profile: transformer/amps, gateway: GW, unit: 4}
  CH-1: {nature: chiller, buses: [CH1], priority: 2, ratings: {power_w: 2e6, cooling_w: 7e6}}
  CH-2: {nature: chiller, buses: [CH2], priority: 2, ratings: {power_w: 1e6, cooling_w: 3e6}}
  CH-3: {nature: chiller, buses: [LV], priority: 2, ratings: {power_w: 1e6, cooling_w: 3e6}}
contract:
  {import_limit_w: 8e6, demand_window_s: 900, export_limit_w: 0, swing_limit_w: 0.5e6,
   swing_window_s: 5, ramp_limit_w_s: 20e3}
north: {metrics: {host: 127.0.0.1, port: 9564}, mqtt: {host: 127.0.0.1, port: 1983}}
"""
HEAD: Final = """nature: {nature}
make: Acme
model: {model}
protocol: modbus_tcp
points:
  life_count: {{table: input, address: 9, type: u16}}
"""
POINTS: Final = {
    "current_a": "{table: input, address: 0, type: u16, scale: 0.1, unit: a, limits: [0, 6000]}",
    "power_w": "{table: input, address: 2, type: i32, unit: w, limits: [-20e6, 20e6]}",
    "reactive_power_var": "{table: input, address: 4, type: i32, unit: var, limits: [-2e7, 2e7]}",
    "voltage_v": "{table: input, address: 6, type: u16, unit: v, limits: [0, 20000]}",
    "position": "{table: input, address: 7, type: dpi, bit: 0}",
}
MAPS: Final = {
    "meter/whole": ("power_w", "reactive_power_var", "voltage_v"),
    "meter/amps": ("current_a",),
    "breaker/amps": ("position", "current_a"),
    "transformer/amps": ("current_a",),
}
TAN: Final = 0.5
"""Of a chiller, by nameplate."""
LOADS_W: Final = {"CH-1": 1.6e6, "CH-2": 0.4e6, "CH-3": 0.8e6}
AMMETERS: Final = {"52-1": "CH-1", "M-2": "CH-2", "TX-3": "CH-3"}
SQRT3: Final = math.sqrt(3.0)


class Plant(NamedTuple):
    """The site, its points and what they show."""

    site: Site
    points: PointTable
    shown: dict[tuple[str, str], float]

    def seen(self, *silent: str) -> Estimate:
        """Return the estimate while the ammeters of some devices are silent."""
        values = np.zeros(len(self.points))
        quality = np.zeros(len(self.points), dtype=np.uint32)
        for point in self.points.points:
            values[point.index] = self.shown.get((point.equipment, point.spec.name), 0.0)
            if point.equipment in silent and point.spec.kind is PointKind.MEASURE:
                quality[point.index] = Quality.BAD_NO_COMMUNICATION
        stamps = (1000 + np.arange(3)) * SECOND
        images = [
            freeze(int(at), int(at), values, quality, np.full(len(values), at)) for at in stamps
        ]
        return solved(images, self.site, self.points)[0]

    def power_w(self, estimate: Estimate, name: str) -> tuple[float, float, bool]:
        """Return an estimated load with its deviation [W], and whether instruments tell it."""
        number = list(self.site.equipment).index(name)
        assert estimate.fit is not None
        known = bool(estimate.fit.power_observable[number])
        return float(estimate.power_w[number]), float(estimate.power_sigma_w[number]), known


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    for name, points in MAPS.items():
        path = tmp_path / "devices" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        nature, model = name.split("/")
        text = HEAD.format(nature=nature, model=model)
        path.write_text(text + "".join(f"  {point}: {POINTS[point]}\n" for point in points))
    (tmp_path / "site.yaml").write_text(SITE)
    site = settings.load(tmp_path / "site.yaml").site
    whole_w = sum(LOADS_W.values())
    shown = {
        ("M-0", "voltage_v"): 6600.0,
        ("M-0", "power_w"): whole_w,
        ("M-0", "reactive_power_var"): TAN * whole_w,
        ("52-1", "position"): 2.0,
    }
    for device, load in AMMETERS.items():
        shown[device, "current_a"] = math.hypot(1.0, TAN) * LOADS_W[load] / SQRT3 / 6600.0
    return Plant(site, tabulate(site), shown)


def test_an_ammeter_alone_tells_the_power_of_its_feeder(plant: Plant) -> None:
    estimate = plant.seen()
    assert estimate.method == "wls"
    for name, power_w in LOADS_W.items():
        told_w, sigma_w, known = plant.power_w(estimate, name)
        assert told_w == pytest.approx(power_w, rel=0.03), name
        assert sigma_w < 0.05 * plant.site.equipment[name].ratings["power_w"]
        assert known
    assert not estimate.suspects


@pytest.mark.parametrize("device", AMMETERS)
def test_without_its_ammeter_a_feeder_is_what_the_others_leave(plant: Plant, device: str) -> None:
    name = AMMETERS[device]
    one, two = plant.seen(), plant.seen(device)
    assert plant.power_w(two, name)[0] == pytest.approx(LOADS_W[name], rel=0.1)
    assert plant.power_w(two, name)[1] > plant.power_w(one, name)[1]
    none = plant.seen(*AMMETERS)
    _, sigma_w, known = plant.power_w(none, name)
    assert not known
    assert sigma_w > 0.1 * plant.site.equipment[name].ratings["power_w"]


@pytest.mark.parametrize("name", ["52-1", "52-2", "52-3"])
def test_a_breaker_that_no_instrument_tells_of_is_a_guess(plant: Plant, name: str) -> None:
    number = list(plant.site.equipment).index(name)
    known, guessed = plant.seen(), plant.seen(*AMMETERS)
    assert known.power_quality[number] == Quality.GOOD
    assert guessed.power_quality[number] == Quality.UNCERTAIN_SUBSTITUTE_VALUE


def test_nobody_tells_how_a_ring_of_switches_shares_what_flows() -> None:
    site = settings.load("ai_hall").site
    of = plan(site, tabulate(site))
    names, normal = list(site.equipment), of.probe.normal().closed
    ring = {"52-VCB-TIE", "52-VCB-GA", "52-VCB-GB"}
    numbers = {n for name in ring for n in of.probe.drawing.switches_of[name]}
    closed = tuple(is_ or n in numbers for n, is_ in enumerate(normal))
    told = of.to_site.power_of
    quiet = {names[told[n]] for n in np.flatnonzero(~of.networked(closed).tells)}
    assert quiet == ring
    assert of.networked(normal).tells.all()


def test_a_feeder_at_rest_is_known_to_be(plant: Plant) -> None:
    plant.shown["M-2", "current_a"] = 0.0
    plant.shown["M-0", "power_w"] -= LOADS_W["CH-2"]
    plant.shown["M-0", "reactive_power_var"] -= TAN * LOADS_W["CH-2"]
    estimate = plant.seen()
    told_w, _, known = plant.power_w(estimate, "CH-2")
    assert abs(told_w) < 0.01 * plant.site.equipment["CH-2"].ratings["power_w"]
    assert known


def test_what_may_flow_either_way_is_not_measured_by_an_ammeter() -> None:
    site = settings.load("ai_hall").site
    of = plan(site, tabulate(site))
    at, drawing = of.networked(of.probe.normal().closed).at, of.probe.drawing

    def row(*names: str, what: str = "switch_i") -> bool:
        numbers = [n for name in names for n in drawing.switches_of[name]]
        return bool(ammeters.row(drawing, [At(what, n) for n in numbers], at))

    assert row("STS-1")
    assert not row("ALTS-1"), "sources of the site may feed the grid through it"
    assert not row("52-GCB-SMR")
    primary = [drawing.branch_of["TX-P-A"]]
    assert not ammeters.row(drawing, [At("flow_i", n) for n in primary], at)
