"""The one-line diagram as the estimator sees it: numbered switches, branches, converters and draws.

Nothing in here changes while the site file does not. Sources, stores and loads are draws. Loads
that share their feeds and their row are one draw a feed, because nothing but themselves tells them
apart. A UPS is a rectifier and an inverter on a DC bus of its own, where its battery hangs, and a
switch for its bypass. A rectifier of 48 V has its battery on its DC bus.

What the nameplate does not say has a default: the shape of the losses of converters, which is
scaled to the declared efficiency. Of the two halves of a UPS each has half of them.

Source: loss fit of a double-conversion UPS, 0.01333 + 0.0064 x + 0.01081 x^2 of rating at load x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.core.topology import once_per_site
from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

BASE_VA: Final = 1e7
"""What one per unit of power is [VA]."""
LOSS_SHAPE: Final = (0.01333, 0.0064, 0.01081)
"""Loss of a converter by rating: constant, by load, by its square."""
EFFICIENCY_PU: Final = {"ups": 0.95, "hvdc": 0.985, "rectifier": 0.95}
"""Where the nameplate is silent."""
FLOAT_PU: Final = {"ups": 1.0, "hvdc": 0.99, "rectifier": 1.07}
"""Voltage a converter holds on its DC side, by nominal: what turns load into current."""
BATTERY: Final = "battery"
"""Feed of the draw that is the store of a UPS or rectifier."""


class Switch(NamedTuple):
    """Something without impedance that joins two buses when it is closed.

    Attributes:
        id: its equipment.
        ends: its buses.
        closed: code of its position point with which it is closed; -1 without one.
        opened: codes with which it is open.
        point: index of that point, or -1: then it always is as it is normally.
        normal: whether it is closed in normal operation.
    """

    id: str
    ends: tuple[int, int]
    closed: frozenset[int]
    opened: frozenset[int]
    point: int
    normal: bool


class Branch(NamedTuple):
    """A transformer or a cable between two buses."""

    item: Equipment
    ends: tuple[int, int]


class Converter(NamedTuple):
    """A converter, or one half of a UPS.

    Attributes:
        item: its equipment.
        part: "rectifier" or "inverter".
        ac: its AC bus.
        dc: its DC bus.
        loss: coefficients a, b, c of its losses [pu].
        point: index of its stage point, or -1.
        working: codes of that point with which it carries power.
    """

    item: Equipment
    part: str
    ac: int
    dc: int
    loss: tuple[float, float, float]
    point: int
    working: frozenset[int]


class Draw(NamedTuple):
    """What is drawn at one bus and told from the rest.

    Attributes:
        members: the equipment, several where only they themselves tell them apart.
        feed: "0" or "1", which terminal of theirs this is, or `BATTERY`.
        bus: where.
        rated_va: of all of them together [VA].
        source: whether it can energise its bus.
    """

    members: tuple[Equipment, ...]
    feed: str
    bus: int
    rated_va: float
    source: bool


WORKING: Final = {
    ("hvdc", "rectifier"): ("walk_in", "running"),
    ("rectifier", "rectifier"): ("normal", "walk_in"),
    ("ups", "rectifier"): ("normal", "walk_in"),
    ("ups", "inverter"): ("normal", "battery", "walk_in"),
}
"""Stages in which a converter carries power, by nature and part."""
BYPASS: Final = ("static_bypass", "maintenance_bypass")
"""Stages in which a UPS is a closed switch."""
_SOURCES: Final = frozenset({Role.SOURCE, Role.STORAGE})


class Drawing:
    """The electrical part of a site, every object with a number.

    Buses have their number in the site file; behind them come the DC buses inside UPS.

    Attributes:
        buses: ids, the inner ones called after their UPS.
        nominal_v: their voltages [V].
        is_dc: which are DC.
        switches: all that may join buses.
        branches: transformers and cables.
        converters: all, UPS twice.
        draws: all.
        switches_of: numbers of the switches of a piece of equipment.
        draws_of: numbers of its draws.
        converters_of: numbers of its converters.
        branch_of: number of its branch.
    """

    def __init__(self, site: Site, points: PointTable) -> None:
        self._points = points
        self.number: Final = {bus: i for i, bus in enumerate(site.buses)}
        self.buses: Final = list(site.buses)
        self.nominal_v: Final = [bus.voltage_v for bus in site.buses.values()]
        self.is_dc: Final = [bus.kind == "dc" for bus in site.buses.values()]
        self.switches: Final[list[Switch]] = []
        self.branches: Final[list[Branch]] = []
        self.converters: Final[list[Converter]] = []
        self.draws: Final[list[Draw]] = []
        loads: dict[tuple[tuple[str, ...], str], list[Equipment]] = {}
        for item in site.equipment.values():
            if item.kind.role is Role.LOAD:
                loads.setdefault((item.buses, item.group), []).append(item)
            else:
                self._add(item)
        for members in loads.values():
            self._draw(tuple(members))
        self.switches_of: Final = _groups((s.id, i) for i, s in enumerate(self.switches))
        self.branch_of: Final = {b.item.id: i for i, b in enumerate(self.branches)}
        self.draws_of: Final = _groups(
            (m.id, i) for i, d in enumerate(self.draws) for m in d.members
        )
        self.converters_of: Final = _groups((c.item.id, i) for i, c in enumerate(self.converters))

    def _add(self, item: Equipment) -> None:
        role, ends = item.kind.role, [self.number[bus] for bus in item.buses]
        if item.nature == "cable" or role is Role.TRANSFORMER:
            self.branches.append(Branch(item, (ends[0], ends[1])))
        elif role is Role.SWITCH:
            self._switch(item, (ends[0], ends[1]), (2,), (1,), normal=item.normally != "open")
        elif role is Role.TRANSFER:
            for code in (1, 2):
                normal = item.normally == f"source_{code}"
                pair = (ends[code - 1], ends[2])
                self._switch(item, pair, (code,), (0, 3 - code), "connected", normal=normal)
        elif role is Role.CONVERTER:
            self._converter(item, ends)
        elif role in _SOURCES or role is Role.COMPENSATOR:
            self._draw((item,))

    def _switch(
        self,
        item: Equipment,
        ends: tuple[int, int],
        closed: tuple[int, ...],
        opened: tuple[int, ...],
        point: str = "position",
        *,
        normal: bool,
    ) -> None:
        index = self._points.find(item.id, point)
        self.switches.append(
            Switch(
                item.id,
                ends,
                frozenset(closed),
                frozenset(opened),
                -1 if index is None else index,
                normal,
            )
        )

    def _draw(self, members: tuple[Equipment, ...]) -> None:
        rated_va = sum(map(_rated_va, members))
        source = members[0].kind.role in _SOURCES
        for feed, bus in enumerate(members[0].buses):
            self.draws.append(Draw(members, str(feed), self.number[bus], rated_va, source))

    def _converter(self, item: Equipment, ends: list[int]) -> None:
        if item.nature != "ups":
            self._half(item, "rectifier", ends[0], ends[1], 1.0)
            if item.nature == "rectifier":
                self.draws.append(Draw((item,), BATTERY, ends[1], _rated_va(item), source=True))
            return
        inner = len(self.buses)
        self.buses.append(item.id)
        self.nominal_v.append(1.0)
        self.is_dc.append(True)
        self._half(item, "rectifier", ends[0], inner, 0.5)
        self._half(item, "inverter", ends[1], inner, 0.5)
        self.draws.append(Draw((item,), BATTERY, inner, _rated_va(item), source=True))
        stages = item.kind.points["stage"].states
        bypass = tuple(stages.index(name) for name in BYPASS)
        others = tuple(code for code in range(len(stages)) if code not in bypass)
        self._switch(item, (ends[0], ends[1]), bypass, others, "stage", normal=False)

    def _half(self, item: Equipment, part: str, ac: int, dc: int, share: float) -> None:
        index = self._points.find(item.id, "stage")
        stages = item.kind.points["stage"].states
        working = frozenset(stages.index(name) for name in WORKING[item.nature, part])
        loss = loss_pu(item, share)
        self.converters.append(
            Converter(item, part, ac, dc, loss, -1 if index is None else index, working)
        )


def _rated_va(item: Equipment) -> float:
    for name in ("power_va", "power_w", "reactive_power_var"):
        if name in item.ratings:
            return item.ratings[name]
    return BASE_VA


def loss_pu(item: Equipment, share: float) -> tuple[float, float, float]:
    """Return the loss of a converter by its DC current: constant, by current, by its square.

    Args:
        item: the converter, by nameplate.
        share: part of all its losses.
    """
    rated = item.ratings["power_w"] / BASE_VA
    efficiency = item.ratings.get("efficiency_pu", EFFICIENCY_PU[item.nature])
    scale = share * (1.0 / efficiency - 1.0) / sum(LOSS_SHAPE)
    volts = FLOAT_PU[item.nature]
    a, b, c = LOSS_SHAPE
    return scale * a * rated, scale * b * volts, scale * c * volts * volts / rated


def _groups(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for name, number in pairs:
        found[name] = (*found.get(name, ()), number)
    return found


drawing: Final = once_per_site(Drawing)
