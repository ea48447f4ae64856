"""A trace to be judged: CSV, also gzipped.

The columns are `t_s` and any of `*_w`, `voltage_pu`, `frequency_hz`; several in W are added up.
What is wrong is named by line, all at once, and the trace is refused, for a verdict on a guess is
worse than none: time that does not rise, cells that are no numbers, columns or values in other
units, negative power, values that cannot be. Two things may be allowed by who knows better.
`export` takes negative power for what flows back. `split` takes holes (rows that are missing, cells
that are empty or NaN) for what they are: each part is judged for itself, no window reaches across,
and every hole is told.
"""

from __future__ import annotations

import gzip
import io
import math
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from daemon.core.compliance import Samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_GZIP: Final = b"\x1f\x8b"
_TOLD: Final = 20
_EVEN: Final = 0.95
"""A trace is even when so many of its steps are the usual one."""
_HOLE_EVEN: Final = 1.5
_HOLE: Final = 10.0
"""A step so many times the usual one is a hole: in an even trace, in another."""
_TOP_W: Final = 20e9
"""More than any site draws [W]."""
_OF_RATED: Final = 10.0
_SMALL_W: Final = 1e3
"""A whole site draws more than this at its peak: less is kW or MW under a name in W [W]."""
_TOP_PU: Final = 6.0
_TOP_HZ: Final = 100.0
_OFF_NOMINAL: Final = 0.1
_VALID: Final = "t_s, any *_w, voltage_pu, frequency_hz"
_OTHER_UNIT: Final = re.compile(
    r"_(kw|mw|gw|kva|mva|va|kwh|mwh)$|^(power|load|demand|p)$|^(voltage|volts?|u|v)(_|$)"
    r"|^(frequency|freq|f)(_|$)|^(time|ts|t)(_|$)",
    re.IGNORECASE,
)


class TraceError(ValueError):
    """A trace was refused; the message names file and line of each problem."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a trace is to be taken.

    Attributes:
        columns: columns in W to add up; none for all.
        split: judge what holes leave part by part.
        export: negative power flows back to the grid.
        rated_w: of the load; 0 for the highest of the trace [W].
        scale_to_w: make the highest power this; 0 leaves it [W].
        nominal_hz: of the network [Hz].
    """

    columns: tuple[str, ...] = ()
    split: bool = False
    export: bool = False
    rated_w: float = 0.0
    scale_to_w: float = 0.0
    nominal_hz: float = 60.0


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A trace as it is judged.

    Attributes:
        path: where it was read.
        samples: all of it.
        parts: first row of each part, and the end of the last.
        step_ns: usual time between rows [ns].
        notes: what was done, for whoever relies on the verdict.
    """

    path: Path
    samples: Samples
    parts: tuple[int, ...]
    step_ns: int
    notes: tuple[str, ...]


def read_trace(path: Path, wish: Wish) -> TraceFile:
    """Return the trace in `path`.

    Raises:
        TraceError: it was refused; all problems by line.
    """
    text = _text(path)
    head, _, body = text.partition("\n")
    names = [name.strip() for name in head.split(",")]
    power = _columns(path, names, wish)
    table, lines = _table(path, names, body)
    _refuse(_time_problems(path, lines, table[:, names.index("t_s")]))
    read = [*power, *(i for i, n in enumerate(names) if n in {"voltage_pu", "frequency_hz"})]
    holes = np.asarray(np.isnan(table[:, read]).any(axis=1))
    found = _holes(path, lines, table[:, names.index("t_s")], holes)
    if found and not wish.split:
        hint = f"{path}: not judged; --gaps split judges every part for itself"
        _refuse([*found, hint], keep=1)
    _refuse(_value_problems(path, lines, names, table, power, wish))
    return _made(path, names, table, power, holes, found, wish)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise TraceError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path}: is not UTF-8 text") from None
    return text.replace("\r\n", "\n")


def _columns(path: Path, names: Sequence[str], wish: Wish) -> list[int]:
    """Return the columns in W that are added up; refuse a header that cannot be meant."""
    found = [f"column {n} stands twice" for n in sorted({n for n in names if names.count(n) > 1})]
    if "t_s" not in names:
        found.append(f"there is no column t_s (valid: {_VALID})")
    known = {"t_s", "voltage_pu", "frequency_hz"}
    found += [
        f"column {name} is in no unit that is read here (valid: {_VALID})"
        for name in names
        if name not in known and not name.endswith("_w") and _OTHER_UNIT.search(name)
    ]
    power = [i for i, name in enumerate(names) if name.endswith("_w")]
    for name in wish.columns:
        if name not in names or not name.endswith("_w"):
            valid = ", ".join(names[i] for i in power[:_TOLD]) or "none"
            found.append(f"there is no column {name} in W (valid: {valid})")
    if wish.columns:
        power = [i for i in power if names[i] in wish.columns]
    if not power and not known & set(names) - {"t_s"}:
        found.append(f"nothing to judge in {', '.join(names)} (valid: {_VALID})")
    _refuse(f"{path}:1: {said}" for said in found)
    return power


def _table(path: Path, names: Sequence[str], body: str) -> tuple[Floats, NDArray[np.int64]]:
    """Return the numbers, NaN where a cell is empty, and the line of each row."""
    if not body.strip():
        raise TraceError(f"{path}:1: two rows at least are needed")
    try:
        table = np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2, comments=None)
    except ValueError:
        return _by_line(path, names, body)
    if not len(table) or table.shape[1] != len(names) or np.isinf(table).any():
        return _by_line(path, names, body)
    lines = np.arange(2, len(table) + 2)
    if body.count("\n") + (not body.endswith("\n")) != len(table):  # empty lines between
        filled = [n for n, line in enumerate(body.split("\n"), start=2) if line.strip()]
        lines = np.array(filled)
    return table, lines


def _by_line(path: Path, names: Sequence[str], body: str) -> tuple[Floats, NDArray[np.int64]]:
    """Read line by line, to name what is wrong."""
    found: list[str] = []
    rows: list[list[float]] = []
    lines: list[int] = []
    for number, line in enumerate(body.split("\n"), start=2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != len(names):
            found.append(f"{path}:{number}: {len(cells)} values where the header has {len(names)}")
            continue
        row = [_number(cell) for cell in cells]
        found += [
            f"{path}:{number}: {name}: {cell.strip()} is no number"
            for name, cell, value in zip(names, cells, row, strict=True)
            if math.isinf(value)
        ]
        rows.append(row)
        lines.append(number)
    if not found and len(rows) < 2:
        found.append(f"{path}:1: two rows at least are needed")
    _refuse(found)
    return np.array(rows, dtype=np.float64), np.array(lines)


def _number(cell: str) -> float:
    """Return a cell as a number, NaN where it is empty, infinity where it is no number."""
    if cell.strip().lower() in {"", "nan", "null", "none", "na", "n/a", "-"}:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return math.inf


def _time_problems(path: Path, lines: NDArray[np.int64], t_s: Floats) -> Iterator[str]:
    if len(t_s) < 2:
        yield f"{path}:1: two rows at least are needed"
        return
    for at in np.flatnonzero(~np.isfinite(t_s)):
        yield f"{path}:{lines[at]}: t_s is no number"
    for at in np.flatnonzero(np.diff(t_s) <= 0.0) + 1:
        yield (
            f"{path}:{lines[at]}: time goes from {t_s[at - 1]:.9g} s to {t_s[at]:.9g} s: "
            "it must rise"
        )


def _holes(
    path: Path, lines: NDArray[np.int64], t_s: Floats, empty: NDArray[np.bool_]
) -> list[str]:
    """Return what is missing, by line."""
    begun = empty & ~np.concatenate(([False], empty[:-1]))
    found = []
    for at in np.flatnonzero(begun):
        last = at + int(np.argmin(np.concatenate((empty[at:], [False])))) - 1
        upto = f" to line {lines[last]}" if last > at else ""
        found.append((int(at), f"{path}:{lines[at]}: a value is missing{upto}"))
    steps_s = np.diff(t_s)
    usual_s = float(np.median(steps_s))
    for at in np.flatnonzero(_torn(steps_s)) + 1:
        said = f"a gap of {steps_s[at - 1]:.6g} s where rows are {usual_s:.6g} s apart"
        found.append((int(at), f"{path}:{lines[at]}: {said}"))
    return [said for _, said in sorted(found)]


def _torn(steps_s: Floats) -> NDArray[np.bool_]:
    """Return which steps are holes."""
    usual_s = float(np.median(steps_s))
    even = np.mean(np.abs(steps_s - usual_s) <= 0.01 * usual_s) >= _EVEN
    return np.asarray(steps_s > (_HOLE_EVEN if even else _HOLE) * usual_s)


def _value_problems(
    path: Path,
    lines: NDArray[np.int64],
    names: Sequence[str],
    table: Floats,
    power: Sequence[int],
    wish: Wish,
) -> Iterator[str]:
    """Yield values that cannot be, and what they look like."""

    def told(column: int, bad: NDArray[np.bool_], why: str) -> Iterator[str]:
        at = np.flatnonzero(bad)
        if len(at) > len(table) // 2 and len(at) > 1:
            yield (
                f"{path}:{lines[at[0]]}: {names[column]}: {table[at[0], column]:g} {why}, "
                f"and so {len(at) - 1} more rows"
            )
            return
        for k in at:
            yield f"{path}:{lines[k]}: {names[column]}: {table[k, column]:g} {why}"

    top_w = _OF_RATED * wish.rated_w if wish.rated_w else _TOP_W
    for i in power:
        if not wish.export:
            yield from told(i, table[:, i] < 0.0, "is negative (--export if it flows back)")
        yield from told(i, np.abs(table[:, i]) > top_w, f"is absurd: above {top_w:g} W")
    if power:
        total_w = np.nansum(table[:, power], axis=1)
        k = int(np.argmax(np.abs(total_w)))
        if abs(total_w[k]) < _SMALL_W and not wish.scale_to_w:
            said = "the highest power is" if total_w[k] else "nothing is drawn: the highest is"
            yield (
                f"{path}:{lines[k]}: {said} {total_w[k]:g} W: is it in kW or MW? Columns named _w "
                "are in W (--scale-to if its size does not matter)"
            )
    if "voltage_pu" in names:
        i = names.index("voltage_pu")
        values = table[:, i]
        yield from told(i, values > _TOP_PU, "is no per unit: volts or per cent?")
        yield from told(i, values < 0.0, "is negative")
    if "frequency_hz" in names:
        i = names.index("frequency_hz")
        values = table[:, i]
        yield from told(i, (values < 0.0) | (values > _TOP_HZ), "is no frequency of a network")
        live = values[values > 0.0]
        usual_hz = float(np.median(live)) if len(live) else wish.nominal_hz
        if abs(usual_hz / wish.nominal_hz - 1.0) > _OFF_NOMINAL and usual_hz <= _TOP_HZ:
            yield (
                f"{path}:{lines[0]}: frequency_hz: {usual_hz:g} in the middle is far from "
                f"{wish.nominal_hz:g} Hz: per unit, or another network (--nominal-hz)?"
            )


def _made(
    path: Path,
    names: Sequence[str],
    table: Floats,
    power: Sequence[int],
    holes: NDArray[np.bool_],
    found: Sequence[str],
    wish: Wish,
) -> TraceFile:
    good = table[~holes]
    # To the microsecond: a time of day in seconds has no more, and windows are exact.
    t_ns = np.rint(good[:, names.index("t_s")] * 1e6).astype(np.int64) * 1000
    if len(t_ns) < 2:
        raise TraceError(f"{path}: fewer than two rows are left beside its holes")
    if (np.diff(t_ns) <= 0).any():
        raise TraceError(f"{path}: rows are less than a microsecond apart")
    torn = _torn(np.diff(t_ns).astype(np.float64))
    missing = np.diff(np.flatnonzero(~holes)) > 1
    begins = np.flatnonzero(torn | missing) + 1
    values: dict[str, Floats] = {}
    notes = []
    if power:
        total_w = good[:, list(power)].sum(axis=1)
        if len(power) > 1:
            notes.append(f"power is the sum of {len(power)} columns in W")
        if wish.scale_to_w:
            factor = wish.scale_to_w / float(np.abs(total_w).max() or 1.0)
            total_w = total_w * factor
            notes.append(f"power scaled by {factor:.6g} to a highest of {wish.scale_to_w:g} W")
        values["power_w"] = total_w
    for name in ("voltage_pu", "frequency_hz"):
        if name in names:
            values[name] = good[:, names.index(name)].copy()
    notes += _unread(names, power, wish)
    if found:
        notes.append(f"{len(begins) + 1} parts judged for themselves, no window reaches across:")
        notes += found[:_TOLD]
        notes += [f"... and {len(found) - _TOLD} more holes"] if len(found) > _TOLD else []
    parts = (0, *(int(at) for at in begins), len(t_ns))
    step_ns = int(np.median(np.diff(t_ns)))
    return TraceFile(path, Samples(t_ns, values), parts, step_ns, tuple(notes))


def _unread(names: Sequence[str], power: Sequence[int], wish: Wish) -> list[str]:
    read = {"t_s", "voltage_pu", "frequency_hz", *(names[i] for i in power)}
    rest = [name for name in names if name not in read]
    if wish.columns:
        rest = [name for name in rest if not name.endswith("_w")]
    return [f"columns that are not read: {', '.join(rest)}"] if rest else []


def _refuse(problems: Iterator[str] | Sequence[str], keep: int = 0) -> None:
    """Raise what is wrong, if anything is; of many, the first and the last `keep`."""
    found = list(problems)
    if found:
        body, tail = found[: len(found) - keep], found[len(found) - keep :]
        more = [f"... and {len(body) - _TOLD} more"] if len(body) > _TOLD else []
        raise TraceError("\n".join([*body[:_TOLD], *more, *tail]))
