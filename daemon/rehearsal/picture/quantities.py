"""The figure of quantities: voltages, frequencies, powers, caps and charges over time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.picture import axes
from daemon.rehearsal.picture.subjects import PANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.rehearsal.picture.recording import Line, Recording

_HEIGHTS_PX: Final = {
    "medium": 120,
    "low": 130,
    "frequency": 110,
    "power": 210,
    "load": 110,
    "cap": 80,
    "charge": 140,
}
_COLOURS: Final = {
    "15.4 kV": axes.BLUE,
    "6.6 kV": axes.ORANGE,
    "0.38 kV": axes.GREEN,
    "dc": axes.PURPLE,
    "utility": axes.BLUE,
    "smr": axes.PURPLE,
    "gas_turbine": axes.BLACK,
    "pv": "#B8A900",
    "generator": axes.RED,
    "ess": axes.GREEN,
    "ups": axes.SKY,
    "rectifier": axes.GREY,
    "rack_row": axes.BLACK,
    "ai_rack": axes.BLACK,
    "it_rack": axes.SKY,
    "chiller": axes.GREEN,
}
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_LEAST: Final = {"medium": 0.1, "low": 0.1, "frequency": 0.4, "power": 1.0, "load": 1.0}
"""Smallest span of an axis, so that noise does not fill it."""
_BARE: Final = "<extra></extra>"
"""Keeps plotly from adding the name once more."""
_FULL: Final = {"cap": (-4.0, 108.0), "charge": (-4.0, 108.0)}


def figure(recording: Recording) -> dict[str, Any]:
    """Return the figure of quantities; a pane without any is left out."""
    panes = [pane for pane in PANES if any(line.pane == pane for line in recording.lines)]
    made = axes.layout(recording, [_HEIGHTS_PX[pane] for pane in panes])
    traces = [axes.utc_axis(recording)]
    for number, pane in enumerate(panes):
        lines = [line for line in recording.lines if line.pane == pane]
        more = recording.not_drawn.get(pane, 0)
        said = PANES[pane].title + (f"; {more} more are not drawn" if more else "")
        axes.caption(made, number, said)
        made[axes.axis("yaxis", number)] |= {"range": _range(pane, lines), "nticks": 6}
        traces += _traces(lines, number, recording.for_s)
        made[axes.axis("legend", number)] = {
            "x": 1.01,
            "xanchor": "left",
            "y": made[axes.axis("yaxis", number)]["domain"][1],
            "yanchor": "top",
            "font": {"size": 10},
            "tracegroupgap": 0,
            "itemwidth": 30,
            "bgcolor": "rgba(255,255,255,0)",
        }
    axes.disturbances(made, recording)
    return {"data": traces, "layout": made}


def _traces(lines: Sequence[Line], pane: int, for_s: float) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    traces = []
    for line in lines:
        unit = PANES[line.pane].unit
        values: list[float | None] = [*line.values, line.values[-1]]
        if line.pane == "frequency":  # a dead bus has none
            values = [value or None for value in values]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": axes.text(line.label),
                "x": [*line.times_s, for_s],
                "y": values,
                "line": {
                    "shape": "hv",
                    "width": 1.4,
                    "color": _COLOURS.get(line.kind, axes.GREY),
                    "dash": _DASHES[seen[line.kind] % len(_DASHES)],
                },
                "hovertemplate": f"%{{fullData.name}}: %{{y}} {unit}<br>%{{x:.3f}} s{_BARE}",
                "connectgaps": False,
                "xaxis": "x",
                "yaxis": axes.axis("y", pane),
                "legend": axes.axis("legend", pane),
            }
        )
        seen[line.kind] += 1
    return traces


def _range(pane: str, lines: Sequence[Line]) -> list[float]:
    if pane in _FULL:
        return list(_FULL[pane])
    values = [value for line in lines for value in line.values]
    if pane == "frequency":
        values = [value for value in values if value] or [0.0]
    low, high = min(values), max(values)
    room = max(_LEAST[pane] - (high - low), 0.06 * (high - low)) / 2.0
    return [round(low - room, 4), round(high + room, 4)]
