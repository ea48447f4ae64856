"""What the instruments of the hall show of a plant in a settled state, with the noise they have."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from daemon import settings
from daemon.core.facts import Facts, Meters
from daemon.core.topology import Topology, survey
from daemon.core.view import Looked, View
from daemon.model.estimate import Doubted
from daemon.model.image import freeze
from daemon.model.natures import PointKind
from daemon.model.points import tabulate
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND
from daemon.runtime.estimated import solved
from device_emulators.plant.plant import Plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from daemon.model.estimate import Estimate

NOISE_PU = 0.005
"""Standard deviation of what is measured, by reading; of powers and currents twice that."""
FLOOR_PU = 0.001
FREQUENCY_NOISE_PU = 2e-4
"""The same of frequencies."""


@lru_cache(maxsize=1)
def _site() -> settings.SiteFile:
    return settings.load("ai_hall")


@lru_cache(maxsize=8)
def _settled(events: tuple[tuple[float, str, str], ...], until_s: float) -> NDArray[np.float64]:
    """Return what every point shows at the end, 0 where nothing is to be read."""
    site = _site().site
    plant = Plant(site, seed=3)
    for at_s, target, event in events:
        plant.advance(round(at_s * SECOND))
        plant.inject(target, event, {})
    plant.advance(round(until_s * SECOND))
    table = tabulate(site)
    values = np.zeros(len(table))
    for point in table.points:
        if point.spec.kind in {PointKind.HEARTBEAT, PointKind.COMMAND}:
            continue
        try:
            values[point.index] = plant.read(point.equipment, point.spec.name)
        except ValueError:
            continue
    return values


class Picture:
    """A still plant and what is seen of it, scan by scan.

    Attributes:
        true: what every point would show without noise.
        shown: lies, by index of the point.
    """

    def __init__(
        self, *events: tuple[float, str, str], until_s: float = 20.0, seed: int = 0
    ) -> None:
        self.site = _site().site
        self.points = tabulate(self.site)
        self.true = _settled(events, until_s).copy()
        self.rng = np.random.default_rng(seed)
        self.shown: dict[int, float] = {}
        self.now_ns = 1000 * SECOND
        self.facts = Facts()
        self.quality = np.zeros(len(self.points), dtype=np.uint32)
        measures = [p for p in self.points.points if p.spec.kind is PointKind.MEASURE]
        self._measured = np.array([p.index for p in measures])
        unit = np.array([p.spec.unit for p in measures])
        flows = np.isin(unit, ("w", "a", "var"))
        self._relative = np.where(flows, 2.0 * NOISE_PU, NOISE_PU)
        self._relative[unit == "hz"] = FREQUENCY_NOISE_PU
        rated = [self._rated(p.equipment, p.spec.unit) for p in measures]
        self._floor = FLOOR_PU * np.array(rated)

    def _rated(self, name: str, unit: str) -> float:
        item = self.site.equipment[name]
        if item.nature != "breaker" or unit not in {"w", "a"}:
            return 0.0
        amps = item.ratings["current_a"]
        bus = self.site.buses[item.buses[0]]
        phases = np.sqrt(3.0) if bus.kind == "ac" else 1.0
        return amps if unit == "a" else float(amps * bus.voltage_v * phases)

    def view(self, topology: Topology | None = None, after_s: float = 1.0) -> View:
        """Return the next scan: everything read anew."""
        self.now_ns += round(after_s * SECOND)
        values = self.true.copy()
        noise = self.rng.standard_normal(len(self._measured))
        true = values[self._measured]
        values[self._measured] += noise * np.hypot(self._relative * true, self._floor)
        for index, value in self.shown.items():
            values[index] = value
        stamps = np.full(len(values), self.now_ns, dtype=np.int64)
        image = freeze(self.now_ns, self.now_ns, values, self.quality, stamps)
        return View(
            lane="main",
            image=image,
            inbox=(),
            site=self.site,
            points=self.points,
            topology=topology or survey(image, self.site, self.points),
            facts=self.facts,
            heard={},
            estimate=None,
            epoch=1,
            next_id=1,
        )

    def scans(self, step: Callable[[View], None], topology: Topology, count: int) -> None:
        for _ in range(count):
            step(self.view(topology))


@lru_cache(maxsize=1)
def _honest() -> tuple[View, Estimate]:
    """Return a look at the hall, and the estimate that all its instruments make."""
    picture = Picture()
    view = picture.view()
    estimate, _ = solved([view.image], picture.site, picture.points)
    return view, estimate


def seen_lying(
    *points: str, factor: float = 1.0, kind: str = "condemned", silent: tuple[str, ...] = ()
) -> View:
    """Return a look at the hall in which points show a multiple and are found out.

    Args:
        points: that lie, as "M-UA.power_w".
        factor: what they show by what they should.
        kind: what they are held for.
        silent: points that are not good.
    """
    view, estimate = _honest()
    names = [tuple(name.split(".")) for name in points]
    found = [view.points.index(*name) for name in names]
    values, quality = view.image.values.copy(), view.image.quality.copy()
    values[found] *= factor
    quality[[view.points.index(*n.split(".")) for n in silent]] = Quality.BAD_NO_COMMUNICATION
    image = replace(view.image, values=values, quality=quality)
    suspects = tuple(
        Doubted(p, kind, (p,), 1.0, 0.0, 0.0, 0.0, "wrong", view.now_ns) for p in found
    )
    condemned = {name: "wrong" for name, _ in names} if kind == "condemned" else {}
    doubted = tuple(name for name, _ in names) if kind == "doubted" else ()
    facts = replace(view.facts, meters=Meters(condemned, doubted))
    return replace(
        view,
        image=image,
        facts=facts,
        estimate=replace(estimate, suspects=suspects),
        looked=Looked(),
    )
