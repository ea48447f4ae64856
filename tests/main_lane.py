"""The main lane over a still picture of a site: every point healthy until a test says otherwise.

No physics and no obedience: a test writes what the plant would show and sees what the lane makes
of it. The powers of such a picture do not balance, so nothing is solved here and no meter judged:
the estimate is what is measured. `tests.hall` is the plant that obeys, for the switching lane.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from daemon import settings
from daemon.core import step as core
from daemon.core.estimation import estimator, pass_through
from daemon.core.topology import survey
from daemon.model.commands import LaneMessage
from daemon.model.events import AlarmTransition, Event
from daemon.model.image import Image, freeze
from daemon.model.natures import PointKind
from daemon.model.points import tabulate
from daemon.model.quality import Quality
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from daemon.core.topology import Topology
    from daemon.model.commands import Command, Message
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

BEGIN_S = 1000.0
UTC_NS = 1_800_000_000_000_000_000

_TRUE = {
    "racked_in", "spring_charged", "daemon_present", "available", "bypass_available", "in_sync",
    "source_1_healthy", "source_2_healthy", "inhibited",
}  # fmt: skip
_STAGES = {
    "generator": "stopped", "gas_turbine": "stopped", "smr": "on_grid", "pv": "feeding",
    "ess": "grid_following", "ups": "normal", "statcom": "running", "hvdc": "running",
    "rectifier": "normal", "switchgear_controller": "inhibited", "rack_row": "running",
    "ai_rack": "running", "it_rack": "running", "chiller": "running", "pump": "running",
}  # fmt: skip
_VALUES = {
    "soc_pu": 0.9, "runtime_s": 900.0, "shutdown_s": 60.0, "power_cap_pu": 1.0,
    "racks_running_count": 8.0, "insulation_ohm": 1e6, "oil_pressure_pu": 1.0,
    "ramp_limit_w_s": 3_900.0,  # of rows beside storage that can do nothing
    "energy_stored_wh": 23_400.0, "fuel_l": 6000.0, "bulk_tank_l": 40_000.0,
}  # fmt: skip
_LOADING = {"rack_row": 0.8, "ai_rack": 0.8, "it_rack": 0.8, "chiller": 0.8, "pump": 0.8}
_IDLE = {"generator", "gas_turbine"}
_POWERS = {"power_w", "output_power_w", "input_power_w"}
_AFTER_LOSS = {
    ("ups", "stage"): "battery", ("rectifier", "stage"): "battery", ("hvdc", "stage"): "off",
    ("pv", "stage"): "tripped", ("smr", "stage"): "house_load", ("chiller", "stage"): "stopped",
    ("relay", "presence"): "dead", ("statcom", "stage"): "off",
}  # fmt: skip


@lru_cache(maxsize=4)
def loaded(name: str = "ai_hall") -> settings.SiteFile:
    """Return a shipped site."""
    return settings.load(name)


@lru_cache(maxsize=4)
def tabled(name: str) -> PointTable:
    """Return the points of a shipped site; what is compiled from them serves every lane."""
    return tabulate(loaded(name).site)


def as_measured(
    state: estimator.State,
    image: Image,
    topology: Topology,
    site: Site,
    points: PointTable,
    _inbox: Sequence[Message],
) -> estimator.Scanned:
    """Return what is measured for an estimate."""
    return estimator.Scanned(state, pass_through.estimate(image, topology, site, points))


class Lane:
    """A main lane and what it is shown, moved on by hand."""

    def __init__(self, name: str = "ai_hall") -> None:
        self.site = loaded(name).site
        self.points = tabled(name)
        self.params = core.Params("main", self.site, self.points, loaded(name).control, 1)
        self.now_ns = ns(BEGIN_S)
        self.values = np.array([self._healthy(i) for i in range(len(self.points))])
        self.quality = np.zeros(len(self.points), dtype=np.uint32)
        self._seen: Image | None = None
        self._darken()
        self.state = core.initial(self.params, self.now_ns)

    def take(self, site: Site) -> None:
        """Run another site, with nothing that was compiled for the shipped one."""
        self.site, self.points = site, tabulate(site)
        self.params = replace(self.params, site=site, points=self.points)

    def _darken(self) -> None:
        """Show breakers no voltage where nothing feeds a bus."""
        topology = survey(self.image(), self.site, self.points)
        fed = {topology.net[bus] for bus in topology.running.values()}
        fed |= {topology.net[e.buses[-1]] for e in self.site.of_nature("ups", "rectifier", "hvdc")}
        for item in self.site.of_nature("breaker", "meter"):
            for bus, name in zip(item.buses, ("source_voltage_v", "load_voltage_v"), strict=False):
                point = "voltage_v" if item.nature == "meter" else name
                if topology.net[bus] not in fed:
                    self.put(f"{item.id}.{point}", 0.0)

    def _healthy(self, index: int) -> float:
        point = self.points.points[index]
        item, spec = self.site.equipment[point.equipment], point.spec
        if spec.kind is PointKind.STATUS:
            return float(spec.name in _TRUE)
        if spec.kind is PointKind.POSITION:
            return 1.0 if item.normally == "open" or item.nature == "earthing_switch" else 2.0
        if spec.kind is PointKind.STAGE:
            return self._stage(item, spec.name)
        return self._measure(item, spec.name)

    def _stage(self, item: Equipment, name: str) -> float:
        label = {"presence": "live", "connected": item.normally}.get(name, "")
        if name == "stage":
            spare = item.normally == "out_of_service" and item.nature == "chiller"
            label = "stopped" if spare else _STAGES[item.nature]
        if name == "fallback" and item.device:
            label = item.device.fallback
        states = item.kind.points[name].states
        return float(states.index(label)) if label in states else 0.0

    def _measure(self, item: Equipment, name: str) -> float:
        running = item.nature not in _IDLE
        if name == "fallback_after_s" and item.device:
            return item.device.fallback_after_s
        if "voltage" in name and item.buses:
            at = 1 if name in {"source_2_voltage_ll_v", "feed_b_voltage_v"} else 0
            at = -1 if name.startswith(("output", "load")) else min(at, len(item.buses) - 1)
            return self.site.buses[item.buses[at]].voltage_v * running
        if name.endswith("frequency_hz"):
            return self.site.frequency_hz * running
        if name in _POWERS and item.nature != "meter":
            return _LOADING.get(item.nature, 0.4) * item.ratings.get("power_w", 0.0) * running
        if name == "available_w" and item.nature == "hvdc":
            return item.ratings["power_w"]
        return 20.0 if name.endswith("temperature_c") else _VALUES.get(name, 0.0)

    def put(self, point: str, value: float | str) -> None:
        """Show a value, or the stage of this label, with good quality."""
        equipment, _, name = point.rpartition(".")
        index = self.points.index(equipment, name)
        if isinstance(value, str):
            value = self.points.points[index].spec.states.index(value)
        self.values[index] = float(value)
        self.quality[index] = Quality.GOOD

    def put_all(self, nature: str, name: str, value: float | str) -> None:
        for item in self.site.of_nature(nature):
            self.put(f"{item.id}.{name}", value)

    def spoil(self, *names: str, code: Quality = Quality.BAD_TIMEOUT) -> None:
        """Give every point of this equipment a quality."""
        for point in self.points.points:
            if point.equipment in names:
                self.quality[point.index] = code

    def behind(self, gateway: str) -> tuple[str, ...]:
        return tuple(
            e.id for e in self.site.equipment.values() if e.device and e.device.gateway == gateway
        )

    def image(self) -> Image:
        """Return what is shown now; qualities that are as before in the array of before.

        So does the table of the daemon, and what rests on qualities alone is not found anew.
        """
        stamps = np.full(len(self.points), self.now_ns, dtype=np.int64)
        image = freeze(self.now_ns, UTC_NS + self.now_ns, self.values, self.quality, stamps)
        if self._seen is not None and np.array_equal(self._seen.quality, image.quality):
            image = replace(image, quality=self._seen.quality)
        self._seen = image
        return image

    def scan(self, *inbox: Message, after_s: float = 0.1) -> core.Step:
        """Move the lane on by one scan."""
        self.now_ns += ns(after_s)
        inputs = core.Inputs(self.image(), inbox)
        done = core.step(self.state, inputs, self.params, as_measured)
        self.state = done.state
        return done

    def run(self, duration_s: float, every_s: float = 0.1) -> list[core.Step]:
        return [self.scan(after_s=every_s) for _ in range(round(duration_s / every_s))]

    def obey_rows(self, done: core.Step) -> None:
        """Let rows show what they were told, and draw no more than their cap."""
        for command in commands([done], "ramp_limit_w_s"):
            self.put(f"{command.equipment}.ramp_limit_w_s", command.value)
        for command in commands([done], "power_cap_pu"):
            self.put(f"{command.equipment}.power_cap_pu", command.value)
            rated_w = self.site.equipment[command.equipment].ratings["power_w"]
            self.put(f"{command.equipment}.power_w", min(0.8, command.value) * rated_w)

    def lose_utility(self) -> None:
        """Show both feeds lost and everything that follows at once, as the devices would."""
        for point in self.points.points:
            item, name = self.site.equipment[point.equipment], point.spec.name
            if (label := _AFTER_LOSS.get((item.nature, name))) is not None:
                self.values[point.index] = point.spec.states.index(label)
            elif name in {"on_battery", "pickup_27"}:
                self.values[point.index] = 1.0
            elif name in {"bypass_available", "input_power_w"} or name.endswith("_healthy"):
                self.values[point.index] = 0.0
            elif ("voltage" in name and "battery" not in name) or name.endswith("frequency_hz"):
                fed = name.startswith("output") and item.nature in {"ups", "rectifier"}
                if not fed and not {"UAO", "UBO", "DC48A", "DC48B"} & set(item.buses):
                    self.values[point.index] = 0.0


def supply(**values: object) -> LaneMessage:
    """Return a word of the switching lane; what is not said is as on utility."""
    usual: dict[str, Any] = {
        "outage": False, "all_ac_lost": False, "stable": ("U-A", "U-B"), "sets_on_bus": 0,
        "sets_pending": 0, "sets_failed": 0, "capability_w": 0.0, "rows_limit_w": -1.0,
        "feeds": {"MVA": "utility", "MVB": "utility"}, "stages": {},
    }  # fmt: skip
    return LaneMessage("switching", "supply", {**usual, **values})


def dark(**values: object) -> LaneMessage:
    """Return the word of the switching lane after the loss of all AC."""
    return supply(all_ac_lost=True, stable=(), feeds={"MVA": "none", "MVB": "none"}, **values)


def on_sets(number: int, **values: object) -> LaneMessage:
    """Return the word of the switching lane while so many sets of 3.2 MW carry both sections."""
    return supply(
        outage=True,
        stable=(),
        sets_on_bus=number,
        capability_w=number * 3.2e6,
        feeds={"MVA": "generators", "MVB": "generators"},
        **values,
    )


def events(steps: Iterable[core.Step], name: str) -> list[Event]:
    """Return the events of a name in these scans."""
    happened = [e for done in steps for e in done.events if isinstance(e, Event)]
    return [e for e in happened if e.name == name]


def alarms(steps: Iterable[core.Step], state: str = "") -> list[AlarmTransition]:
    """Return the alarm transitions in these scans, into one state or all."""
    moved = [e for done in steps for e in done.events if isinstance(e, AlarmTransition)]
    return [a for a in moved if state in {"", a.state}]


def commands(steps: Iterable[core.Step], point: str) -> list[Command]:
    """Return the commands for a point name in these scans."""
    return [c for done in steps for c in done.commands if c.point == point]
