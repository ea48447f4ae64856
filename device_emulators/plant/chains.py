"""How much of what is taken from the grid reaches the chips: by stage, by chain, and as PUE.

A *chain* is the way through one kind of converter: the AC chain through the UPS to servers at
220 V, the 800 V chain through HVDC converters to AI racks, the 48 V chain through rectifiers. Its
stages are all transformers of one pair of voltages above the converters, the converters of that
kind, and what lies inside the racks. A stage is what all its devices give by what they take, so a
product of stages is a mean over the site. Energy that goes into a store is neither given nor lost.

Values are sampled each second; the mean is over the run so far, where a stage that stood counts for
nothing. PUE is everything the site consumes and loses by what the racks take at their inlets.

Simplified: distribution and power supplies inside a rack are declared and do not depend on load;
the power of a rack is that at its inlet. Cables count in the PUE but in no chain.

Source: typical stages: power supplies at 230 V 94 to 96 %, 800 V to 48 V at the rack 97.5 to 98 %,
distribution 98.5 to 99.5 %; PUE: ISO/IEC 30134-2, metered at the inlet of the racks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from device_emulators.devices.device import Device
    from device_emulators.plant.grid import Grid

SAMPLE_NS: Final = 1_000_000_000
CONVERTERS: Final[Mapping[str, tuple[str, str]]] = {
    "ups": ("AC chain", "UPS"),
    "hvdc": ("800 V chain", "HVDC converter"),
    "rectifier": ("48 V chain", "rectifier"),
}
"""Name of the chain and of its converters, by nature."""
DISTRIBUTION_PU: Final = 0.995
SUPPLY_PU: Final[Mapping[str, float]] = {"ups": 0.96, "hvdc": 0.975, "rectifier": 0.975}
"""What the power supplies of racks give by what they take, by the converter they hang on."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a chain.

    Attributes:
        name: what it is.
        efficiency_pu: what it gives by what it takes; None where nothing goes through.
        loss_w: what it loses [W]; None where that is declared, not computed.
    """

    name: str
    efficiency_pu: float | None
    loss_w: float | None


@dataclass(frozen=True, slots=True)
class Chain:
    """The way through one kind of converter.

    Attributes:
        name: of the chain.
        stages: from the grid to the chips.
    """

    name: str
    stages: tuple[Stage, ...]

    @property
    def efficiency_pu(self) -> float | None:
        """Return the product of the stages; None where one stands still."""
        product = 1.0
        for stage in self.stages:
            if stage.efficiency_pu is None:
                return None
            product *= stage.efficiency_pu
        return product


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Efficiency of the site, at one instant or over a time.

    Attributes:
        chains: those the site has.
        pue_pu: power usage effectiveness; None without IT load.
    """

    chains: tuple[Chain, ...]
    pue_pu: float | None

    @property
    def saved_pu(self) -> float | None:
        """Return how much less the 800 V chain takes than the AC chain for the same work."""
        found = {chain.name: chain.efficiency_pu for chain in self.chains}
        ac, dc = (found.get(CONVERTERS[nature][0]) for nature in ("ups", "hvdc"))
        return None if ac is None or dc is None else 1.0 - ac / dc

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "pue_pu": self.pue_pu,
            "saved_by_800_v_pu": self.saved_pu,
            "chains": [
                {
                    "name": chain.name,
                    "efficiency_pu": chain.efficiency_pu,
                    "stages": [
                        {name: getattr(stage, name) for name in Stage.__slots__}
                        for stage in chain.stages
                    ],
                }
                for chain in self.chains
            ],
        }


class Chains:
    """Meters every stage of a site.

    Args:
        grid: the electrical state; all devices are registered.
        consumers: devices that have a balance of powers.
        ai_w: returns what all AI racks take now, which are in no such balance [W].
        others_w: returns what all other racks take now [W].
    """

    def __init__(
        self,
        grid: Grid,
        consumers: Sequence[Device],
        ai_w: Callable[[], float],
        others_w: Callable[[], float],
    ) -> None:
        self._grid, self._consumers, self._ai_w, self._others_w = grid, consumers, ai_w, others_w
        self._ways = list(_ways(grid))
        count = sum(len(way.groups) + 1 for way in self._ways)
        self._now = np.zeros((count, 2))
        self._sum = np.zeros((count, 2))
        self._site_now = np.zeros(2)
        self._site_sum = np.zeros(2)
        self._sampled = 0
        self._due_ns = grid.now_ns

    def sample(self) -> None:
        """Take the powers once a second."""
        grid = self._grid
        if grid.now_ns < self._due_ns:
            return
        self._due_ns = grid.now_ns - grid.now_ns % SAMPLE_NS + SAMPLE_NS
        self._now = np.array([row for way in self._ways for row in way.rows(grid)]).reshape(-1, 2)
        ai_w = self._ai_w()
        site_w = ai_w + float(grid.branch_w.sum())
        for device in self._consumers:
            _, load_w, loss_w = device.balance()
            site_w += load_w + loss_w
        self._site_now = np.array([ai_w + self._others_w(), site_w])
        self._sum += self._now
        self._site_sum += self._site_now
        self._sampled += 1

    @property
    def now(self) -> Efficiency:
        """Return the efficiency at the last sample."""
        return self._told(self._now, self._site_now)

    @property
    def mean(self) -> Efficiency:
        """Return the efficiency over the run so far."""
        count = max(self._sampled, 1)
        return self._told(self._sum / count, self._site_sum / count)

    def _told(self, rows: NDArray[np.float64], site: NDArray[np.float64]) -> Efficiency:
        it_w, site_w = site.tolist()
        chains, values = [], iter(rows.tolist())
        for way in self._ways:
            metered = [_stage(name, *next(values)) for name in way.names]
            chains.append(Chain(way.name, (*metered, *way.inside)))
        return Efficiency(tuple(chains), site_w / it_w if it_w > 0.0 else None)


def _stage(name: str, given_w: float, loss_w: float) -> Stage:
    through_w = given_w + loss_w
    return Stage(name, given_w / through_w if given_w > 0.0 < through_w else None, loss_w)


@dataclass(frozen=True, slots=True)
class _Way:
    """The devices of one chain.

    Attributes:
        name: of the chain.
        names: of its metered stages.
        groups: numbers of the transformers of each stage.
        converters: those of the chain.
        inside: declared stages of the racks.
    """

    name: str
    names: tuple[str, ...]
    groups: tuple[list[int], ...]
    converters: tuple[Device, ...]
    inside: tuple[Stage, ...]

    def rows(self, grid: Grid) -> Iterator[tuple[float, float]]:
        """Yield what every metered stage gives and loses [W, W]."""
        for group in self.groups:
            flows = grid.branch_w[group]
            yield float(np.abs(flows).min(axis=1).sum()), float(flows.sum())
        yield (
            sum(device.points["output_power_w"]() for device in self.converters),
            sum(device.balance()[2] for device in self.converters),
        )


def _ways(grid: Grid) -> Iterator[_Way]:
    declared = grid.site.emulation.get("site", {})
    for nature, (name, converter) in CONVERTERS.items():
        converters = tuple(d for d in grid.devices.values() if d.item.nature == nature)
        if not converters:
            continue
        groups = list(_transformers_above(grid, float(grid.nominal_v[converters[0].buses[0]])))
        groups.reverse()
        distribution = float(declared.get("distribution_pu", DISTRIBUTION_PU))
        supply = float(declared.get(f"supply_{nature}_pu", SUPPLY_PU[nature]))
        yield _Way(
            name,
            (*(_voltages(grid, group) for group in groups), converter),
            tuple(groups),
            converters,
            (Stage("distribution", distribution, None), Stage("power supply", supply, None)),
        )


def _transformers_above(grid: Grid, volts: float) -> Iterator[list[int]]:
    """Yield the transformers into a voltage [V], then those into theirs, up to the grid."""
    while group := [
        number
        for number, branch in enumerate(grid.branches)
        if branch.kind == "transformer" and float(grid.nominal_v[branch.load]) == volts
    ]:
        yield group
        volts = float(grid.nominal_v[grid.branches[group[0]].source])


def _voltages(grid: Grid, group: list[int]) -> str:
    branch = grid.branches[group[0]]
    high, low = (float(grid.nominal_v[bus]) / 1e3 for bus in (branch.source, branch.load))
    return f"transformer {high:g}/{low:g} kV"
