"""What was judged, what was done and what happened, as tables of the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.chains import comparison, percent
from daemon.rehearsal.report import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.rehearsal.picture.recording import Entry, Recording

_MARKS: Final = {
    True: ("pass", "✓ pass"),
    False: ("fail", "✗ FAIL"),
    None: ("open", "– not judged"),
}
_ORDER: Final = {False: 0, None: 1, True: 2}
_RELATIONS: Final = {"by": "by", ">=": "≥", "<=": "≤", "is": "is", "order": "in order"}


def verdicts(
    expectations: Sequence[Mapping[str, Any]], oracles: Sequence[Mapping[str, Any]]
) -> str:
    """Return the table of what was judged, failures first."""
    both = [
        *((verdict, "expectation") for verdict in expectations),
        *((verdict, "oracle") for verdict in oracles),
    ]
    both.sort(key=lambda pair: _ORDER[pair[0]["ok"]])
    rows = "".join(_verdict(verdict, kind) for verdict, kind in both)
    heads = ("verdict", "what", "kind", "measured", "limit", "at", "detail")
    return _table("verdicts", heads, rows)


def _verdict(verdict: Mapping[str, Any], kind: str) -> str:
    style, mark = _MARKS[verdict["ok"]]
    value, limit = _measured(verdict)
    at_s = verdict.get("at_s")
    at = "" if at_s is None else f"{at_s:.3f} s"
    cells = (verdict["name"], kind, value, limit, at, verdict.get("detail", ""))
    return f'<tr class="{style}"><td class="mark">{mark}</td>{_cells(cells)}</tr>\n'


def _measured(verdict: Mapping[str, Any]) -> tuple[str, str]:
    """Return value and limit of a verdict for people."""
    value, limit, unit = verdict["value"], verdict["limit"], verdict["unit"]
    relation = verdict.get("relation", "<=")
    if relation == "by":
        said = "never" if value is None else f"at {value:.3f} s"
        return said, "" if limit is None else f"by {limit:.3f} s"
    said = "" if value is None else shown(value, unit)
    asked = "" if limit is None else f"{_RELATIONS.get(relation, '')} {shown(limit, unit)}".strip()
    return said, asked


def disturbances(recording: Recording) -> str:
    """Return the table of what the scenario did, numbered as in the figures."""
    rows = "".join(
        _row((number, f"{one.at_s:.3f} s", one.target, _plain(one.event), one.details))
        for number, one in enumerate(recording.disturbances, start=1)
    )
    return _table("disturbances", ("no.", "at", "target", "event", "values"), rows)


def entries(recording: Recording) -> str:
    """Return the list of everything that happened; the page's script filters it."""
    rows = "".join(_entry(entry) for entry in recording.entries)
    return _table("entries", ("at", "kind", "source", "text"), rows)


def efficiency(recording: Recording) -> str:
    """Return the chains of conversion stage by stage, each ended by its product."""
    rows = ""
    for chain in recording.efficiency["chains"]:
        for stage in chain["stages"]:
            lost = "declared" if stage["loss_w"] is None else shown(stage["loss_w"], "w")
            rows += _row(
                (chain["name"], stage["name"], f"{percent(stage['efficiency_pu'])} %", lost)
            )
        whole = (chain["name"], "altogether", f"{percent(chain['efficiency_pu'])} %", "")
        rows += f'<tr class="whole">{_cells(whole)}</tr>\n'
    return _table("efficiency", ("chain", "stage", "efficiency", "loss"), rows)


def efficiency_note(recording: Recording) -> str:
    """Return the PUE and how the chains compare."""
    pue = recording.efficiency["pue_pu"]
    said = comparison(recording.efficiency)
    return "; ".join(filter(None, ("" if pue is None else f"PUE {pue:.3f}", said)))


def _entry(entry: Entry) -> str:
    kind = f"{entry.kind} {entry.priority}" if entry.priority else entry.kind
    at = f"{entry.at_s:.3f} s"
    cells = _cells((at, kind, entry.source, entry.text))
    return f'<tr data-kind="{escape(entry.kind)}">{cells}</tr>\n'


def _row(values: Sequence[object]) -> str:
    return f"<tr>{_cells(values)}</tr>\n"


def _plain(word: str) -> str:
    return word.replace("_", " ")


def _cells(values: Sequence[object]) -> str:
    return "".join(f"<td>{escape(str(value))}</td>" for value in values)


def _table(name: str, heads: Sequence[str], rows: str) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    return f'<table id="{name}"><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n'
