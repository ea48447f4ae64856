"""The interpreter of transition tables, and the questions every table has to answer.

A state machine of the core is data: a `Table` of stages and events. One function, `advance`, runs
them all. Durations are named in the table and given at the call, because they are settings. A
stage that is neither left by time, nor declared to rest, nor for a person to reset would be a wait
without an end: `flaws` finds that, unreachable stages, traps, and pairs nobody thought about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Word(Enum):
    """A stage or an event: hashed as what it is compared by, since tables are looked up often."""

    __hash__ = object.__hash__


S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


@dataclass(frozen=True)
class Table(Generic[S, E]):
    """A state machine as data.

    Attributes:
        first: stage it begins in.
        transitions: next stage by stage and event.
        after: by stage, the name of a duration and the stage that follows when it has passed.
        ignored: events that mean nothing in a stage, said on purpose.
        rests: stages that may last for ever because nothing is outstanding.
        person: stages that only a person ends.
        final: stages in which the machine is over.
    """

    first: S
    transitions: Mapping[tuple[S, E], S]
    ignored: Mapping[S, frozenset[E]]
    after: Mapping[S, tuple[str, S]] = field(default_factory=dict)
    rests: frozenset[S] = frozenset()
    person: frozenset[S] = frozenset()
    final: frozenset[S] = frozenset()


class Clock(Protocol):
    """The time of a scan, as `daemon.core.view.View` tells it."""

    @property
    def now_ns(self) -> int:
        """Return the time, as a stamp [ns]."""

    def passed(self, at_ns: int, /) -> bool:
        """Return whether a time has come [ns]."""


def advance(
    table: Table[S, E],
    at: tuple[S, int],
    events: Iterable[E],
    clock: Clock,
    waits_ns: Mapping[str, int],
) -> tuple[S, int]:
    """Return stage and entry time after this scan; at most one transition is made.

    Args:
        table: the machine.
        at: its stage and when it was entered [ns].
        events: what is true now, most urgent first; the first that the stage listens to acts.
        clock: time of the scan.
        waits_ns: duration by the name the table uses [ns].
    """
    stage, since_ns = at
    for event in events:
        if (to := table.transitions.get((stage, event))) is not None:
            return to, clock.now_ns
        assert event in table.ignored.get(stage, ()), f"{stage} has no answer to {event}"
    if stage in table.after:
        wait, to = table.after[stage]
        if clock.passed(since_ns + waits_ns[wait]):
            return to, clock.now_ns
    return at


def flaws(table: Table[S, E]) -> list[str]:
    """Return what is wrong with a table, in words; a sound one gives an empty list."""
    stages: list[S] = list(type(table.first))
    events: list[E] = list(type(next(iter(table.transitions))[1]))
    found = [
        f"{s.name} on {e.name}: neither listed nor ignored"
        for s in stages
        for e in events
        if (s, e) not in table.transitions and e not in table.ignored.get(s, ())
    ]
    found += [
        f"{s.name} on {e.name}: both listed and ignored"
        for s, e in table.transitions
        if e in table.ignored.get(s, ())
    ]
    reached = reachable(table, table.first)
    found += [f"{s.name} is never reached" for s in stages if s not in reached]
    found += [
        f"{s.name} waits without an end"
        for s in stages
        if s not in table.after and s not in table.rests | table.person | table.final
    ]
    found += [
        f"{s.name} is a trap"
        for s in stages
        if s not in table.person | table.final and reachable(table, s) == {s}
    ]
    return found


def reachable(table: Table[S, E], start: S) -> set[S]:
    """Return every stage that can follow `start`, itself included."""
    ahead = {start}
    frontier = [start]
    while frontier:
        stage = frontier.pop()
        following = {to for (s, _), to in table.transitions.items() if s is stage}
        following |= {to for s, (_, to) in table.after.items() if s is stage}
        frontier += following - ahead
        ahead |= following
    return ahead


def diagram(table: Table[S, E]) -> str:
    """Return the table as text: each stage, and under it what leads where."""
    lines = []
    for stage in type(table.first):
        note = " (a person resets)" * (stage in table.person)
        lines.append(f"{stage.name}{note}")
        leads: dict[str, list[str]] = {}
        for (s, e), to in table.transitions.items():
            if s is stage:
                leads.setdefault(to.name, []).append(e.name)
        if stage in table.after:
            wait, to = table.after[stage]
            leads.setdefault(to.name, []).append(f"after {wait}")
        lines += [f"    {', '.join(causes)} -> {to}" for to, causes in leads.items()]
    return "\n".join(lines)


def ignoring_the_rest(
    stages: type[S], events: type[E], transitions: Mapping[tuple[S, E], S]
) -> dict[S, frozenset[E]]:
    """Return, by stage, every event that `transitions` does not list.

    Only for machines whose events are conditions that hold for many scans, where it is right that
    a stage looks at its own conditions alone; each such table says so where it uses this.
    """
    return {s: frozenset(e for e in events if (s, e) not in transitions) for s in stages}
