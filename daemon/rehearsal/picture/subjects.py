"""What is worth drawing of a site, found from its natures and schemes: quantities and states."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.model.natures import Position
from daemon.model.plant import IntakeScheme, MainTieMainScheme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from daemon.model.plant import Bus, Equipment, Scheme, Site
    from device_emulators.plant.plant import Plant

_MEDIUM_V: Final = 1000.0
_BUSBAR: Final = 4
"""A bus with this many connections is a busbar, not the end of a feeder."""
_WATT: Final = 1e-6
"""People read megawatts."""


@dataclass(frozen=True, slots=True)
class Pane:
    """A set of quantities on one axis.

    Attributes:
        title: with the unit.
        unit: for one value.
        digits: decimals that are kept.
        most: quantities drawn at most.
    """

    title: str
    unit: str
    digits: int
    most: int = 18


PANES: Final = {
    "medium": Pane("Voltage of busbars above 1 kV [pu]", "pu", 4),
    "low": Pane("Voltage of busbars below 1 kV and DC [pu]", "pu", 4),
    "frequency": Pane("Frequency of busbars above 1 kV [Hz], named as their voltages", "Hz", 3),
    "power": Pane("Power of sources and storage [MW], negative feeds the site", "MW", 4),
    "load": Pane("Power of loads [MW]", "MW", 4),
    "cap": Pane("Power cap of AI rows [%]", "%", 1),
    "charge": Pane("State of charge [%]", "%", 2),
}
GROUPS: Final = {
    "source": "Sources, storage, converters",
    "switch": "Breakers",
    "load": "Loads that changed",
}

_STAGED: Final = ("generator", "gas_turbine", "smr", "pv", "ess", "ups", "rectifier", "hvdc")
_LOADS: Final = ("rack_row", "it_rack", "chiller", "pump")
_STORES: Final = ("ups", "rectifier", "ess")
_POWER: Final = {"ups": "battery_power_w", "rectifier": "battery_power_w"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One line to be drawn: where, what it is called, of what kind it is."""

    pane: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class State:
    """One band to be drawn.

    Attributes:
        group: key of `GROUPS`.
        label: what it is called.
        words: states by code.
        always: drawn even if it never changes.
        read: gives the code.
    """

    group: str
    label: str
    words: tuple[str, ...]
    always: bool
    read: Callable[[], float]


class Quantities:
    """Reads all lines of a plant at once, without instruments in between.

    Attributes:
        lines: what each value is of.
        not_drawn: how many more a pane would have had.
    """

    def __init__(self, plant: Plant) -> None:
        """Choose what to draw of `plant`."""
        site, self._grid = plant.site, plant.grid
        self.lines: list[Quantity] = []
        self.not_drawn: dict[str, int] = {}
        bars = _busbars(site)
        medium = self._limited("medium", [b for b in bars if b.voltage_v >= _MEDIUM_V])
        low = self._limited("low", [b for b in bars if b.voltage_v < _MEDIUM_V])
        self.lines += [Quantity("medium", b.id, _level(b)) for b in medium]
        self.lines += [Quantity("low", b.id, _level(b)) for b in low]
        self.lines += [Quantity("frequency", b.id, _level(b)) for b in medium]
        self._volts = np.array([self._grid.bus[b.id] for b in (*medium, *low)], np.intp)
        self._hertz = np.array([self._grid.bus[b.id] for b in medium], np.intp)
        self._reads: list[Callable[[], float]] = []
        self._scales: list[float] = []
        self._powers(plant)
        self._loads(plant)
        self._charges(plant)
        self._scale = np.array(self._scales)

    def read(self) -> NDArray[np.float64]:
        """Return the value of every line now (n_line,)."""
        grid = self._grid
        others = np.array([read() for read in self._reads]) * self._scale
        return np.concatenate((grid.v_pu[self._volts], grid.hz[self._hertz], others))

    def _limited(self, pane: str, items: Sequence[Bus]) -> Sequence[Bus]:
        most = PANES[pane].most
        if len(items) > most:
            self.not_drawn[pane] = len(items) - most
        return items[:most]

    def _add(self, line: Quantity, read: Callable[[], float], scale: float) -> None:
        drawn = sum(other.pane == line.pane for other in self.lines)
        if drawn == PANES[line.pane].most:
            self.not_drawn[line.pane] = self.not_drawn.get(line.pane, 0) + 1
            return
        self.lines.append(line)
        self._reads.append(read)
        self._scales.append(scale)

    def _powers(self, plant: Plant) -> None:
        natures = ("utility", "smr", "gas_turbine", "pv", "generator", "ess", "ups")
        for item in plant.site.of_nature(*natures):
            label = f"{item.id} store" if item.nature == "ups" else item.id
            read = _reading(plant, item, _POWER.get(item.nature, "power_w"))
            self._add(Quantity("power", label, item.nature), read, _WATT)
        racks = self._grid.racks
        if racks is not None and racks.specs:
            line = Quantity("power", "rack batteries", "ai_rack")
            self._add(line, lambda: float(racks.battery_w.sum()), _WATT)

    def _loads(self, plant: Plant) -> None:
        racks = self._grid.racks
        if racks is not None and racks.specs:
            line = Quantity("load", "AI racks", "ai_rack")
            self._add(line, lambda: float(racks.power_w.sum()), _WATT)
        for label, natures in (("IT racks", ("it_rack",)), ("cooling", ("chiller", "pump"))):
            reads = [_reading(plant, e, "power_w") for e in plant.site.of_nature(*natures)]
            if reads:
                self._add(Quantity("load", label, natures[0]), partial(_total, reads), _WATT)
        for item in plant.site.of_nature("rack_row"):
            read = _reading(plant, item, "power_cap_pu")
            self._add(Quantity("cap", item.id, "rack_row"), read, 100.0)

    def _charges(self, plant: Plant) -> None:
        for item in plant.site.of_nature(*_STORES):
            read = _reading(plant, item, "soc_pu")
            self._add(Quantity("charge", item.id, item.nature), read, 100.0)
        racks = self._grid.racks
        if racks is not None and racks.specs:
            line = Quantity("charge", "lowest rack", "ai_rack")
            self._add(line, lambda: float((racks.energy_j / racks.capacity_j).min()), 100.0)


def _total(reads: Iterable[Callable[[], float]]) -> float:
    return sum(read() for read in reads)


def _reading(plant: Plant, item: Equipment, name: str) -> Callable[[], float]:
    return partial(plant.devices[item.id].quantity, name)


def _level(bus: Bus) -> str:
    return "dc" if bus.kind == "dc" else f"{bus.voltage_v / 1000.0:g} kV"


def _busbars(site: Site) -> list[Bus]:
    """Return the buses that something is spread from, the highest voltage first."""
    joined = Counter(bus for item in site.equipment.values() for bus in item.buses)
    outputs = {item.buses[-1] for item in site.of_nature("hvdc", "rectifier")}
    found = [
        bus
        for bus in site.buses.values()
        if (bus.id in outputs if bus.kind == "dc" else joined[bus.id] >= _BUSBAR)
    ]
    return sorted(found, key=lambda bus: -bus.voltage_v)


def states(plant: Plant) -> list[State]:
    """Return everything of which a band may be drawn, in the order of drawing."""
    return [*_sources(plant), *_switches(plant), *_loads(plant)]


def _sources(plant: Plant) -> Iterator[State]:
    site = plant.site
    for item in site.of_nature("utility"):
        read = _reading(plant, item, "energised")
        yield State("source", item.id, ("dead", "live"), True, read)
    for item in site.of_nature("transfer_switch"):
        yield _switched(plant, item, "source" if item.variant == "alts" else "switch")
    for nature in _STAGED:
        for item in site.of_nature(nature):
            yield _staged(plant, item, "source", always=True)


def _switches(plant: Plant) -> Iterator[State]:
    """Yield the breakers of the schemes and the ties, then all others, which show if they move."""
    site = plant.site
    named = list(dict.fromkeys(id_ for s in site.schemes.values() for id_ in _members(s)))
    breakers = site.of_nature("breaker")
    ties = [b.id for b in breakers if b.normally == "open" and b.id not in named]
    rest = [b.id for b in breakers if b.id not in named and b.id not in ties]
    if not named:
        named = [b.id for b in breakers if b.variant in {"gcb", "vcb"}]
        rest = [id_ for id_ in rest if id_ not in named]
    words = tuple(position.name.lower() for position in Position)
    for id_ in (*named, *ties, *rest):
        read = _reading(plant, site.equipment[id_], "position")
        yield State("switch", id_, words, id_ not in rest, read)


def _members(scheme: Scheme) -> Iterator[str]:
    """Yield the breakers that a scheme switches, from the utility towards the load."""
    if isinstance(scheme, IntakeScheme):
        yield from scheme.feeds
    elif isinstance(scheme, MainTieMainScheme):
        yield scheme.intake
        yield from (section.upstream for section in scheme.sections if section.upstream)
        yield from (section.main for section in scheme.sections)
        yield scheme.tie
        yield from (section.generator_feeder for section in scheme.sections)
        yield from scheme.sets.values()
        yield from scheme.storage_feeders


def _loads(plant: Plant) -> Iterator[State]:
    for item in plant.site.of_nature(*_LOADS):
        yield _staged(plant, item, "load", always=False)


def _staged(plant: Plant, item: Equipment, group: str, *, always: bool) -> State:
    words = item.kind.points["stage"].states
    return State(group, item.id, words, always, _reading(plant, item, "stage"))


def _switched(plant: Plant, item: Equipment, group: str) -> State:
    words = item.kind.points["connected"].states
    return State(group, item.id, words, group == "source", _reading(plant, item, "connected"))
