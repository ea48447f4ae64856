"""The part of a site in which one failure is felt, as arrays: buses, ways between them, loads.

A *way* is a direction in which equipment can carry power: both for a switch, from the primary to
the secondary of a transformer (nothing is ever to be fed backwards), from input to output of a
converter, from either source of a transfer switch to its load. A site of several power blocks falls
into one zone per block, each with what all blocks share; a failure inside a block is then worked
out among a hundred buses, however large the site is. Where blocks meet elsewhere than at what they
share, the site is one zone.

What never changes stands in `Zone`. What decides which way conducts now, or would by itself, is a
row of small codes (`Zone.codes`): as long as they are the same, so is everything that follows from
them but the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.gauges import Gauges
from daemon.core.tags import bound_by
from daemon.core.topology import once_per_site
from daemon.model.contingency import Contingency
from daemon.model.natures import Position, Role
from daemon.model.plant import MainTieMainScheme
from daemon.model.quality import good_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from daemon.core.tags import Tags
    from daemon.core.topology import Topology
    from daemon.core.view import View
    from daemon.model.image import Image
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

UNKNOWN: Final = -1
"""Code of a value that is not good, or not served."""
OPERABLE: Final[Mapping[str, int]] = {
    "local": 0,
    "racked_in": 1,
    "lockout_86": 0,
    "emergency_off": 0,
}
"""What a breaker must tell to be counted on; its spring is charged again before it is needed."""
_DECIDING: Final[Mapping[str, tuple[str, ...]]] = {
    "breaker": ("position",),
    "transfer_switch": ("connected", "selector", "local"),
    "ups": ("stage",),
    "rectifier": ("stage",),
    "hvdc": ("stage",),
    "generator": ("stage", "available", "selector"),
    "gas_turbine": ("stage",),
    "ess": ("stage",),
    "switchgear_controller": ("selector", "emergency_off", "maintenance"),
}
_HELD: Final[Mapping[str, int]] = {"local": 1, "available": 0, "maintenance": 1}
"""What a device under a maintenance tag is taken to tell."""
_IN_USE: Final[Mapping[str, str]] = {
    "ups": "normal",
    "rectifier": "normal",
    "hvdc": "running",
    "generator": "stopped",
    "gas_turbine": "stopped",
    "ess": "grid_following",
}
"""The stage in which equipment of a nature usually is."""
_FOLLOWING: Final = frozenset({"smr", "pv", "gas_turbine", "ess"})
"""What gives power only where somebody else holds the voltage; storage while it does not form."""
_ELEMENTS: Final = frozenset({Role.SOURCE, Role.STORAGE, Role.TRANSFORMER, Role.CONVERTER})


class Way(NamedTuple):
    """One direction through equipment; the place of its buses in the zone."""

    item: Equipment
    start: int
    end: int
    number: int
    """Which of the ways of its equipment, from 0."""


class Load(NamedTuple):
    """What draws power, or gives it while following: a row, a rack, a chiller, a reactor.

    Attributes:
        id: equipment.
        feeds: places of the buses it hangs on.
        worst_w: what it draws when that is not known [W].
        critical: it must not be interrupted.
        own: whether it has storage of its own.
        follows: it gives power, while the voltage at its bus lasts.
    """

    id: str
    feeds: tuple[int, ...]
    worst_w: float
    critical: bool
    own: bool
    follows: bool


class Zone:
    """One zone of a site.

    Attributes:
        buses: in file order.
        ways: every direction through equipment, in order of the bus they lead to.
        loads: what draws power.
        feeds: bus of every feed of every load, and the load it is of.
        backups: UPS and rectifiers, whose store holds their output, then storage on AC, which may
            hold an island.
        sources: what feeds its bus from outside or from fuel.
        elements: what may die; those that other zones have too come first.
        quiet: the answer of each case as long as there is nothing to say.
        rated: places of the equipment whose rating is judged; sets of one bus share a place.
        places: how many these are.
    """

    def __init__(self, site: Site, points: PointTable, items: tuple[Equipment, ...]) -> None:
        """Arrange `items`, those shared by several zones first."""
        self.site, self.items = site, items
        touched = {bus for item in items for bus in item.buses}
        self.buses = tuple(bus for bus in site.buses if bus in touched)
        self.at = {bus: place for place, bus in enumerate(self.buses)}
        self.ways = tuple(sorted(self._ways(), key=lambda way: way.end))
        self.loads = tuple(self._loads())
        self.schemes = tuple(
            s
            for s in site.schemes.values()
            if isinstance(s, MainTieMainScheme) and s.generator_bus in self.at
        )
        self.sets = {dg: scheme for scheme in self.schemes for dg in scheme.sets}
        own = [e for e in items if e.nature in {"ups", "rectifier"}]
        ac = [e for e in items if e.nature == "ess" and site.buses[e.buses[0]].kind == "ac"]
        self.n_behind = len(own)
        self.backups = (*own, *ac)
        self.sources = tuple(e for e in items if e.kind.role is Role.SOURCE)
        self.elements = tuple(e for e in items if e.kind.role in _ELEMENTS or self._is_tie(e))
        pairs = [(bus, n) for n, load in enumerate(self.loads) for bus in load.feeds]
        self.feeds = [bus for bus, _ in pairs], np.array([n for _, n in pairs], dtype=np.int64)
        self.rated = self._rated()
        names = ("", *(item.id for item in self.elements))
        self.quiet = tuple(Contingency(name) for name in names)
        self.places = 1 + max(self.rated.values(), default=-1)
        self._gauge(points)

    def _ways(self) -> Iterable[Way]:
        for item in self.items:
            ends = [self.at[bus] for bus in item.buses]
            match item.kind.role:
                case Role.SWITCH:
                    yield Way(item, ends[0], ends[1], 0)
                    yield Way(item, ends[1], ends[0], 1)
                case Role.TRANSFORMER | Role.CONVERTER:
                    yield Way(item, ends[0], ends[-1], 0)
                case Role.TRANSFER:
                    yield Way(item, ends[0], ends[2], 0)
                    yield Way(item, ends[1], ends[2], 1)

    def _loads(self) -> Iterable[Load]:
        racks: dict[str, list[Equipment]] = {}
        for item in self.items:
            if item.group:
                racks.setdefault(item.group, []).append(item)
        for item in self.items:
            worst_w = item.ratings.get("power_w", 0.0)
            if item.id in racks:
                own = racks[item.id]
                feeds = dict.fromkeys(self.at[bus] for rack in own for bus in rack.buses)
                critical = any(rack.critical for rack in own)
                yield Load(item.id, tuple(feeds), worst_w, critical, True, False)
            elif item.kind.role is Role.LOAD and not item.group:
                feeds = dict.fromkeys(self.at[bus] for bus in item.buses)
                yield Load(item.id, tuple(feeds), worst_w, item.critical, False, False)
            elif item.nature in _FOLLOWING and self.site.buses[item.buses[0]].kind == "ac":
                yield Load(item.id, (self.at[item.buses[0]],), 0.0, False, False, True)

    def _is_tie(self, item: Equipment) -> bool:
        """Return whether a switch is there to join two parts that stand by themselves."""
        if item.kind.role is not Role.SWITCH or item.normally != "open":
            return False
        giving = {Role.SOURCE, Role.STORAGE}
        return not any(
            e.buses[0] in item.buses for e in self.items if e.kind.role in giving and e.buses
        )

    def _has_rating(self, item: Equipment) -> bool:
        """Return whether what it carries is judged: not where it only follows."""
        return item.nature not in _FOLLOWING or item in self.backups

    def _rated(self) -> dict[str, int]:
        place: dict[str, int] = {}
        names: dict[str, int] = {}
        for item in self.items:
            if item.kind.role not in _ELEMENTS or not self._has_rating(item):
                continue
            name = self.sets[item.id].generator_bus if item.id in self.sets else item.id
            place[item.id] = names.setdefault(name, len(names))
        self.rated_names = tuple(names)
        return place

    def _gauge(self, points: PointTable) -> None:
        """Look up what decides, and what is read for its number."""
        moved = {b for s in self.schemes for b in _switched(s)}
        own = {item.id for item in self.items}
        read = [p.index for p in points.points if p.equipment in own and "r" in p.place.access]
        self._read = np.array(read, dtype=np.intp)
        names = [
            (item.id, name)
            for item in self.items
            for name in (
                *_DECIDING.get(item.nature, ()),
                *(OPERABLE if item.id in moved else ()),
            )
        ]
        served = [n for n in names if points.find(*n) is not None]
        self._code_of = {name: place for place, name in enumerate(served)}
        self._codes = np.array([points.index(*n) for n in served], dtype=np.intp)
        # A switch that transfers by itself does so under a tag as well.
        alone = {e.id for e in self.items if e.nature == "transfer_switch" and e.variant != "alts"}
        self._held_by_tag = tuple(
            (place, _HELD[point], {name, *bound_by(self.site, points)[name]})
            for place, (name, point) in enumerate(served)
            if point in _HELD and name not in alone
        )
        usual = [_usual(self.site.equipment[name], point) for name, point in served]
        self._usual = np.array([code for code, _ in usual])
        self._highest = np.array([highest for _, highest in usual])
        self.utilities = tuple(e for e in self.items if e.nature == "utility")
        converters = [e for e in self.items if e.kind.role is Role.CONVERTER]
        self._watched = tuple((e.id, e.buses[0]) for e in (*self.utilities, *converters))
        ac = self.backups[self.n_behind :]
        self.of_storage = Gauges(points, [(e.id, "discharge_limit_w") for e in ac])
        self.powers = Gauges(points, [(load.id, "power_w") for load in self.loads])
        self._power_at = [points.find(load.id, "power_w") for load in self.loads]
        self.worst_w = np.array([load.worst_w for load in self.loads])
        self.least_w = np.array([-np.inf if load.follows else 0.0 for load in self.loads])
        rated_w = (self.site.equipment[load.id].ratings.get("power_w", 0.0) for load in self.loads)
        pairs = zip(self.loads, rated_w, strict=True)
        self._most_given_w = np.array([-w if load.follows else 0.0 for load, w in pairs])

    def codes(
        self, image: Image, topology: Topology, tags: Tags, *, at_best: bool = False
    ) -> bytes:
        """Return all that decides which ways conduct, as a key.

        At best what is not good is as it was seen last, or where that cannot be, as it usually is.
        What a maintenance tag binds is not counted on to close, to start or to transfer.
        """
        codes = image.values[self._codes]
        good = good_mask(image.quality[self._codes])
        if not good.all():
            unseen: float | NDArray[np.float64] = UNKNOWN
            if at_best:
                can_be = (codes >= 0.0) & (codes <= self._highest)  # false for NaN
                unseen = np.where(can_be, codes, self._usual)
            codes = np.where(good, codes, unseen)
        if tags:
            for place, held, names in self._held_by_tag:
                if not names.isdisjoint(tags):
                    codes[place] = held
        if at_best:
            live = bytes(not topology.dead(bus) for _, bus in self._watched)
        else:
            live = bytes(topology.live(bus) for _, bus in self._watched)
        return np.clip(codes, UNKNOWN, 100).astype(np.int8).tobytes() + live

    def blind(self, image: Image) -> bool:
        """Return whether a value that devices of this zone serve is not good."""
        return not good_mask(image.quality[self._read]).all()

    def told(self, codes: bytes) -> Callable[[str, str], int]:
        """Return what reads one code by equipment and point."""
        values = np.frombuffer(codes[: len(self._codes)], dtype=np.int8).tolist()

        def told(equipment: str, name: str) -> int:
            place = self._code_of.get((equipment, name))
            return UNKNOWN if place is None else int(values[place])

        return told

    def serves(self, equipment: str, name: str) -> bool:
        """Return whether a deciding value is served at all."""
        return (equipment, name) in self._code_of

    def live(self, codes: bytes) -> frozenset[str]:
        """Return the utilities and converters at whose first bus the voltage is known to be."""
        live = codes[len(self._codes) :]
        return frozenset(id for (id, _), on in zip(self._watched, live, strict=True) if on)

    def load_w(self, view: View, *, at_best: bool = False) -> NDArray[np.float64]:
        """Return what every load draws (n_load,) [W].

        Where that is not known the worst case, or at best what it drew last: no more than that, and
        what it can draw, for a value that is out of range may say anything.
        """
        told = view.best_array(self.powers)
        unknown_w = self.worst_w
        if at_best:
            last_w = np.array([self._last_w(view.image, n) for n in range(len(self.loads))])
            unknown_w = np.clip(np.nan_to_num(last_w), self._most_given_w, self.worst_w)
        return np.where(np.isnan(told), unknown_w, np.maximum(told, self.least_w))

    def _last_w(self, image: Image, n: int) -> float:
        """Return what a load was last seen to draw, 0 if it is not served [W]."""
        point = self._power_at[n]
        return 0.0 if point is None else float(image.values[point])


def _usual(item: Equipment, point: str) -> tuple[float, float]:
    """Return the code that a deciding point usually has, and the highest that it can have."""
    states = item.kind.points[point].states
    match point:
        case "position":
            usual = Position.OPEN if item.normally == "open" else Position.CLOSED
            return usual.value, max(position.value for position in Position)
        case "connected":
            return states.index(item.normally), len(states) - 1
        case "stage":
            return states.index(_IN_USE[item.nature]), len(states) - 1
        case "available":
            return 1, 1
    return OPERABLE.get(point, 0), max(len(states) - 1, 1)


def _switched(scheme: MainTieMainScheme) -> Iterable[str]:
    """Return the breakers that a scheme closes by itself."""
    for section in scheme.sections:
        yield from (section.main, section.generator_feeder)
    yield from (scheme.tie, scheme.intake, *scheme.sets.values())


@once_per_site
def zones_of(site: Site, points: PointTable) -> tuple[Zone, ...]:
    """Return the zones of a site."""
    block = {g.id: g.block for g in site.gateways.values()}
    blocks: dict[str, list[Equipment]] = {}
    for item in site.equipment.values():
        name = block.get(item.device.gateway, "") if item.device else ""
        blocks.setdefault(name, []).append(item)
    shared = blocks.pop("", [])
    users: dict[str, set[str]] = {}
    for name, items in blocks.items():
        for item in items:
            for bus in item.buses:
                users.setdefault(bus, set()).add(name)
    common = {bus for item in shared for bus in item.buses}
    if not blocks or any(len(who) > 1 and bus not in common for bus, who in users.items()):
        return (Zone(site, points, tuple(site.equipment.values())),)
    return tuple(Zone(site, points, (*shared, *items)) for items in blocks.values())
