"""What of the estimator is found once: for a site, for a network of it, for what of that conducts.

A network takes tens of milliseconds to make (`Networked`), what is wired and weighed in it a few
(`Prepared`). All of it is kept per site and found again when it is missing (`Plan`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation import ageing, efficiency
from daemon.core.estimation.believed import Places, Told
from daemon.core.estimation.drawing import BASE_VA
from daemon.core.estimation.exits import Exits, widened
from daemon.core.estimation.gathering import (
    Gauge,
    Needs,
    apart,
    asked,
    measurements,
    nobodys,
    rows,
)
from daemon.core.estimation.instruments import HALF, Instruments, instruments
from daemon.core.estimation.layout import layout
from daemon.core.estimation.measurements import ABSENT, FRESH
from daemon.core.estimation.model import model
from daemon.core.estimation.readouts import Readouts, readouts
from daemon.core.estimation.site_network import build
from daemon.core.estimation.tracking import Tracker
from daemon.core.estimation.wiring import Probe, probe
from daemon.core.topology import once_per_site

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.ageing import Ages
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.measurements import Classes
    from daemon.core.estimation.model import Model
    from daemon.core.estimation.network import Flags, Floats, Ints, Wiring
    from daemon.core.estimation.site_network import Closed, SiteNetwork, Wires
    from daemon.model.image import Image
    from daemon.model.plant import Site
    from daemon.model.points import PointTable
    from daemon.model.quality import QualityArray

NOTHING: Final = 1e3
"""Standard deviation of what is asked for and never measured [pu]."""
KEPT: Final = 64
"""Networks that are kept for when a switch moves back."""
FAR_PU: Final = 0.3
"""A reading that has moved by this part of itself, and by more than its floor, is weighed anew."""


class Networked:
    """The network of the site while certain switches are closed, and its instruments.

    It takes as long to make as dozens of scans, so it is asked for (`estimator.NETWORK`).

    Attributes:
        at: the network.
        model: of it.
        exits: what the meters of buses measure in it.
        anything: which instruments have something to measure in it (n_instrument,).
        tells: which powers of equipment it tells (n_told,).
    """

    def __init__(self, plan: Plan, closed: Closed) -> None:
        drawing, told = plan.probe.drawing, plan.told
        self.at: Final[SiteNetwork] = build(drawing, closed, plan.exits.values())
        exits = {row: self.at.exits[bus] for row, bus in plan.exits.items()}
        made = widened(rows(drawing, told.all, self.at), exits)
        made += asked(drawing, plan.readouts.sums, self.at)
        sigma = plan.sigma(plan.usual)
        self.model: Final[Model] = model(
            self.at.network, measurements(made, told.count, sigma, sigma)
        )
        self.exits: Final = Exits(self.model.equations, exits)
        self.anything: Final[Flags] = np.array([len(row) > 0 for row in made[: len(told.all)]])
        self.tells: Final[Flags] = np.array(
            [not nobodys(read, self.at) for read in plan.powers], np.bool_
        )


class Prepared:
    """A network of the site as it is wired, and its instruments, weighed.

    Attributes:
        at: the network.
        wiring: what of it conducts.
        measures: which real instruments measure anything in it (n_real,).
        rest: class of pseudo-measurements and of what is asked for (n_rest,).
        places: of the site in it.
    """

    def __init__(self, plan: Plan, of: Networked, wires: Wires) -> None:
        drawing, count = plan.probe.drawing, plan.told.count
        self.at: Final[SiteNetwork] = of.at
        self.wiring: Final[Wiring] = of.at.wiring(wires)
        backward = np.array(wires.backward, dtype=np.bool_)
        live = of.at.live(drawing, wires)
        met = plan.needs.met(live, self.wiring.converter_on) & of.anything
        for row, known in of.exits.known(backward).items():
            met[row] &= known
        anchored: set[int] = set()
        for row, bus in plan.told.nominal.items():
            met[row] &= of.at.part[bus] not in anchored
            if met[row]:
                anchored.add(of.at.part[bus])
        self.measures: Final[Flags] = met[:count]
        self.rest: Final[Classes] = np.full(len(plan.others), ABSENT, dtype=np.uint8)
        self.rest[: len(met) - count][met[count:]] = FRESH
        tells = of.tells & plan.told_apart(wires.unknown)
        self.places: Final = Places(of.at, live, layout(of.at.network), plan.is_dc, tells)
        self._model = replace(of.model, equations=of.exits.equations(backward))
        self._tracker: tuple[Floats, Tracker] | None = None

    def tracker(self, plan: Plan, reference: Floats) -> Tracker:
        """Return the tracker of instruments weighed by these readings (n_real,) [pu]."""
        if self._tracker is not None and self._tracker[0] is reference:
            return self._tracker[1]
        sigma = plan.sigma(reference)
        weighed = replace(self._model.equations.measurements, sigma=sigma, sigma_aged=sigma)
        equations = replace(self._model.equations, measurements=weighed)
        weighed_model = replace(self._model, equations=equations)
        self._tracker = reference, Tracker(weighed_model, patient=False)
        return self._tracker[1]


class Plan:
    """What of the estimator does not change while the site does not."""

    def __init__(self, site: Site, points: PointTable) -> None:
        self.probe: Final[Probe] = probe(site, points)
        self.told: Final[Instruments] = instruments(site, points)
        self.readouts: Final[Readouts] = readouts(site, points)
        self.gauge: Final = Gauge(self.told)
        self.to_site: Final = Told(site, points, self.told, self.readouts)
        read = [*(i.at for i in self.told.all), *self.readouts.sums]
        self.powers: Final = [read[n] for n in self.to_site.power.tolist()]
        """What the powers of equipment are sums of (n_told,)."""
        self.metering: Final = efficiency.Metering(site, self.told, points)
        self.is_dc: Final = np.array([b.kind == "dc" for b in site.buses.values()], dtype=np.bool_)
        all_ = self.told.all
        self.needs: Final = Needs(self.probe.drawing, all_)
        self.exits: Final = {
            n: i.at[0].number for n, i in enumerate(all_) if i.at[0].what == "through_p"
        }
        """By instrument the bus whose exits it measures."""
        rows = {i.at[0].number: n for n, i in enumerate(all_) if i.at[0].what == "switch_p"}
        self._flow_rows = np.array(
            [rows.get(int(n), -1) for n in self.probe.flowing], dtype=np.intp
        )
        self._relative = np.array([i.relative for i in all_])
        self._absolute = np.array([i.absolute for i in all_])
        self.others: Final[Floats] = np.concatenate(
            [self._absolute[self.told.count :], np.full(len(self.readouts.sums), NOTHING)]
        )
        self.usual: Final[Floats] = HALF * np.array([i.rated for i in all_[: self.told.count]])
        self._aged: tuple[tuple[Floats, Ints], Floats] | None = None
        self._networks: dict[Closed, Networked] = {}
        self._prepared: dict[Wires, Prepared] = {}
        self._quality: tuple[QualityArray, Prepared, NDArray[np.uint8]] | None = None

    def networked(self, closed: Closed) -> Networked:
        """Return the network while these switches are closed."""
        found = self._networks.get(closed)
        if found is None:
            while len(self._networks) >= KEPT:
                self._networks.pop(next(iter(self._networks)))
            found = self._networks[closed] = Networked(self, closed)
        return found

    def prepared(self, wires: Wires) -> Prepared:
        """Return the network as it is wired."""
        found = self._prepared.get(wires)
        if found is None:
            if len(self._prepared) >= KEPT:
                self._prepared.clear()
            found = Prepared(self, self.networked(wires.closed), wires)
            self._prepared[wires] = found
        return found

    def told_apart(self, unknown: frozenset[int]) -> Flags:
        """Return which powers of equipment are at no bus of which nobody knows the feed (n_told,).

        There what is measured stands: the network has nothing to say about it.
        """
        if not unknown:
            return np.ones(len(self.powers), dtype=np.bool_)
        drawing = self.probe.drawing
        return np.array([apart(drawing, read, unknown) for read in self.powers], dtype=np.bool_)

    def sigma(self, reference: Floats) -> Floats:
        """Return standard deviations of fresh values, and of what is asked for [pu]."""
        return np.concatenate([self.floor(reference), self.others])

    def sigma_aged(self, reference: Floats, ages: Ages) -> Floats:
        """Return standard deviations of aged values, and of what is asked for [pu]."""
        kept, key = self._aged, (reference, ages.weighed)
        if kept is None or any(a is not b for a, b in zip(kept[0], key, strict=True)):
            aged = ageing.sigma_aged(ages, self.floor(reference), reference)
            kept = self._aged = key, np.concatenate([aged, self.others])
        return kept[1]

    def floor(self, reference: Floats) -> Floats:
        """Return the standard deviation of fresh values (n_real,) [pu]."""
        count = self.told.count
        floor: Floats = np.hypot(self._relative[:count] * reference, self._absolute[:count])
        return floor

    def shown(self, image: Image) -> Floats:
        """Return what a scan shows, and 0 for what is asked for (n_measurement,) [pu]."""
        return np.concatenate([self.gauge.values(image), np.zeros(len(self.readouts.sums))])

    def flow_w(self, found: Solution, prepared: Prepared) -> Floats:
        """Return what flows through the switches of the probe [W], NaN where nobody knows."""
        rows = self._flow_rows
        flow_w = found.measured[rows] * BASE_VA
        flow_w[(rows < 0) | ~prepared.measures[rows]] = np.nan
        return flow_w

    def moved_far(self, reference: Floats, z: Floats) -> bool:
        """Return whether some reading is far from that by which it was weighed."""
        count = self.told.count
        gap = np.abs(z[:count] - reference) * self._relative[:count]
        return bool((gap > FAR_PU * self.floor(reference)).any())

    def quality(self, quality: QualityArray, prepared: Prepared) -> NDArray[np.uint8]:
        """Return 0 for good, 1 for uncertain and 2 for bad or nothing measured (n_real,)."""
        kept = self._quality
        if kept is None or kept[0] is not quality or kept[1] is not prepared:
            found = self.gauge.quality(quality)
            found[~prepared.measures] = ABSENT
            kept = self._quality = quality, prepared, found
        return kept[2]


plan: Final = once_per_site(Plan)
