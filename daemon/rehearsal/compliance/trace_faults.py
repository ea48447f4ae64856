"""What can be wrong with a trace: its time, what is missing, and values that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.ndimage import median_filter

from daemon.settings.findings import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_TOLD: Final = 20
_EVEN: Final = 0.95
"""A trace is even when so many of its steps are the usual one."""
_HOLE_EVEN: Final = 1.5
"""A step so many times the usual one is a hole in an even trace."""
_LONG_PU: Final = 0.95
_HOLE_SPREAD: Final = 2.5
"""In another so many times the step that this part of all stay below: clocks that jitter by 3 %
show a hole of three rows, and meters that tell what changes none where nothing did."""
_HOLE: Final = 10.0
"""In any trace so many times the usual step is a hole."""
_TOP_S: Final = 9e9
"""Later than this no clock counts in seconds: 285 years, or those since 1970 in ms or ns [s]."""
_TOP_W: Final = 20e9
"""More than any site draws [W]."""
_OF_RATED: Final = 10.0
_LEAST_OF_SAID: Final = 0.01
"""A trace beyond so many times what was said of its size, or below this part of it, is of another
unit, or another load."""
_LONE: Final = 20.0
"""So many times what lasted is no load: idle processors draw a tenth of all they can."""
_LONE_OF_ALL: Final = 3.0
"""Of several columns one alone must also draw so many times what all ever did: a feeder that stands
by takes over the whole site, and no more."""
_LASTS: Final = 3
"""What stays for more rows than these is a load, whatever it is."""
_RARE_PU: Final = 0.01
"""What so many of the rows have is how the load is."""
_GIANT: Final = 100.0
_GIANT_W: Final = 1e9
"""What fewer have is none, however long it lasts, if it is both so many times what the others have
and more than all but a few sites draw [W]."""
_SMALL_W: Final = 1e3
"""A whole site draws more than this at its peak: less is kW or MW under a name in W [W]."""
_TOP_PU: Final = 6.0
_TOP_HZ: Final = 100.0
_OFF_NOMINAL: Final = 0.1


class Fault(NamedTuple):
    """One thing that is wrong, and on which line of the file."""

    line: int
    text: str


class TraceError(ValueError):
    """A trace was refused; the message names file and line of each problem."""


def refuse(path: Path, faults: Iterable[Fault], hint: str = "") -> None:
    """Raise what is wrong, in the order of the file, if anything is; `hint` says what to do.

    Raises:
        TraceError: there are faults.
    """
    found = said_of(path, sorted(faults))
    if found:
        raise TraceError("\n".join([*found, *([f"{path}: {hint}"] if hint else [])]))


def said_of(path: Path, faults: Sequence[Fault]) -> list[str]:
    """Return faults as lines for people; of too many, how many more there are."""
    more = len(faults) - _TOLD
    said = [one_line(f"{path}:{one.line}: {one.text}") for one in faults[:_TOLD]]
    return [*said, f"... and {more} more"] if more > 0 else said


def time_faults(lines: Ints, t_s: Floats) -> Iterator[Fault]:
    """Yield where time is no number or in another unit, stands still or goes back."""
    for at in np.flatnonzero(~np.isfinite(t_s)):
        yield Fault(int(lines[at]), "t_s is no number")
    late = np.isfinite(t_s) & (np.abs(t_s) > _TOP_S)
    yield from _told(lines, "t_s", t_s, late, "is no time in s: is it in ms, us or ns?")
    for at in np.flatnonzero(np.diff(t_s) <= 0.0) + 1:
        yield Fault(
            int(lines[at]), f"time goes from {t_s[at - 1]:.9g} s to {t_s[at]:.9g} s: it must rise"
        )


def holes(lines: Ints, t_s: Floats, empty: NDArray[np.bool_]) -> list[Fault]:
    """Return what is missing; gaps in time are looked for only where it rises throughout.

    Args:
        lines: of the rows `(n,)`.
        t_s: of the rows `(n,)` [s].
        empty: rows in which a value is missing `(n,)`.
    """
    begun = empty & ~np.concatenate(([False], empty[:-1]))
    found = []
    for at in np.flatnonzero(begun):
        last = at + int(np.argmin(np.concatenate((empty[at:], [False])))) - 1
        upto = f" to line {lines[last]}" if last > at else ""
        found.append(Fault(int(lines[at]), f"a value is missing{upto}"))
    steps_s = np.diff(t_s)
    if (steps_s <= 0.0).any():
        return found
    usual_s = float(np.median(steps_s))
    for at in np.flatnonzero(torn(steps_s)) + 1:
        said = f"a gap of {steps_s[at - 1]:.6g} s where rows are {usual_s:.6g} s apart"
        found.append(Fault(int(lines[at]), said))
    return sorted(found)


def torn(steps_s: Floats) -> NDArray[np.bool_]:
    """Return which steps between rows are holes `(n - 1,)`."""
    usual_s = float(np.median(steps_s))
    if np.mean(np.abs(steps_s - usual_s) <= 0.01 * usual_s) >= _EVEN:
        return np.asarray(steps_s > _HOLE_EVEN * usual_s)
    longest_s = _HOLE_SPREAD * float(np.quantile(steps_s, _LONG_PU))
    return np.asarray(steps_s > min(longest_s, _HOLE * usual_s))


def _told(lines: Ints, name: str, values: Floats, bad: NDArray[np.bool_], why: str) -> list[Fault]:
    """Return the rows that are bad, or the first of them where most are."""
    at = np.flatnonzero(bad)
    if len(at) > len(values) // 2 and len(at) > 1:
        first = at[0]
        said = f"{name}: {values[first]:g} {why}, and so {len(at) - 1} more rows"
        return [Fault(int(lines[first]), said)]
    return [Fault(int(lines[k]), f"{name}: {values[k]:g} {why}") for k in at]


def power_faults(
    lines: Ints, name: str, values: Floats, rated_w: float, *, export: bool
) -> Iterator[Fault]:
    """Yield what cannot be in a column in W; `export` lets it be negative."""
    top_w = _OF_RATED * rated_w if rated_w else _TOP_W
    if not export:
        negative = (values < 0.0) & (values >= -top_w)
        yield from _told(lines, name, values, negative, "is negative (--export if it flows back)")
    absurd = np.abs(values) > top_w
    yield from _told(lines, name, values, absurd, f"is absurd: beyond {top_w:g} W")


def lasting_w(values: Floats) -> float:
    """Return the highest power that is more than an error: it lasted, or came again and again [W].

    A run of `_LASTS` rows survives no median over twice as many and one; what lies beyond the ends
    counts as nothing, so that it does not there either.
    """
    sizes = np.nan_to_num(np.abs(values))
    often_w = float(np.quantile(sizes, 1.0 - _RARE_PU, method="lower"))
    if float(sizes.max()) <= _LONE * often_w:
        return often_w
    long = median_filter(sizes, size=2 * _LASTS + 1, mode="constant", cval=0.0)
    if often_w:
        long = long[long <= max(_GIANT * often_w, _GIANT_W)]
    return max(often_w, float(long.max(initial=0.0)))


def lone_faults(lines: Ints, names: Sequence[str], columns: Floats) -> Iterator[Fault]:
    """Yield powers that no load leaps to, for a row or three: an error of meter, file or unit.

    Swings from idle to all that is drawn, starts of jobs and outages are none of these.

    Args:
        lines: of the rows `(n,)`.
        names: of the columns.
        columns: of the power, NaN where a value is missing `(n, n_column)` [W].
    """
    if len(columns) <= 2 * _LASTS:
        return
    all_w = lasting_w(np.nansum(columns, axis=1))
    for name, values in zip(names, columns.T, strict=True):
        usual_w = lasting_w(values)
        top_w = _LONE * usual_w if len(names) == 1 else max(_LONE * usual_w, _LONE_OF_ALL * all_w)
        if top_w > 0.0:
            bad = (np.abs(values) > top_w) & (np.abs(values) <= _TOP_W)
            why = (
                f"W stands alone, far above the {max(usual_w, all_w):g} W that the load keeps to "
                "(--rated if it is so large)"
            )
            yield from _told(lines, name, values, bad, why)


def size_faults(
    lines: Ints, total_w: Floats, top_w: float, said: Mapping[str, float]
) -> Iterator[Fault]:
    """Yield that a trace is of another size than was said.

    Args:
        lines: of the rows `(n,)`.
        total_w: all columns `(n,)` [W].
        top_w: the highest of it, as it is judged [W].
        said: size of the load by who said it [W].
    """
    line = int(lines[int(np.argmax(np.abs(total_w)))])
    for who, said_w in said.items():
        if not _LEAST_OF_SAID * said_w <= top_w <= _OF_RATED * said_w:
            yield Fault(
                line,
                f"the highest power is {top_w:g} W, {top_w / said_w:.3g} times the {said_w:g} W of "
                f"{who}: which of the two is in another unit?",
            )


def total_faults(lines: Ints, total_w: Floats) -> Iterator[Fault]:
    """Yield that a whole site draws next to nothing."""
    k = int(np.argmax(np.abs(total_w)))
    if abs(total_w[k]) < _SMALL_W:
        said = "the highest power is" if total_w[k] else "nothing is drawn: the highest is"
        yield Fault(
            int(lines[k]),
            f"{said} {total_w[k]:g} W: is it in kW or MW? Columns named _w are in W "
            "(--scale-to if its size does not matter)",
        )


def voltage_faults(lines: Ints, values: Floats) -> Iterator[Fault]:
    """Yield what is no voltage in per unit."""
    name, much = "voltage_pu", values > _TOP_PU
    yield from _told(lines, name, values, much, "is no per unit: volts or per cent?")
    yield from _told(lines, name, values, values < 0.0, "is negative")


def frequency_faults(lines: Ints, values: Floats, nominal_hz: float) -> Iterator[Fault]:
    """Yield what is no frequency of a network, or of another one."""
    wrong = (values < 0.0) | (values > _TOP_HZ)
    yield from _told(lines, "frequency_hz", values, wrong, "is no frequency of a network")
    live = values[values > 0.0]
    usual_hz = float(np.median(live)) if len(live) else nominal_hz
    if abs(usual_hz / nominal_hz - 1.0) > _OFF_NOMINAL and usual_hz <= _TOP_HZ:
        yield Fault(
            int(lines[0]),
            f"frequency_hz: {usual_hz:g} in the middle is far from {nominal_hz:g} Hz: per unit, "
            "or another network (--nominal-hz)?",
        )
