"""Figures of the report as SVG: stages as numbered lines over bands and curves on one time axis.

A transfer has its milliseconds at the begin and its minutes at the end, so a long one is drawn
twice: from before the loss until all is recovered, and as a whole. Colours are classes that the
style of the page fills in for light, dark and paper; what a colour says, a word says too.
"""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from daemon.console.report import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from daemon.model.transfer_report import Band, Curve, Stage, TransferReport

WIDTH: Final = 1100
LEFT: Final = 110
RIGHT: Final = 120
_ROW: Final = 17
_PANE: Final = 110
_HEAD: Final = 34
_GAP: Final = 26
_TICKS: Final = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
_N_TICK: Final = 12
_BEFORE_S: Final = 2.0
_LABEL_PX: Final = 18
_WORTH: Final = 1.6
"""The begin is drawn apart when the whole is longer by this factor."""

_TINTS: Final = {
    "closed": "on",
    "normal": "on",
    "loaded": "on",
    "running": "on",
    "source_1": "on",
    "source_2": "second",
    "open": "off",
    "off": "off",
    "stopped": "off",
    "standby": "off",
    "travelling": "moving",
    "cranking": "moving",
    "running_up": "moving",
    "walk_in": "moving",
    "precharge": "moving",
    "ready": "second",
    "cooling_down": "idle",
    "resting": "idle",
    "battery": "storage",
    "static_bypass": "storage",
    "maintenance_bypass": "storage",
    "fault": "bad",
    "bad": "bad",
    "unknown": "blind",
}
_PANES: Final = (
    ("voltage", "bus voltages", "%"),
    ("terminal", "critical supplies", "%"),
    ("generation", "given by the standby sets", "MW"),
    ("input", "drawn by UPS, rectifiers and converters", "MW"),
    ("storage", "storage (discharge is negative)", "MW"),
    ("load", "AI rows", "MW"),
)


class _Axis(NamedTuple):
    """The time axis of a figure: from, to [s]."""

    from_s: float
    to_s: float

    def x(self, at_s: float) -> float:
        share = (at_s - self.from_s) / (self.to_s - self.from_s)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)


def figures(report: TransferReport) -> Iterator[tuple[str, str]]:
    """Yield heading and SVG of every figure of a report."""
    end_s = max(report.lasted_s, 1.0)
    whole = _Axis(-min(_BEFORE_S, 0.25 * end_s), 1.02 * end_s)
    recovered = [s.last_s for s in report.stages if s.name in {"recovered", "load_accepted"}]
    begin_s = 1.15 * max(recovered, default=end_s)
    if begin_s * _WORTH < end_s:
        begin = _Axis(-min(_BEFORE_S, 0.1 * begin_s), begin_s)
        yield "From the loss to recovery", _figure(report, begin)
        yield "The whole transfer", _figure(report, whole)
    else:
        yield "The transfer", _figure(report, whole)


def _figure(report: TransferReport, axis: _Axis) -> str:
    y = _HEAD
    body: list[str] = []
    for _, bands in groupby(report.bands, key=lambda band: band.group):
        for band in bands:
            body += _band(band, axis, y)
            y += _ROW
        y += 6
    for group, name, unit in _PANES:
        curves = [c for c in report.curves if c.group == group and _moves(c)]
        if curves:
            y += _GAP
            body += _pane(curves, (name, unit), axis, y)
            y += _PANE
    height = y + 30
    lines = _stages(report.stages, axis, y)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(words.title(report))}">\n'
        + "\n".join([*_ticks(axis, y), *body, *lines])
        + "\n</svg>"
    )


def _moves(curve: Curve) -> bool:
    seen = [v for v in curve.values if v is not None]
    return bool(seen) and max(map(abs, seen)) > 0.0


def _ticks(axis: _Axis, bottom: float) -> Iterator[str]:
    length_s = axis.to_s - axis.from_s
    step_s = next((t for t in _TICKS if length_s / t <= _N_TICK), _TICKS[-1])
    first = int(axis.from_s // step_s) + 1
    for i in range(first, int(axis.to_s // step_s) + 1):
        x, said = axis.x(i * step_s), f"{i * step_s:g}"
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_HEAD - 4}" y2="{bottom}"/>'
        yield f'<text class="tick" x="{x}" y="{bottom + 14}" text-anchor="middle">{said}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text class="tick" x="{middle}" y="{bottom + 27}" text-anchor="middle">seconds</text>'


def _stages(stages: Sequence[Stage], axis: _Axis, bottom: float) -> Iterator[str]:
    """Yield a line for every stage with its number in the table, moved aside where it is tight."""
    last_x = float("-inf")
    for number, stage in enumerate(stages, start=1):
        if not axis.from_s <= stage.at_s <= axis.to_s:
            continue
        x = axis.x(stage.at_s)
        label_x = max(x, last_x + _LABEL_PX)
        last_x = label_x
        said = escape(f"{number}. {words.stage_said(stage.name)}: {stage.at_s:.2f} s")
        yield f'<g class="stage"><title>{said}</title>'
        yield f'<polyline points="{label_x},17 {x},{_HEAD - 6} {x},{bottom}"/>'
        yield f'<text x="{label_x}" y="12" text-anchor="middle">{number}</text></g>'


def _band(band: Band, axis: _Axis, y: float) -> Iterator[str]:
    name = escape(band.name)
    yield f'<text class="name" x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{name}</text>'
    ends = [*band.at_s[1:], axis.to_s]
    for from_s, to_s, word in zip(band.at_s, ends, band.words, strict=True):
        if to_s <= axis.from_s or from_s >= axis.to_s:
            continue
        x, width = axis.x(from_s), max(1.0, round(axis.x(to_s) - axis.x(from_s), 1))
        said = word.replace("_", " ")
        tint = _TINTS.get(word, "idle")
        title = escape(f"{band.name}: {said} from {from_s:.2f} s")
        yield (
            f'<g><title>{title}</title><rect class="band {tint}" x="{x}" y="{y + 2}" '
            f'width="{width}" height="{_ROW - 4}"/>'
        )
        if width > 7 * len(said):
            yield f'<text class="word {tint}" x="{x + 4}" y="{y + 12}">{escape(said)}</text>'
        yield "</g>"


def _pane(curves: Sequence[Curve], head: tuple[str, str], axis: _Axis, top: float) -> Iterator[str]:
    """Yield one pane of curves with a scale of its own."""
    name, unit = head
    factor = 100.0 if unit == "%" else 1e-6
    shown = [_within(curve, axis) for curve in curves]
    values = [v * factor for points in shown for _, v in points if v is not None]
    low, high = min(0.0, *values), max(values, default=1.0)
    low, high = (low, high) if high > low else (low, low + 1.0)
    margin = 0.05 * (high - low)
    low, high = low - (margin if low < 0.0 else 0.0), high + margin

    def y_of(value: float) -> float:
        return round(top + _PANE - (value * factor - low) / (high - low) * _PANE, 1)

    said = escape(f"{name} [{unit}]")
    right = WIDTH - RIGHT
    yield f'<text class="head" x="{LEFT}" y="{top - 7}">{said}</text>'
    yield f'<rect class="frame" x="{LEFT}" y="{top}" width="{right - LEFT}" height="{_PANE}"/>'
    for value in (low, 0.5 * (low + high), high):
        y = round(top + _PANE - (value - low) / (high - low) * _PANE, 1)
        tick = f"{value:.0f}" if high - low > 10 else f"{value:.2f}"
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{tick}</text>'
    spots = _label_spots([_last_y(points, y_of, top) for points in shown], top)
    for number, (curve, points, spot) in enumerate(zip(curves, shown, spots, strict=True)):
        line = f"line line{number % 6}{' dashed' if number >= 6 else ''}"
        yield f"<g><title>{escape(curve.name)}</title>"
        yield f'<path class="{line}" d="{_path(points, axis, y_of)}"/>'
        yield f'<text class="key line{number % 6}" x="{right + 6}" y="{spot}">'
        yield f"{escape(curve.name)}</text></g>"


def _within(curve: Curve, axis: _Axis) -> list[tuple[float, float | None]]:
    """Return the points of a curve on the axis, with the value that held at its begin and end."""
    before = [p for p in zip(curve.at_s, curve.values, strict=True) if p[0] < axis.from_s]
    inside = [
        p for p in zip(curve.at_s, curve.values, strict=True) if axis.from_s <= p[0] <= axis.to_s
    ]
    begin = [(axis.from_s, before[-1][1])] if before else []
    points = [*begin, *inside]
    return [*points, (axis.to_s, points[-1][1])] if points else []


def _last_y(
    points: Sequence[tuple[float, float | None]], y_of: Callable[[float], float], top: float
) -> float:
    seen = [v for _, v in points if v is not None]
    return y_of(seen[-1]) if seen else top


def _label_spots(wanted: Sequence[float], top: float) -> list[float]:
    """Return where the names of curves stand: near their ends, one below the other."""
    spots = [0.0] * len(wanted)
    y = top - 2.0
    for i in sorted(range(len(wanted)), key=lambda i: wanted[i]):
        y = max(wanted[i] + 4.0, y + 12.0)
        spots[i] = y
    beyond = max(0.0, y - (top + _PANE + 8.0))
    return [round(spot - beyond, 1) for spot in spots]


def _path(
    points: Sequence[tuple[float, float | None]], axis: _Axis, y_of: Callable[[float], float]
) -> str:
    """Return steps: a value holds until the next; a gap where nothing was known."""
    parts: list[str] = []
    on = False
    for at_s, value in points:
        x = axis.x(at_s)
        if value is None:
            parts += [f"H{x}"] if on else []
        else:
            parts.append(f"H{x}V{y_of(value)}" if on else f"M{x} {y_of(value)}")
        on = value is not None
    return "".join(parts)
