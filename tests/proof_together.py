"""Rows and guards that cover one another: what goes wrong once several of them are away at once.

Without one of them nothing may go wrong since another holds. So a part is searched with many away,
and with devices that refuse nothing by themselves: breakers that close onto what is live on both
sides, or though they are locked out. Each way to something wrong is then gone once more, alone and
with nothing joined, with ever fewer away; what is left is needed for that way. Whether it is needed
for any way, a search says without all but one of them: where it is gone through and finds nothing,
that one alone holds what the others would. So each of those that are left covers the others.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from daemon.model.commands import Result
from daemon.rehearsal.proof import retrace
from daemon.rehearsal.proof.explore import Search
from daemon.rehearsal.proof.plant import LOCAL, OPENING, SEEKING, SPENT
from daemon.rehearsal.proof.situation import Deed
from daemon.rehearsal.proof.switchgear import Switchgear
from daemon.rehearsal.prove_without import without
from daemon.runtime.clock import processor_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from daemon.rehearsal.proof.explore import Tally
    from daemon.rehearsal.proof.plant import Branch, Faults, Plant, Told, Trick
    from daemon.rehearsal.proof.schemes import Part
    from daemon.rehearsal.proof.situation import Situation, Trail, Way

ANYTHING: Final = "a person asks for anything"
_TRIED: Final = 40
"""Ways to one wrong that are gone again with fewer away."""


class Given(NamedTuple):
    """What the adversary may do in a search.

    Attributes:
        faults: so many of each sort.
        only: a disturbance is one of these, or with `ANYTHING` what a person asks for; without it
            it may be any.
        seeking: it comes while a breaker seeks synchronism.
        obeyed: devices refuse nothing by themselves that they can do.
    """

    faults: Faults
    only: tuple[str, ...] = ()
    seeking: bool = False
    obeyed: bool = False

    def __str__(self) -> str:
        """Return it for people."""
        only = "; ".join(self.only) + " while a breaker seeks synchronism" * self.seeking
        return f"{self.faults}{f' ({only})' if only else ''}"


class _Only(Switchgear):
    """A board on which others disturb in a few ways alone."""

    only: tuple[str, ...] = ()
    seeking = False

    def adversary(self, plant: Plant) -> Iterator[Branch]:
        for branch in super().adversary(plant):
            if branch.plant.sudden == plant.sudden or self._may(plant, branch.text):
                yield branch

    def tricks(self, plant: Plant) -> Iterator[Trick]:
        for trick in super().tricks(plant):
            if self._may(plant, ANYTHING if trick.ask else "") or self._may(plant, trick.text):
                yield trick

    def unwilling(self, plant: Plant, at: int) -> Iterator[Trick]:
        return (t for t in super().unwilling(plant, at) if self._may(plant, t.text))

    def _may(self, plant: Plant, text: str) -> bool:
        return text in self.only and (not self.seeking or SEEKING in plant.motions)


class _Obeyed(Switchgear):
    """A board whose devices refuse nothing by themselves that they can do."""

    def acts(self, plant: Plant, at: int, told: Told) -> Iterator[tuple[Branch, Result]]:
        breaker = at < len(self.breakers)  # sets and switches have numbers after those
        can = breaker and not plant.bent[at] & (LOCAL | SPENT) and plant.motions[at] != OPENING
        for branch, result in super().acts(plant, at, told):
            if can and result is Result.REFUSED:
                make = self._closes if told.action == "close" else self._seeks
                for made in make(plant, at, told):
                    yield made, Result.ACKNOWLEDGED
            else:
                yield branch, result


class _Unbroken(Search):
    """A search in which the daemon does not start anew."""

    def _disturbed(self, later: Situation) -> Iterator[Way]:
        return (way for way in super()._disturbed(later) if not way.to.met.plant.away)


def search_of(part: Part, given: Given, kind: type[Search] = Search) -> Search:
    """Return a search of a part that has not begun."""
    kinds: list[type] = [_Only] * bool(given.only) + [_Obeyed] * given.obeyed
    board = copy(part.board)
    board.__class__ = type("Given", (*kinds, type(board)), given._asdict())
    if given.only:
        kind = type("Unbroken", (_Unbroken, kind), {})
    return kind(board, part.mind, part.picture, part.bound_ms, given.faults)


class Least(NamedTuple):
    """The fewest that have to be away for something to go wrong.

    Attributes:
        away: rows and guards.
        given: what the adversary may do, and whether the device's own refusal has to be away, too.
        wrong: what goes wrong.
        deeds: how.
        shown: with any one of them there the search was gone through and found nothing.
    """

    away: tuple[str, ...]
    given: Given
    wrong: str
    deeds: tuple[Deed, ...]
    shown: bool = False


class _Noting(Search):
    """A search that notes the first ways to each wrong."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.noted: dict[tuple[str, ...], tuple[str, Trail | None]] = {}
        self._of = self.tally

    def _wrong(self, wrong: str, *more: Any) -> None:
        if self._of is not self.tally:  # it has begun anew
            self._of = self.tally
            self.noted.clear()
        trail = more[-1]
        if sum(other == wrong for other, _ in self.noted.values()) < _TRIED:
            texts = tuple(step.text for step in retrace.steps(trail))
            self.noted.setdefault((wrong, *texts), (wrong, trail))


class _Again:
    """Goes a way once more with some away."""

    def __init__(self, make: Callable[[], Part], given: Given) -> None:
        self._make, self._given = make, given
        self._searches: dict[tuple[tuple[str, ...], bool], Search] = {}

    def can(self, wrong: str, trail: Trail | None, away: tuple[str, ...], *, obeyed: bool) -> bool:
        """Return whether a way leads to what is wrong."""
        key = away, obeyed
        with without(away):
            if key not in self._searches:
                self._searches[key] = search_of(self._make(), self._given._replace(obeyed=obeyed))
            search = self._searches[key]
            while True:  # a mind that has not been asked yet learns what has to be remembered
                learned = search.mind.learned
                can = search._can_be(wrong, trail)
                if search.mind.learned == learned:
                    return can

    def least(self, wrong: str, trail: Trail | None, away: tuple[str, ...]) -> Least | None:
        """Return the fewest that have to be away, None where a way cannot be gone at all."""
        if not self.can(wrong, trail, away, obeyed=True):
            return None
        obeyed = not self.can(wrong, trail, away, obeyed=False)
        for name in away:
            fewer = tuple(other for other in away if other != name)
            if self.can(wrong, trail, fewer, obeyed=obeyed):
                away = fewer
        at_ms, deeds = 0, []
        for step in retrace.steps(trail):
            at_ms += step.soonest_ms
            deeds.append(Deed(step.text, at_ms))
        return Least(away, self._given._replace(obeyed=obeyed), wrong, tuple(deeds))


def together(
    make: Callable[[], Part], names: Sequence[str], givens: Sequence[Given], limit_s: float
) -> Iterator[Least]:
    """Yield the fewest of some rows and guards that have to be away for something to go wrong.

    Args:
        make: makes the part with a mind that has asked nobody yet.
        names: of rows and guards.
        givens: what the adversary may do.
        limit_s: processor time for each search, 0 without a limit [s].
    """
    found: list[Least] = []
    for given in givens:
        with without(tuple(names)):
            search = search_of(make(), given._replace(obeyed=True), _Noting)
            search.run(_late(limit_s))
        assert isinstance(search, _Noting)
        again = _Again(make, given)
        for wrong, trail in search.noted.values():
            # A way that what was found before explains needs no other.
            if any(
                again.can(wrong, trail, least.away, obeyed=least.given.obeyed) for least in found
            ):
                continue
            least = again.least(wrong, trail, tuple(names))
            if least and not any({*least.away} >= {*other.away} for other in found):
                least = _needed(make, least, limit_s)
                found.append(least)
                yield least


def _late(limit_s: float) -> Callable[[Tally], bool]:
    """Return what says that a search has had its time from now on."""
    begun_s = processor_s()
    return lambda tally: tally.situations % 512 == 0 and 0.0 < limit_s < processor_s() - begun_s


def _needed(make: Callable[[], Part], least: Least, limit_s: float) -> Least:
    """Return the fewest of those that have to be away, whatever the way."""
    shown = True

    def less(away: tuple[str, ...], given: Given) -> Least | None:
        nonlocal shown
        late = _late(limit_s)
        with without(away):
            tally = search_of(make(), given).run(lambda tally: bool(tally.sure) or late(tally))
        if not tally.sure:
            shown = shown and tally.complete and not tally.found
            return None
        wrong = min(tally.sure)
        return Least(away, given, wrong, tuple(tally.found[wrong]))

    if least.given.obeyed:
        least = less(least.away, least.given._replace(obeyed=False)) or least
    for name in least.away:
        fewer = tuple(other for other in least.away if other != name)
        least = less(fewer, least.given) or least
    return least._replace(shown=shown)
