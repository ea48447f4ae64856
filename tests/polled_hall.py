"""The AI hall as the daemon polls it: every device at its own instant, with the noise it has.

The plant runs as it is shipped, training with the swings that were measured; what every instrument
should show is written down every 20 ms. Points are polled at the period of the site file, each
device at an instant of its own, and the main lane's estimator scans what is there ten times a
second. Every instrument has the deviation that the estimator takes it to have, drawn anew with
every reading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import ndtr

from daemon import settings
from daemon.core.estimation import bad_data, estimator
from daemon.core.estimation.measurements import ABSENT
from daemon.core.estimation.prepared import plan
from daemon.core.estimation.verdict import residual_limit
from daemon.core.topology import survey
from daemon.model.image import freeze
from daemon.model.natures import PointKind
from daemon.model.points import tabulate
from daemon.model.quantities import MILLISECOND, SECOND
from device_emulators.plant.plant import Plant

if TYPE_CHECKING:
    from daemon.core.estimation.network import Floats, Ints
    from daemon.model.image import Image
    from daemon.model.quality import QualityArray

STEP_NS: Final = 20 * MILLISECOND
SCAN_NS: Final = 100 * MILLISECOND
SETTLED_NS: Final = 20 * SECOND
OUTAGE_NS, RETURN_NS = 2 * SECOND, 2100 * MILLISECOND
STORE: Final = "ESS-1"
POWERS_W: Final = (-4e4, -8e4, -1e5, -1.6e5, -2e5, -2.6e5)
HELD_NS: Final = tuple(MILLISECOND * ms for ms in (300, 500, 1000, 2000, 4000))


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What points show without noise.

    Attributes:
        still: all of them when the recording begins (n_point,).
        moving: numbers of those that instruments read (n_moving,).
        values: what these show, step by step (n_step, n_moving).
    """

    still: Floats
    moving: Ints
    values: Floats


@lru_cache(maxsize=2)
def recorded(lasts_s: float, seed: int, shaken: bool = False) -> Recorded:
    """Return what the hall shows for `lasts_s` from when it has settled."""
    site, chance, due_ns = settings.load("ai_hall").site, np.random.default_rng(seed), RETURN_NS
    table = tabulate(site)
    plant = Plant(site, seed=seed)
    plant.advance(SETTLED_NS)
    still = np.zeros(len(table))
    for point in table.points:
        if point.spec.kind not in {PointKind.HEARTBEAT, PointKind.COMMAND}:
            try:
                still[point.index] = plant.read(point.equipment, point.spec.name)
            except ValueError:
                continue
    told = plan(site, table).told
    moving = np.array(sorted({p for i in told.all[: told.count] for p in i.points}))
    names = [(table.points[p].equipment, table.points[p].spec.name) for p in moving.tolist()]
    values = np.empty((round(lasts_s * SECOND / STEP_NS), len(moving)))
    for number in range(len(values)):
        if shaken and number * STEP_NS == OUTAGE_NS:
            _shake(plant, "outage")
        if shaken and number * STEP_NS == RETURN_NS:
            _shake(plant, "return")
        if shaken and number * STEP_NS >= due_ns:
            plant.write(STORE, "heartbeat", float(number % 2**15))
            plant.write(STORE, "power_setpoint_w", float(chance.choice(POWERS_W)))
            due_ns = number * STEP_NS + int(chance.choice(HELD_NS))
        plant.advance(SETTLED_NS + (number + 1) * STEP_NS)
        values[number] = [plant.read(*name) for name in names]
    return Recorded(still, moving, values)


def _shake(plant: Plant, event: str) -> None:
    for utility in ("U-A", "U-B"):
        plant.inject(utility, event, {})


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What goes from scan to scan.

    Attributes:
        number: of the scan.
        values: what points show (n_point,).
        heard_ns: when each was read (n_point,) [ns].
        state: of the estimator.
    """

    number: int
    values: Floats
    heard_ns: Ints
    state: estimator.State


class Hall:
    """The hall and the estimator that looks at it.

    Attributes:
        of: what the estimator knows of the site.
        sigma: standard deviation of every real instrument (n_real,) [pu].
        rows: instruments that alone read some point, by which they err (n_row,).
    """

    def __init__(self, lasts_s: float, seed: int, draw: int = 0, *, shaken: bool = False) -> None:
        """Play the hall for so long [s], and draw the instants at which devices are polled."""
        self._told = told = recorded(lasts_s, seed, shaken)
        self._site = settings.load("ai_hall").site
        self._points = tabulate(self._site)
        self.of = plan(self._site, self._points)
        begin = self._image(SCAN_NS, told.still, np.zeros(len(told.still), dtype=np.int64))
        self._topology = survey(begin, self._site, self._points)
        real = self.of.told.all[: self.of.told.count]
        self.sigma = self.of.floor(self.of.gauge.values(begin)[: len(real)])
        readers = np.bincount([p for i in real for p in i.points], minlength=len(told.still))
        self._noise = np.full(len(told.still), np.inf)
        self._error: dict[int, tuple[int, float]] = {}
        for row, each in enumerate(real):
            for point, weight in zip(each.points, each.weights, strict=True):
                share = self.sigma[row] / abs(weight) / np.sqrt(len(each.points))
                self._noise[point] = min(self._noise[point], share)
                if readers[point] == 1:
                    self._error[row] = (point, float(self.sigma[row] / weight))
        self._noise = self._noise[told.moving]
        self.rows = np.array(sorted(self._error))
        chance = np.random.default_rng((seed, draw))
        at = [self._points.points[p] for p in told.moving.tolist()]
        devices = sorted({p.equipment for p in at})
        phase = dict(zip(devices, chance.random(len(devices)), strict=True))
        self._period_ns = np.array([round(p.period_s * SECOND) for p in at])
        self._phase_ns = np.array([phase[p.equipment] for p in at]) * self._period_ns
        self._phase_ns = self._phase_ns.astype(np.int64)

    @property
    def scans(self) -> int:
        """How many scans were recorded."""
        return len(self._told.values) * STEP_NS // SCAN_NS

    def begun(self) -> Seen:
        """Return what is remembered before the first scan."""
        told = self._told
        heard_ns = np.zeros(len(told.still), dtype=np.int64)
        return Seen(0, told.still, heard_ns, estimator.initial(self._site, self._points))

    def scanned(
        self, before: Seen, chance: np.random.Generator, error: tuple[int, float] | None = None
    ) -> Seen:
        """Return what is remembered after the next scan, in which an instrument may be off.

        Args:
            before: as of the scan before.
            chance: for the noise.
            error: row of an instrument and by how many deviations it is off.
        """
        told, now_ns = self._told, (before.number + 1) * SCAN_NS
        read_ns = self._polled_ns(now_ns)
        step = np.clip(read_ns // STEP_NS - 1, 0, len(told.values) - 1)
        shown = told.values[step, np.arange(len(step))]
        shown = shown + self._sigma(shown) * chance.standard_normal(len(shown))
        values, heard_ns = before.values.copy(), np.full(len(before.values), now_ns)
        if error is not None:
            point, by = self._error[error[0]]
            shown[np.searchsorted(told.moving, point)] += error[1] * by
        read_ns += SCAN_NS  # so that none is of before the beginning
        news = read_ns != before.heard_ns[told.moving]
        values[told.moving] = np.where(news, shown, values[told.moving])
        heard_ns[told.moving] = read_ns
        image = self._image(now_ns + SCAN_NS, values, heard_ns)
        state = estimator.step(before.state, image, self._topology, self._site, self._points).state
        return Seen(before.number + 1, values, heard_ns, state)

    def _polled_ns(self, now_ns: int) -> Ints:
        """Return when each point was polled last (n_moving,) [ns]."""
        polled: Ints = (now_ns - self._phase_ns) // self._period_ns * self._period_ns
        polled += self._phase_ns
        return polled

    def _sigma(self, shown: Floats) -> Floats:
        """Return the noise of what points show (n_moving,), each in its unit."""
        return self._noise

    def _image(self, now_ns: int, values: Floats, heard_ns: Ints) -> Image:
        return freeze(now_ns, now_ns, values, self._quality(now_ns, heard_ns), heard_ns)

    def _quality(self, now_ns: int, heard_ns: Ints) -> QualityArray:
        return np.zeros(len(heard_ns), dtype=np.uint32)

    def memory(self, seen: Seen) -> bad_data.State:
        """Return what is remembered of instruments."""
        assert seen.state.doubts is not None
        return seen.state.doubts.memory

    def with_memory(self, seen: Seen, memory: bad_data.State) -> Seen:
        """Return what goes from scan to scan with another memory of instruments."""
        assert seen.state.doubts is not None
        doubts = replace(seen.state.doubts, memory=memory)
        return replace(seen, state=replace(seen.state, doubts=doubts))

    def checkable(self, seen: Seen, square: float, least: float) -> tuple[list[int], str]:
        """Return the instruments that noise would let one see err, and what of the others is.

        Args:
            seen: a scan in which they were tested.
            square: of the error by deviation, summed over readings.
            least: part of the errors that has to be seen.
        """
        state = seen.state
        assert state.wires is not None
        assert state.reference is not None
        assert state.estimate is not None
        assert state.estimate.fit is not None
        others = self.of.prepared(state.wires).tracker(self.of, state.reference).others_of_last()
        assert others is not None
        count = len(self.sigma)
        idle = state.estimate.fit.weight_class >= ABSENT
        limit = residual_limit(count, estimator.JUDGEMENT.false_alarms)
        shown = np.sqrt(square) * self.sigma / others.scale[:count]
        seen_by_noise = others.checked[:count] & (ndtr(shown - limit) >= least)
        able = seen_by_noise & ~idle & np.isin(np.arange(count), self.rows)
        hidden = np.count_nonzero(~seen_by_noise & ~idle)
        told = f"of {count}: {np.count_nonzero(idle)} measure nothing now, {hidden} undetermined"
        return np.flatnonzero(able).tolist(), told
