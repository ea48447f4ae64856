"""Judge the trace in a file, say what came of it, and draw it."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from daemon.core import compliance
from daemon.model.quantities import SECOND, seconds
from daemon.rehearsal.compliance.drawing import Sketch
from daemon.rehearsal.compliance.page import document
from daemon.rehearsal.compliance.trace_file import Wish as TraceWish
from daemon.rehearsal.compliance.trace_file import read_trace
from daemon.rehearsal.compliance.unseen import told
from daemon.rehearsal.compliance.words import KNOWN, Counts, lines
from daemon.settings.rules import load_rules, shipped_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from daemon.core.compliance import Court, RuleSet
    from daemon.model.compliance import Verdict
    from daemon.rehearsal.compliance.trace_file import TraceFile

PIECE: Final = 65_536
"""Rows that are judged in one go: enough to be quick, few enough to show progress."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be judged.

    Attributes:
        trace: the file.
        rules: names or files of rule sets.
        site: site file or name, whose contract is judged too; None for none.
        taken: how the trace is to be taken.
        whole: every limit has to be judged, on all of the trace; else what was judged counts.
    """

    trace: Path
    rules: tuple[str, ...]
    site: str | None = None
    taken: TraceWish = field(default_factory=TraceWish)
    whole: bool = False


def listed() -> Iterator[str]:
    """Yield a line for every rule set that came along, and what their marks mean."""
    names = shipped_rules()
    width = max(map(len, names))
    for name in names:
        head = load_rules(name).head
        about = "; ".join(filter(None, (head.status, head.applies)))
        yield f"  {name:<{width}}  {head.title}  [{head.mark}]"
        yield f"  {'':<{width}}  {about}" if about else ""
    yield "how the figures are known:"
    yield from (f"  [{mark}]  {meaning}" for mark, meaning in KNOWN.items())


def show_list(*, as_json: bool) -> int:
    """Print the rule sets that came along, and return the exit code of the command."""
    print(*listed(), sep="\n", flush=True)
    if as_json:
        heads = [(name, load_rules(name).head) for name in shipped_rules()]
        kept = ("title", "source", "mark", "status", "applies")
        rules = [{"name": n, **{key: getattr(h, key) for key in kept}} for n, h in heads]
        print(json.dumps({"ok": True, "rules": rules}), flush=True)
    return 0


def comply(wish: Wish, report: Path | None, *, as_json: bool) -> int:
    """Judge a trace, print the verdicts, and return the exit code of the command.

    Raises:
        SettingsError: a rule set or the site was refused.
        TraceError: the trace was refused.
        OSError: the report cannot be written.
        ValueError: there is nothing to judge by.
    """
    if report is not None and (report.is_dir() or not report.parent.is_dir()):
        raise ValueError(f"{report}: cannot be written: no such folder, or one itself")
    rules, contract_w = _rules(wish)
    trace = read_trace(wish.trace, replace(wish.taken, contract_w=contract_w))
    given = _given(trace, wish)
    sketch = None if report is None else Sketch(trace, rules, given)
    court = _judged(trace, compliance.begin(rules, given), sketch)
    verdicts = told(trace, rules, compliance.verdicts(court))
    ok = passed(verdicts, whole=wish.whole)
    print(*lines(trace, rules, verdicts, whole=wish.whole), sep="\n", flush=True)
    if report is not None and sketch is not None:
        version = importlib.metadata.version("ridethrough")
        page = document(trace, rules, verdicts, sketch, version, ok=ok)
        report.write_text(page, encoding="utf-8")
        print(f"report: {report}", flush=True)
    if as_json:
        print(json.dumps({"ok": ok, **_asked(trace, rules, given), **_plain(verdicts)}), flush=True)
    return int(not ok)


def passed(verdicts: Sequence[Verdict], *, whole: bool = False) -> bool:
    """Return whether something was judged and nothing failed; `whole` asks that all was judged."""
    said = [verdict.ok for verdict in verdicts]
    if whole and (None in said or any(verdict.unseen_s for verdict in verdicts)):
        return False
    return True in said and False not in said


def _rules(wish: Wish) -> tuple[tuple[RuleSet, ...], float]:
    """Return the rule sets, and what the site may import, 0 without a site [W]."""
    contract_w = 0.0
    rules = [load_rules(name) for name in dict.fromkeys(wish.rules)]
    if wish.site is not None:
        from daemon.settings import load  # noqa: PLC0415 - slow, and rarely asked for

        contract = load(wish.site).site.contract
        contract_w = contract.import_limit_w
        rules.append(compliance.contract_rules(contract))
    if not rules:
        valid = ", ".join(shipped_rules())
        raise ValueError(f"nothing to judge by: --rules NAME... (valid: {valid}, or a file)")
    return tuple(rules), contract_w


def _given(trace: TraceFile, wish: Wish) -> compliance.Given:
    values = trace.samples.values
    rated_w = wish.taken.rated_w
    if not rated_w and "power_w" in values:
        rated_w = float(np.max(values["power_w"]))
    nominal_hz = wish.taken.nominal_hz
    sized = bool(wish.taken.rated_w or wish.taken.scale_to_w)
    measured = frozenset(values)
    return compliance.Given(trace.step_ns, max(rated_w, 0.0), nominal_hz, measured, sized)


def _judged(trace: TraceFile, court: Court, sketch: Sketch | None) -> Court:
    """Return the court after the whole trace; holes are cuts."""
    see = None if sketch is None else sketch.see
    with _progress() as bar:
        task = bar.add_task(f"{trace.path.name} [rows]", total=len(trace.samples))
        for begin, end in pairwise(trace.parts):
            for at in range(begin, end, PIECE):
                piece = trace.samples.part(at, min(at + PIECE, end))
                court = compliance.take(court, piece, see)
                bar.advance(task, len(piece))
            if end < len(trace.samples):
                court = compliance.cut(court)
    return court


def _progress() -> Progress:
    """Return a bar for people who look; a pipe or a file gets none."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _asked(trace: TraceFile, rules: Sequence[RuleSet], given: compliance.Given) -> dict[str, Any]:
    t_ns = trace.samples.t_ns
    return {
        "trace": str(trace.path),
        "rules": [one.name for one in rules],
        "rows": len(t_ns),
        "quantities": sorted(trace.samples.values),
        "from_s": seconds(int(t_ns[0])),
        "to_s": seconds(int(t_ns[-1])),
        "step_s": trace.step_ns / SECOND,
        "parts": len(trace.parts) - 1,
        "rated_w": given.rated_w,
        "nominal_hz": given.nominal_hz,
        "notes": list(trace.notes),
    }


def _plain(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return the verdicts, and how much of what was asked they cover."""
    count = Counts.of(verdicts)
    return {
        "judged": count.kept + count.missed,
        "not_judged": count.rest,
        "judged_in_part": count.part,
        "verdicts": [verdict.plain() for verdict in verdicts],
    }
