"""How long a quantity was beyond every level in one go, beside how long it may be: one curve each.

The usual picture of a ride-through or tolerance curve: time to the right, logarithmic, level
upwards. The trace keeps the limits exactly where its curve stays to the left of theirs.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.compliance.excursion import level
from daemon.model.quantities import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from daemon.core.compliance import Given
    from daemon.core.compliance.limits import Excursion

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_WIDTH: Final = 1100
_LEFT: Final = 80
_RIGHT: Final = 150
_TOP: Final = 22
_HEIGHT: Final = 230
_LEVELS: Final = 60
"""Levels on each side at which the trace is measured, beside those of the limits."""


def longest_s(t_ns: Ints, out: NDArray[np.bool_], parts: Sequence[int], step_ns: int) -> float:
    """Return the longest time that something was so in one go, within a part [s].

    Args:
        t_ns: times `(n,)` [ns].
        out: whether it was so `(n,)`.
        parts: first row of each part, and the end of the last.
        step_ns: the last sample of a part holds so long [ns].
    """
    best_ns = 0
    for begin, end in pairwise(parts):
        turned = np.diff(out[begin:end].astype(np.int8), prepend=0, append=0)
        ends_ns = np.append(t_ns[begin:end], t_ns[end - 1] + step_ns)
        lasted_ns = ends_ns[turned == -1] - ends_ns[turned == 1]
        best_ns = max(best_ns, int(lasted_ns.max(initial=0)))
    return best_ns / SECOND


def endured(
    t_ns: Ints, values: Floats, levels: Floats, parts: Sequence[int], step_ns: int, *, above: bool
) -> Floats:
    """Return the longest time beyond each of `levels` [s]."""
    beyond = [values > one if above else values < one for one in levels]
    return np.array([longest_s(t_ns, out, parts, step_ns) for out in beyond])


def picture(
    t_ns: Ints,
    values: Floats,
    parts: Sequence[int],
    limits: Sequence[Excursion],
    given: Given,
    unit: str,
) -> str:
    """Return the SVG of a trace against the curve of its limits, all of one quantity in `unit`."""
    edges = [(level(one, given), one.longest_s, one.below is None) for one in limits]
    upper = sorted((v, s) for v, s, above in edges if above)
    lower = sorted(((v, s) for v, s, above in edges if not above), reverse=True)
    low = min([float(values.min()), *(v for v, _ in lower)])
    high = max([float(values.max()), *(v for v, _ in upper)])
    margin = 0.08 * (high - low) or 0.1
    low, high = low - margin, high + margin
    step_s = given.step_ns / SECOND
    times_s = [step_s, *(s for _, s, _ in edges if s > 0.0)]
    axis = _Axis(floor(log10(min(times_s))), ceil(log10(max(times_s))) + 1, low, high)
    body = [*_frame(axis, unit)]
    for above, side in ((True, upper), (False, lower)):
        if side:
            body.append(_curve(side, axis, axis.high if above else axis.low))
            worst = float(values.max()) if above else float(values.min())
            outer = max(worst, side[0][0]) if above else min(worst, side[0][0])
            points = np.linspace(side[0][0], outer, _LEVELS)
            levels = np.unique(np.append(points, [v for v, _ in side]))
            seen = endured(t_ns, values, levels, parts, given.step_ns, above=above)
            body += _dots(levels, seen, axis)
    height = _TOP + _HEIGHT + 34
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="longest time beyond each level">\n' + "\n".join(body) + "\n</svg>"
    )


class _Axis:
    """Decades of time to the right, a level upwards."""

    def __init__(self, first: int, last: int, low: float, high: float) -> None:
        self.first, self.last, self.low, self.high = first, last, low, high

    def x(self, time_s: float) -> float:
        if time_s <= 0.0:
            return float(_LEFT)
        share = (log10(time_s) - self.first) / (self.last - self.first)
        return round(_LEFT + min(1.0, max(0.0, share)) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_TOP + _HEIGHT * (1.0 - min(1.0, max(0.0, share))), 1)


def _frame(axis: _Axis, unit: str) -> Iterator[str]:
    right, bottom = _WIDTH - _RIGHT, _TOP + _HEIGHT
    head = f"level [{unit}], and the longest time beyond it (dots) and allowed (line)"
    yield f'<text class="head" x="{_LEFT}" y="14">{head}</text>'
    size = f'width="{right - _LEFT}" height="{_HEIGHT}"'
    yield f'<rect class="frame" x="{_LEFT}" y="{_TOP}" {size}/>'
    for power in range(axis.first, axis.last + 1):
        x = axis.x(10.0**power)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>'
        said = f"{10.0**power:g}"
        yield f'<text class="tick" x="{x}" y="{bottom + 14}" text-anchor="middle">{said}</text>'
    for i in range(5):
        value = axis.low + i * (axis.high - axis.low) / 4
        y = axis.y(value) + 4
        yield f'<text class="tick" x="{_LEFT - 6}" y="{y}" text-anchor="end">{value:.4g}</text>'
    middle = (_LEFT + right) / 2
    yield f'<text class="tick" x="{middle}" y="{bottom + 28}" text-anchor="middle">time [s]</text>'


def _curve(side: Sequence[tuple[float, float]], axis: _Axis, outer: float) -> str:
    """Return the curve of limits from the mildest level, where any time is allowed, outwards."""
    right = _WIDTH - _RIGHT
    parts = [f"M{right} {axis.y(side[0][0])}"]
    for value, time_s in side:
        parts.append(f"V{axis.y(value)}H{axis.x(time_s)}")
    parts.append(f"V{axis.y(outer)}")
    said = escape("; ".join(f"{time_s:g} s beyond {value:g}" for value, time_s in side))
    path = "".join(parts)
    return f'<g class="limit"><title>{said}</title><path class="edge" d="{path}"/></g>'


def _dots(levels: Floats, seen_s: Floats, axis: _Axis) -> Iterator[str]:
    for value, time_s in zip(levels, seen_s, strict=True):
        if time_s > 0.0:
            said = f"{time_s:.6g} s beyond {value:.4g}"
            place = f'cx="{axis.x(float(time_s))}" cy="{axis.y(float(value))}"'
            yield f'<circle class="dot" {place} r="2.5"><title>{said}</title></circle>'
