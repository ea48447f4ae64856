"""What came of a trace as one HTML file: no script, nothing from elsewhere, fit for paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from daemon.console.report import style
from daemon.rehearsal.compliance.drawing import LONG_S, clock, overview, panes
from daemon.rehearsal.compliance.words import KNOWN, PART, Counts, about, figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.core.compliance import RuleSet
    from daemon.model.compliance import Verdict
    from daemon.rehearsal.compliance.drawing import Sketch
    from daemon.rehearsal.compliance.trace_file import TraceFile

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_MARKS: Final = {
    True: ("pass", "\N{CHECK MARK} pass"),
    False: ("fail", "\N{BALLOT X} FAIL"),
    None: ("open", "\N{EN DASH} not judged"),
}
_STYLE: Final = """\
.transfer td:nth-child(-n+7) { white-space: nowrap; }
.transfer svg .limit line { stroke-dasharray: 6 4; stroke: var(--t-dim); }
.transfer svg .limit text { fill: var(--t-dim); }
.transfer svg .limit.missed line, .transfer svg .limit path { stroke: var(--t-fail); }
.transfer svg .limit.missed text { fill: var(--t-fail); }
.transfer svg .limit path { fill: none; stroke-width: 1.5; }
.transfer svg .limit .mark { stroke-width: 1; stroke-dasharray: 2 3; }
.transfer svg .dot { fill: var(--t-l0); }
"""


def document(
    trace: TraceFile,
    rules: Sequence[RuleSet],
    verdicts: Sequence[Verdict],
    sketch: Sketch,
    version: str,
    *,
    ok: bool,
) -> str:
    """Return the page of a judged trace; `version` is that of Ridethrough, `ok` what is shown."""
    title = escape(f"{trace.path.name}: compliance")
    body = "".join(_parts(trace, rules, verdicts, sketch, ok=ok))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{style()}{_STYLE}</style></head>\n"
        f'<body><main class="transfer-page">\n{body}'
        f"<footer>Ridethrough {escape(version)}. {_HOW}</footer>\n</main></body></html>\n"
    )


_HOW: Final = (
    "A sample holds until the next. What is not judged is not proven. Long traces are drawn as the "
    "lowest and highest of each column of pixels. Look into the code itself before you rely on a "
    "figure of it: marks in brackets say how it is known "
    f"({'; '.join(f'{mark}: {meaning}' for mark, meaning in KNOWN.items())})."
)


def _parts(
    trace: TraceFile,
    rules: Sequence[RuleSet],
    verdicts: Sequence[Verdict],
    sketch: Sketch,
    *,
    ok: bool,
) -> Iterator[str]:
    yield f'<section class="transfer"><h1>{escape(trace.path.name)}</h1>\n'
    missed = [f"{v.rules}: {v.name}" for v in verdicts if v.ok is False]
    count = Counts.of(verdicts)
    tint = "pass" if ok else "fail"
    said = f"{tint.upper()}: {count}"
    said += f"; missed: {', '.join(missed)}" if missed else ""
    yield f'<p class="banner {tint}">{escape(said)}.</p>\n<p>{escape(about(trace))}</p>\n'
    yield from (f'<p class="note">{escape(note)}</p>\n' for note in trace.notes)
    yield from _figures(overview(sketch))
    yield "</section>\n"
    for one in rules:
        yield from _rules(one, verdicts, sketch)


def _rules(rules: RuleSet, verdicts: Sequence[Verdict], sketch: Sketch) -> Iterator[str]:
    head = rules.head
    yield f'<section class="transfer" id="{escape(rules.name)}"><h1>{escape(head.title)}</h1>\n'
    status = "; ".join(filter(None, (head.source, head.status, head.applies)))
    yield f"<p>{escape(status)} [{head.mark}]</p>\n"
    if head.note:
        yield f'<p class="note">{escape(head.note)}</p>\n'
    mine = [v for v in verdicts if v.rules == rules.name]
    for binds in dict.fromkeys(verdict.binds for verdict in mine):
        yield f'<p class="note">{escape(binds)}</p>\n' if binds else ""
    yield _table(mine)
    yield from _figures(panes(sketch, rules, verdicts))
    yield "</section>\n"


def _figures(drawn: Iterator[tuple[str, str]]) -> Iterator[str]:
    for name, svg in drawn:
        yield f'<h2>{escape(name)}</h2>\n<figure tabindex="0">{svg}</figure>\n'


def _moment(at_s: float | None) -> str:
    """Return a time of the trace, a long one also as the axes have it."""
    said = figure(at_s, "s")
    return f"{said} ({clock(at_s)})" if at_s is not None and at_s > LONG_S else said


def _table(verdicts: Sequence[Verdict]) -> str:
    rows = ""
    for verdict in sorted(verdicts, key=lambda v: v.ok is not False):
        tint, mark = ("open", f"\N{CHECK MARK} {PART}") if verdict.unseen_s else _MARKS[verdict.ok]
        sign = "\N{GREATER-THAN OR EQUAL TO}" if verdict.at_least else "\N{LESS-THAN OR EQUAL TO}"
        limit = figure(verdict.limit, verdict.unit)
        cells = (
            verdict.name,
            figure(verdict.value, verdict.unit),
            f"{sign} {limit}" if limit else "",
            figure(verdict.margin, verdict.unit),
            _moment(verdict.at_s),
            _moment(verdict.first_s),
        )
        body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        source = f"<small>{escape(verdict.source)}</small>"
        more = f'<td class="prose">{escape(verdict.detail)}{source}</td>'
        rows += f'<tr class="{tint}"><td class="mark">{mark}</td>{body}{more}</tr>\n'
    names = (
        "verdict", "what", "worst", "limit", "margin", "worst at", "first passed", "detail; source",
    )  # fmt: skip
    top = "".join(f"<th>{name}</th>" for name in names)
    body = f"<thead><tr>{top}</tr></thead>\n<tbody>\n{rows}</tbody>"
    return f'<div class="wide"><table>{body}</table></div>\n'
