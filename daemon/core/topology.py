"""Which buses are joined, which are live, and by what: the one-line diagram as it stands now.

Three partitions of the buses, all by union-find:

- a *section* is joined by switches known to be closed: one voltage, so every measurement on it
  votes on all of it;
- a *net* is joined by transformers as well: one AC system with one frequency;
- a *reach* is joined by whatever is not known to be open: what may be connected. Where safety asks
  "could this touch that?", the reach answers.

An unknown position (bad quality, 00, 11) is neither open nor closed; nor is that of a switch which
shows closed while its own voltages say that it is not, live on one side and dead on the other: one
of the three is wrong, and which is not known (`doubted`). The same holds for what estimation has
found to contradict its flows and voltages, shown open or closed. A section is live or dead only
when its measurements agree; silence and contradiction are `UNKNOWN`, and a section is earthed
when an earthing switch on it is closed or may be. Of the measurements at one bus those of breakers
count first, because the fast block carries them; then relays and meters; then what else has a
voltage there. Beside a switch whose own voltages contradict its position all of them count: where
the relay sees voltage, a bus is not dead because that switch says so.

The diagram changes rarely and is asked for every scan, so the answer is kept per distinct reading
of switches and voltages. That cache is a pure function of values and never changes a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import wraps
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from daemon.model.natures import NATURES, Position, Role
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from daemon.model.image import Image
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable
    from daemon.model.quality import QualityArray

LIVE_PU: Final = 0.5
"""Above this a bus is live. Source: own derivation; usual 27 pick-ups lie well above it."""
DEAD_PU: Final = 0.1
"""Below this a bus is dead; between the two it is decaying or faulted, and unknown: nothing closes
onto what motors leave there (27R)."""

_KEPT: Final = 256

T = TypeVar("T")


class Presence(Enum):
    """What is known of the voltage of a bus."""

    UNKNOWN = "unknown"
    DEAD = "dead"
    LIVE = "live"
    EARTHED = "earthed"


@dataclass(frozen=True, slots=True)
class Topology:
    """The diagram at one instant.

    Attributes:
        presence: of every bus.
        section: number of the section of every bus.
        net: number of the net of every bus.
        reach: number of the reach of every bus.
        running: sources that run or may run, with their bus.
        doubted: switches that show closed with voltage on one side alone, and those whose position
            estimation contradicts.
    """

    presence: Mapping[str, Presence]
    section: Mapping[str, int]
    net: Mapping[str, int]
    reach: Mapping[str, int]
    running: Mapping[str, str]
    doubted: frozenset[str] = frozenset()

    def live(self, bus: str) -> bool:
        """Return whether a bus is known to be live."""
        return self.presence[bus] is Presence.LIVE

    def dead(self, bus: str) -> bool:
        """Return whether a bus is known to be dead and unearthed."""
        return self.presence[bus] is Presence.DEAD

    def sources(self, bus: str) -> tuple[str, ...]:
        """Return the running sources known to be joined to a bus."""
        return tuple(s for s, at in self.running.items() if self.net[at] == self.net[bus])


def once_per_site(
    build: Callable[[Site, PointTable], T],
) -> Callable[[Site, PointTable], T]:
    """Keep what `build` makes of a site for as long as its point table lives."""

    @wraps(build)
    def get(site: Site, points: PointTable) -> T:
        found: T | None = points.derived.get(build)
        if found is None:
            found = points.derived[build] = build(site, points)
        return found

    return get


class _Switch(NamedTuple):
    """A connection that opens: the point that tells it, its closed and its open codes, its ends."""

    name: str
    point: int
    closed: int
    opened: tuple[int, ...]
    ends: tuple[int, int]


class _Good(NamedTuple):
    """Which of the points that tell about the diagram are good."""

    quality: QualityArray
    codes: NDArray[np.bool_]
    volts: NDArray[np.bool_]
    every: bool


class _Wiring:
    """The constant part of the diagram, as index arrays over the image."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.buses = tuple(site.buses)
        self.number = {bus: i for i, bus in enumerate(self.buses)}
        self.switches: list[_Switch] = []
        self.fixed: list[tuple[int, int]] = []
        self.transformers: list[tuple[int, int]] = []
        self.earths: list[tuple[int, int, int, int]] = []  # point, first earthed value, last, bus
        self.sources: list[tuple[str, int, frozenset[int], int]] = []  # id, point, idle codes, bus
        self.always: list[tuple[str, int]] = []
        for item in site.equipment.values():
            self._wire(item, points)
        watched = [s.point for s in self.switches]
        watched += [e[0] for e in self.earths] + [s[1] for s in self.sources]
        self.codes = np.array(watched, dtype=np.intp)
        self._gauge(site, points)
        self.cache: dict[tuple[bytes, frozenset[str]], Topology] = {}
        self._good: _Good | None = None

    def good(self, quality: QualityArray) -> _Good:
        """Return which codes and volts are good; kept while it is the same array."""
        kept = self._good
        if kept is None or kept.quality is not quality:
            codes, volts = good_mask(quality[self.codes]), good_mask(quality[self.volts])
            every = bool(codes.all() and volts.all())
            kept = self._good = _Good(quality, codes, volts, every)
        return kept

    def _wire(self, item: Equipment, points: PointTable) -> None:
        ends = tuple(self.number[bus] for bus in item.buses)
        role = item.kind.role
        if role is Role.SWITCH:
            index = points.find(item.id, "position")
            if index is not None:
                self.switches.append(_Switch(item.id, index, 2, (1,), (ends[0], ends[1])))
            elif item.normally != "open":
                self.fixed.append((ends[0], ends[1]))
        elif role is Role.TRANSFORMER:
            self.transformers.append((ends[0], ends[1]))
        elif role is Role.TRANSFER:
            index = points.find(item.id, "connected")
            for source in (1, 2):
                if index is not None:
                    pair = (ends[source - 1], ends[2])
                    self.switches.append(_Switch(item.id, index, source, (0, 3 - source), pair))
                elif item.normally == f"source_{source}":
                    self.fixed.append((ends[source - 1], ends[2]))
        elif role is Role.EARTHING and (index := points.find(item.id, "position")) is not None:
            self.earths.append((index, 1, 1, ends[0]))  # earthed unless known to be open
        elif role is Role.SENSOR and (index := points.find(item.id, "presence")) is not None:
            self.earths.append((index, 0, 1, ends[0]))
        elif role in {Role.SOURCE, Role.STORAGE}:
            self._source(item, points, ends[0])

    def _source(self, item: Equipment, points: PointTable, bus: int) -> None:
        """Note a source; one that tells no stage runs whenever its bus is live."""
        index = points.find(item.id, "stage")
        if index is None:
            self.always.append((item.id, bus))
            return
        states = item.kind.points["stage"].states
        idle = frozenset(i for i, name in enumerate(states) if name in _IDLE)
        self.sources.append((item.id, index, idle, bus))

    def _gauge(self, site: Site, points: PointTable) -> None:
        """Collect every voltage as (point, bus, rank, nominal)."""
        rows = [
            (points.index(item.id, name), self.number[bus], rank, site.buses[bus].voltage_v)
            for item in site.equipment.values()
            for name, terminal, rank in _VOLTAGES.get(item.nature, ())
            if terminal < len(item.buses) and points.find(item.id, name) is not None
            for bus in (item.buses[terminal],)
        ]
        rows.sort()
        self.volts = np.array([r[0] for r in rows], dtype=np.intp)
        place = {row[0]: n for n, row in enumerate(rows)}
        pairs = {
            name: tuple(place.get(points.find(name, p), -1) for p in _SIDES)  # type: ignore[arg-type]
            for name in {s.name for s in self.switches}
        }
        # By switch, where its own two voltages stand among all; nothing where it has not both.
        self.sides = [None if -1 in pairs[s.name] else pairs[s.name] for s in self.switches]
        self.volt_bus = [r[1] for r in rows]
        self.volt_rank = [r[2] for r in rows]
        nominal = np.array([r[3] for r in rows])
        self.live_v: NDArray[np.float64] = LIVE_PU * nominal
        self.dead_v: NDArray[np.float64] = DEAD_PU * nominal


_IDLE: Final = frozenset(
    {"stopped", "cranking", "resting", "starting", "offline", "off", "standby", "waiting"}
    | {"tripped", "fault"}
)
"""Stages in which a source certainly gives no voltage; any other, or silence, counts as running."""

_VOLTAGES: Final[Mapping[str, tuple[tuple[str, int, int], ...]]] = {
    "breaker": (("source_voltage_v", 0, 0), ("load_voltage_v", 1, 0)),
    "relay": (("voltage_ll_v", 0, 1),),
    "meter": (("voltage_v", 0, 1),),
    "transfer_switch": (
        ("source_1_voltage_ll_v", 0, 1),
        ("source_2_voltage_ll_v", 1, 1),
        ("load_voltage_ll_v", 2, 1),
    ),
    "generator": (("voltage_ll_v", 0, 2),),
    "gas_turbine": (("voltage_ll_v", 0, 2),),
    "smr": (("voltage_ll_v", 0, 2),),
    "pv": (("voltage_ll_v", 0, 2),),
    "ups": (("input_voltage_ll_v", 0, 2), ("output_voltage_ll_v", 1, 2)),
    "hvdc": (("input_voltage_ll_v", 0, 2), ("output_voltage_v", 1, 2)),
    "rectifier": (("input_voltage_ll_v", 0, 2), ("output_voltage_v", 1, 2)),
}
"""Voltages by nature: point, terminal, rank (0 counts first). ESS-like storage has none: its
terminal is live from its own inverter while its breaker is open."""

_SIDES: Final = ("source_voltage_v", "load_voltage_v")
assert set(_VOLTAGES) <= set(NATURES), "a voltage of an unknown nature"

_wiring: Final = once_per_site(_Wiring)

_NO_CODE: Final = -1
_SILENT, _LOW, _BETWEEN, _HIGH = range(4)
_TORN: Final = {_LOW, _HIGH}


_NOTHING: Final[frozenset[str]] = frozenset()


def survey(
    image: Image, site: Site, points: PointTable, contradicted: frozenset[str] = _NOTHING
) -> Topology:
    """Return the diagram as `image` shows it.

    Args:
        image: this scan.
        site: the plant as drawn.
        points: its point table.
        contradicted: switches that are not as they show, by estimation.

    Returns:
        Joined, live, dead, earthed and unknown, for every bus.
    """
    wiring = _wiring(site, points)
    good = wiring.good(image.quality)
    told, volts = image.values[wiring.codes], image.values[wiring.volts]
    codes = (told if good.every else np.where(good.codes, told, _NO_CODE)).astype(np.int8)
    level = _LOW + (volts > wiring.dead_v).view(np.int8) + (volts > wiring.live_v).view(np.int8)
    if not good.every:
        level *= good.volts
    key = codes.tobytes() + level.tobytes(), contradicted
    found = wiring.cache.get(key)
    if found is None:
        if len(wiring.cache) >= _KEPT:
            wiring.cache.clear()
        found = wiring.cache[key] = _solve(wiring, codes.tolist(), level.tolist(), contradicted)
    return found


def _solve(
    wiring: _Wiring, codes: list[int], level: list[int], contradicted: frozenset[str]
) -> Topology:
    n_switch, n_earth = len(wiring.switches), len(wiring.earths)
    states = list(zip(wiring.switches, codes, strict=False))
    torn = {
        s.name
        for (s, code), sides in zip(states, wiring.sides, strict=True)
        if code == s.closed and sides and {level[sides[0]], level[sides[1]]} == _TORN
    }
    doubted = torn | contradicted
    closed = [s.ends for s, code in states if code == s.closed and s.name not in doubted]
    unsure = [
        s.ends
        for s, code in states
        if s.name in doubted or (code != s.closed and code not in s.opened)
    ]
    section = _label(len(wiring.buses), wiring.fixed + closed)
    net = _label(len(wiring.buses), wiring.fixed + closed + wiring.transformers)
    reach = _label(len(wiring.buses), wiring.fixed + closed + wiring.transformers + unsure)
    earthed = {
        section[bus]
        for (_, low, high, bus), code in zip(
            wiring.earths, codes[n_switch : n_switch + n_earth], strict=True
        )
        if not (low <= code <= high or (low == 0 and code == _NO_CODE))
    }
    beside = {end for s, _ in states if s.name in torn for end in s.ends}
    measured = _vote(_by_bus(wiring, level, beside), section)
    presence = {
        bus: Presence.EARTHED if section[i] in earthed else measured.get(section[i], _UNKNOWN)
        for i, bus in enumerate(wiring.buses)
    }
    running = {
        name: wiring.buses[bus]
        for (name, _, idle, bus), code in zip(
            wiring.sources, codes[n_switch + n_earth :], strict=True
        )
        if code not in idle
    }
    running |= {
        name: wiring.buses[bus]
        for name, bus in wiring.always
        if measured.get(section[bus]) is not Presence.DEAD
    }
    return Topology(
        presence=presence,
        section=dict(zip(wiring.buses, section, strict=True)),
        net=dict(zip(wiring.buses, net, strict=True)),
        reach=dict(zip(wiring.buses, reach, strict=True)),
        running=running,
        doubted=frozenset(doubted),
    )


_UNKNOWN: Final = Presence.UNKNOWN


def _label(n_bus: int, ends: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each bus the lowest bus it is joined to."""
    parent = list(range(n_bus))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in ends:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return [root(i) for i in range(n_bus)]


def _by_bus(wiring: _Wiring, level: list[int], beside: set[int]) -> Iterator[tuple[int, int]]:
    """Yield (bus, level) of good measurements: of the best rank at its bus, or all of some."""
    best: dict[int, int] = {}
    good = [row for row in zip(wiring.volt_bus, wiring.volt_rank, level, strict=True) if row[2]]
    for bus, rank, _ in good:
        best[bus] = min(rank, best.get(bus, rank))
    return ((bus, at) for bus, rank, at in good if rank == best[bus] or bus in beside)


def _vote(measured: Iterable[tuple[int, int]], section: list[int]) -> dict[int, Presence]:
    """Return what the measurements of each section agree on."""
    votes: dict[int, set[int]] = {}
    for bus, at in measured:
        votes.setdefault(section[bus], set()).add(at)
    agreed = {frozenset({_HIGH}): Presence.LIVE, frozenset({_LOW}): Presence.DEAD}
    return {number: agreed.get(frozenset(seen), _UNKNOWN) for number, seen in votes.items()}


POSITIONS: Final = {position.value: position for position in Position}
"""Double-point positions by code."""
