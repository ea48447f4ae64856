"""The transfer report as one HTML file: no script, nothing from elsewhere, fit for paper."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from daemon.console.report import words
from daemon.console.report.drawing import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from daemon.model.transfer_report import Remark, TransferReport

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_MARKS: Final = {
    True: ("pass", "\N{CHECK MARK} pass"),
    False: ("fail", "\N{BALLOT X} FAIL"),
    None: ("open", "\N{EN DASH} not judged"),
}


def document(reports: Sequence[TransferReport], version: str, notes: Sequence[str] = ()) -> str:
    """Return the page of one or several reports.

    Args:
        reports: in the order in which they are to stand.
        version: of Ridethrough, for the foot.
        notes: what a reader has to know about the record.
    """
    head = words.title(reports[0]) if len(reports) == 1 else f"{len(reports)} transfers"
    body = "".join(part for report in reports for part in parts(report))
    said = "".join(f'<p class="note">{escape(note)}</p>\n' for note in notes)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(head)} - transfer report</title>\n<style>\n{style()}</style></head>\n"
        f'<body><main class="transfer-page">\n{said}{_contents(reports)}{body}'
        f"<footer>Ridethrough {escape(version)}. {_HOW}</footer>\n</main></body></html>\n"
    )


_HOW: Final = (
    "Times are those of the scan that saw it, counted from the first scan that saw the loss: the "
    "filter of the device, the polling of its value and the wait for the scan are in them, and "
    "each can be late by what stands beside it. What a UPS, a static switch or a protection relay "
    "does within milliseconds is its own work; here stands when its effect was seen."
)


def style() -> str:
    """Return the style sheet of the page; every rule is below `.transfer`."""
    return files(__package__).joinpath("page.css").read_text(encoding="utf-8")


def _contents(reports: Sequence[TransferReport]) -> str:
    if len(reports) < 2:
        return ""
    rows = "".join(
        f'<tr><td><a href="#{_anchor(r)}">{escape(words.began(r))}</a></td>'
        f"{_cells((words.title(r), f'{r.lasted_s:.2f} s', words.outcome(r)))}</tr>\n"
        for r in reports
    )
    table = _table("began", "what", "lasted", "outcome", rows=rows)
    return f'<section class="transfer"><h1>Transfers</h1>{table}</section>\n'


def _anchor(report: TransferReport) -> str:
    return f"t{report.began_utc_ns}"


def parts(report: TransferReport) -> Iterator[str]:
    """Yield the page of one report piece by piece, to stand in a page with this `style`."""
    yield f'<section class="transfer" id="{_anchor(report)}">\n'
    yield f"<h1>{escape(words.title(report))}</h1>\n"
    outcome = ("pass" if report.ok else "fail") if report.judged else "open"
    yield f'<p class="banner {outcome}">{escape(_banner(report))}</p>\n'
    yield f"<p>{escape(report.cause)}</p>\n"
    yield from (f'<p class="note">Not seen: {escape(gap)}</p>\n' for gap in report.missing)
    yield f"<h2>Limits</h2>\n{_verdicts(report)}"
    for head, svg in figures(report):
        yield f'<h2>{escape(head)}</h2>\n<figure tabindex="0">{svg}</figure>\n'
    yield f"<h2>Stages</h2>\n{_stages(report)}"
    yield from _optional("What was refused, failed or was given up", _remarks(report.troubles))
    yield from _optional("Loads capped, shed or shut down", _remarks(report.relief))
    yield from _optional("What was switched, by whom", _deeds(report))
    yield from _optional("Storage", _stores(report))
    if report.remarks:
        said = _remarks(report.remarks)
        yield f"<details><summary>Everything that was said</summary>{said}</details>\n"
    yield "</section>\n"


def _banner(report: TransferReport) -> str:
    missed = [v.name for v in report.verdicts if v.ok is False]
    held = sum(v.ok is True for v in report.verdicts)
    said = words.outcome(report)
    said += f": {held} limits held" if report.judged else ", nothing was judged"
    said += f", missed: {', '.join(missed)}" if missed else ""
    return f"{said}. Began {words.began(report)}, lasted {report.lasted_s:.2f} s."


def _optional(head: str, table: str) -> Iterator[str]:
    if table:
        yield f"<h2>{escape(head)}</h2>\n{table}"


def _verdicts(report: TransferReport) -> str:
    rows = ""
    for verdict in sorted(report.verdicts, key=lambda v: v.ok is not False):
        tint, mark = _MARKS[verdict.ok]
        value, limit = words.measured(verdict)
        cells = _cells((verdict.name, value, limit.replace("<=", "\N{LESS-THAN OR EQUAL TO}")))
        source = f"<small>{escape(verdict.source)}</small>"
        more = f'<td class="prose">{escape(verdict.detail)}{source}</td>'
        rows += f'<tr class="{tint}"><td class="mark">{mark}</td>{cells}{more}</tr>\n'
    return _table("verdict", "what", "measured", "limit", "what it contains; source", rows=rows)


def _stages(report: TransferReport) -> str:
    rows = ""
    for number, stage in enumerate(report.stages, start=1):
        late = f"{stage.within_s * 1000.0:.0f} ms" if stage.within_s else "exact"
        said = words.stage_said(stage.name)
        when = words.span(stage.at_s, stage.last_s)
        cells = _cells((number, when, late, said, ", ".join(stage.who)))
        rows += f'<tr>{cells}<td class="prose">{escape(stage.contains)}</td></tr>\n'
    late_by = "late by (polling and scan, as set)"
    heads = ("no.", "after the loss", late_by, "stage", "who", "contains")
    return _table(*heads, rows=rows)


def _deeds(report: TransferReport) -> str:
    rows = ""
    for deed in report.deeds:
        took = "" if deed.took_s is None else f"{deed.took_s * 1000.0:.0f} ms"
        outcome = f"{deed.outcome}, try {deed.attempt}" if deed.attempt > 1 else deed.outcome
        what = deed.action.replace("_", " ")
        cells = (
            f"{deed.at_s:.2f} s", deed.equipment, what, outcome, took, deed.owner,
            words.reason(deed),
        )  # fmt: skip
        tint = ' class="fail"' if deed.outcome in {"failed", "refused"} else ""
        rows += f"<tr{tint}>{_cells(cells)}</tr>\n"
    heads = ("at", "device", "told to", "outcome", "seen after", "by", "why")
    return _table(*heads, rows=rows) if rows else ""


def _stores(report: TransferReport) -> str:
    rows = ""
    for store in report.stores:
        figures_ = [words.figure(v, store.unit) for v in store.values]
        run = "" if store.runtime_s is None else f"{store.runtime_s:.0f} s"
        rows += f"<tr>{_cells((store.equipment, store.quantity, *figures_, run))}</tr>\n"
    heads = ("storage", "quantity", "before", "lowest", "after", "shortest run time")
    return _table(*heads, rows=rows) if rows else ""


def _remarks(remarks: Iterable[Remark]) -> str:
    rows = "".join(
        f"<tr>{_cells((f'{one.at_s:.2f} s', one.source, one.text))}</tr>\n" for one in remarks
    )
    return _table("at", "source", "text", rows=rows) if rows else ""


def _cells(values: Sequence[object]) -> str:
    return "".join(f"<td>{escape(str(value))}</td>" for value in values)


def _table(*heads: str, rows: str) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>"
    return f'<div class="wide"><table>{body}</table></div>\n'
