"""A backtest as one HTML file: no script, nothing from elsewhere, fit for paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.console.report import style
from daemon.rehearsal.backtest.words import TITLES, foreseen_by, heads, row
from daemon.rehearsal.compliance.drawing import LEFT, RIGHT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from daemon.rehearsal.backtest.drive import Run
    from daemon.rehearsal.backtest.words import Outcome

    Floats = NDArray[np.float64]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_HEIGHT: Final = 230
_TOP: Final = 22
_COLUMNS: Final = WIDTH - LEFT - RIGHT
_DAY_S: Final = 86_400.0


def document(outcome: Outcome, version: str) -> str:
    """Return the page of a backtest; `version` is that of Ridethrough."""
    title = escape(f"{outcome.name}: backtest")
    body = "".join(_parts(outcome))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{style()}</style></head>\n"
        f'<body><main class="transfer-page">\n{body}'
        f"<footer>Ridethrough {escape(version)}. A sample of the trace holds until the next. Long "
        "traces are drawn as the lowest and highest of each column of pixels.</footer>\n"
        "</main></body></html>\n"
    )


def _parts(outcome: Outcome) -> Iterator[str]:
    yield f'<section class="transfer"><h1>{escape(outcome.name)}</h1>\n'
    tint, said = ("pass", outcome.said) if outcome.ok else ("fail", outcome.said)
    yield f'<p class="banner {tint}">{escape(said)}.</p>\n'
    yield from (f"<p>{escape(line)}</p>\n" for line in outcome.about)
    yield from (f'<p class="note">{escape(note)}</p>\n' for note in outcome.notes)
    yield _table(outcome)
    runs = outcome.runs
    yield from (f"<p>{escape(foreseen_by(r).strip())}</p>\n" for r in runs if r.pinball_w)
    yield _figure("billed demand [MW]", runs, [r.demands_w / 1e6 for r in runs], outcome.window_s)
    stored = [r for r in runs if r.energy_j.any()]
    if stored:
        energies = [np.round(r.energy_j / 3.6e9, 6) + 0.0 for r in stored]
        yield _figure("energy in storage [MWh]", stored, energies, outcome.window_s)
    yield "</section>\n"


def _table(outcome: Outcome) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in heads())
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row(outcome, run)) + "</tr>\n"
        for run in outcome.runs
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead>\n{rows}</table></div>\n'


def _figure(name: str, runs: Sequence[Run], curves: Sequence[Floats], window_s: float) -> str:
    low = min(float(curve.min()) for curve in curves)
    high = max(float(curve.max()) for curve in curves)
    reach = (high - low) or 1.0
    bottom = _TOP + _HEIGHT
    body = [
        f'<rect class="frame" x="{LEFT}" y="{_TOP}" width="{_COLUMNS}" height="{_HEIGHT}"/>',
    ]
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = bottom - part * _HEIGHT
        text = f"{low + part * reach:.4g}"
        body.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        body.append(
            f'<text class="tick" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{text}</text>'
        )
    body += _days(len(curves[0]) * window_s, bottom)
    for i, (run, curve) in reversed(list(enumerate(zip(runs, curves, strict=True)))):
        scaled = bottom - (curve - low) / reach * _HEIGHT
        said = escape(TITLES[run.policy])
        body.append(f'<path class="line line{i}" d="{_path(scaled)}"><title>{said}</title></path>')
        x, y = WIDTH - RIGHT + 5, _TOP + 14 + 16 * i
        body.append(f'<text class="line{i}" x="{x}" y="{y}">{escape(run.policy)}</text>')
    svg = "\n".join(body)
    box = f"0 0 {WIDTH} {bottom + 34}"
    return (
        f'<h2>{escape(name)}</h2>\n<figure tabindex="0"><svg viewBox="{box}" role="img" '
        f'aria-label="{escape(name)}">\n{svg}\n</svg></figure>\n'
    )


def _path(heights: Floats) -> str:
    """Return a curve as lowest and highest of each column of pixels."""
    columns = np.arange(len(heights)) * (_COLUMNS - 1) // max(len(heights) - 1, 1)
    begins = np.flatnonzero(np.diff(columns, prepend=-1))
    low = np.minimum.reduceat(heights, begins)
    high = np.maximum.reduceat(heights, begins)
    points = [
        f"{LEFT + x} {y:.1f}"
        for x, a, b in zip(columns[begins].tolist(), low.tolist(), high.tolist(), strict=True)
        for y in ((a,) if a == b else (a, b))
    ]
    return "M" + "L".join(points)


def _days(length_s: float, bottom: float) -> Iterator[str]:
    unit_s, word = (_DAY_S, "days") if length_s > 2 * _DAY_S else (3600.0, "hours")
    step = max(1, round(length_s / unit_s / 10))
    for k in range(0, int(length_s / unit_s) + 1, step):
        x = round(LEFT + k * unit_s / length_s * _COLUMNS, 1)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>'
        yield f'<text class="tick" x="{x}" y="{bottom + 14}" text-anchor="middle">{k}</text>'
    middle = LEFT + _COLUMNS / 2
    yield f'<text class="tick" x="{middle}" y="{bottom + 28}" text-anchor="middle">{word}</text>'
