"""The trace against its limits, as SVG on one time axis.

A pane shows one quantity of the trace with every level of a rule set, or one figure that a limit is
held to (a rolling swing, a ramp, a demand) with that limit. A long trace is drawn as the lowest and
highest of each column of pixels, so that no extreme is lost. Colours are classes of the page.
"""

from __future__ import annotations

from html import escape
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.core.compliance.excursion import level
from daemon.core.compliance.limits import Excursion, InBand
from daemon.model.quantities import seconds
from daemon.rehearsal.compliance.endurance import picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from daemon.core.compliance import Given, RuleSet
    from daemon.core.compliance.limits import Limit
    from daemon.model.compliance import Verdict
    from daemon.rehearsal.compliance.trace_file import TraceFile

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

WIDTH: Final = 1100
LEFT: Final = 80
RIGHT: Final = 150
HEIGHT: Final = 150
_TOP: Final = 22
_FOOT: Final = 34
_COLUMNS: Final = WIDTH - LEFT - RIGHT
_DAY_S: Final = 86_400.0
_STEPS_S: Final = tuple(
    [60.0 * n for n in (1, 2, 5, 10, 15, 30)] + [3600.0 * n for n in (1, 2, 3, 6, 12, 24)]
)
LONG_S: Final = 600.0
"""A longer axis is in hours and minutes."""
_NAMES: Final = {"power_w": "power", "voltage_pu": "voltage", "frequency_hz": "frequency"}
_UNITS: Final = {"power_w": "W", "voltage_pu": "pu", "frequency_hz": "Hz"}


class Thinned:
    """Lowest and highest of a curve in each column of pixels."""

    def __init__(self, from_ns: int, to_ns: int) -> None:
        """Begin with nothing on an axis [ns]."""
        self._from_ns, self._length_ns = from_ns, max(to_ns - from_ns, 1)
        self.low = np.full(_COLUMNS + 1, np.nan)
        self.high = np.full(_COLUMNS + 1, np.nan)

    def column(self, t_ns: Ints) -> Ints:
        """Return the columns of times `(n,)`."""
        part = (t_ns - self._from_ns) / self._length_ns
        return np.asarray(np.clip(part * _COLUMNS, 0, _COLUMNS).astype(np.int64))

    def add(self, t_ns: Ints, values: Floats) -> None:
        """Take more points `(n,)` in order of time."""
        if not len(t_ns):
            return
        columns = self.column(t_ns)
        begins = np.flatnonzero(np.diff(columns, prepend=-1))
        at = columns[begins]
        self.low[at] = np.fmin(self.low[at], np.minimum.reduceat(values, begins))
        self.high[at] = np.fmax(self.high[at], np.maximum.reduceat(values, begins))


class Sketch:
    """Keeps what will be drawn while a trace is judged."""

    def __init__(self, trace: TraceFile, rules: Sequence[RuleSet], given: Given) -> None:
        """Begin with the trace itself; `rules` judge it, of a subject as `given`."""
        samples = trace.samples
        self.given, self.file = given, trace
        self.from_ns, self.to_ns = int(samples.t_ns[0]), int(samples.t_ns[-1])
        self.trace = {name: self._thinned() for name in samples.values}
        for name, values in samples.values.items():
            self.trace[name].add(samples.t_ns, values)
        begins_ns = samples.t_ns[np.array(trace.parts[:-1], dtype=np.int64)]
        self.begins = self._thinned().column(begins_ns)
        self.figures = {
            (one.name, limit.name): self._thinned()
            for one in rules
            for limit in one.limits
            if not isinstance(limit, Excursion)
        }

    def _thinned(self) -> Thinned:
        return Thinned(self.from_ns, self.to_ns)

    def see(self, rules: str, limit: Limit, t_ns: Ints, figures: Floats) -> None:
        """Take the figures of a limit; those of a level are the trace itself."""
        curve = self.figures.get((rules, limit.name))
        if curve is not None:
            curve.add(t_ns, figures)


class _Line(NamedTuple):
    """A level in a pane, and whether it was kept."""

    value: float
    name: str
    ok: bool | None


class _Scale(NamedTuple):
    """The values of a pane from bottom to top, as `factor` makes them readable."""

    low: float
    high: float
    factor: float

    def y(self, value: float) -> float:
        share = (value * self.factor - self.low) / (self.high - self.low)
        return round(_TOP + HEIGHT * (1.0 - min(1.0, max(0.0, share))), 1)


def panes(sketch: Sketch, rules: RuleSet, verdicts: Sequence[Verdict]) -> Iterator[tuple[str, str]]:
    """Yield heading and SVG of every pane of a rule set; those that judged nothing have none."""
    by_name = {v.name: v for v in verdicts if v.rules == rules.name}
    for quantity, curve in sketch.trace.items():
        levels = [
            limit
            for limit in rules.limits
            if isinstance(limit, Excursion) and limit.quantity == quantity
        ]
        if levels:
            lines = [_Line(level(x, sketch.given), x.name, by_name[x.name].ok) for x in levels]
            marks = [by_name[x.name] for x in levels]
            said = (_NAMES[quantity], _UNITS[quantity])
            yield _NAMES[quantity], _pane(sketch, curve, said, lines, marks)
        if any(one.longest_s for one in levels):
            yield f"{_NAMES[quantity]}: how long beyond which level", _endurance(sketch, levels)
    for limit in rules.limits:
        drawn = sketch.figures.get((rules.name, limit.name))
        verdict = by_name[limit.name]
        if drawn is None or verdict.ok is None or not np.isfinite(drawn.high).any():
            continue  # a figure that cannot be judged beside its limit would look judged
        unit = _UNITS[limit.quantity] if isinstance(limit, InBand) else verdict.unit
        lines = list(_limit_lines(limit, verdict, sketch.given))
        yield limit.name, _pane(sketch, drawn, (limit.name, unit), lines, [verdict])


def overview(sketch: Sketch) -> Iterator[tuple[str, str]]:
    """Yield heading and SVG of the trace as it was read."""
    for quantity, curve in sketch.trace.items():
        said = (_NAMES[quantity], _UNITS[quantity])
        yield _NAMES[quantity], _pane(sketch, curve, said, [], [])


def _endurance(sketch: Sketch, levels: Sequence[Excursion]) -> str:
    samples = sketch.file.samples
    values = samples.values[levels[0].quantity]
    unit = _UNITS[levels[0].quantity]
    return picture(samples.t_ns, values, sketch.file.parts, levels, sketch.given, unit)


def _limit_lines(limit: Limit, verdict: Verdict, given: Given) -> Iterator[_Line]:
    if isinstance(limit, InBand):
        base = given.nominal_hz if limit.of else 1.0
        yield _Line(limit.low * base, "low", verdict.ok)
        yield _Line(limit.high * base, "high", verdict.ok)
    elif verdict.limit is not None:
        yield _Line(verdict.limit, "limit", verdict.ok)


def _pane(
    sketch: Sketch,
    curve: Thinned,
    said: tuple[str, str],
    lines: Sequence[_Line],
    verdicts: Sequence[Verdict],
) -> str:
    scale, prefix = _scale(curve, lines, said[1])
    right, bottom = WIDTH - RIGHT, _TOP + HEIGHT
    head = escape(f"{said[0]} [{prefix}{said[1]}]")
    body = [
        f'<text class="head" x="{LEFT}" y="14">{head}</text>',
        f'<rect class="frame" x="{LEFT}" y="{_TOP}" width="{_COLUMNS}" height="{HEIGHT}"/>',
    ]
    body += _values(scale, right)
    body += _times(sketch, bottom)
    body.append(f'<path class="line line0" d="{_path(curve, scale, sketch.begins)}"/>')
    body += _levels(lines, scale, right)
    body += _marks(sketch, verdicts, bottom)
    label = escape(said[0])
    return (
        f'<svg viewBox="0 0 {WIDTH} {bottom + _FOOT}" role="img" aria-label="{label}">\n'
        + "\n".join(body)
        + "\n</svg>"
    )


def _scale(curve: Thinned, lines: Sequence[_Line], unit: str) -> tuple[_Scale, str]:
    """Return a scale that holds the curve, and the levels that are not far off."""
    low, high = float(np.nanmin(curve.low)), float(np.nanmax(curve.high))
    reach = max(high - low, 1e-9)
    near = [x.value for x in lines if isfinite(x.value)]
    if len(near) > 1:  # a far level would press the curve flat
        near = [v for v in near if low - 3.0 * reach - 0.3 <= v <= high + 3.0 * reach + 0.3]
    low, high = min([low, *near]), max([high, *near])
    if unit.startswith("W") or unit == "pu":
        low = min(low, 0.0) if low < 0.6 * high else low
    factor, prefix = 1.0, ""
    if unit.startswith("W"):
        top = max(abs(low), abs(high))
        factor, prefix = (1e-6, "M") if top >= 1e6 else (1e-3, "k") if top >= 1e3 else (1.0, "")
    margin = 0.06 * (high - low) or 0.5
    return _Scale((low - margin) * factor, (high + margin) * factor, factor), prefix


def _path(curve: Thinned, scale: _Scale, begins: Ints) -> str:
    """Return the path of a curve, open where a part of the trace begins in a later column."""
    parts: list[str] = []
    last = -1
    for x in np.flatnonzero(np.isfinite(curve.low)):
        low, high = scale.y(float(curve.low[x])), scale.y(float(curve.high[x]))
        ends = (low,) if low == high else (low, high)
        verb = "M" if np.any((last < begins) & (begins <= x)) or not parts else "L"
        parts += [f"{verb if n == 0 else 'L'}{LEFT + x} {y}" for n, y in enumerate(ends)]
        last = int(x)
    return "".join(parts)


def _levels(lines: Sequence[_Line], scale: _Scale, right: float) -> Iterator[str]:
    """Yield a dashed line for each level, with its name beside it where there is room."""
    last_y = float("inf")
    for line in sorted(lines, key=lambda x: x.value):
        if not scale.low <= line.value * scale.factor <= scale.high:
            continue
        y = scale.y(line.value)
        tint = {True: "kept", False: "missed", None: "unjudged"}[line.ok]
        name = escape(line.name)
        yield f'<g class="limit {tint}"><title>{name}</title>'
        yield f'<line x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>'
        if last_y - y >= 11:
            yield f'<text x="{right + 5}" y="{y + 4}">{name[:26]}</text>'
            last_y = y
        yield "</g>"


def _marks(sketch: Sketch, verdicts: Sequence[Verdict], bottom: float) -> Iterator[str]:
    """Yield a mark where each limit that was missed was passed first."""
    for verdict in verdicts:
        if verdict.ok is False and verdict.first_s is not None:
            x = _x(sketch, verdict.first_s)
            said = escape(f"{verdict.name}: first passed at {verdict.first_s:.10g} s")
            yield f'<g class="limit missed"><title>{said}</title>'
            yield f'<path class="mark" d="M{x} {_TOP}V{bottom}"/></g>'


def _x(sketch: Sketch, at_s: float) -> float:
    length_s = seconds(sketch.to_ns - sketch.from_ns) or 1.0
    share = (at_s - seconds(sketch.from_ns)) / length_s
    return round(LEFT + min(1.0, max(0.0, share)) * _COLUMNS, 1)


def _values(scale: _Scale, right: float) -> Iterator[str]:
    """Yield round values along the left edge, each with its line."""
    step = _round((scale.high - scale.low) / 6.0)
    for i in range(ceil(scale.low / step), floor(scale.high / step) + 1):
        y = scale.y(i * step / scale.factor)
        yield f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>'
        text = f"{i * step:.6g}"
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{text}</text>'


def _times(sketch: Sketch, bottom: float) -> Iterator[str]:
    """Yield round times below: in s, and in h:min where they would be long numbers."""
    from_s, to_s = seconds(sketch.from_ns), seconds(sketch.to_ns)
    least_s = max((to_s - from_s) / 8.0, 1e-6)
    long = to_s - from_s > LONG_S
    step_s = next((s for s in _STEPS_S if s >= least_s), _DAY_S * _round(least_s / _DAY_S))
    step_s = step_s if long else _round(least_s)
    for i in range(ceil(from_s / step_s), floor(to_s / step_s) + 1):
        x = _x(sketch, i * step_s)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>'
        text = clock(i * step_s) if long else f"{i * step_s:.10g}"
        yield f'<text class="tick" x="{x}" y="{bottom + 14}" text-anchor="middle">{text}</text>'
    middle, said = LEFT + _COLUMNS / 2, "time [h:min]" if long else "time [s]"
    yield f'<text class="tick" x="{middle}" y="{bottom + 28}" text-anchor="middle">{said}</text>'


def clock(at_s: float) -> str:
    """Return a time as h:min, with its seconds where it has some."""
    minutes, left_s = divmod(round(at_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}" + (f":{left_s:02}" if left_s else "")


def _round(least: float) -> float:
    """Return 1, 2 or 5 times a power of ten that is not less."""
    base = 10.0 ** floor(log10(least))
    return next(k * base for k in (1.0, 2.0, 5.0, 10.0) if k * base >= least * 0.999)
