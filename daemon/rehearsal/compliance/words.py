"""How a judged trace is said on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.model.quantities import SECOND, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.core.compliance import RuleSet
    from daemon.model.compliance import Verdict
    from daemon.rehearsal.compliance.trace_file import TraceFile

MARKS: Final = {True: "pass", False: "FAIL", None: "--"}
PART: Final = "part"
"""Kept in what the trace shows of it."""
KNOWN: Final = {
    "P": "primary document, as quoted by a public catalogue",
    "S": "secondary text",
    "V": "page of a vendor or an authority",
    "C": "public code or package",
    "M": "general knowledge, not verified",
}
"""How the figures of a rule set are known, by its mark."""


class Counts(NamedTuple):
    """How many limits were kept, of these only in a part of the trace, missed, and not judged."""

    kept: int
    part: int
    missed: int
    rest: int

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Counts:
        """Return the counts of some verdicts."""
        said = [verdict.ok for verdict in verdicts]
        part = sum(verdict.unseen_s > 0.0 for verdict in verdicts)
        return cls(said.count(True), part, said.count(False), said.count(None))

    def __str__(self) -> str:
        """Return them as the last line says them."""
        part = f" ({self.part} of them in a part of the trace)" if self.part else ""
        return f"{self.kept} limits kept{part}, {self.missed} missed, {self.rest} not judged"


def lines(
    trace: TraceFile, rules: Sequence[RuleSet], verdicts: Sequence[Verdict], *, whole: bool
) -> Iterator[str]:
    """Yield the outcome for people; `whole` where what is not judged counts as missed."""
    yield f"{trace.path}: {about(trace)}"
    yield from (f"  {note}" for note in trace.notes)
    width = max((len(verdict.name) for verdict in verdicts), default=0)
    for one in rules:
        yield f"{one.name}: {one.head.title}"
        yield f"  {one.head.source} [{one.head.mark}]"
        mine = [v for v in verdicts if v.rules == one.name]
        yield from (f"  {binds}" for binds in dict.fromkeys(v.binds for v in mine) if binds)
        for verdict in (v for v in mine if not v.missing):
            mark = PART if verdict.unseen_s else MARKS[verdict.ok]
            yield f"  {mark:<4}  {verdict.name:<{width}}  {measured(verdict)}".rstrip()
            if verdict.detail:
                yield f"        {verdict.detail}"
        for missing in dict.fromkeys(v.missing for v in mine if v.missing):
            names = ", ".join(v.name for v in mine if v.missing == missing)
            yield f"  {MARKS[None]:<4}  no {' and no '.join(missing)} in the trace: {names}"
        if one.head.note:
            yield f"  note: {one.head.note}"
    yield f"{(count := Counts.of(verdicts))}{_covers(count, whole=whole)}"


def _covers(count: Counts, *, whole: bool) -> str:
    """Return what the exit code stands for where that is less than everything asked."""
    if not count.kept + count.missed:
        return ": nothing here could be judged, so nothing is proven"
    if count.missed or not count.rest + count.part:
        return ""
    if whole:
        return ": not ok, for --all asks that every limit is judged on all of the trace"
    return f": ok for the {count.kept} alone; --all takes what is not judged for missed"


def about(trace: TraceFile) -> str:
    """Return in words what a trace is."""
    t_ns = trace.samples.t_ns
    what = ", ".join(trace.samples.values)
    span = f"from {seconds(int(t_ns[0])):g} to {seconds(int(t_ns[-1])):g} s"
    return f"{len(t_ns):,} rows of {what}, {span}, {trace.step_ns / SECOND:g} s apart"


def measured(verdict: Verdict) -> str:
    """Return figure, limit, margin and time of a verdict."""
    if verdict.value is None:
        return "" if verdict.limit is None else f"limit {figure(verdict.limit, verdict.unit)}"
    said = figure(verdict.value, verdict.unit)
    if verdict.limit is not None and verdict.margin is not None:
        sign = ">=" if verdict.at_least else "<="
        said += f" ({sign} {figure(verdict.limit, verdict.unit)}"
        said += f", margin {figure(verdict.margin, verdict.unit)})"
    if verdict.at_s is not None:
        said += f" at {figure(verdict.at_s, 's')}"
    if verdict.first_s is not None:
        times = "once" if verdict.count == 1 else f"{verdict.count} times"
        said += f"; first passed at {figure(verdict.first_s, 's')}, {times}"
    return said


def figure(value: float | None, unit: str) -> str:
    """Return a figure with its unit as people read it, nothing where there is none."""
    if value is None:
        return ""
    if unit.startswith("W"):
        for factor, prefix in ((1e6, "M"), (1e3, "k")):
            if abs(value) >= factor:
                return f"{value / factor:.5g} {prefix}{unit}"
    return f"{value:.13g} {unit}" if unit == "s" else f"{value:.5g} {unit}"
