"""The plots of a plan, as SVG: demand against capacities, and when what runs out.

A capacity is drawn at the power of the site at which it is reached, on the path of the median of
all rates, so that transformers, sets and racks fit one axis. Colours are classes of the page.
"""

from __future__ import annotations

from html import escape
from math import ceil, isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from daemon.rehearsal.compliance.drawing import LEFT, WIDTH
from daemon.rehearsal.growth.exhaustion import share_pu, worst
from daemon.rehearsal.growth.words import by_kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daemon.rehearsal.growth.exhaustion import Bound
    from daemon.rehearsal.growth.plan import Answer, Plan, Reached
    from daemon.rehearsal.growth.words import Row, View

RIGHT: Final = 280
_TOP: Final = 24
_HEIGHT: Final = 340
_COLUMNS: Final = WIDTH - LEFT - RIGHT
_POINTS: Final = 121
_MW: Final = 1e6
_ROW: Final = 26
_NAMES: Final = 300
_ROWS_OF_KIND: Final = 3
_BEFORE_YEARS: Final = 30.0
_LINE_PX: Final = 13.0


class _Level(NamedTuple):
    """The power of the site at which the first limit of a kind is reached."""

    site_w: float
    name: str
    cases: tuple[str, ...]


class _Scale(NamedTuple):
    """Power of the site upwards, as its logarithm: growth is a straight line."""

    low_w: float
    high_w: float

    def y(self, site_w: float) -> float:
        share = np.log(site_w / self.low_w) / np.log(self.high_w / self.low_w)
        return _TOP + _HEIGHT * (1.0 - float(np.clip(share, 0.0, 1.0)))


def demand(plan: Plan, view: View) -> str:
    """Return the demand over the years with its band, and the capacities in N and N-1."""
    levels = sorted(_levels(plan))
    length = _length(plan, view)
    at_w = [plan.site_w(0.0)[1], *(level.site_w for level in levels)]
    scale = _Scale(0.9 * min(at_w), 1.25 * max(at_w))
    bottom = _TOP + _HEIGHT
    body = [*_frame(f"site [MW], from {view.begin}", bottom, _COLUMNS, LEFT)]
    body += _power_ticks(scale)
    body += _year_ticks(view, length, (LEFT, _COLUMNS), (_TOP, bottom))
    times = np.linspace(0.0, length, _POINTS)
    band = np.array([plan.site_w(float(t)) for t in times])

    def point(t: float, site_w: float) -> str:
        x = LEFT + t / length * _COLUMNS
        return f"{x:.1f} {scale.y(site_w):.1f}"

    upper = [point(t, w) for t, w in zip(times, band[:, 2], strict=True)]
    lower = [point(t, w) for t, w in zip(times, band[:, 0], strict=True)]
    inside = band[:, 1] <= scale.high_w
    middle = [point(t, w) for t, w in zip(times[inside], band[inside, 1], strict=True)]
    body.append(f'<path class="spread" d="M{"L".join([*upper, *reversed(lower)])}Z"/>')
    body.append(f'<path class="line line0" d="M{"L".join(middle)}"/>')
    body += _level_lines(levels, scale)
    return _svg(body, bottom + 34, "demand of the site and what it meets")


def _levels(plan: Plan) -> Iterator[_Level]:
    for kind, same in by_kind(plan):
        found: dict[tuple[float, str], list[str]] = {}
        for case, reduced in (("N", False), ("N-1", True)):
            reached = [
                (round(w, -3), f"{kind}: {row.name}")
                for row in same
                if (bounds := _bounds(row.answer, reduced=reduced))
                and (w := _binding_w(plan, bounds)) is not None
            ]
            if reached:
                found.setdefault(min(reached), []).append(case)
        for (site_w, name), cases in found.items():
            yield _Level(site_w, name, tuple(cases))


def _bounds(answer: Answer, *, reduced: bool) -> Sequence[Bound]:
    return answer.limit.reduced if reduced else answer.limit.normal


def _binding_w(plan: Plan, bounds: Sequence[Bound]) -> float | None:
    """Return the power of the site at which the first of some bounds is reached; None for never."""

    def over(years: float) -> bool:
        drawn = plan.drawn_pu(years)
        return share_pu(worst(bounds, drawn), drawn) > 1.0

    low, high = -_BEFORE_YEARS, _BEFORE_YEARS
    if over(low) or not over(high):
        return None
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if over(middle) else (middle, high)
    return float(plan.cascade.site.at(plan.drawn_pu(high)))


def _length(plan: Plan, view: View) -> float:
    """Return the years that are worth drawing: until the first of every kind has run out."""
    ends = [0.5]
    for _, same in by_kind(plan):
        for answer in (row.answer for row in same[:1]):
            ends += [r.years[1] for r in (answer.normal, answer.reduced) if r is not None]
    return min(float(view.years), 1.15 * max(end for end in ends if isfinite(end)))


def _level_lines(levels: Sequence[_Level], scale: _Scale) -> Iterator[str]:
    """Yield a line for each capacity; names are pushed apart and led to their lines."""
    right = WIDTH - RIGHT
    place = _TOP + _HEIGHT + _LINE_PX
    for level in levels:
        y = scale.y(level.site_w)
        place = min(y, place - _LINE_PX)
        kind = "reduced" if level.cases == ("N-1",) else "normal"
        said = f"{', '.join(level.cases)} {level.name}"
        text = escape(f"{said}: reached at {level.site_w / _MW:.3g} MW")
        yield f'<g class="level {kind}"><title>{text}</title>'
        yield f'<line x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<path class="lead" d="M{right} {y:.1f}L{right + 14} {place:.1f}"/>'
        yield f'<text x="{right + 18}" y="{place + 4:.1f}">{escape(said[:42])}</text></g>'


def timeline(plan: Plan, view: View) -> str:
    """Return when each limit is reached, from one to nine of ten futures, N above N-1."""
    chosen = [(kind, row) for kind, same in by_kind(plan) for row in same[:_ROWS_OF_KIND]]
    columns = WIDTH - _NAMES - 30
    length = _length_of([row for _, row in chosen], view)
    bottom = _TOP + _ROW * len(chosen)
    body = [
        *_frame(
            "from one to nine of ten futures, median marked: N above, N-1 below",
            bottom,
            columns,
            _NAMES,
        )
    ]
    body += _year_ticks(view, length, (_NAMES, columns), (_TOP, bottom))
    for k, (kind, row) in enumerate(chosen):
        y = _TOP + _ROW * k
        name = escape(f"{kind}: {row.name}"[:52])
        body.append(f'<text x="{_NAMES - 8}" y="{y + 17}" text-anchor="end">{name}</text>')
        answer = row.answer
        for reached, tint, down in ((answer.normal, "normal", 4), (answer.reduced, "reduced", 14)):
            if reached is not None:
                text = f"{row.name}, {'N' if tint == 'normal' else 'N-1'}: {view.dates(reached)}"
                body += _bar(reached, tint, (y + down, length, columns), text)
    return _svg(body, bottom + 34, "when each limit is reached")


def _length_of(chosen: Sequence[Row], view: View) -> float:
    ends = [
        reached.years[2]
        for row in chosen
        for reached in (row.answer.normal, row.answer.reduced)
        if reached is not None and isfinite(reached.years[2])
    ]
    return min(float(view.years), max([1.0, *(1.05 * end for end in ends)]))


def _bar(reached: Reached, tint: str, at: tuple[float, float, float], said: str) -> Iterator[str]:
    y, length, columns = at
    low, middle, high = (
        round(_NAMES + min(one / length, 1.0) * columns, 1) for one in reached.years
    )
    if reached.years[0] >= length:
        return
    width = max(high - low, 3.0)
    yield f'<g class="bar {tint}"><title>{escape(said)}</title>'
    yield f'<rect x="{low}" y="{y}" width="{width:.1f}" height="8"/>'
    if reached.years[1] <= length:
        yield f'<line x1="{middle}" x2="{middle}" y1="{y - 2}" y2="{y + 10}"/>'
    yield "</g>"


def _frame(head: str, bottom: float, columns: float, left: float) -> Iterator[str]:
    yield f'<text class="head" x="{left}" y="14">{escape(head)}</text>'
    size = f'width="{columns}" height="{bottom - _TOP}"'
    yield f'<rect class="frame" x="{left}" y="{_TOP}" {size}/>'


def _power_ticks(scale: _Scale) -> Iterator[str]:
    decade = 10.0 ** np.floor(np.log10(scale.low_w / _MW))
    steps = [k * decade * 10.0**n for n in range(6) for k in (1.0, 2.0, 3.0, 5.0, 7.0)]
    for power_mw in (one for one in steps if scale.low_w <= one * _MW <= scale.high_w):
        y = round(scale.y(power_mw * _MW), 1)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        said = f"{power_mw:.4g}"
        yield f'<text class="tick" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{said}</text>'


def _year_ticks(
    view: View, length: float, across: tuple[float, float], down: tuple[float, float]
) -> Iterator[str]:
    """Yield a line for each month of a quarter, each year, or fewer, as there is room."""
    left, columns = across
    step = next((s for s in (0.25, 0.5, 1.0, 2.0, 5.0) if length / s <= 12.0), 10.0)
    for k in range(ceil(length / step + 1e-9)):
        x = round(left + k * step / length * columns, 1)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{down[0]}" y2="{down[1]}"/>'
        said = view.day(k * step)
        if said is not None:
            place = f'x="{x}" y="{down[1] + 14}" text-anchor="middle"'
            yield f'<text class="tick" {place}>{said:%Y-%m}</text>'


def _svg(body: Sequence[str], height: float, label: str) -> str:
    inner = "\n".join(body)
    box = f"0 0 {WIDTH} {height}"
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(label)}">\n{inner}\n</svg>'
