"""The search for errors in one scan: where they show, whose they are, who is believed again.

An error shows where one error explains the last two or three readings of an instrument better than
none, by more than the limit of so many instruments allows: all must fit it, or it is over. One
reading may show it where next to nothing has moved in all of them: among swings what seems to have
rested in one was mostly read in a dip that nobody saw. Before anybody is called suspect, two of
them have to, plainly, and those of the one that is called. It is seen as well where readings are
off by the same for as long as three of them take, by more than swings let them (`lasting`), which
calls nobody: a like test of three readings let sound meters be condemned while load ramped. What
comes of a reading of another that is not there anew yet is no error (`_behind`).

`cases` weighs whose it is. One error at a time is looked into: what shows of a gross one in others
is no other. Whose residuals are nearly one stay one group unless time tells them apart. Where
nothing else is wrong, who shows the same to the last bit is called frozen, and who is off in the
mean of many readings is called drifting. Nobody is called where another that is read another way
agrees (`agree`); that may show for long, and keeps nobody from being called elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.estimation import cases, evidence, lasting, suspects
from daemon.core.estimation.evidence import SLOW
from daemon.core.estimation.suspects import CONDEMNED, DOUBTED, DRIFTING, FROZEN, OUT, Suspect
from daemon.core.estimation.verdict import residual_limit
from daemon.model.quantities import SECOND, ns

if TYPE_CHECKING:
    from daemon.core.estimation.bad_data import Instrumented, Params, Scan, State
    from daemon.core.estimation.cases import Case
    from daemon.core.estimation.network import Flags, Floats, Ints
    from daemon.core.estimation.others import Others
    from daemon.core.estimation.suspects import Suspects

_SLOW_COUNT: Final = 600
_DRIFT: Final = 6.0
"""A mean error is none below so many of the instrument's own deviations: models have errors too."""
_ERROR: Final = 3.5
"""An error is no error below so many of the instrument's own deviations."""
_STILL: Final = 3
_KEPT_NS: Final = 3 * SECOND
"""So long is remembered what was known of an error that does not show any more [ns]."""
_NAMED: Final = 0.998
_RELATED: Final = 0.2
_PART: Final = 0.3
"""An error that shows by so much more than what may come of another is one by itself."""
_SAME: Final = 0.98
"""Correlation from which on two residuals are one."""
_PLAIN, _SHOWS = 0.65, 0.5
"""A reading shows an error from this part of the limit on: plainly, or well enough to be seen."""
_NARROW: Final = 1.0
"""What so narrow ranges tell is seen in one reading already."""
_APART, _UNLIKE = 2.0, 0.25
"""Readings that are apart from one error by so many deviations, or this part of it, show none."""
_STEPS: Final = 12
_LATELY_NS: Final = 4 * SECOND
"""What was shown longer ago was shown before the error [ns]."""
FITS: Final = 3.5
_LASTING, _WATCHED, _ALIKE = 0.93, 0.5, 0.66
"""An error that lasts, one that may, and readings that are off alike, by the limit."""
_TWO: Final = 2.0**0.5
"""The error of the mean of two by that of one."""
_BEHIND: Final = 1.6
"""What is off so many times as far as another is not off because of that."""
_SECONDED: Final = 0.3
"""Two are off alike whose errors differ by less than this part."""
_TWINS: Final = 0.5
"""Residuals that are related by more are of two that see the same."""
_LEAST: Final = 1e-3
"""Part of the variance below which nothing but the two themselves tells two from each other."""
_TIME: Final = 5.0
"""What the instants of readings say of whose an error is counts no more than this."""


class Judgement:
    """The search for errors in one scan."""

    def __init__(
        self, state: State, scan: Scan, others: Others, of: Instrumented, params: Params
    ) -> None:
        self.state, self.scan, self.others = state, scan, others
        self.of, self.params = of, params
        eligible = of.real & scan.solution.used & others.checked
        eligible[[s.row for s in state.suspects if s.kind in OUT]] = False
        self.eligible = eligible
        self.limit = residual_limit(int(np.count_nonzero(eligible)), params.false_alarms)
        self.score = evidence.against(state.evidence)
        self.lasts, self.watched = np.zeros_like(self.score), False
        self.stays = self._staying()

    def _staying(self) -> Ints:
        """Return whose errors last, as far as readings or the time of three of them show it."""
        period_ns = ns(self.params.period_s)
        found = self._lasting(period_ns) if period_ns else self._alike()
        self.score[found] = np.maximum(self.score[found], self.lasts[found])
        return found

    def _lasting(self, period_ns: int) -> Ints:
        """Return whose errors last for as long as three readings take."""
        marks = self.state.marks
        if not lasting.whole(marks, period_ns):
            return np.zeros(0, dtype=np.int64)
        self.lasts = np.abs(lasting.lasting(marks))
        rows = np.flatnonzero((self.lasts > _WATCHED * self.limit) & self.eligible)
        # One reading that is held for long is not three, and a guess of its partner's is none.
        read_ns, partner = self.state.evidence.read_ns, self.others.inverse.pairs.partner
        read = np.minimum(read_ns[rows], read_ns[partner[rows]]) > marks[0].at_ns + period_ns
        rows = rows[read]
        own = np.abs(lasting.mean(marks, rows)) * self.others.scale[rows] / self.of.sigma[rows]
        self.watched = bool((own > _WATCHED * _ERROR).any())
        found: Ints = rows[(own > _ERROR) & (self.lasts[rows] > _LASTING * self.limit)]
        return found

    def _alike(self) -> Ints:
        """Return whose last readings are off alike, and are so now."""
        of, least = self.state.evidence, _ALIKE * self.limit
        rows = np.flatnonzero(evidence.may_be_alike(of, least) & self.eligible)
        off = np.abs(evidence.off_alike(of, rows))
        self.lasts[rows] = _TWO * off
        own = self.others.scale[rows] / self.of.sigma[rows]
        now = np.abs(of.shown[rows] - of.told[rows]) / self.of.sigma[rows]
        found: Ints = rows[(off > least) & (off * own > _ERROR) & (now > _ERROR)]
        return found

    def reviewed(self) -> Suspects:
        """Return who of the suspects still is one."""
        now_ns = self.scan.at_ns
        kept = [suspects.proven(s, now_ns, fits=self._fits(s)) for s in self.state.suspects]
        return tuple(s for s in kept if s is not None)

    def _fits(self, suspect: Suspect) -> bool:
        """Return whether what a suspect shows lately fits what all others say."""
        rows = list(suspect.group) if suspect.kind == DOUBTED else [suspect.row]
        if suspect.kind == DRIFTING:
            slow = self.state.slow[suspect.row]
            return bool(abs(slow * self.others.scale[suspect.row]) < 0.5 * abs(suspect.error))
        if suspect.kind == FROZEN and self.scan.z[suspect.row] == suspect.shown:
            return False
        return bool((self.score[rows] < FITS).all())

    def cases(self) -> tuple[Case, ...]:
        """Return the errors that show: those that still do or did lately, and a new one."""
        state, now_ns = self.state, self.scan.at_ns
        showing, plain = self._showing()
        shown, kept = set(showing.tolist()), []
        for known in state.cases:
            case = known
            shows = bool(shown.intersection(case.rows))
            shown.difference_update(case.rows)
            if shows or now_ns - case.shown_ns < _KEPT_NS:
                fresh = now_ns - case.since_ns < ns(self.params.lasts_s)
                new = self._new(np.array(case.rows)) if fresh else None
                case = cases.followed(case, state.evidence, self.others.scale, new)
                case = case._replace(firm=case.firm | plain.intersection(case.rows))
                kept.append(case._replace(shown_ns=now_ns) if shows else case)
        news = (int(row) for row in showing if row in shown)
        stays = set(self.stays.tolist()) if self.params.period_s else set()
        row = next((row for row in news if row in stays or not self._behind(row)), None)
        if row is not None and not self._explained(row, kept):
            opened = self._opened(row)
            kept.append(opened._replace(firm=frozenset(plain.intersection(opened.rows))))
        return tuple(kept)

    def _behind(self, row: int) -> bool:
        """Return whether what shows at `row` comes of another that is not read anew yet.

        The largest is that of who errs; where that one shows none, it is behind what has moved.
        """
        of, off = self.state.evidence, self._off()
        related = np.abs(self.others.correlation(row)) * off > _PART * off[row]
        related &= self.eligible & (of.read_ns < of.opened_ns[row])
        return bool(off[related].max(initial=0.0) > _BEHIND * off[row])

    def _explained(self, row: int, known: list[Case]) -> bool:
        """Return whether what shows at `row` may come of an error that is known already.

        One error at a time, until it is known for long enough; then those that are not related.
        """
        before_ns = self.scan.at_ns - ns(self.params.lasts_s)
        if any(case.since_ns > before_ns for case in known):
            return True
        related = np.abs(self.others.correlation(row))
        return any(
            float((related[list(c.rows)] * self.score[list(c.rows)]).max())
            > _PART * self.score[row]
            for c in known
        )

    def _opened(self, row: int) -> Case:
        """Return the case of an error that shows most at `row`."""
        state = self.state
        correlation = np.abs(self.others.correlation(row))
        related = (correlation > _RELATED) & self.eligible
        related[row] = False
        near = np.append(row, np.flatnonzero(related))
        since_ns = int(state.evidence.opened_ns[row]) - ns(self.params.period_s)
        first = 0.5 * np.square(np.maximum(self.score[near], self.lasts[near]))
        first = np.maximum(first, first[0] * np.square(correlation[near]) - _TIME)
        case = cases.opened(near, first, since_ns, self.scan.at_ns)
        return cases.followed(case, state.evidence, self.others.scale, self._new(near))

    def _new(self, rows: Ints) -> Floats:
        """Return how much it speaks for each that it shows what it did not before (n_row,)."""
        lately = self.scan.at_ns - _LATELY_NS
        before = tuple(z for at_ns, z in self.state.past if at_ns < lately)
        return cases.new(rows, self.scan.z, before, np.square(self.of.sigma))

    def _showing(self) -> tuple[Ints, set[int]]:
        """Return in whose readings an error shows, the plainest first, and where it is plain."""
        rows = np.flatnonzero((self.score > self.limit) & self.eligible)
        plain: set[int] = set()
        if len(rows):
            said = self.state.evidence.said
            low, high = (np.stack([one[n][rows] for one in said]) for n in (0, 1))
            own = self.others.scale[rows] / self.of.sigma[rows]
            two, three = (self._shown(low[:n], high[:n], own) for n in (2, 3))
            plain = set(rows[two[1] | three[1]].tolist())
            rows = rows[two[0] | three[0]]
        rows = np.union1d(rows, self.stays)
        found: Ints = rows[np.argsort(-self.score[rows], kind="stable")]
        return found, plain

    def _shown(self, low: Floats, high: Floats, own: Floats) -> tuple[Flags, Flags]:
        """Return where readings show one error, and where two of them do plainly.

        Args:
            low: the error is no less by each (n_reading, n_row), the newest first.
            high: nor is it more (n_reading, n_row).
            own: deviation that goes with these by the instrument's own (n_row,).
        """
        error = fitted(low, high)
        off, left = _apart(low, high, 0.0), np.abs(_apart(low, high, error))
        gain = np.square(off).sum(axis=0) - np.square(left).sum(axis=0)
        shows = (gain > self.limit**2) & (np.abs(error) * own > _ERROR)
        shows &= left.max(axis=0) < np.maximum(_APART, _UNLIKE * np.abs(error))
        off = np.where(off * error > 0.0, np.abs(off), 0.0)
        # The newest reading may yet turn out to have moved.
        single = (off[1:] > self.limit) & ((high - low).max(axis=0) < _NARROW)
        seen = single.any(axis=0) | (np.count_nonzero(off > _SHOWS * self.limit, axis=0) > 1)
        plain = np.count_nonzero(off > _PLAIN * self.limit, axis=0) > 1
        return shows & (seen | plain), shows & plain

    def verdicts(self, open_cases: tuple[Case, ...]) -> tuple[Suspects, Suspects]:
        """Return who is suspect where that is not known for long enough, and who is from now on."""
        known = {s.row for s in self.state.suspects} | {
            r for s in self.state.suspects for r in s.group
        }
        pending, found = [], []
        waits, free = False, self.eligible.copy()
        for case in open_cases:
            if case.shown_ns < self.scan.at_ns:
                continue
            members, chance = case.members()
            named = chance > _NAMED
            stuck = named and self.state.still[members[0]] >= _STILL
            kind = (FROZEN if stuck else CONDEMNED) if named else DOUBTED
            suspect = self._named(members[:1] if named else members, kind, chance)
            lately = self.scan.at_ns - case.since_ns < ns(self.params.lasts_s)
            # Nobody is out whose own readings excuse it, whatever those of others say, nor who fits
            # by now: its last reading stands for a period, and what was off then may have passed.
            firm = case.firm.intersection(suspect.group)
            fits = self._fit_now(suspect.group)
            seconded = named and not fits and self._seconded(members[0])
            if seconded:
                # It may show for as long as a third errs; what is not related is no part of that.
                free[list(case.rows)] = False
                pending.append(suspect)
            elif lately or not firm or fits:
                waits = True
                pending.append(suspect)
            elif named or not known.intersection(members):
                found.append(suspect)
        if not waits and not found:
            found += self._frozen(free) or self._drifting(free)
        return tuple(pending), tuple(found)

    def _fit_now(self, rows: tuple[int, ...]) -> bool:
        """Return whether what these show by now is no error of any of them.

        Where all is read in every scan, by now is when they were read.
        """
        if not self.params.period_s:
            return False
        of, these = self.state.evidence, list(rows)
        off = np.abs(of.shown[these] - of.told[these])
        return bool((off <= _ERROR * self.of.sigma[these]).all())

    def _seconded(self, row: int) -> bool:
        """Return whether another, read another way, is off from all the rest as `row` is."""
        way = self.of.way
        if way is None:
            return False
        correlation = self.others.correlation(row)
        near = np.abs(correlation) * (self.eligible & (way != way[row]))
        if not near.any():
            return False
        pair = [row, int(np.argmax(near))]
        of, scale = self.state.evidence, self.others.scale[pair]
        off = of.shown[pair] - of.told[pair]
        return agree(off, scale, float(correlation[pair[1]]), self.limit)

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

    def _frozen(self, free: Flags) -> list[Suspect]:
        """Return who of some shows the same to the last bit while nothing else is wrong."""
        known = self.state.evidence.said[1].worth > 0.0
        stuck = np.flatnonzero(free & known & (self.state.still >= _STILL))
        return [self._named((int(row),), FROZEN) for row in stuck if self._first(int(row))]

    def _first(self, row: int) -> bool:
        """Return whether none is off farther, of whom it may come what shows at `row`."""
        off = self._off()
        related = np.abs(self.others.correlation(row)) * off > _PART * off[row]
        return bool(off[related & self.eligible].max(initial=0.0) <= off[row])

    def _off(self) -> Floats:
        """Return how far each is off now, by the deviation of that (n_measurement,)."""
        of = self.state.evidence
        return np.abs(of.shown - of.told) / self.others.scale

    def _drifting(self, free: Flags) -> list[Suspect]:
        """Return who of some is off in the mean of many readings."""
        state, others = self.state, self.others
        known = {r for s in state.suspects for r in s.group}
        least = self.limit * np.sqrt(SLOW / (2.0 - SLOW))
        slow = np.where(free & (state.slow_count >= _SLOW_COUNT), state.slow, 0.0)
        row = int(np.argmax(np.abs(slow)))
        if abs(slow[row]) <= least or row in known:
            return []
        error = float(slow[row] * others.scale[row])
        if abs(error) <= _DRIFT * self.of.sigma[row]:
            return []
        near = np.flatnonzero(np.abs(others.correlation(row)) > _SAME)
        group = (row, *(int(n) for n in near if n != row))
        return [self._named(group, DRIFTING, 1.0 / len(group))._replace(error=error)]


def agree(off: Floats, scale: Floats, related: float, limit: float) -> bool:
    """Return whether two that see the same are off by the same from all the rest.

    Two that agree and are read through two gateways do not err alike: what the rest say is behind,
    as while rows fall by hundreds of kilowatts a second and are read once in one. Both are left out
    of the rest, which follows from what is left out one by one; and if one of them alone erred, the
    other would fit it.

    Args:
        off: of both, what it shows less what all others say, the other included (2,) [pu].
        scale: standard deviation of that (2,) [pu].
        related: correlation of their residuals; below 0 where they are read the same way round.
        limit: what so many instruments are off by at most, by the deviation of that.
    """
    apart = 1.0 - related * related
    if abs(related) < _TWINS or apart < _LEAST:
        return False
    one, other = (off / scale).tolist()
    if abs(other - related * one) < limit * apart**0.5:
        return False
    by = scale[0] * (one - related * other)
    theirs = -np.sign(related) * scale[1] * (other - related * one)
    return bool(abs(by - theirs) < _SECONDED * abs(by))


def fitted(low: Floats, high: Floats) -> Floats:
    """Return the error that fits ranges best (n_row,).

    Args:
        low: the error is no less by each (n_reading, n_row).
        high: nor is it more (n_reading, n_row).
    """
    error: Floats = (np.maximum(low, 0.0) + np.minimum(high, 0.0)).mean(axis=0)
    for _ in range(_STEPS):
        error = np.clip(error, low, high).mean(axis=0)
    return error


def _apart(low: Floats, high: Floats, error: Floats | float) -> Floats:
    """Return how far an error is below (positive) or above ranges."""
    return np.maximum(low - error, 0.0) + np.minimum(high - error, 0.0)
