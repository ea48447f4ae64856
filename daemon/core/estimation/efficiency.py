"""Losses, chains of conversion and PUE of the site, from estimates and with their uncertainty.

Once a second the powers of the solution are taken, and their energies summed up since the daemon
began. A stage is what all its devices give by what they take; its uncertainty comes from that of
its losses, which the estimator knows better than any pair of meters. Stages of one chain are taken
as independent. What lies inside racks nothing measures: distribution and power supplies are typical
values with a standard deviation, and marked as declared.

The chain through the UPS and that through 800 V share their first stages, which cancel: by how much
the one takes less than the other for the same work rests on the others.

PUE is energy, so it counts from the beginning: it is an interim one until that is a year ago. IT
energy is what the estimator finds at the inlets of racks: of category 3 where racks are metered
there, else of what is metered before them. The energy of the facility is all that comes in, from
the grid and from sources of the site; a store gives what it took before, so only its losses are
left of it in time. Racks on their own batteries take nothing at their inlets: that is counted when
they charge again. Where cooling stands still, as after an outage, the ratio is near 1.1, and an
interim PUE over such a time is no figure of the site.

Source: ISO/IEC 30134-2 (PUE and its categories by the place of IT metering). Typical stages: power
supplies at 230 V 94 to 96 %, 800 V to 48 V at the rack 97.5 to 98 %, distribution 98.5 to 99.5 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daemon.core.estimation.drawing import BASE_VA
from daemon.core.estimation.readouts import IT
from daemon.model.efficiency import Chain, Efficiency, Mismatch, Stage
from daemon.model.quantities import HOUR, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.core.estimation.instruments import Instruments
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.readouts import Line, Readouts, Way
    from daemon.model.estimate import Doubted
    from daemon.model.plant import Site
    from daemon.model.points import PointTable

EVERY: Final = SECOND
LONGEST: Final = 10 * SECOND
"""Over a longer gap no power is taken to have lasted: the daemon was paused."""
DISTRIBUTION: Final = (0.99, 0.003)
SUPPLY: Final = {"ups": (0.95, 0.006), "hvdc": (0.9775, 0.0025), "rectifier": (0.975, 0.003)}
"""Efficiency of what nothing measures, and its standard deviation, by the converter before it."""
LEAST_PU: Final = 1e-3
"""A stage that gives less stands still."""


@dataclass(frozen=True, slots=True)
class Count:
    """Energy since the daemon began.

    Attributes:
        since_ns: when it began to count [ns].
        at_ns: up to when it has counted [ns].
        facility_wh: of all that the site consumes and loses [Wh].
        it_wh: of IT [Wh].
        loss_wh: lost in transformers and converters [Wh].
        powers_w: the three powers at that time [W].
    """

    since_ns: int
    at_ns: int
    facility_wh: float = 0.0
    it_wh: float = 0.0
    loss_wh: float = 0.0
    powers_w: tuple[float, float, float] = (0.0, 0.0, 0.0)


def counted(count: Count | None, now_ns: int, powers_w: tuple[float, float, float]) -> Count:
    """Return the energies up to now.

    Args:
        count: up to the last time, None at the beginning.
        now_ns: now [ns].
        powers_w: of the facility, of IT and of losses now [W].
    """
    if count is None:
        return Count(now_ns, now_ns, powers_w=powers_w)
    gap_ns = now_ns - count.at_ns
    hours = gap_ns / HOUR if gap_ns <= LONGEST else 0.0
    means = [hours * (a + b) / 2.0 for a, b in zip(count.powers_w, powers_w, strict=True)]
    return Count(
        since_ns=count.since_ns,
        at_ns=now_ns,
        facility_wh=count.facility_wh + means[0],
        it_wh=count.it_wh + means[1],
        loss_wh=count.loss_wh + means[2],
        powers_w=powers_w,
    )


def powers_w(found: Solution, readouts: Readouts) -> tuple[float, float, float]:
    """Return the power of the facility, of IT and of losses [W]."""
    rows = (readouts.facility, readouts.it, readouts.lost)
    facility, it, lost = (float(found.measured[row]) * BASE_VA for row in rows)
    return facility, it, lost


def told(
    found: Solution,
    readouts: Readouts,
    metering: Metering,
    count: Count,
    doubted: Sequence[Doubted] = (),
) -> Efficiency:
    """Return the efficiency of the site now.

    Args:
        found: the solution of the scan.
        readouts: where to look in it.
        metering: where the site is metered.
        count: energies so far.
        doubted: instruments that are not believed; the solution says nothing of what they show.
    """
    out = {one.point: one for one in doubted}
    chains = tuple(_chain(found, line) for line in readouts.chains)
    facility_w, it_w, loss_w = count.powers_w
    saved_pu, saved_sigma_pu = _saved(found, readouts.chains)
    return Efficiency(
        chains=chains,
        facility_w=facility_w,
        it_w=it_w,
        loss_w=loss_w,
        facility_wh=count.facility_wh,
        it_wh=count.it_wh,
        loss_wh=count.loss_wh,
        pue_pu=_pue(count),
        pue_sigma_pu=_pue_sigma(found, readouts),
        pue_category=metering.category,
        since_ns=count.since_ns,
        saved_pu=saved_pu,
        saved_sigma_pu=saved_sigma_pu,
        mismatches=tuple(
            mismatch
            for name, point, number in metering.meters
            if (mismatch := _mismatch(found, name, number, out.get(point))) is not None
        ),
    )


def _pue(count: Count) -> float:
    facility, it = count.facility_wh, count.it_wh
    if it <= 0.0:
        facility, it, _ = count.powers_w
    return facility / it if it > 0.0 else 0.0


def _pue_sigma(found: Solution, readouts: Readouts) -> float:
    facility, it = found.measured[readouts.facility], found.measured[readouts.it]
    if it <= LEAST_PU or facility <= LEAST_PU:
        return math.inf
    sigma = found.sigma_measured
    parts = sigma[readouts.facility] / facility, sigma[readouts.it] / it
    return float(facility / it * math.hypot(*parts))


def _stage(found: Solution, way: Way) -> Stage:
    given, loss = float(found.measured[way.given]), float(found.measured[way.loss])
    loss_sigma = float(found.sigma_measured[way.loss])
    taken = given + loss
    stands = given < LEAST_PU
    return Stage(
        name=way.name,
        given_w=given * BASE_VA,
        loss_w=loss * BASE_VA,
        loss_sigma_w=loss_sigma * BASE_VA,
        efficiency_pu=1.0 if stands else given / taken,
        sigma_pu=0.0 if stands else given * loss_sigma / (taken * taken),
        declared=False,
    )


def _declared(name: str, value: tuple[float, float]) -> Stage:
    return Stage(name, 0.0, 0.0, 0.0, value[0], value[1], declared=True)


def _stages(found: Solution, line: Line) -> tuple[Stage, ...]:
    metered = [_stage(found, way) for way in line.ways]
    inside = [
        _declared("distribution", DISTRIBUTION),
        _declared("power supply", SUPPLY[line.nature]),
    ]
    return (*metered, *inside)


def _chain(found: Solution, line: Line) -> Chain:
    stages = _stages(found, line)
    total, spread = _product(stages)
    return Chain(line.name, stages, total, total * spread)


def _product(stages: Sequence[Stage]) -> tuple[float, float]:
    """Return the product of stages, and its standard deviation by itself."""
    total = math.prod(stage.efficiency_pu for stage in stages)
    return total, math.hypot(*(s.sigma_pu / s.efficiency_pu for s in stages))


def _saved(found: Solution, chains: Sequence[Line]) -> tuple[float, float]:
    """Return how much less the 800 V chain takes than the AC chain, and its deviation [pu]."""
    by_nature = {line.nature: line for line in chains}
    if not {"ups", "hvdc"} <= by_nature.keys():
        return 0.0, math.inf
    ac, dc = (_stages(found, by_nature[nature]) for nature in ("ups", "hvdc"))
    shared = {stage.name for stage in ac} & {stage.name for stage in dc}
    own_ac, own_dc = (
        [s for s in some if s.name not in shared or s.name == "power supply"] for some in (ac, dc)
    )
    ac_pu, ac_spread = _product(own_ac)
    dc_pu, dc_spread = _product(own_dc)
    return 1.0 - ac_pu / dc_pu, ac_pu / dc_pu * math.hypot(ac_spread, dc_spread)


def _mismatch(found: Solution, name: str, number: int, doubted: Doubted | None) -> Mismatch | None:
    """Return what a meter shows against what the others say; None where either is silent."""
    if doubted is not None and not found.used[number]:
        return Mismatch(name, doubted.shown, doubted.should, doubted.sigma)
    residual, normalised = float(found.residual[number]), float(found.normalised[number])
    if not normalised:
        return None
    estimated = float(found.measured[number])
    return Mismatch(
        equipment=name,
        measured_w=(estimated + residual) * BASE_VA,
        estimated_w=estimated * BASE_VA,
        sigma_w=abs(residual / normalised) * BASE_VA,
    )


class Metering:
    """Where a site is metered.

    Attributes:
        meters: every power meter, its point and its instrument.
        category: of the PUE.
    """

    def __init__(self, site: Site, told: Instruments, points: PointTable) -> None:
        number = {i.points[0]: n for n, i in enumerate(told.all[: told.count])}
        self.meters: Final = tuple(
            (item.id, index, number[index])
            for item in site.of_nature("meter")
            if (index := points.find(item.id, "power_w")) in number and index is not None
        )
        loads = [e for e in site.equipment.values() if e.nature in IT]
        inlets = all(points.find(e.id, "power_w") is not None for e in loads)
        outlets = all(
            points.find(e.id, "output_power_w") is not None for e in site.of_nature("ups")
        )
        self.category: Final = "PUE3" if inlets else "PUE1" if outlets else "PUE2"
