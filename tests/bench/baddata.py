"""Does the estimator say which meter lies, and hold its tongue otherwise?

Feeders of `tests.feeders` with 20 and 194 buses, scanned ten times a second, a fifth of the loads
AI racks. In each case sound scans come first. *Clean*: those in which an error is seen though there
is none, and those in which an instrument is called suspect. Then one instrument is off by ten of
its standard deviations from some instant on. *Detected*: an error is seen before the instrument was
read for the fourth time. *Group*: it is among those whose error it may be then. *Named*: it alone
is condemned before it was read for the eleventh time; where two meters are all that sees a load,
residuals alone cannot tell which of them errs, and only the instant of the step does.

*Every scan* (`tests.swings`): each device is read in every scan, at an instant of its own within
it, while racks jump by 40 % and back; a tenth is not read in time and a hundredth is absent. Errors
are named as soon as they are sure.

*Every second*: each device is read once a second, at an instant of its own, and racks fall to 60 %
of their power and come back every few seconds in four groups, each at its own pace: what is
compared is up to a second apart. Judged as in the AI hall, where an error has to last for 1.5 s
before anybody is called suspect.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from daemon.core.estimation import ageing, bad_data
from daemon.core.estimation.bad_data import CONDEMNED, Instrumented, Params, Scan, Suspect
from daemon.core.estimation.measurements import ABSENT, AGED
from daemon.core.estimation.network import all_on
from daemon.core.estimation.tracking import Tracker
from daemon.model.quantities import MILLISECOND, SECOND
from tests.bench.harness import Result, at_least, at_most
from tests.feeders import POWER_FACTOR, Metered, load_flow, metered, truth
from tests.swings import Plant, Watch

if TYPE_CHECKING:
    from daemon.core.estimation.ageing import Ages
    from daemon.core.estimation.network import Floats, Ints
    from daemon.core.estimation.tracking import Tracking

SCAN_NS, PERIOD_NS = 100 * MILLISECOND, SECOND
GROUPS, LOW, SWINGING_PART = 4, 0.6, 0.2
PACES_NS = np.array([2300, 3100, 4700, 7900]) * MILLISECOND
WARM_SCANS, CLEAN_SCANS, TRIALS = 300, 6000, {20: 150, 200: 100}
SETTLING_SCANS = 15
ERROR_SIGMAS = 10.0
DETECTED_READINGS, NAMED_READINGS = 3, 10
PARAMS = Params(lasts_s=1.5)
CLEAN_PART, DETECTED_PART, GROUP_PART, NAMED_PART = 1e-3, 0.98, 0.99, 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """What goes from scan to scan."""

    z: Floats
    heard_ns: Ints
    ages: Ages
    track: Tracking | None
    memory: bad_data.State


class Feeders:
    """A network, its loads as they swing, and the estimator that looks at it."""

    def __init__(self, size: int) -> None:
        chance = np.random.default_rng(size)
        self.of: Metered = metered(size)
        self.sigma = self.of.model.equations.measurements.sigma
        self.wiring = all_on(self.of.model.equations.network)
        self.tracker = Tracker(self.of.model)
        loads = len(self.of.p)
        swings = chance.random(loads) < SWINGING_PART
        self.group = np.where(swings, chance.integers(0, GROUPS, loads), -1)  # below 0: no AI
        self.should = [self._should(low) for low in range(2**GROUPS)]
        devices = int(self.of.meter.max()) + 1
        self.phase_ns = chance.integers(0, PERIOD_NS // SCAN_NS, devices)[self.of.meter] * SCAN_NS
        self.real = np.ones(len(self.sigma), dtype=np.bool_)
        self._aged: tuple[Ints, Floats] | None = None

    def _should(self, low: int) -> Floats:
        p = np.where((self.group >= 0) & (low >> np.maximum(self.group, 0) & 1), LOW, 1.0)
        p = p * self.of.p
        x = load_flow(self.of.model.equations.network, p, POWER_FACTOR * p)
        return truth(self.of.model, x)

    def begun(self) -> Remembered:
        """Return what is remembered before the first scan."""
        n = len(self.sigma)
        ages = ageing.begin(self.should[0], 0)
        heard_ns = np.zeros(n, dtype=np.int64)
        return Remembered(self.should[0], heard_ns, ages, None, bad_data.begun(n))

    def scanned(
        self, before: Remembered, now_ns: int, chance: np.random.Generator, error: Floats
    ) -> Remembered:
        """Return what is remembered after the scan at `now_ns`."""
        low = int((now_ns // PACES_NS % 2) @ (1 << np.arange(GROUPS)))
        read = (now_ns - self.phase_ns) % PERIOD_NS == 0
        shown = self.should[low] + error + self.sigma * chance.standard_normal(len(error))
        z = np.where(read, shown, before.z)
        heard_ns = np.where(read, now_ns, before.heard_ns)
        ages = ageing.stepped(before.ages, z, self.sigma, now_ns)
        classes = ageing.classes(ages, np.zeros(len(z), dtype=np.uint8), heard_ns, now_ns)
        less = bad_data.aged(before.memory)
        classes[less] = np.maximum(classes[less], AGED)
        classes[bad_data.absent(before.memory)] = ABSENT
        if self._aged is None or self._aged[0] is not ages.weighed:
            self._aged = ages.weighed, ageing.sigma_aged(ages, self.sigma, np.abs(self.of.y))
        track, found = self.tracker.scan(before.track, self.wiring, z, classes, self._aged[1])
        basis = self.tracker.basis_of_last() if found.tested else None
        memory = bad_data.judged(
            before.memory,
            Scan(now_ns, z, read, found, basis),
            Instrumented(self.sigma, self.real),
            PARAMS,
        )
        return Remembered(z, heard_ns, ages, track, memory)


class Trial(NamedTuple):
    """What became of one error."""

    detected: bool
    group: bool
    named: bool


def run() -> list[Result]:
    """Return all figures."""
    results = []
    for size, trials in TRIALS.items():
        results += _told(f"{size} buses, every scan:", *_at_every_scan(size, trials))
        results += _told(f"{size} buses, every second:", *_every_second(size, trials))
    return results


def _told(name: str, seen: float, suspected: float, found: list[Trial]) -> list[Result]:
    """Return the figures of one case: parts of clean scans, and what became of errors."""
    detected = [t for t in found if t.detected]
    clean, of = f"{CLEAN_SCANS} scans", f"{len(found)} errors of 10 sigma"
    group = sum(t.group for t in detected) / max(len(detected), 1)
    named = sum(t.named for t in found) / len(found)
    return [
        at_most(f"{name} clean, error seen", seen, "", CLEAN_PART, clean),
        at_most(f"{name} clean, suspect", suspected, "", CLEAN_PART, clean),
        at_least(f"{name} detected", len(detected) / len(found), "", DETECTED_PART, of),
        at_least(f"{name} group", group, "", GROUP_PART, of),
        at_least(f"{name} named", named, "", NAMED_PART, of),
    ]


def _at_every_scan(size: int, trials: int) -> tuple[float, float, list[Trial]]:
    chance = np.random.default_rng(11)
    watch = Watch(Plant(metered(size), size))
    seen = suspected = 0
    for number in range(WARM_SCANS + CLEAN_SCANS):
        watch.scan()
        if number >= WARM_SCANS:
            seen += bool(_seen(watch.state))
            suspected += bool(watch.state.suspects)
    found = []
    for _ in range(trials):
        row = int(chance.integers(len(watch.told.sigma)))
        watch.state = _calmed(watch.state)
        by = chance.choice([-1.0, 1.0]) * ERROR_SIGMAS * watch.told.sigma[row]
        watch.plant.off = {row: float(by)}
        trial = Watched(row)
        while not trial.over:
            watch.scan()
            trial.look(watch.state, read=True)
        watch.plant.off = {}
        for _ in range(SETTLING_SCANS):
            watch.scan()
        found.append(trial.outcome())
    return seen / CLEAN_SCANS, suspected / CLEAN_SCANS, found


def _every_second(size: int, trials: int) -> tuple[float, float, list[Trial]]:
    feeders, chance = Feeders(size), np.random.default_rng(7)
    none = np.zeros(len(feeders.sigma))
    state, now_ns, seen, suspected = feeders.begun(), 0, 0, 0
    for number in range(WARM_SCANS + CLEAN_SCANS):
        now_ns += SCAN_NS
        state = feeders.scanned(state, now_ns, chance, none)
        if number >= WARM_SCANS:
            seen += bool(_seen(state.memory))
            suspected += bool(state.memory.suspects)
    calm = replace(state, memory=_calmed(state.memory))
    found = [_trial(feeders, calm, now_ns, chance) for _ in range(trials)]
    return seen / CLEAN_SCANS, suspected / CLEAN_SCANS, found


def _calmed(memory: bad_data.State) -> bad_data.State:
    """Return the memory without what was suspected by mistake."""
    return replace(memory, suspects=(), pending=(), relapses={})


def _seen(memory: bad_data.State) -> tuple[Suspect, ...]:
    """Return whose errors are seen, whether they have lasted for long enough or not."""
    return (*memory.suspects, *memory.pending)


class Watched:
    """One error as it is looked at, scan by scan."""

    def __init__(self, row: int) -> None:
        self._row, self._readings = row, 0
        self._detected = self._group = self._named = False

    @property
    def over(self) -> bool:
        """Whether the instrument is named, or was read too often to be."""
        return self._named or self._readings > NAMED_READINGS

    def look(self, memory: bad_data.State, *, read: bool) -> None:
        """Take note of a scan, in which the instrument was read or not."""
        self._readings += read
        if not self._detected and self._readings <= DETECTED_READINGS:
            groups = [s.group for s in _seen(memory)]
            self._detected, self._group = bool(groups), any(self._row in g for g in groups)
        self._named = any(s.row == self._row and s.kind == CONDEMNED for s in memory.suspects)

    def outcome(self) -> Trial:
        """Return what became of it."""
        return Trial(self._detected, self._group, self._named)


def _trial(feeders: Feeders, state: Remembered, now_ns: int, chance: np.random.Generator) -> Trial:
    """Return what becomes of an error of a random instrument."""
    row = int(chance.integers(len(feeders.sigma)))
    error = np.zeros(len(feeders.sigma))
    error[row] = chance.choice([-1.0, 1.0]) * ERROR_SIGMAS * feeders.sigma[row]
    trial = Watched(row)
    while not trial.over:
        now_ns += SCAN_NS
        state = feeders.scanned(state, now_ns, chance, error)
        trial.look(state.memory, read=int(state.heard_ns[row]) == now_ns)
    return trial.outcome()
