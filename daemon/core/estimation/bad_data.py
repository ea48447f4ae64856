"""Which instrument lies: residuals over several readings, groups that cannot be told apart, proof.

Theory of operation. A scan leaves every instrument with a normalised residual. What is weighed is
the mean of its last three *readings* (a value that is read once a second is not three pieces of
evidence because three scans have looked at it), each cut off so that a single spike condemns
nobody. The largest is held against a limit that grows with the number of instruments, so that whole
scans of a sound plant are seldom called bad. For this every instrument is weighed as the sensor it
is, whatever the estimate makes of one that has moved; what has moved counts as error instead, of
the instrument itself and of all others that its residual depends on: what swings is compared at
different instants, and that is no lie.

*Who.* An error shows in every residual that is correlated with it. The likelihood that the error is
that of another instrument is weighed from the same residuals, since they began to be large; how
each reading stepped by itself at that moment, by its own restlessness, tells apart what residuals
cannot. Who remains likely is the *group*. If it is one, it is condemned. One error at a time: its
weight goes, which the solver answers by a downdate of its factors, and what is left shows in the
readings that follow.

- *condemned*: its value is absent from the next scan on;
- *doubted*: one of a group; all of them count as aged until more is known;
- *drifting*: off by more than it may be in the mean of many readings; it counts as aged;
- *frozen*: to the last bit the same, while what it measures has moved by the balance of the others.

*Lasting.* Where instruments are polled at different instants nobody is named before the error has
shown for `lasts_s`, in every scan, so that all that could be older than it was read anew.

*Proof.* Who is out is held against what the others say it should read. When it fits for `proof_s`
it is taken back; that time doubles with each relapse, so nothing flips to and fro.

After the network has switched, or was shaken (a sag: several readings lose or gain half of what
they were at once), nothing is judged for `lag_s`, and that is told; what was read until then counts
for nothing, as part of it is older than that.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, chapter 5 (largest normalised
residual, residual covariance); own derivation for readings, groups and time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Interval

from daemon.core.estimation.matrix import times
from daemon.core.estimation.verdict import residual_limit
from daemon.model.quantities import ns

if TYPE_CHECKING:
    from daemon.core.estimation.inverse import Inverse
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.network import Flags, Floats, Ints

CONDEMNED, DOUBTED, DRIFTING, FROZEN = "condemned", "doubted", "drifting", "frozen"

_READINGS: Final = 3
_CUT: Final = 1.2
"""One reading counts for no more than so many limits."""
_SLOW: Final = 1.0 / 64.0
_SLOW_COUNT: Final = 600
_DRIFT: Final = 6.0
"""A mean error is none below so many of the instrument's own deviations: models have errors too."""
_SMALL: Final = 5.0
"""A reading farther off is no drift."""
_ERROR: Final = 3.5
"""An error is no error below so many of the instrument's own deviations."""
_FROZEN: Final = 6.0
_STILL: Final = 3
_SHAKEN: Final = 4
"""So many readings that jump at once are no lie of one device."""
_JUMP_PU: Final = 0.5
_JUMP_SIGMAS: Final = 20.0
_CLEAR: Final = 1.5
"""So many readings at least must stand out of what has moved."""
_ROUNDS: Final = 6
_NAMED: Final = 0.998
_CALM: Final = 0.8
_MEMBER: Final = 5e-4
_RELATED: Final = 0.2
_SAME: Final = 0.98
"""Correlation from which on two residuals are one."""
_JUMP_MOST: Final = 30.0
_SCANS: Final = 40
"""So many are kept: three readings of what is read once a second, in ten scans a second."""
_FITS: Final = 3.5
_ROOM: Final = 0.6
"""Standard deviation by movement: what is missing is anywhere between nothing and all of it."""
_MOST_PART: Final = 0.9
_UNMOVED: Final = 2.8
"""An estimated reading that moves by no more of its deviations stands."""
_CHECKED: Final = 1e-4
"""Part of its own variance that a residual has left where something checks the instrument."""


@dataclass(frozen=True, slots=True)
class Params:
    """How sure a verdict must be.

    Attributes:
        false_alarms: part of the scans of a sound plant in which something may be found.
        lag_s: after the network has switched nothing is judged for so long [s].
        proof_s: who is out must fit for so long to be taken back [s].
        lasts_s: so long must an error show [s]: 0 where all is read in every scan, else longer than
            the longest period of reading.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    false_alarms: Annotated[float, Interval(gt=0.0, le=0.1)] = 5e-6
    lag_s: Annotated[float, Gt(0)] = 1.0
    proof_s: Annotated[float, Gt(0)] = 30.0
    lasts_s: Annotated[float, Ge(0)] = 0.0


class Scan(NamedTuple):
    """What is judged.

    Attributes:
        at_ns: time of the scan [ns].
        z: what was measured (n_measurement,) [pu].
        news: whose value was read anew (n_measurement,).
        solution: what came of it.
        inverse: the linearisation it came by, with the weights of fresh values; None where the
            network is another than in the scan before.
    """

    at_ns: int
    z: Floats
    news: Flags
    solution: Solution
    inverse: Inverse | None


class Suspect(NamedTuple):
    """An instrument that is not believed.

    Attributes:
        row: its number.
        kind: `CONDEMNED`, `DOUBTED`, `DRIFTING` or `FROZEN`.
        group: all that one error may be of, itself first.
        chance: that it is this one.
        error: what it shows too much [pu].
        shown: what it showed when that was found [pu].
        since_ns: when that was found [ns].
        fits_ns: since when it has fitted, 0 while it does not [ns].
        proof_ns: how long it must [ns].
    """

    row: int
    kind: str
    group: tuple[int, ...]
    chance: float
    error: float
    shown: float
    since_ns: int
    fits_ns: int = 0
    proof_ns: int = 0


class Past(NamedTuple):
    """One scan of the past (n_measurement,).

    Attributes:
        at_ns: its time [ns].
        z: what was read [pu].
        fitted: what should have been read [pu].
        news: what was read anew.
        plain: residuals by their standard deviation, 0 where nothing was read.
        own: the same for what was read anew, what may have moved counted in.
    """

    at_ns: int
    z: Floats
    fitted: Floats
    news: Flags
    plain: Floats
    own: Floats


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is remembered.

    Attributes:
        readings: residuals of the last readings by their standard deviation, what may have moved
            counted in; the newest first (3, n_measurement).
        count: how many of them there are (n_measurement,).
        slow: their running mean (n_measurement,).
        slow_count: how many went into it (n_measurement,).
        base: what each should have read when it changed last (n_measurement,) [pu].
        fitted: what each should have read in the last scan (n_measurement,) [pu].
        then: what each should have read in the scan before it was read last, at the instant of
            which it may have been read (n_measurement,) [pu].
        still: readings in a row that were the same while it should have moved (n_measurement,).
        shown: what each showed in the last scan (n_measurement,) [pu].
        restless: mean square of its steps (n_measurement,) [pu^2].
        past: the last scans, the newest last.
        suspects: who is not believed.
        pending: whose errors do not show for long enough yet.
        relapses: how often each was condemned, by row.
        judging_ns: from when on there is judgement [ns].
    """

    readings: tuple[Floats, Floats, Floats]
    count: Ints
    slow: Floats
    slow_count: Ints
    base: Floats
    fitted: Floats
    then: Floats
    still: Ints
    shown: Floats
    restless: Floats
    past: tuple[Past, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    pending: tuple[Suspect, ...] = ()
    relapses: dict[int, int] = field(default_factory=dict)
    judging_ns: int = 0

    def lagging(self, now_ns: int) -> bool:
        """Return whether nothing is judged yet after something has switched."""
        return now_ns < self.judging_ns


def begun(n: int) -> State:
    """Return the memory of `n` instruments of which nothing was seen."""
    none, zero = np.zeros(n), np.zeros(n, dtype=np.int64)
    return State((none, none, none), zero, none, zero, none, none, none, zero, none, none)


class Instrumented(NamedTuple):
    """What does not change from scan to scan.

    Attributes:
        sigma: standard deviation of fresh values (n_measurement,) [pu].
        real: which are instruments, not guesses (n_measurement,).
    """

    sigma: Floats
    real: Flags


def judged(state: State, scan: Scan, of: Instrumented, params: Params) -> State:
    """Return the memory after a scan, and who is not believed from now on."""
    state = _remembered(state, scan, of, params)
    suspects = _reviewed(state, scan, of)
    if scan.inverse is not None and not state.lagging(scan.at_ns):
        found = _Judgement(state, scan, scan.inverse, of, params, suspects).found()
        pending, found = _lasting(state.pending, found, scan.at_ns - ns(params.lasts_s))
        if pending != state.pending:
            state = replace(state, pending=pending)
        if found:
            suspects, relapses = _joined(suspects, found, dict(state.relapses))
            state = replace(state, relapses=relapses)
            if any(s.kind != DOUBTED for s in found):
                state = _anew(state, scan.at_ns + ns(params.lag_s))
    return replace(state, suspects=suspects) if suspects != state.suspects else state


def _lasting(
    pending: tuple[Suspect, ...], found: tuple[Suspect, ...], before_ns: int
) -> tuple[tuple[Suspect, ...], tuple[Suspect, ...]]:
    """Return whose error does not show for long enough yet, and whose has shown since `before_ns`.

    How readings stepped tells who it is only in the beginning, so the first name stands where later
    nothing but the group is known.
    """
    waiting, named = [], []
    for suspect in found:
        group = set(suspect.group)
        first = next((p for p in pending if group.intersection(p.group)), suspect)
        if first.since_ns > before_ns:
            waiting.append(first)
            continue
        keeps = first.kind == CONDEMNED and suspect.kind == DOUBTED and first.row in group
        named.append((first if keeps else suspect)._replace(since_ns=suspect.since_ns))
    return tuple(waiting), tuple(named)


def absent(state: State) -> Ints:
    """Return the rows whose values are not to be used at all."""
    rows = [s.row for s in state.suspects if s.kind in {CONDEMNED, FROZEN}]
    return np.array(sorted(rows), dtype=np.int64)


def aged(state: State) -> Ints:
    """Return the rows whose values are to be trusted less."""
    rows = {r for s in state.suspects if s.kind in {DOUBTED, DRIFTING} for r in s.group}
    return np.array(sorted(rows), dtype=np.int64)


def _anew(state: State, judging_ns: int) -> State:
    """Return the memory without residuals: an error that is known now was in all of them.

    Nor is it known what has moved, so there is no judgement until `judging_ns`.
    """
    fresh = begun(len(state.base))
    return replace(
        state,
        readings=fresh.readings,
        count=fresh.count,
        slow=fresh.slow,
        slow_count=fresh.slow_count,
        past=(),
        judging_ns=judging_ns,
    )


def _joined(
    before: tuple[Suspect, ...], found: tuple[Suspect, ...], relapses: dict[int, int]
) -> tuple[tuple[Suspect, ...], dict[int, int]]:
    """Return all suspects, what is known better now in the place of what was."""
    news = []
    for suspect in found:
        rows = set(suspect.group)
        older = [s for s in before if s.kind in {DOUBTED, DRIFTING} and rows & set(s.group)]
        if suspect.kind in {CONDEMNED, FROZEN}:
            relapses[suspect.row] = relapses.get(suspect.row, 0) + 1
        since_ns = min((s.since_ns for s in older), default=suspect.since_ns)
        news.append(suspect._replace(since_ns=since_ns))
        before = tuple(s for s in before if s not in older)
    return (*before, *news), relapses


def _shaken(state: State, scan: Scan, of: Instrumented) -> bool:
    """Return whether the plant has been shaken since the last scan."""
    step, larger = np.abs(scan.z - state.shown), np.maximum(np.abs(scan.z), np.abs(state.shown))
    jumps = of.real & scan.solution.used & (step > _JUMP_SIGMAS * of.sigma)
    return int(np.count_nonzero(jumps & (step > _JUMP_PU * larger))) >= _SHAKEN


def _remembered(state: State, scan: Scan, of: Instrumented, params: Params) -> State:
    """Return the memory with what this scan shows."""
    found, measured = scan.solution, scan.solution.measured
    switched = scan.inverse is None or not found.converged or _shaken(state, scan, of)
    if scan.inverse is None or switched or state.lagging(scan.at_ns):
        return replace(
            begun(len(scan.z)),
            base=measured,
            fitted=measured,
            then=measured,
            shown=scan.z,
            suspects=state.suspects,
            relapses=state.relapses,
            restless=state.restless,
            judging_ns=scan.at_ns + ns(params.lag_s) if switched else state.judging_ns,
        )
    news = scan.news & found.used
    by = scan.inverse
    pull = _answer(by, by.weight * found.residual)
    fitted = measured + pull
    plain = _plain(found, by, pull, of.sigma)
    moved = _moved(state, scan, by, fitted)
    own = plain / np.hypot(1.0, moved / of.sigma)
    newest, middle, oldest = state.readings
    readings = np.where(news, own, newest), np.where(news, newest, middle)
    step = scan.z - state.past[-1].z if state.past else np.zeros(len(news))
    changed = news & (step != 0.0) if state.past else news
    weight = np.maximum(_SLOW, 1.0 / (state.slow_count + 1.0))
    small = news & (np.abs(own) < _SMALL)
    stuck = _stuck(state, scan, of)
    past = Past(scan.at_ns, scan.z, fitted, news, plain, own)
    return replace(
        state,
        readings=(*readings, np.where(news, middle, oldest)),
        count=np.minimum(state.count + news, _READINGS),
        slow=state.slow + weight * np.where(small, own - state.slow, 0.0),
        slow_count=state.slow_count + small,
        base=np.where(changed, measured, state.base),
        fitted=fitted,
        then=np.where(news, state.fitted, state.then),
        still=np.where(changed | ~stuck, 0, state.still + news),
        shown=scan.z,
        restless=state.restless + _SLOW * (np.square(step) - state.restless),
        past=(*state.past[-_SCANS + 1 :], past),
    )


def _stuck(state: State, scan: Scan, of: Instrumented) -> Flags:
    """Return who is off while what it should show has moved since it changed last."""
    found = scan.solution
    scale = np.hypot(of.sigma, found.sigma_measured)
    moved = np.abs(found.measured - state.base) > _FROZEN * scale
    stuck: Flags = moved & (np.abs(scan.z - found.measured) > _FITS * scale)
    return stuck


def _answer(of: Inverse, push: Floats) -> Floats:
    """Return what pushes on measurements do to the readings (n_measurement,)."""
    return of.readings(times(of.alone, push))


def _plain(found: Solution, of: Inverse, pull: Floats, sigma: Floats) -> Floats:
    """Return what is read less what all others say, by its standard deviation (n_measurement,).

    Of the instrument itself it is that of a fresh value: one that has jumped counts as aged in the
    estimate, but that is no excuse for where it has jumped to. Where all are weighed as fresh this
    is the normalised residual. 0 where nothing was read or nothing else checks the instrument.

    Args:
        found: the solution.
        of: the linearisation it came by.
        pull: what weighing as that does moves the estimated readings by (n_measurement,) [pu].
        sigma: standard deviation of fresh values (n_measurement,) [pu].
    """
    left = 1.0 - of.weight * of.pairs.share
    left = np.where(left > _CHECKED, left, np.inf)
    scale = np.sqrt(sigma * sigma + of.pairs.share / left)
    scaled: Floats = found.used * (found.residual - pull) / left / scale
    return scaled


def _moved(state: State, scan: Scan, of: Inverse, fitted: Floats) -> Floats:
    """Return what may be missing because a quantity has moved (n_measurement,) [pu].

    By what all other instruments say: what an instrument shows is not asked about itself.
    """
    used = scan.solution.used
    part = np.minimum(of.weight * of.pairs.share, _MOST_PART)
    step = np.where(used, scan.z - state.past[-1].z, 0.0) if state.past else np.zeros(len(part))
    others = np.abs(fitted - state.fitted - part * step)
    stale = np.where(scan.news, 0.0, np.abs(fitted - state.then))
    far = np.maximum(others, stale) / (1.0 - part)
    noise = np.sqrt(of.pairs.share / (1.0 - part))
    room: Floats = _ROOM * np.maximum(far - _UNMOVED * noise, 0.0)
    return room


def _reviewed(state: State, scan: Scan, of: Instrumented) -> tuple[Suspect, ...]:
    """Return who of the suspects still is one."""
    if not state.suspects or not scan.solution.converged:
        return state.suspects
    kept = []
    for suspect in state.suspects:
        rows = np.array(suspect.group if suspect.kind == DOUBTED else [suspect.row])
        off = scan.z[rows] - scan.solution.measured[rows]
        scale = np.hypot(of.sigma[rows], scan.solution.sigma_measured[rows])
        fits = bool((np.abs(off) < _FITS * scale).all())
        if suspect.kind == FROZEN:
            fits = fits and bool(scan.z[suspect.row] != suspect.shown)
        since_ns = (suspect.fits_ns or scan.at_ns) if fits else 0
        if fits and scan.at_ns - since_ns >= suspect.proof_ns:
            continue
        same = since_ns == suspect.fits_ns
        kept.append(suspect if same else suspect._replace(fits_ns=since_ns))
    return tuple(kept)


class _Judgement:
    """The search for errors in one scan."""

    def __init__(
        self,
        state: State,
        scan: Scan,
        inverse: Inverse,
        of: Instrumented,
        params: Params,
        suspects: tuple[Suspect, ...],
    ) -> None:
        self.state, self.scan, self.of, self.params = state, scan, of, params
        self.inverse = inverse
        self.doubted = [s for s in suspects if s.kind == DOUBTED]
        eligible = of.real & (state.count > 1) & scan.solution.used
        out = [s.row for s in suspects if s.kind in {CONDEMNED, FROZEN}]
        if out:
            eligible[out] = False
        self.eligible = eligible
        self.limit = residual_limit(int(np.count_nonzero(eligible)), params.false_alarms)
        cut = _CUT * self.limit
        sums = sum(np.clip(r, -cut, cut) for r in state.readings)
        self.mean = np.where(eligible, sums / np.sqrt(np.maximum(state.count, 1)), 0.0)

    def found(self) -> tuple[Suspect, ...]:
        """Return new suspects, the plainest first."""
        large = np.abs(self.mean) > self.limit
        if not large.any():
            return tuple(self._frozen() or self._drifting())
        score = np.abs(self._since(int(np.argmax(np.abs(self.mean)))))
        for _ in range(_ROUNDS):
            row = int(np.argmax(score * large))
            if not (large[row] and score[row] > self.limit):
                break
            large[row] = False
            column = self._column(row)
            if self._stands(row, column):
                return (self._suspect(row, column),)
        return ()

    def _column(self, row: int) -> Floats:
        """Return the covariance of all residuals with that of `row` (n_measurement,) [pu^2]."""
        of = self.inverse
        unit = np.zeros(len(of.weight))
        unit[row] = 1.0
        column: Floats = unit / of.weight - _answer(of, unit)
        return column

    def _correlation(self, row: int, column: Floats) -> Floats:
        """Return the correlation of all residuals with that of `row` (n_measurement,)."""
        of = self.inverse
        own = np.maximum(1.0 / of.weight - of.pairs.share, _CHECKED / of.weight)
        own[row] = column[row]
        scale = np.sqrt(own * max(float(column[row]), 1e-30))
        related: Floats = np.where(self.eligible, np.clip(column / scale, -1.0, 1.0), 0.0)
        return related

    def _stands(self, row: int, column: Floats) -> bool:
        """Return whether an error stands out of what may come of others that have moved.

        Moved, that is, by all instruments but the one that is suspected.
        """
        weight, own = self.inverse.weight, float(column[row])
        if own * weight[row] <= _CHECKED:
            return False
        share = column * weight  # of the error of each in this residual
        share[row] = 0.0
        total = count = 0.0
        cut = _CUT * self.limit
        for past, moved in self._moved_without(row, column):
            if past.news[row]:
                sure = 1.0 / (1.0 + float(np.square(share * moved).sum()) / own)
                total += sure * float(np.clip(past.own[row], -cut, cut))
                count += sure
        if count < _CLEAR:
            return False
        error = abs(total) / count / np.sqrt(own * weight[row])
        return bool(abs(total) > self.limit * np.sqrt(count) and error > _ERROR)

    def _moved_without(self, row: int, column: Floats) -> list[tuple[Past, Floats]]:
        """Return the last readings of `row`, and what may be missing then in all others [pu]."""
        past, weight, share = self.state.past, self.inverse.weight, self.inverse.pairs
        noise = _UNMOVED * np.sqrt(share.share)
        most = 1.0 / (1.0 - np.minimum(weight * share.share, _MOST_PART))
        pull = -column * weight[row] / max(float(column[row] * weight[row]), 1e-3)
        pull[row] = 0.0
        stale = np.zeros(len(column))
        found = []
        for one, other in pairwise(past):
            step = other.fitted - one.fitted
            # What was not read vouches for nothing: there the suspect counts as well.
            stale = np.where(other.news, 0.0, stale) + most * step
            step = step - pull * (other.z[row] - one.z[row] - step[row])
            far = np.abs(np.where(other.news, step, stale))
            found.append((other, _ROOM * np.maximum(far - noise, 0.0)))
        readings = [each for each in found if each[0].news[row]]
        return readings[-_READINGS:]

    def _suspect(self, row: int, column: Floats) -> Suspect:
        """Return who may have made the error that shows most at `row`."""
        near = np.flatnonzero(np.abs(self._correlation(row, column)) > _RELATED)
        score = self._since(row, near)
        odds = 0.5 * score[near] ** 2 + self._jumps(near, row)
        chance = np.exp(odds - odds.max())
        chance /= chance.sum()
        order = np.argsort(-chance, kind="stable")
        members = tuple(int(near[n]) for n in order if chance[n] > _MEMBER)
        top = float(chance[order[0]])
        if top > _NAMED:
            stuck = self.state.still[members[0]] >= _STILL
            kind = FROZEN if stuck else CONDEMNED
            return self._named(members[:1], kind, top)
        return self._named(members, DOUBTED, top)

    def _window(self, row: int) -> tuple[Past, ...]:
        """Return the scans since the error at `row` began to show, three at least."""
        since_ns = min((s.since_ns for s in self.doubted if row in s.group), default=None)
        past = self.state.past
        if since_ns is None:
            return past[-_READINGS:]
        return past[-sum(p.at_ns > since_ns for p in past) - _READINGS :]

    def _since(self, row: int, near: Ints | None = None) -> Floats:
        """Return the mean residuals of these scans by its deviation (n_measurement,).

        Scans count in which anything of `near` was read, or the instrument itself, and of these
        such in which nothing of it moved, if there are any.
        """
        rows = np.array([row]) if near is None else near
        window = [p for p in self._window(row) if p.news[rows].any()] or [self.state.past[-1]]
        calm = [p for p in window if (np.abs(p.own[rows]) >= _CALM * np.abs(p.plain[rows])).all()]
        window = calm or window
        total = np.add.reduce([p.plain for p in window]) / np.sqrt(len(window))
        mean: Floats = np.where(self.eligible, total, 0.0)
        return mean

    def _jumps(self, rows: Ints, row: int) -> Floats:
        """Return how much the steps of readings of their own speak for each row (n_row,)."""
        past = self.state.past[-len(self._window(row)) - 2 :]
        if len(past) < _READINGS:
            return np.zeros(len(rows))
        steps = np.square(np.diff(np.stack([p.z[rows] for p in past]), axis=0))
        before = self.state.restless[rows] - _SLOW * steps.sum(axis=0)
        usual = 2.0 * self.of.sigma[rows] ** 2 + np.maximum(before, 0.0)
        odds: Floats = np.minimum(0.5 * steps.max(axis=0) / usual, _JUMP_MOST)
        return odds

    def _named(self, group: tuple[int, ...], kind: str, chance: float = 1.0) -> Suspect:
        row = group[0]
        return Suspect(
            row=row,
            kind=kind,
            group=group,
            chance=chance,
            error=float(self.scan.z[row] - self.scan.solution.measured[row]),
            shown=float(self.scan.z[row]),
            since_ns=self.scan.at_ns,
            proof_ns=ns(self.params.proof_s) * 2 ** min(self.state.relapses.get(row, 0), 7),
        )

    def _frozen(self) -> list[Suspect]:
        """Return who shows the same to the last bit while nothing else is wrong."""
        stuck = np.flatnonzero(self.eligible & (self.state.still >= _STILL))
        return [self._named((int(row),), FROZEN) for row in stuck]

    def _drifting(self) -> list[Suspect]:
        """Return who is off in the mean of many readings."""
        state, of = self.state, self.inverse
        least = self.limit * np.sqrt(_SLOW / (2.0 - _SLOW))
        slow = np.where(self.eligible & (state.slow_count >= _SLOW_COUNT), state.slow, 0.0)
        row = int(np.argmax(np.abs(slow)))
        if abs(slow[row]) <= least:
            return []
        column = self._column(row)
        error = float(slow[row]) / np.sqrt(max(float(column[row]), 1e-30)) / of.weight[row]
        if abs(error) <= _DRIFT * self.of.sigma[row]:
            return []
        near = np.flatnonzero(np.abs(self._correlation(row, column)) > _SAME)
        group = (row, *(int(n) for n in near if n != row))
        return [self._named(group, DRIFTING, 1.0 / len(group))._replace(error=error)]
