"""The AI hall as the daemon polls it where the computer has too much to do, or the network hangs.

Every gateway hangs now and then, for a time that is drawn: nothing behind it is read meanwhile, all
else is. Scans are left out. What is old shows so, by the rules of `daemon.drivers.table`. So what
is compared was read at instants that are farther apart than anybody promised, while the hall is
shaken and a store follows what it is told. No instrument errs.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.drivers.table import DEAD_MIN, DEAD_PERIODS, STALE_MIN, STALE_PERIODS
from daemon.model.image import freeze
from daemon.model.quality import Quality
from daemon.model.quantities import SECOND
from tests.polled_hall import SCAN_NS, STEP_NS, Hall

if TYPE_CHECKING:
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.model.quality import QualityArray

LEAST_S: Final = 0.1
STALE: Final = np.uint32(Quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE)
DEAD: Final = np.uint32(Quality.BAD_NO_COMMUNICATION)


class Load(NamedTuple):
    """How much there is to do.

    Attributes:
        every_s: a gateway hangs again after so long, in the mean [s].
        longest_s: for so long at most [s].
        missed: part of the scans that are left out.
    """

    every_s: float
    longest_s: float
    missed: float


LOADS: Final = {
    "busy": Load(8.0, 2.0, 0.1),
    "overloaded": Load(3.0, 3.0, 0.3),
    "hanging": Load(6.0, 6.0, 0.05),
    "half dead": Load(15.0, 30.0, 0.05),
}


class LoadedHall(Hall):
    """The hall, shaken, and the estimator that looks at it by what it gets."""

    def __init__(self, lasts_s: float, seed: int, draw: int, load: Load) -> None:
        """Play the hall for so long [s], and draw when what is polled and what hangs."""
        super().__init__(lasts_s, seed, draw, shaken=True)
        chance, lasts_ns = np.random.default_rng((seed, draw, 1)), self.scans * SCAN_NS
        at = [self._points.points[p] for p in self._told.moving.tolist()]
        gateways = [self._gateway(p.equipment) for p in at]
        self._behind = {g: np.array([g == each for each in gateways]) for g in set(gateways)}
        self._hangs = {g: _hangs(load, lasts_ns, chance) for g in sorted(self._behind)}
        self._missed: Flags = chance.random(self.scans) < load.missed
        place = {p: n for n, p in enumerate(self._told.moving.tolist())}
        of, part, weight = list[int](), list[int](), list[float]()
        for row, each in enumerate(self.of.told.all[: self.of.told.count]):
            of += [row] * len(each.points)
            part += [place[point] for point in each.points]
            weight += [abs(w) * len(each.points) ** 0.5 for w in each.weights]
        self._of, self._part, self._weight = np.array(of), np.array(part), np.array(weight)

    @cached_property
    def _every_period_ns(self) -> Ints:
        return np.array([round(p.period_s * SECOND) for p in self._points.points])

    def _gateway(self, equipment: str) -> str:
        device = self._site.equipment[equipment].device
        assert device is not None
        return device.gateway

    def called(self, chance: np.random.Generator) -> set[str]:
        """Return which points were not believed at any time, all of them sound."""
        state, called = self.begun(), set[str]()
        for number in range(self.scans):
            if self._missed[number]:
                state = replace(state, number=number + 1)
                continue
            state = self.scanned(state, chance)
            if state.state.doubts is not None:
                points = [d.point for d in state.state.doubts.found]
                called |= {self._points.points[p].id for p in points}
        return called

    def _polled_ns(self, now_ns: int) -> Ints:
        read_ns = super()._polled_ns(now_ns)
        for gateway, behind in self._behind.items():
            for begin_ns, end_ns in reversed(self._hangs[gateway]):
                hung = behind & (read_ns >= begin_ns) & (read_ns < end_ns)
                if end_ns <= now_ns:  # it is polled as soon as it answers again
                    read_ns[hung] = end_ns
                    continue
                period, phase = self._period_ns[hung], self._phase_ns[hung]
                read_ns[hung] = (begin_ns - 1 - phase) // period * period + phase
        return read_ns

    def _sigma(self, shown: Floats) -> Floats:
        """Return the noise by what is shown: what is left after an outage may be little."""
        values = self._told.still.copy()
        values[self._told.moving] = shown
        image = freeze(
            SCAN_NS,
            SCAN_NS,
            values,
            np.zeros(len(values), np.uint32),
            np.zeros(len(values), np.int64),
        )
        sigma = self.of.floor(self.of.gauge.values(image)[: self.of.told.count])
        noise = np.full(len(shown), np.inf)
        np.minimum.at(noise, self._part, sigma[self._of] / self._weight)
        return noise

    def _quality(self, now_ns: int, heard_ns: Ints) -> QualityArray:
        quality = super()._quality(now_ns, heard_ns)
        of = self._told.moving
        age_ns, period_ns = now_ns - heard_ns[of], self._every_period_ns[of]
        quality[of[age_ns > np.maximum(STALE_PERIODS * period_ns, STALE_MIN)]] = STALE
        quality[of[age_ns > np.maximum(DEAD_PERIODS * period_ns, DEAD_MIN)]] = DEAD
        return quality


def _hangs(load: Load, lasts_ns: int, chance: np.random.Generator) -> list[tuple[int, int]]:
    """Return when a gateway hangs: from and until [ns]."""
    found, now_ns = list[tuple[int, int]](), 0
    while now_ns < lasts_ns:
        begin_ns = now_ns + int(chance.exponential(load.every_s) * SECOND)
        now_ns = begin_ns + int(chance.uniform(LEAST_S, load.longest_s) * SECOND)
        found.append((begin_ns // STEP_NS * STEP_NS, now_ns // STEP_NS * STEP_NS))
    return found
