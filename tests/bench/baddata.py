"""Does the estimator say which meter lies, and hold its tongue otherwise?

In each case sound scans come first. *Clean*: those in which an error is seen though there is none,
and those in which an instrument is called suspect. Then one instrument is off by ten of its
standard deviations from some instant on, another one from another instant in each trial.
*Detected*: an error is seen before the instrument was read for the fourth time. *Group*: it is
among those whose error it may be then. *Named*: it alone is condemned before it was read for the
eleventh time; where two meters are all that sees a load, residuals alone cannot tell which of them
errs, and only the instant of the step does.

*The AI hall* (`tests.polled_hall`): the plant as it is shipped, training with the swings that were
measured, its own instruments polled at the periods of the site file, each device at an instant of
its own; the estimator of the main lane as it is, which looks once a second while nothing is wrong.
A reading is counted once a second at most, even of what is polled every 10 ms: only then all others
were read anew as well. In turn each instrument errs that measures anything in that state and can be
checked: noise alone would show `CHECKABLE` of its error in three readings. The others are counted.
*Hidden* are those errors that were not detected of instruments that, sound, had been off by as much
against what all others say in the minute before: what swings between two readings hides them from
whoever does not know when each rack moves.

Feeders of `tests.feeders` with 20, 194 and 2,002 buses are scanned ten times a second, a fifth of
the loads AI racks. *Every second*: each device is read once a second, at an instant of its own, and
racks fall to 60 % of their power and come back every few seconds in four groups, each at its own
pace: what is compared is up to a second apart. Judged as in the AI hall, where an error has to last
for 1.5 s before anybody is called suspect. *Ramps*: the same, but all racks come down to 60 %
within `RAMP_S`, as a job ends, stay there as long, and come up again: readings miss a ramp alike.

*Every scan* (`tests.swings`): each device is read in every scan, at an instant of its own within
it, while racks jump by 40 % up or down, as often as not back in the scan after, which part of the
meters do not see at all; a tenth is not read in time and a hundredth is absent. An error has to
last for half a second before anybody is called suspect.

*Ceiling*: who knew when each rack moves would see so many of these errors in the mean of three
readings, by the noise of the instruments alone; beside it, how many instruments nothing else checks
(*undetermined*: an error of theirs cannot be seen by anybody).

*How sure.* What is said of sound scans is the part of all scans in which it stood. Beside it stands
in how many seconds it stood at all, which is how long it takes until everything was read anew, and
what part of seconds that may be at most, with 95 % (Clopper and Pearson): scans of one second are
no ten witnesses, nor does a plant that is looked at once a second and, once something shows, ten
times tell ten times as much. Several seconds in a row may still be one incident. The hall is played
twice, and each play is polled anew, with other instants and other noise, as often as `HALL_DRAWS`:
sound scans need none of the time that it takes to play it.

*Seeds.* Plays of the hall 41 and 1001 to 1006, feeders with noise 7 and 11 and swings 20, 101 to
103 and 200 were looked at while limits were set or judged. Those below were fixed before any of
their results was seen.

Source: C. J. Clopper, E. S. Pearson, doi:10.1093/biomet/26.4.404.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betaincinv, ndtr

from daemon.core.estimation import ageing, bad_data
from daemon.core.estimation.bad_data import Instrumented, Params, Scan
from daemon.core.estimation.measurements import ABSENT, AGED
from daemon.core.estimation.network import all_on
from daemon.core.estimation.suspects import CONDEMNED, Suspect
from daemon.core.estimation.tracking import Tracker
from daemon.core.estimation.verdict import residual_limit
from daemon.model.quantities import MILLISECOND, SECOND
from tests.bench.harness import Result, at_least, at_most
from tests.feeders import POWER_FACTOR, Metered, load_flow, metered, truth
from tests.polled_hall import Hall
from tests.swings import Plant, Watch

if TYPE_CHECKING:
    from daemon.core.estimation.ageing import Ages
    from daemon.core.estimation.network import Floats, Ints
    from daemon.core.estimation.tracking import Tracking
    from tests.polled_hall import Seen as Polled

SCAN_NS, PERIOD_NS = 100 * MILLISECOND, SECOND
GROUPS, LOW, SWINGING_PART = 4, 0.6, 0.2
PACES_NS = np.array([2300, 3100, 4700, 7900]) * MILLISECOND
RAMP_S = 5.0
WARM_SCANS, CLEAN_SCANS = 300, {20: 30_000, 200: 12_000, 2000: 3000}
TRIALS = {20: 600, 200: 300, 2000: 300}
SWUNG = {20: 300, 200: 200}
HALL_S, HALL_DRAWS, CHECKABLE, LONGEST_SCANS = 320.0, 12, 0.98, 120
HALL_SEEDS, FEEDER_SEED, SWING_SEED = (7001, 7002), 7010, 7011
A_SECOND = SECOND // SCAN_NS
LIKELY = 0.95
SETTLING_SCANS, LATELY_SCANS = 15, 600
ERROR_SIGMAS = 10.0
DETECTED_READINGS, NAMED_READINGS = 3, 10
PARAMS, SHORT = Params(period_s=0.95, lasts_s=1.5), Params(hidden=4.0, lasts_s=0.5)
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

    def __init__(self, size: int, *, ramps: bool = False) -> None:
        chance, self.ramps = np.random.default_rng(size), ramps
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

    def _truth(self, now_ns: int) -> Floats:
        """Return what every instrument should read at `now_ns`."""
        if self.ramps:
            turn = now_ns / SECOND / RAMP_S % 4.0
            low = float(np.clip(min(turn, 3.0 - turn), 0.0, 1.0))
            return self.should[0] + low * (self.should[-1] - self.should[0])
        return self.should[int((now_ns // PACES_NS % 2) @ (1 << np.arange(GROUPS)))]

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
        read = (now_ns - self.phase_ns) % PERIOD_NS == 0
        shown = self._truth(now_ns) + error + self.sigma * chance.standard_normal(len(error))
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
        others = self.tracker.others_of_last(lagging=False) if found.tested else None
        memory = bad_data.judged(
            before.memory,
            Scan(now_ns, z, read, heard_ns, found, others),
            Instrumented(self.sigma, self.real, self.of.meter),
            PARAMS,
        )
        return Remembered(z, heard_ns, ages, track, memory)


class Trial(NamedTuple):
    """What became of one error."""

    detected: bool
    group: bool
    named: bool


class Sound:
    """What was said of sound scans, one after the other."""

    def __init__(self) -> None:
        self.scans = self.seconds = 0
        self._seen, self._suspected = [0, 0], [0, 0]
        self._last = [-1, -1]

    def look(self, memory: bad_data.State) -> None:
        """Take note of what stands in a scan."""
        second = self.scans // A_SECOND
        said = bool(_seen(memory)), bool(memory.suspects)
        for n, (stands, count) in enumerate(zip(said, (self._seen, self._suspected), strict=True)):
            count[0] += stands
            count[1] += stands and self._last[n] != second
            self._last[n] = second if stands else self._last[n]
        self.scans += 1

    def told(self, name: str) -> list[Result]:
        """Return in what part of the scans an error was seen, and anybody suspect."""
        seconds, found = self.scans // A_SECOND, []
        told = ("clean, error seen", self._seen), ("clean, suspect", self._suspected)
        for metric, (scans, bad) in told:
            most = float(betaincinv(bad + 1, seconds - bad, LIKELY))
            of = f"{self.scans} scans; {bad} of {seconds} s, {100 * most:.2g} % at most"
            found.append(at_most(f"{name} {metric}", scans / self.scans, "", CLEAN_PART, of))
        return found


def run() -> list[Result]:
    """Return all figures."""
    results = []
    for size, trials in TRIALS.items():
        results += _ceiling(size) if size in SWUNG else []
        every_second = _every_second(size, trials)
        results += _told(f"{size} buses, every second:", *every_second)
    for size, trials in SWUNG.items():
        ramped = _every_second(size, trials, ramps=True)
        results += _told(f"{size} buses, ramps:", *ramped)
        results += _told(f"{size} buses, every scan:", *_at_every_scan(size, trials))
    return _hall() + results


def _ceiling(size: int) -> list[Result]:
    """Return what noise alone would let anybody see."""
    feeders, chance = Feeders(size), np.random.default_rng(FEEDER_SEED)
    state = feeders.begun()
    for number in range(2):  # the first scan of a network is not tested
        nothing = np.zeros(len(feeders.sigma))
        state = feeders.scanned(state, (number + 1) * SCAN_NS, chance, nothing)
    others = feeders.tracker.others_of_last(lagging=False)
    assert others is not None
    shift = np.sqrt(DETECTED_READINGS) * ERROR_SIGMAS * feeders.sigma / others.scale
    limit = residual_limit(len(shift), PARAMS.false_alarms)
    seen = float(np.mean(ndtr(shift - limit)[others.checked]))
    unchecked = f"{np.count_nonzero(~others.checked)} of {len(shift)} undetermined"
    return [Result(f"{size} buses: ceiling of detected", seen, "", against=unchecked)]


def _told(name: str, sound: Sound, found: list[Trial]) -> list[Result]:
    """Return the figures of one case: parts of clean scans, and what became of errors."""
    detected = [t for t in found if t.detected]
    of = f"{len(found)} errors of 10 sigma"
    group = sum(t.group for t in detected) / max(len(detected), 1)
    named = sum(t.named for t in found) / len(found)
    return [
        *sound.told(name),
        at_least(f"{name} detected", len(detected) / len(found), "", DETECTED_PART, of),
        at_least(f"{name} group", group, "", GROUP_PART, of),
        at_least(f"{name} named", named, "", NAMED_PART, of),
    ]


def _at_every_scan(size: int, trials: int) -> tuple[Sound, list[Trial]]:
    chance = np.random.default_rng(SWING_SEED)
    watch, sound = Watch(Plant(metered(size), SWING_SEED + size), SHORT), Sound()
    for number in range(WARM_SCANS + CLEAN_SCANS[size]):
        watch.scan()
        if number >= WARM_SCANS:
            sound.look(watch.state)
    found = []
    for _ in range(trials):
        row = int(chance.integers(len(watch.told.sigma)))
        watch.state = _calmed(watch.state)
        by = chance.choice([-1.0, 1.0]) * ERROR_SIGMAS * watch.told.sigma[row]
        watch.plant.off = {row: float(by)}
        trial = Watched(row)
        while not trial.over:
            watch.scan()
            trial.look(watch.state, read=bool(watch.news[row]))
        watch.plant.off = {}
        for _ in range(SETTLING_SCANS):
            watch.scan()
        found.append(trial.outcome())
    return sound, found


def _every_second(size: int, trials: int, *, ramps: bool = False) -> tuple[Sound, list[Trial]]:
    feeders, chance = Feeders(size, ramps=ramps), np.random.default_rng(FEEDER_SEED)
    scans, none, sound = CLEAN_SCANS[size], np.zeros(len(feeders.sigma)), Sound()
    state, now_ns = feeders.begun(), 0
    found: list[Trial] = []
    for number in range(WARM_SCANS + scans):
        now_ns += SCAN_NS
        state = feeders.scanned(state, now_ns, chance, none)
        if number < WARM_SCANS:
            continue
        sound.look(state.memory)
        if (number - WARM_SCANS) * trials >= len(found) * scans:
            calm = replace(state, memory=_calmed(state.memory))
            drawn = np.random.default_rng((FEEDER_SEED, number))
            found.append(_trial(feeders, calm, now_ns, drawn))
    return sound, found


def _hall() -> list[Result]:
    """Let each instrument of the hall that can be checked err in turn, in every play of it."""
    sound, found, results = Sound(), list[Trial](), list[Result]()
    hidden = 0
    for seed in HALL_SEEDS:
        hall = Hall(HALL_S, seed)
        more, unseen, checkable = _hall_errs(hall, seed)
        found, hidden, results = found + more, hidden + unseen, [checkable]
        for draw in range(HALL_DRAWS):
            _hall_rests(Hall(HALL_S, seed, draw), np.random.default_rng((seed, draw)), sound)
    missed = sum(not t.detected for t in found)
    return [
        *results,
        *_told("AI hall:", sound, found),
        Result("AI hall: hidden", hidden, "", against=f"{missed} that were not detected"),
    ]


def _hall_rests(hall: Hall, chance: np.random.Generator, sound: Sound) -> None:
    """Take note of what is said of the sound hall."""
    state = hall.begun()
    for number in range(hall.scans):
        state = hall.scanned(state, chance)
        if number >= WARM_SCANS:
            sound.look(hall.memory(state))


def _hall_errs(hall: Hall, seed: int) -> tuple[list[Trial], int, Result]:
    """Return what becomes of errors, how many of them swings hide, and of whom they are."""
    chance, state = np.random.default_rng(seed), hall.begun()
    for _ in range(WARM_SCANS):
        state = hall.scanned(state, chance)
    rows, beside = hall.checkable(state, DETECTED_READINGS * ERROR_SIGMAS**2, CHECKABLE)
    scans, found = hall.scans - WARM_SCANS - LONGEST_SCANS, list[Trial]()
    off, hidden = np.zeros((LATELY_SCANS, len(hall.sigma))), 0
    for number in range(scans):
        state = hall.scanned(state, chance)
        memory = hall.memory(state)
        by = (memory.evidence.shown - memory.evidence.told)[: len(hall.sigma)]
        off[number % LATELY_SCANS] = np.abs(by) / hall.sigma
        while len(found) * scans <= number * len(rows) and len(found) < len(rows):
            row = rows[len(found)]
            calm = hall.with_memory(state, _calmed(memory))
            found.append(_hall_trial(hall, calm, row, np.random.default_rng((seed, row))))
            hidden += not found[-1].detected and float(off[:, row].max()) >= ERROR_SIGMAS
    erring = Result("AI hall: instruments that err in turn", len(rows), "", against=beside)
    return found, hidden, erring


def _hall_trial(hall: Hall, state: Polled, row: int, chance: np.random.Generator) -> Trial:
    trial = Watched(row)
    by, told_ns = float(chance.choice([-1.0, 1.0])) * ERROR_SIGMAS, -SECOND
    for number in range(LONGEST_SCANS):
        before = hall.memory(state)
        state = hall.scanned(state, chance, (row, by))
        memory = hall.memory(state)
        if memory is before:  # the estimator did not look
            continue
        read = bool(memory.evidence.read[row]) and number * SCAN_NS - told_ns >= PERIOD_NS
        told_ns = number * SCAN_NS if read else told_ns
        trial.look(memory, read=read)
        if trial.over:
            break
    return trial.outcome()


def _calmed(memory: bad_data.State) -> bad_data.State:
    """Return the memory without what was suspected by mistake."""
    return replace(memory, suspects=(), cases=(), pending=(), relapses={})


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
