"""What both figures share: the time axis, panes one below the other, colours, disturbances.

A figure is the mapping that plotly.js takes. There is one time axis in seconds of the scenario at
the bottom, and one in UTC at the top; the page keeps all of them on the same range. Colours are
those of Okabe and Ito, which people with any colour vision tell apart.

Source: M. Okabe, K. Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.rehearsal.picture.recording import Disturbance, Recording

BLACK: Final = "#000000"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
YELLOW: Final = "#F0E442"
BLUE: Final = "#0072B2"
RED: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
PALE: Final = "#DDE1E6"
GREY: Final = "#6B7280"
_GRID: Final = "#E3E6EA"
_INK: Final = "#1F2933"
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"

LEFT_PX: Final = 118
RIGHT_PX: Final = 186
TOP_PX: Final = 112
BOTTOM_PX: Final = 52
GAP_PX: Final = 28
_ABOVE_PX: Final = 18
"""Room for the title of the first pane, below the labels of the UTC axis."""
LABELLED: Final = 8
"""With more disturbances than this the figure shows their numbers only."""
_LETTER: Final = 0.006
"""Width of a letter of a label as a share of the time axis."""
_FAR_RIGHT: Final = 0.87
"""Labels beyond this share of the time axis stand to the left of their line."""
_LINES: Final = 4


def text(said: str) -> str:
    """Return what was said as text for a figure, which takes some HTML for markup."""
    return html.escape(said, quote=False)


def time_said(at_s: float) -> str:
    """Return a scenario time for people."""
    return f"{at_s:.3f} s"


def utc_ms(recording: Recording, at_s: float) -> float:
    """Return the wall clock at a scenario time as plotly takes it [ms since 1970]."""
    return recording.began_utc_ns / 1e6 + at_s * 1e3


def layout(recording: Recording, heights_px: Sequence[float]) -> dict[str, Any]:
    """Return the layout of a figure with panes of these heights, the first at the top.

    The panes' own axes are `yaxis`, `yaxis2`...; the caller fills them in.
    """
    height_px = sum(heights_px) + GAP_PX * (len(heights_px) - 1)
    made: dict[str, Any] = {
        "height": height_px + TOP_PX + BOTTOM_PX,
        "margin": {"l": LEFT_PX, "r": RIGHT_PX, "t": TOP_PX, "b": BOTTOM_PX, "autoexpand": False},
        "font": {"family": _FONT, "size": 12, "color": _INK},
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "namelength": -1},
        "dragmode": "zoom",
        "barmode": "overlay",
        "bargap": 0,
        "uniformtext": {"minsize": 9, "mode": "hide"},
        "shapes": [],
        "annotations": [],
    }
    below_px = height_px
    for number, own_px in enumerate(heights_px):
        top, low = below_px / height_px, (below_px - own_px) / height_px
        made[axis("yaxis", number)] = {
            "domain": [max(0.0, low), top],
            "anchor": "x",
            "gridcolor": _GRID,
            "zeroline": False,
            "linecolor": "#9AA5B1",
            "automargin": False,
        }
        below_px -= own_px + GAP_PX
    last = axis("y", len(heights_px) - 1)
    line = {"gridcolor": _GRID, "zeroline": False, "linecolor": "#9AA5B1", "ticks": "outside"}
    made["xaxis"] = {
        **line,
        "anchor": last,
        "range": [0.0, recording.for_s],
        "title": {"text": "scenario time [s]", "standoff": 6},
        "showspikes": True,
        "spikemode": "across",
        "spikethickness": 1,
        "spikecolor": GREY,
        "spikedash": "dot",
        "tickformat": ",~f",
    }
    made["xaxis2"] = {
        **line,
        "type": "date",
        "overlaying": "x",
        "side": "top",
        "anchor": "y",
        "range": [utc_ms(recording, 0.0), utc_ms(recording, recording.for_s)],
        "showgrid": False,
        "tickfont": {"size": 10, "color": GREY},
        "tickformatstops": [
            {"dtickrange": [None, 999], "value": "%H:%M:%S.%L"},
            {"dtickrange": [1000, 3_599_999], "value": "%H:%M:%S"},
            {"dtickrange": [3_600_000, None], "value": "%d %b %H:%M"},
        ],
        "fixedrange": True,
        "tickmode": "auto",
        "nticks": 10,
        "ticklen": _ABOVE_PX,
        "tickcolor": _GRID,
    }
    made["annotations"].append(
        {
            "text": "UTC",
            "xref": "paper",
            "yref": "paper",
            "x": 1,
            "y": 1,
            "xshift": 44,
            "yshift": _ABOVE_PX,
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 10, "color": GREY},
        }
    )
    return made


def axis(name: str, number: int) -> str:
    """Return the name of an axis by its number from 0, as plotly counts."""
    return name if number == 0 else f"{name}{number + 1}"


def caption(made: dict[str, Any], number: int, said: str) -> None:
    """Write a title above a pane."""
    made["annotations"].append(
        {
            "text": f"<b>{text(said)}</b>",
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": made[axis("yaxis", number)]["domain"][1],
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 12},
        }
    )


def unseen(recording: Recording, time_axis: str, own_axis: str) -> dict[str, Any]:
    """Return an invisible trace, without which plotly leaves out an axis that has no other."""
    begin: float = 0.0 if time_axis == "x" else utc_ms(recording, 0.0)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [begin],
        "y": [None],
        "xaxis": time_axis,
        "yaxis": own_axis,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def disturbances(made: dict[str, Any], recording: Recording) -> None:
    """Mark what the scenario did: a line with its number, shaded as long as it lasted."""
    few = len(recording.disturbances) <= LABELLED
    free_at = [-1.0] * _LINES  # share of the time axis from which each line of labels is free
    for number, one in enumerate(recording.disturbances, start=1):
        made["shapes"] += _marks(one)
        share = one.at_s / recording.for_s if recording.for_s else 0.0
        said = f"{number} {_short(one)}" if few else str(number)
        level = next((line for line, free in enumerate(free_at) if free <= share), None)
        if level is None:
            continue  # no room: the line stands, its number is in the table
        free_at[level] = share + _LETTER * (len(said) + 2)
        made["annotations"].append(_label(one, said, level, to_left=share > _FAR_RIGHT))


def _label(one: Disturbance, said: str, level: int, *, to_left: bool) -> dict[str, Any]:
    number, _, rest = said.partition(" ")
    return {
        "text": f"<b>{number}</b> {text(rest)}".rstrip(),
        "xref": "x",
        "yref": "paper",
        "x": one.at_s,
        "y": 1.0,
        "yshift": _ABOVE_PX + 16 + 15 * level,
        "xanchor": "right" if to_left else "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11, "color": RED},
        "bgcolor": "rgba(255,255,255,0.85)",
        "borderpad": 0,
    }


def _short(one: Disturbance) -> str:
    said = f"{one.target}: {one.event.replace('_', ' ')}"
    return said if len(said) <= 30 else f"{said[:29]}…"


def _marks(one: Disturbance) -> list[dict[str, Any]]:
    where = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    line = {"color": RED, "width": 1, "dash": "dash"}
    found = [{**where, "type": "line", "x0": one.at_s, "x1": one.at_s, "line": line}]
    if one.until_s is not None:
        shade = {"fillcolor": RED, "opacity": 0.06, "line": {"width": 0}, "layer": "below"}
        found.append({**where, "type": "rect", "x0": one.at_s, "x1": one.until_s, **shade})
    return found
