"""A plant of feeders with swinging loads, read by meters that are not synchronised.

A fifth of the loads are AI rows that jump between two levels as training does, up and down by 40 %
within a scan; the others creep. Every device is read at another instant of the scan, a tenth of
them not at all in a scan (the last value stands), a hundredth has no value. Truth is linear in the
loads about the state of `tests.feeders`, which is exact to what 1 % meters can see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation import bad_data
from daemon.core.estimation.bad_data import Instrumented, Params, Scan
from daemon.core.estimation.measurements import ABSENT
from daemon.core.estimation.network import all_on
from daemon.core.estimation.tracking import Tracker, Tracking
from daemon.model.quantities import ns
from tests.feeders import POWER_FACTOR, load_flow, truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from daemon.core.estimation.network import Floats
    from daemon.core.estimation.suspects import Suspects
    from tests.feeders import Metered

STEP_S: Final = 0.1
SWING_PU: Final = 0.4
AI_PU: Final = 0.2


class Plant:
    """Loads and meters, scan by scan.

    Attributes:
        off: what a meter shows too much, by its row [pu].
        stuck: rows that show the same for ever.
        gain: factor on what a meter shows, by its row.
    """

    def __init__(self, of: Metered, seed: int, *, swings: bool = True) -> None:
        self.of, self.chance, self.swings = of, np.random.default_rng(seed), swings
        self.told = of.model.equations.measurements
        self._by_load = _sensitivity(of)
        n_load = len(of.p)
        self._ai = self.chance.permutation(n_load) < max(1, round(AI_PU * n_load))
        self._level = np.ones(n_load)
        self._creep = np.zeros(n_load)
        self._y = of.y.copy()
        self.last = self._y.copy()
        self.off: dict[int, float] = {}
        self.gain: dict[int, float] = {}
        self.stuck: set[int] = set()

    def read(self) -> tuple[Floats, NDArray[np.bool_], NDArray[np.uint8]]:
        """Return values, which of them are new, and their qualities (n_measurement,)."""
        chance, n = self.chance, len(self.of.y)
        before = self._y
        if self.swings:
            turns = chance.random(len(self._level)) < 0.05
            self._level = np.where(self._ai & turns, 2.0 - self._level, self._level)
            self._level = np.where(self._ai & (self._level == 1.0), 1.0 + SWING_PU, self._level)
        self._creep = 0.999 * self._creep + 0.0005 * chance.standard_normal(len(self._creep))
        load = self.of.p * (self._level - 1.0 + self._creep)
        self._y = self.of.y + self._by_load @ load
        devices = int(self.of.meter.max()) + 1
        late = chance.random(devices)[self.of.meter]
        fate = chance.random(devices)[self.of.meter]
        news = fate > 0.1
        value = before + (1.0 - late) * (self._y - before)
        for row, factor in self.gain.items():
            value[row] *= factor
        value += self.told.sigma * chance.standard_normal(n)
        for row, by in self.off.items():
            value[row] += by
        news[list(self.stuck)] = True
        keep = ~news
        keep[list(self.stuck)] = True
        self.last = np.where(keep, self.last, value)
        quality = np.where(chance.random(devices)[self.of.meter] < 0.01, ABSENT, 0)
        return self.last, news, quality.astype(np.uint8)


_KEPT: dict[int, tuple[Metered, Floats]] = {}


def _sensitivity(of: Metered) -> Floats:
    """Return how readings move with the loads (n_measurement, n_load)."""
    if id(of) not in _KEPT:
        _KEPT[id(of)] = of, _found(of)
    return _KEPT[id(of)][1]


def _found(of: Metered) -> Floats:
    network, columns = of.model.equations.network, []
    for n in range(len(of.p)):
        p = of.p.copy()
        p[n] *= 1.2
        y = truth(of.model, load_flow(network, p, POWER_FACTOR * p))
        columns.append((y - of.y) / (0.2 * of.p[n]))
    return np.stack(columns, axis=1)


class Watch:
    """The estimator and its judgement over such a plant."""

    def __init__(self, plant: Plant, params: Params | None = None) -> None:
        self.plant, self.params = plant, params or Params()
        self.told = plant.told
        self.wiring = all_on(plant.of.model.equations.network)
        self.tracker = Tracker(plant.of.model)
        self.track: Tracking | None = None
        self.now_ns = ns(1000.0)
        n = len(plant.of.y)
        self.state = bad_data.begun(n)
        self.news = np.zeros(n, dtype=np.bool_)
        self.heard_ns = np.full(n, self.now_ns)

    def scan(self) -> Suspects:
        """Move on by one scan; return who has become suspect in it."""
        self.now_ns += ns(STEP_S)
        z, self.news, quality = self.plant.read()
        news = self.news
        self.heard_ns = np.where(news, self.now_ns, self.heard_ns)
        quality = quality.copy()
        quality[bad_data.aged(self.state)] = np.maximum(quality[bad_data.aged(self.state)], 1)
        quality[bad_data.absent(self.state)] = ABSENT
        classes = np.maximum(quality, ~news).astype(np.uint8)
        self.track, solution = self.tracker.scan(self.track, self.wiring, z, classes)
        before = {s.row for s in self.state.suspects}
        self.state = bad_data.judged(
            self.state,
            Scan(
                self.now_ns,
                z,
                news,
                self.heard_ns,
                solution,
                self.tracker.others_of_last(lagging=False) if solution.tested else None,
            ),
            Instrumented(self.told.sigma, ~self.told.pseudo),
            self.params,
        )
        return tuple(s for s in self.state.suspects if s.row not in before)
