"""What the estimator is asked for beside voltages: powers, losses, chains of conversion.

Each is a sum of quantities of the drawing, so it comes with a standard deviation that knows how the
parts hang together. Most powers are measured, and then the instrument says where to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.estimation.drawing import Drawing
from daemon.core.estimation.instruments import At, instruments
from daemon.core.topology import once_per_site
from daemon.model.natures import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daemon.core.estimation.network import Ints
    from daemon.model.plant import Equipment, Site
    from daemon.model.points import PointTable

NOT_ASKED: Final = -1
IT: Final = frozenset({"ai_rack", "it_rack"})
"""Natures of what computes, stores and joins."""


class Way(NamedTuple):
    """One metered stage of a chain, and the readings of what it gives and loses."""

    name: str
    given: int
    loss: int


class Line(NamedTuple):
    """A chain: the converters it is called after, and its stages from the grid."""

    nature: str
    name: str
    ways: tuple[Way, ...]


class Readouts:
    """Everything that is asked of a site.

    Readings are numbered on behind the instruments.

    Attributes:
        sums: what each reading is the sum of.
        power: reading of the power of each piece of equipment, as its own device tells it
            (n_equipment,); `NOT_ASKED` where there is none.
        loss: reading of its losses (n_equipment,).
        facility: reading of all that the site consumes and loses.
        it: reading of what IT takes.
        lost: reading of all losses of transformers and converters.
        chains: those the site has.
    """

    def __init__(self, site: Site, points: PointTable) -> None:
        told = instruments(site, points)
        self._first = len(told.all)
        self._drawing: Drawing = told.drawing
        self.sums: Final[list[tuple[At, ...]]] = []
        by_point = {i.points[0]: n for n, i in enumerate(told.all) if len(i.points) == 1}
        power = [self._power(item, by_point, points) for item in site.equipment.values()]
        loss = [self._loss(item) for item in site.equipment.values()]
        self.power: Final[Ints] = np.array(power, dtype=np.int64)
        self.loss: Final[Ints] = np.array(loss, dtype=np.int64)
        draws = list(enumerate(self._drawing.draws))
        feeding = [n for n, d in draws if d.source]
        self.facility: Final = self._ask(At("draw_p", n, sign=-1.0) for n in feeding)
        self.it: Final = self._ask(
            At("draw_p", n) for n, d in draws if d.members[0].nature in IT
        )  # fmt: skip
        self.lost: Final = self._ask(
            a for item in site.equipment.values() for a in self._lost(item)
        )
        self.chains: Final = tuple(self._chains(site))

    def _ask(self, parts: Iterable[At]) -> int:
        self.sums.append(tuple(parts))
        return self._first + len(self.sums) - 1

    def _power(self, item: Equipment, by_point: dict[int, int], points: PointTable) -> int:
        for name in ("power_w", "input_power_w"):
            index = points.find(item.id, name)
            if index is not None:
                return by_point.get(index, NOT_ASKED)
        parts = list(self._untold(item))
        return self._ask(parts) if parts else NOT_ASKED

    def _untold(self, item: Equipment) -> Iterator[At]:
        """Yield the power of what does not tell it: an ammeter may, or what is metered around."""
        drawing, role = self._drawing, item.kind.role
        if role is Role.SOURCE:
            yield At("draw_p", drawing.draws_of[item.id][0])
        elif role is Role.TRANSFORMER:
            yield At("flow_p", drawing.branch_of[item.id])
        elif role in {Role.TRANSFER, Role.SWITCH}:
            yield from (At("switch_p", n) for n in drawing.switches_of.get(item.id, ()))
        elif role is Role.LOAD:
            draws = drawing.draws_of[item.id]
            if all(len(drawing.draws[n].members) == 1 for n in draws):
                yield from (At("draw_p", n) for n in draws)

    def _loss(self, item: Equipment) -> int:
        parts = list(self._lost(item))
        return self._ask(parts) if parts else NOT_ASKED

    def _lost(self, item: Equipment) -> Iterator[At]:
        """Yield the losses of a transformer or converter."""
        if item.nature == "transformer":
            number = self._drawing.branch_of[item.id]
            yield from (At("flow_p", number, end) for end in (0, 1))
        for number in self._drawing.converters_of.get(item.id, ()):
            yield At("losses", number)

    # Chains of conversion.

    def _chains(self, site: Site) -> Iterator[Line]:
        for nature, name in (("ups", "AC chain"), ("hvdc", ""), ("rectifier", "")):
            converters = site.of_nature(nature)
            if not converters:
                continue
            dc_v = site.buses[converters[0].buses[-1]].voltage_v
            above = list(self._above(site, site.buses[converters[0].buses[0]].voltage_v))
            ways = [self._transforming(site, group) for group in reversed(above)]
            yield Line(
                nature, name or f"{dc_v:g} V chain", (*ways, self._converting(nature, converters))
            )

    def _above(self, site: Site, volts: float) -> Iterator[list[Equipment]]:
        """Yield the transformers into a voltage [V], then those into theirs, up to the grid."""
        while group := [
            t for t in site.of_nature("transformer") if site.buses[t.buses[1]].voltage_v == volts
        ]:
            yield group
            volts = site.buses[group[0].buses[0]].voltage_v

    def _transforming(self, site: Site, group: list[Equipment]) -> Way:
        high, low = (site.buses[bus].voltage_v / 1e3 for bus in group[0].buses)
        numbers = [self._drawing.branch_of[item.id] for item in group]
        given = self._ask(At("flow_p", n, 1, -1.0) for n in numbers)
        loss = self._ask(a for item in group for a in self._lost(item))
        return Way(f"transformer {high:g}/{low:g} kV", given, loss)

    def _converting(self, nature: str, group: tuple[Equipment, ...]) -> Way:
        name = {"ups": "UPS", "hvdc": "HVDC converter", "rectifier": "rectifier"}[nature]
        numbers = [self._drawing.converters_of[item.id] for item in group]
        if nature == "ups":
            given = self._ask(At("converter_p", n[1], sign=-1.0) for n in numbers)
        else:
            given = self._ask(At("converter_dc_p", n[0]) for n in numbers)
        loss = self._ask(a for item in group for a in self._lost(item))
        return Way(name, given, loss)


readouts: Final = once_per_site(Readouts)
