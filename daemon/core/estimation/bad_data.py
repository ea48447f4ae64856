"""Which instrument lies: what readings say against it, groups that cannot be told apart, time.

Theory of operation. After every scan each instrument is held against what all others say it should
read, weighed as the sensor it is and with what may have moved meanwhile allowed for (`others`,
`evidence`). What the last three *readings* say together (a value that is read once a second is not
three pieces of evidence because three scans have looked at it) is held against a limit that grows
with the number of instruments, so that whole scans of a sound plant are seldom called bad.

*Who.* An error shows in every residual that is correlated with it. The likelihood that the error is
that of another instrument is weighed from what their readings say, since they began to say
anything: the first reading of who has jumped says so, while what all say of its partner moves and
so excuses the partner. Who remains likely is the *group*. If it is one, it is condemned. One error
at a time: its weight goes, which the solver answers by a downdate of its factors, and what is left
shows in the readings that follow. What becomes of suspects then is in `suspects`.

After the network has switched, or was shaken (a sag: several readings, a voltage among them, lose
or gain half of what they were at once), nothing is judged for `lag_s`, and that is told; what was
read until then counts for nothing, as part of it is older than that. Powers alone may jump as they
like: racks do.

Source: A. Abur, A. Gomez Exposito, Power System State Estimation, chapter 5 (largest normalised
residual, residual covariance); own derivation for readings, groups and time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Interval

from daemon.core.estimation import evidence, lasting, suspects
from daemon.core.estimation.evidence import SLOW
from daemon.core.estimation.gauss_newton import LARGEST
from daemon.core.estimation.judgement import FITS, Judgement
from daemon.core.estimation.suspects import DOUBTED, OUT
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from daemon.core.estimation.cases import Case
    from daemon.core.estimation.evidence import Evidence
    from daemon.core.estimation.lasting import Marks
    from daemon.core.estimation.layout import Solution
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.others import Others
    from daemon.core.estimation.suspects import Suspects

    Past: TypeAlias = tuple[tuple[int, Floats], ...]

_SMALL: Final = 5.0
"""A reading farther off is no drift."""
_FROZEN: Final = 6.0
_SHAKEN: Final = 4
"""So many readings that jump at once are no lie of one device."""
_JUMP_PU: Final = 0.5
_JUMP_SIGMAS: Final = 20.0
_LEVELS: Final = 40
"""What was shown is looked at every second; so many of those looks are kept."""


@dataclass(frozen=True, slots=True)
class Params:
    """How sure a verdict must be.

    Attributes:
        false_alarms: part of the scans of a sound plant in which something may be found.
        lag_s: after the network has switched nothing is judged for so long [s].
        proof_s: who is out must fit for so long to be taken back [s].
        period_s: in so long a time everything is read anew [s]; 0 where that is in every scan.
        hidden: how often as far as was seen a reading may have been to and fro, unseen.
        lasts_s: so long must an error show until anybody is called suspect [s].
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    false_alarms: Annotated[float, Interval(gt=0.0, le=0.1)] = 5e-6
    lag_s: Annotated[float, Gt(0)] = 1.0
    proof_s: Annotated[float, Gt(0)] = 30.0
    period_s: Annotated[float, Ge(0)] = 0.0
    hidden: Annotated[float, Ge(0)] = 1.0
    lasts_s: Annotated[float, Ge(0)] = 0.0


class Scan(NamedTuple):
    """What is judged.

    Attributes:
        at_ns: time of the scan [ns].
        z: what was measured (n_measurement,) [pu].
        news: whose value was read anew (n_measurement,).
        heard_ns: when each was received, now where nothing is to be read (n_measurement,) [ns].
        solution: what came of it.
        others: what tells each instrument what all others say; None where the network is another
            than in the scan before.
        between: scans since the last look that nobody solved: when that was [ns] and what was shown
            (n_measurement,) [pu].
    """

    at_ns: int
    z: Floats
    news: Flags
    heard_ns: Ints
    solution: Solution
    others: Others | None
    between: Past = ()


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is remembered.

    Attributes:
        evidence: what readings say.
        marks: what shows all the time.
        watched: whether what some instrument is off by may be an error that lasts.
        slow: running mean of what they say (n_measurement,).
        slow_count: how many went into it (n_measurement,).
        base: what each should have read when it changed last (n_measurement,) [pu].
        still: readings in a row that were the same while it should have moved (n_measurement,).
        suspects: who is not believed.
        cases: errors that show, and what is known of whose they are.
        pending: whose they seem to be where that is not known for long enough yet.
        past: when it was, and what was shown then, second by second, the newest last.
        relapses: how often each was condemned, by row.
        judging_ns: from when on there is judgement [ns].
    """

    evidence: Evidence
    slow: Floats
    slow_count: Ints
    base: Floats
    still: Ints
    suspects: Suspects = ()
    cases: tuple[Case, ...] = ()
    pending: Suspects = ()
    past: Past = ()
    relapses: dict[int, int] = field(default_factory=dict)
    judging_ns: int = 0
    marks: Marks = ()
    watched: bool = False

    def lagging(self, now_ns: int) -> bool:
        """Return whether nothing is judged yet after something has switched."""
        return now_ns < self.judging_ns


def begun(n: int) -> State:
    """Return the memory of `n` instruments of which nothing was seen."""
    none, zero = np.zeros(n), np.zeros(n, dtype=np.int64)
    return State(evidence.begun(none, none, none), none, zero, none, zero)


class Instrumented(NamedTuple):
    """What does not change from scan to scan.

    Attributes:
        sigma: standard deviation of fresh values (n_measurement,) [pu].
        real: which are instruments, not guesses (n_measurement,).
        way: number of the gateway that each is read through, -1 for guesses (n_measurement,); None
            where that is not known.
    """

    sigma: Floats
    real: Flags
    way: Ints | None = None


def judged(state: State, scan: Scan, of: Instrumented, params: Params) -> State:
    """Return the memory after a scan, and who is not believed from now on."""
    state = _remembered(state, scan, of, params)
    if scan.others is None or state.lagging(scan.at_ns):
        return state
    look = Judgement(state, scan, scan.others, of, params)
    remaining, relapses = look.reviewed(), state.relapses
    open_cases = look.cases()
    pending, found = look.verdicts(open_cases)
    if found:
        remaining, relapses = suspects.joined(remaining, found, relapses)
    state = replace(state, watched=look.watched)
    if not (open_cases or state.cases or found) and remaining == state.suspects:
        return state
    state = replace(state, suspects=remaining, cases=open_cases, pending=pending, relapses=relapses)
    if any(s.kind != DOUBTED for s in found):
        state = _anew(state, scan, scan.at_ns + ns(params.lag_s))
    return state


def absent(state: State) -> Ints:
    """Return the rows whose values are not to be used at all."""
    rows = [s.row for s in state.suspects if s.kind in OUT]
    return np.array(sorted(rows), dtype=np.int64)


def aged(state: State) -> Ints:
    """Return the rows whose values are to be trusted less."""
    rows = {r for s in state.suspects if s.kind not in OUT for r in s.group}
    return np.array(sorted(rows), dtype=np.int64)


def _anew(state: State, scan: Scan, judging_ns: int) -> State:
    """Return the memory without evidence, where an error that is known now was in all of it.

    Nor is it known what has moved, so there is no judgement until `judging_ns`.
    """
    fresh = begun(len(scan.z))
    measured = scan.solution.measured
    return replace(
        state,
        evidence=evidence.begun(measured, scan.z, state.evidence.restless, state.evidence),
        marks=(),
        watched=False,
        slow=fresh.slow,
        slow_count=fresh.slow_count,
        cases=(),
        pending=(),
        judging_ns=judging_ns,
    )


def _shaken(state: State, scan: Scan, of: Instrumented, voltage: Flags) -> bool:
    """Return whether the plant has been shaken since the last scan."""
    shown = state.evidence.shown
    step, larger = np.abs(scan.z - shown), np.maximum(np.abs(scan.z), np.abs(shown))
    jumps = of.real & scan.solution.used & (step > _JUMP_SIGMAS * of.sigma)
    jumps &= step > _JUMP_PU * larger
    return int(np.count_nonzero(jumps)) >= _SHAKEN and bool(jumps[voltage].any())


def _remembered(state: State, scan: Scan, of: Instrumented, params: Params) -> State:
    """Return the memory with what this scan shows."""
    found, others = scan.solution, scan.others
    switched = others is None or not found.converged
    switched = switched or (others is not None and _shaken(state, scan, of, others.voltage))
    if others is None or switched or state.lagging(scan.at_ns):
        state = replace(state, still=np.zeros_like(state.still), base=found.measured)
        after_ns = scan.at_ns + ns(params.lag_s) if switched else state.judging_ns
        return _anew(state, scan, after_ns)
    told = others.told(scan.z, found)
    before = state.evidence
    read = scan.news & found.used
    out = [s.row for s in state.suspects if s.kind in OUT]
    read[out] = scan.news[out]
    look = evidence.Look(scan.at_ns, scan.z, told, read, scan.heard_ns)
    news = evidence.followed(before, look, others, ns(params.period_s), params.hidden)
    weight = np.maximum(SLOW, 1.0 / (state.slow_count + 1.0))
    said = news.said[1].off
    small = news.closed & (np.abs(said) < _SMALL)
    changed = scan.news & (scan.z != before.shown)
    return replace(
        state,
        evidence=news,
        marks=lasting.followed(
            state.marks, _scans(scan, told, others), found.used, ns(params.period_s)
        ),
        slow=state.slow + weight * np.where(small, said - state.slow, 0.0),
        slow_count=state.slow_count + small,
        past=_looked(state.past, scan),
        base=np.where(changed, found.measured, state.base),
        still=np.where(changed | ~_stuck(state, scan, of), 0, state.still + scan.news),
    )


def _scans(scan: Scan, told: Floats, others: Others) -> Iterator[lasting.Shown]:
    """Yield what showed in the scans since the last look, and in this one."""
    off, used = scan.z - told, scan.solution.used
    for at_ns, shown in scan.between:
        usable = used & (np.abs(shown) <= LARGEST)  # and NaN is not
        then = off + lasting.farther(others, np.where(usable, shown - scan.z, 0.0))
        yield lasting.Shown(at_ns, then / others.scale, (shown - then) / others.scale)
    yield lasting.Shown(scan.at_ns, off / others.scale, told / others.scale)


def _looked(past: Past, scan: Scan) -> Past:
    """Return what was shown, second by second, after a scan."""
    if past and scan.at_ns - past[-1][0] < SECOND:
        return past
    return (*past[1 - _LEVELS :], (scan.at_ns, scan.z))


def _stuck(state: State, scan: Scan, of: Instrumented) -> Flags:
    """Return who is off while what it should show has moved since it changed last."""
    found = scan.solution
    scale = np.hypot(of.sigma, found.sigma_measured)
    moved = np.abs(found.measured - state.base) > _FROZEN * scale
    stuck: Flags = moved & (np.abs(scan.z - found.measured) > FITS * scale)
    return stuck
