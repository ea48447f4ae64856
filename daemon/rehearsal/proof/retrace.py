"""Whether what a search has found can happen: its steps gone once more, each with its own times.

A search joins the times of situations that differ in nothing else, so it may put a step after
another that cannot follow it in time. Here one way is gone alone and nothing is joined: what is
left at its end can happen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.rehearsal.proof import zones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from daemon.rehearsal.proof.situation import Situation, Trail, Way

WIDTH: Final = 256
"""Situations in which the same steps may leave one, looked at together."""


class Retraced(NamedTuple):
    """Where the steps of a trail lead: situations, and what was wrong with the last step."""

    there: tuple[Situation, ...]
    wrong: frozenset[str]


def steps(trail: Trail | None) -> list[Trail]:
    """Return the steps of a trail, first to last."""
    found = []
    while trail is not None:
        found.append(trail)
        trail = trail.before
    return found[::-1]


def retraced(
    first: Situation, ways: Callable[[Situation], Iterable[Way]], trail: Trail | None
) -> Retraced:
    """Return where a trail leads if nothing is joined.

    Args:
        first: where it starts.
        ways: that lead from a situation.
        trail: to be gone.
    """
    texts = [step.text for step in steps(trail)]
    now = Retraced((first,), frozenset())
    while texts and now.there:
        found = [way for situation in now.there for way in ways(situation) if _is(way, texts)]
        n_trick = any(way.trick for way in found)
        taken = [way for way in found if bool(way.trick) == n_trick]
        del texts[: 1 + n_trick]
        wrong = frozenset(wrong for way in taken for wrong in way.wrong)
        now = Retraced(_apart([way.to for way in taken]), wrong)
    return now


def _is(way: Way, texts: Sequence[str]) -> bool:
    """Return whether a way is what a trail tells next; a trick stands before what came of it."""
    told = [way.trick, way.text] if way.trick else [way.text]
    return texts[: len(told)] == told


def _apart(found: Sequence[Situation]) -> tuple[Situation, ...]:
    """Return situations without those that others cover."""
    kept: list[Situation] = []
    for now in found:
        same = (other for other in kept if other[:-1] == now[:-1])
        if not any(zones.covers(other.zone, now.zone) for other in same):
            kept.append(now)
    return tuple(kept[:WIDTH])
