"""The figure of states: what happened and was said, and how everything stood, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.picture import axes
from daemon.rehearsal.picture.recording import Band, Span
from daemon.rehearsal.picture.subjects import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.rehearsal.picture.recording import Entry, Recording

ROW_PX: Final = 19
CUT_ROWS: Final = 12
"""Loads that were cut and get a row of their own."""

_MEANINGS: Final = (
    ("feeds, closed, running", axes.BLUE, "#FFFFFF"),
    ("from store", axes.ORANGE, axes.BLACK),
    ("other path or mode", axes.SKY, axes.BLACK),
    ("on its way", axes.YELLOW, axes.BLACK),
    ("stands by, open, off", axes.PALE, "#4B5563"),
    ("dead, tripped, lost", axes.RED, "#FFFFFF"),
)
_MEANT: Final = {
    0: "live closed running loaded on_grid feeding normal grid_following source_1",
    1: "battery",
    2: "source_2 grid_forming static_bypass maintenance_bypass house_load ready",
    3: "cranking resting running_up cooling_down starting walk_in precharge travelling "
    "shutting_down waiting",
    4: "stopped standby open off offline",
    5: "dead fault tripped bad lost cut",
}
_MEANING: Final = {word: number for number, words in _MEANT.items() for word in words.split()}
_OTHER: Final = 2

_NEWS: Final = (
    ("plant", "plant", "line-ns-open", axes.GREY, 11),
    ("daemon", "daemon", "line-ns-open", axes.BLUE, 11),
    ("command", "commands", "triangle-right", axes.GREEN, 8),
    ("alarm", "alarms", "diamond", axes.RED, 9),
)
_PRIORITIES: Final = {1: axes.RED, 2: axes.ORANGE, 3: axes.SKY, 4: axes.GREY}
_WRAP: Final = 90


def figure(recording: Recording) -> dict[str, Any]:
    """Return the figure of what happened and of states."""
    groups = [[band for band in recording.bands if band.group == group] for group in GROUPS]
    titles = [f"{title}" for title, bands in zip(GROUPS.values(), groups, strict=True) if bands]
    drawn = [bands for bands in groups if bands]
    cuts = _cut_rows(recording)
    rows = [len(_NEWS), *(len(bands) for bands in drawn), max(1, len(cuts))]
    made = axes.layout(recording, [count * ROW_PX for count in rows])
    last = axes.axis("y", len(rows) - 1)
    traces = [axes.unseen(recording, "x2", "y"), *_news(recording)]
    traces.append(axes.unseen(recording, "x", last))
    _rows(made, 0, [label for _, label, *_ in _NEWS])
    axes.caption(made, 0, "What happened (alarms: filled came, hollow went; hover for the text)")
    shown: set[int] = set()
    for number, (title, bands) in enumerate(zip(titles, drawn, strict=True), start=1):
        _rows(made, number, [band.label for band in bands])
        axes.caption(made, number, title)
        traces += _bars(bands, number, shown)
    _cut_pane(made, len(rows) - 1, recording, cuts)
    traces += _bars(cuts, len(rows) - 1, shown)
    axes.disturbances(made, recording)
    made["legend"] = {
        "orientation": "v",
        "x": 1.01,
        "y": made["yaxis2"]["domain"][1] if drawn else 1,
        "xanchor": "left",
        "itemclick": False,
        "itemdoubleclick": False,
        "font": {"size": 11},
    }
    return {"data": traces, "layout": made}


def _rows(made: dict[str, Any], number: int, labels: Sequence[str]) -> None:
    """Name the rows of a pane; the first is at the top."""
    made[axes.axis("yaxis", number)] |= {
        "range": [len(labels) - 0.5, -0.5],
        "tickvals": list(range(len(labels))),
        "ticktext": [axes.text(label) for label in labels],
        "tickfont": {"size": 11},
        "showgrid": False,
        "fixedrange": True,
    }


def _bars(bands: Sequence[Band], pane: int, shown: set[int]) -> Iterator[dict[str, Any]]:
    """Yield one trace for every meaning that occurs; `shown` are those in the legend already."""
    by_meaning: dict[int, list[tuple[int, str, Span]]] = {}
    for row, band in enumerate(bands):
        for span in band.spans:
            meaning = _MEANING.get(span.state, _OTHER)
            by_meaning.setdefault(meaning, []).append((row, band.label, span))
    for meaning, found in sorted(by_meaning.items()):
        name, fill, ink = _MEANINGS[meaning]
        yield {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "legendgroup": name,
            "legendrank": 1000 + meaning,
            "showlegend": meaning not in shown,
            "base": [span.from_s for _, _, span in found],
            "x": [round(span.to_s - span.from_s, 3) for _, _, span in found],
            "y": [row for row, _, _ in found],
            "width": 0.94,
            "marker": {"color": fill, "line": {"width": 0}},
            "text": [axes.text(span.state.replace("_", " ")) for _, _, span in found],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "insidetextfont": {"color": ink, "size": 10},
            "hovertext": [_said(label, span) for _, label, span in found],
            "hovertemplate": "%{hovertext}<extra></extra>",
            "xaxis": "x",
            "yaxis": axes.axis("y", pane),
        }
        shown.add(meaning)


def _said(label: str, span: Span) -> str:
    lasted_s = span.to_s - span.from_s
    times = f"{axes.time_said(span.from_s)} to {axes.time_said(span.to_s)}"
    state = span.state.replace("_", " ")
    return axes.text(f"{label}: {state}") + f"<br>{times}, {lasted_s:.3f} s"


def _news(recording: Recording) -> Iterator[dict[str, Any]]:
    for row, (kind, _, symbol, colour, size) in enumerate(_NEWS):
        entries = [entry for entry in recording.entries if entry.kind == kind]
        if not entries:
            continue
        marker: dict[str, Any] = {"symbol": symbol, "size": size, "color": colour}
        if kind == "alarm":
            marker["color"] = [_PRIORITIES.get(entry.priority, axes.GREY) for entry in entries]
            marker["symbol"] = [symbol if e.active else f"{symbol}-open" for e in entries]
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": [entry.at_s for entry in entries],
            "y": [row] * len(entries),
            "marker": marker,
            "hovertext": [_entry_said(entry) for entry in entries],
            "hovertemplate": "%{hovertext}<extra></extra>",
            "showlegend": False,
            "xaxis": "x",
            "yaxis": "y",
        }


def _entry_said(entry: Entry) -> str:
    words, lines = entry.text.split(" "), [""]
    for word in words:
        if len(lines[-1]) + len(word) > _WRAP:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    rank = f", priority {entry.priority}" if entry.priority else ""
    head = axes.text(f"{entry.kind}{rank}")
    return f"{axes.time_said(entry.at_s)}  {head}<br>" + "<br>".join(map(axes.text, lines))


def _cut_rows(recording: Recording) -> list[Band]:
    """Return a row for each load that was cut; those beyond `CUT_ROWS` share one."""
    cuts = list(recording.cuts)
    if len(cuts) <= CUT_ROWS:
        return cuts
    rest = cuts[CUT_ROWS - 1 :]
    spans = sorted((span for band in rest for span in band.spans), key=lambda span: span.from_s)
    return [*cuts[: CUT_ROWS - 1], Band("cut", f"{len(rest)} more", tuple(spans))]


def _cut_pane(made: dict[str, Any], pane: int, recording: Recording, cuts: Sequence[Band]) -> None:
    said = f"Critical loads outside the ITIC curve: {len(recording.cuts)} of "
    axes.caption(made, pane, f"{said}{recording.loads_count}")
    _rows(made, pane, [band.label for band in cuts] or ["none was cut"])
