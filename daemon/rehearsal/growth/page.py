"""A plan as one HTML file: no script, nothing from elsewhere, fit for paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from daemon.console.report import style
from daemon.rehearsal.growth.drawing import demand, timeline
from daemon.rehearsal.growth.terminal import compared
from daemon.rehearsal.growth.words import (
    about,
    accepted,
    by_kind,
    carried,
    months,
    said,
    verdicts,
    years_shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daemon.rehearsal.growth.plan import Plan
    from daemon.rehearsal.growth.words import View

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """\
.transfer svg .spread { fill: var(--t-l0); opacity: 0.18; }
.transfer svg .level line { stroke: var(--t-l2); stroke-width: 1; }
.transfer svg .level.reduced line { stroke: var(--t-l1); stroke-dasharray: 6 4; }
.transfer svg .level .lead { fill: none; stroke: var(--t-rule); }
.transfer svg .level.normal text { fill: var(--t-l2); }
.transfer svg .level.reduced text { fill: var(--t-l1); }
.transfer svg .bar.normal rect { fill: var(--t-l2); opacity: 0.55; }
.transfer svg .bar.reduced rect { fill: var(--t-l1); opacity: 0.55; }
.transfer svg .bar line { stroke: var(--t-ink); stroke-width: 1.5; }
.transfer .kind td { font-weight: 600; }
.transfer .plain td { white-space: normal; }
"""
_MW: Final = 1e6
_HOW: Final = (
    "Growth is drawn as a trend that each future keeps; the band holds eight of ten futures. "
    "What equipment carries is the balance of the site file, no load flow: rated power scaled, one "
    "power factor. N-1 means the cases that the site file declares. Storage that shaves peaks is "
    "not counted on, nor sources that stand by, nor the sun."
)


def document(plan: Plan, others: Sequence[Plan], view: View, version: str) -> str:
    """Return the page of a plan; `version` is that of Ridethrough."""
    title = escape(f"{plan.name}: growth")
    body = "".join(_parts(plan, others, view))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{style()}{_STYLE}</style></head>\n"
        f'<body><main class="transfer-page">\n{body}'
        f"<footer>Ridethrough {escape(version)}. {_HOW}</footer>\n</main></body></html>\n"
    )


def _parts(plan: Plan, others: Sequence[Plan], view: View) -> Iterator[str]:
    yield f'<section class="transfer"><h1>{escape(plan.name)}: until when it suffices</h1>\n'
    tint = "pass" if all(v["ok"] for v in verdicts(plan)) else "fail"
    yield f'<p class="banner {tint}">{"<br>".join(escape(s) for s in said(plan, view))}</p>\n'
    yield from (f"<p>{escape(line)}</p>\n" for line in about(plan))
    if text := accepted(plan):
        yield f'<p class="note">{escape(text)}</p>\n'
    yield "<h2>Demand, and what it meets</h2>\n"
    yield f'<figure tabindex="0">{demand(plan, view)}</figure>\n'
    yield "<h2>When what runs out</h2>\n"
    yield f'<figure tabindex="0">{timeline(plan, view)}</figure>\n'
    if others:
        head, *body = compared((plan, *others), view)
        yield "<h2>Side by side</h2>\n" + _table(head, body)
    yield "<h2>All limits</h2>\n" + _limits(plan, view)
    yield "<h2>The cascade</h2>\n" + _years(plan, view)
    yield "<h2>Assumed</h2>\n"
    rows = ((a.name, a.said, a.about, a.source) for a in plan.assumed.values())
    yield _table(("name", "value", "what", "source"), rows)
    yield "</section>\n"


def _limits(plan: Plan, view: View) -> str:
    heads = (
        "limit", "today in N", "in N", "in declared N-1", "worst case today", "one more block",
        "one more unit",
    )  # fmt: skip
    lines = ""
    for kind, same in by_kind(plan):
        lines += f'<tr class="kind"><td colspan="{len(heads)}">{escape(kind)}</td></tr>\n'
        for row in same:
            one = row.answer
            note = f" ({one.limit.note})" if one.limit.note else ""
            tint = ' class="fail"' if one.reduced.today_pu > 1.0 else ""
            cells = (
                row.name,
                carried(plan, one.normal, one.limit.unit) + note,
                view.dates(one.normal),
                view.dates(one.reduced),
                one.reduced.bound.case,
                months(one.block_months),
                months(one.unit_months),
            )
            lines += f"<tr{tint}>{_cells(cells)}</tr>\n"
    return _framed(heads, lines, "limits")


def _years(plan: Plan, view: View) -> str:
    heads = (
        "from", "AI [MW]", "servers [MW]", "storage, network [MW]", "cooling [MW]", "site [MW]",
        "10 .. 90 % [MW]", "PUE", "blocks",
    )  # fmt: skip
    rows = []
    for one in years_shown(plan, view):
        powers = (one.ai_w, one.servers_w, one.storage_w, one.cooling_w, one.site_w)
        band = f"{one.site_low_w / _MW:,.1f} .. {one.site_high_w / _MW:,.1f}"
        cells = (*(f"{w / _MW:,.2f}" for w in powers), band, f"{one.pue:.2f}", str(one.blocks))
        rows.append((str(view.day(one.year) or ""), *cells))
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return _framed(heads, "".join(f"<tr>{_cells(row)}</tr>\n" for row in rows))


def _framed(heads: Sequence[str], lines: str, kind: str = "plain") -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = f"<thead><tr>{top}</tr></thead>\n<tbody>\n{lines}</tbody>"
    return f'<div class="wide"><table class="{kind}">{body}</table></div>\n'


def _cells(cells: Sequence[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in cells)
