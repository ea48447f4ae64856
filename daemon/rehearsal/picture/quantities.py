"""The figure of quantities: voltages, frequencies, powers, caps and charges over time."""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

from daemon.rehearsal.picture import axes
from daemon.rehearsal.picture.subjects import PANES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.rehearsal.picture.recording import Line, Recording

_HEIGHTS_PX: Final = {"power": 200, "cap": 80}
_HEIGHT_PX: Final = 100
_NAME_PX: Final = 19
"""One line of a legend, which may reach into the gap below its pane."""
_COLOURS: Final = {
    "dc": axes.PURPLE,
    "utility": axes.BLUE,
    "smr": axes.PURPLE,
    "gas_turbine": "#882255",
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
_LEVELS: Final = (axes.BLUE, axes.ORANGE, axes.GREEN, axes.PURPLE, axes.SKY, axes.BLACK)
"""Colours of voltage levels, the highest first."""
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_LEAST: Final = {"medium": 0.1, "low": 0.1, "frequency": 0.4, "power": 1.0, "load": 1.0}
"""Smallest span of an axis, so that noise does not fill it."""
_BARE: Final = "<extra></extra>"
"""Keeps plotly from adding the name once more."""
_UNNAMED: Final = "frequency"
"""Its lines have the colours of the buses in the pane of their voltage."""
_FULL: Final = {"cap": (-4.0, 108.0), "charge": (-4.0, 108.0)}


def figure(recording: Recording) -> dict[str, Any]:
    """Return the figure of quantities; a pane without any is left out."""
    panes = [pane for pane in PANES if any(line.pane == pane for line in recording.lines)]
    colours = _colours(recording)
    made = axes.layout(recording, [_height_px(recording, pane) for pane in panes])
    traces = [axes.unseen(recording, "x2", "y")]
    for number, pane in enumerate(panes):
        lines = [line for line in recording.lines if line.pane == pane]
        more = recording.not_drawn.get(pane, 0)
        said = PANES[pane].title + (f"; {more} more are not drawn" if more else "")
        axes.caption(made, number, said)
        made[axes.axis("yaxis", number)] |= {"range": _range(pane, lines), "nticks": 6}
        traces += _traces(lines, number, recording.for_s, colours)
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


def _height_px(recording: Recording, pane: str) -> float:
    names = sum(line.pane == pane for line in recording.lines) if pane != _UNNAMED else 0
    return max(_HEIGHTS_PX.get(pane, _HEIGHT_PX), names * _NAME_PX - axes.GAP_PX + 6)


def _colours(recording: Recording) -> Mapping[str, str]:
    """Return the colour of every kind; those that are not named are levels of voltage."""
    levels = dict.fromkeys(line.kind for line in recording.lines if line.kind not in _COLOURS)
    return {**_COLOURS, **dict(zip(levels, cycle(_LEVELS), strict=False))}


def _traces(
    lines: Sequence[Line], pane: int, for_s: float, colours: Mapping[str, str]
) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    traces = []
    for line in lines:
        unit = PANES[line.pane].unit
        times_s, values = _points(line, for_s)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": axes.text(line.label),
                "x": times_s,
                "y": values,
                "line": {
                    "shape": "hv",
                    "width": 1.4,
                    "color": colours[line.kind],
                    "dash": _DASHES[seen[line.kind] % len(_DASHES)],
                },
                "hovertemplate": f"%{{fullData.name}}: %{{y}} {unit}<br>%{{x:.3f}} s{_BARE}",
                "showlegend": line.pane != _UNNAMED,
                "connectgaps": False,
                "xaxis": "x",
                "yaxis": axes.axis("y", pane),
                "legend": axes.axis("legend", pane),
            }
        )
        seen[line.kind] += 1
    return traces


def _points(line: Line, for_s: float) -> tuple[list[float], list[float | None]]:
    """Return what is drawn of a line: up to the end, and nothing for the frequency of a dead bus.

    The last value before a gap is drawn up to it: plotly would leave it out.
    """
    times_s, values = [*line.times_s, for_s], [*line.values, line.values[-1]]
    if line.pane != _UNNAMED:
        return times_s, [*values]
    drawn: list[tuple[float, float | None]] = []
    for number, (at_s, value) in enumerate(zip(times_s, values, strict=True)):
        if not value and number and values[number - 1]:
            drawn.append((at_s, values[number - 1]))
        drawn.append((at_s, value or None))
    return [at_s for at_s, _ in drawn], [value for _, value in drawn]


def _range(pane: str, lines: Sequence[Line]) -> list[float]:
    if pane in _FULL:
        return list(_FULL[pane])
    values = [value for line in lines for value in line.values]
    if pane == _UNNAMED:
        values = [value for value in values if value] or [0.0]
    low, high = min(values), max(values)
    room = max(_LEAST[pane] - (high - low), 0.06 * (high - low)) / 2.0
    return [round(low - room, 4), round(high + room, 4)]
