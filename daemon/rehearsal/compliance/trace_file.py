"""A trace to be judged: CSV, also gzipped.

The columns are `t_s` and any of `*_w`, `voltage_pu`, `frequency_hz`; several in W are added up.
What is wrong is named by line, all at once, and the trace is refused, for a verdict on a guess is
worse than none: time that does not rise, cells that are no numbers, columns or values in other
units, negative power, values that cannot be, lone rows that no load leaps to, a size far from what
was said. Two things may be allowed by who knows better.
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
from daemon.rehearsal.compliance import trace_faults
from daemon.rehearsal.compliance.trace_faults import Fault, TraceError, refuse
from daemon.settings.findings import choices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_GZIP: Final = b"\x1f\x8b"
_TOO_SHORT: Final = "two rows at least are needed"
_VALID: Final = "t_s, any *_w, voltage_pu, frequency_hz"
_OTHER_UNIT: Final = re.compile(
    r"_(kw|mw|gw|kva|mva|va|kwh|mwh)$|^(power|load|demand|p)$|^(voltage|volts?|u|v)(_|$)"
    r"|^(frequency|freq|f)(_|$)|^(time|ts|t)(_|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a trace is to be taken.

    Attributes:
        columns: columns in W to add up; none for all.
        split: judge what holes leave part by part.
        export: negative power flows back to the grid.
        rated_w: of the load; 0 for the highest of the trace. A trace of another size is refused,
            and lone rows may be as high as ten times this [W].
        contract_w: most that the site may import; 0 where no contract is judged. A trace of
            another size is refused [W].
        scale_to_w: make the highest power this; 0 leaves it [W].
        nominal_hz: of the network [Hz].
    """

    columns: tuple[str, ...] = ()
    split: bool = False
    export: bool = False
    rated_w: float = 0.0
    contract_w: float = 0.0
    scale_to_w: float = 0.0
    nominal_hz: float = 60.0


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A trace as it is judged.

    Attributes:
        path: where it was read.
        samples: all of it.
        lines: of its rows in the file `(n,)`.
        parts: first row of each part, and the end of the last.
        step_ns: usual time between rows [ns].
        notes: what was done, for whoever relies on the verdict.
    """

    path: Path
    samples: Samples
    lines: NDArray[np.int64]
    parts: tuple[int, ...]
    step_ns: int
    notes: tuple[str, ...]


def read_trace(path: Path, wish: Wish) -> TraceFile:
    """Return the trace in `path`.

    Raises:
        TraceError: it was refused; all problems by line.
    """
    head, _, body = _text(path).partition("\n")
    names = [name.strip() for name in head.split(",")]
    power = _columns(path, head, names, wish)
    table, lines = _table(path, names, body)
    t_s = table[:, names.index("t_s")]
    late = list(trace_faults.time_faults(lines, t_s))
    if not np.isfinite(t_s).all():
        refuse(path, late)
    read = [*power, *(i for i, n in enumerate(names) if n in {"voltage_pu", "frequency_hz"})]
    empty = np.asarray(np.isnan(table[:, read]).any(axis=1))
    missing = trace_faults.holes(lines, t_s, empty)
    found = [*late, *_values(lines, names, table, power, wish)]
    if not found and power:
        found = list(_sizes(lines, names, table, power, wish))
    if missing and not wish.split:
        hint = "not judged; --gaps split takes holes for the ends of parts that are judged alone"
        refuse(path, [*found, *missing], hint)
    refuse(path, found)
    told = trace_faults.said_of(path, missing)
    return _made(path, names, table, lines, power, empty, told, wish)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        raise TraceError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path}: is not UTF-8 text") from None
    if not text.strip():
        raise TraceError(f"{path}: the file is empty")
    return text.replace("\r\n", "\n")


def _columns(path: Path, head: str, names: Sequence[str], wish: Wish) -> list[int]:
    """Return the columns in W that are added up; refuse a header that cannot be meant."""
    if "," not in head and (";" in head or "\t" in head):
        refuse(path, [Fault(1, "columns have to be parted by commas")])
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
            valid = choices([names[i] for i in power], name) or "none"
            found.append(f"there is no column {name} in W (valid: {valid})")
    if wish.columns:
        power = [i for i in power if names[i] in wish.columns]
    if not power and not known & set(names) - {"t_s"}:
        found.append(f"nothing to judge in {', '.join(names)} (valid: {_VALID})")
    refuse(path, [Fault(1, said) for said in found])
    return power


def _table(path: Path, names: Sequence[str], body: str) -> tuple[Floats, NDArray[np.int64]]:
    """Return the numbers, NaN where a cell is empty, and the line of each row."""
    if not body.strip():
        refuse(path, [Fault(1, _TOO_SHORT)])
    try:
        table = np.loadtxt(io.StringIO(body), delimiter=",", ndmin=2, comments=None)
    except ValueError:
        return _by_line(path, names, body)
    if len(table) < 2 or table.shape[1] != len(names) or np.isinf(table).any():
        return _by_line(path, names, body)
    lines = np.arange(2, len(table) + 2)
    if body.count("\n") + (not body.endswith("\n")) != len(table):  # empty lines between
        filled = [n for n, line in enumerate(body.split("\n"), start=2) if line.strip()]
        lines = np.array(filled)
    return table, lines


def _by_line(path: Path, names: Sequence[str], body: str) -> tuple[Floats, NDArray[np.int64]]:
    """Read line by line, to name what is wrong."""
    found: list[Fault] = []
    rows: list[list[float]] = []
    lines: list[int] = []
    for number, line in enumerate(body.split("\n"), start=2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != len(names):
            said = f"{len(cells)} values where the header has {len(names)}"
            found.append(Fault(number, said))
            continue
        row = [_number(cell) for cell in cells]
        found += [
            Fault(number, f"{name}: {cell.strip()} is no number")
            for name, cell, value in zip(names, cells, row, strict=True)
            if math.isinf(value)
        ]
        rows.append(row)
        lines.append(number)
    if not found and len(rows) < 2:
        found.append(Fault(1, _TOO_SHORT))
    refuse(path, found)
    return np.array(rows, dtype=np.float64), np.array(lines)


def _number(cell: str) -> float:
    """Return a cell as a number, NaN where it is empty, infinity where it is no number."""
    if cell.strip().lower() in {"", "nan", "null", "none", "na", "n/a", "-"}:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return math.inf


def _values(
    lines: NDArray[np.int64],
    names: Sequence[str],
    table: Floats,
    power: Sequence[int],
    wish: Wish,
) -> Iterator[Fault]:
    """Yield values that cannot be, and what they look like."""
    for i in power:
        column = table[:, i]
        yield from trace_faults.power_faults(
            lines, names[i], column, wish.rated_w, export=wish.export
        )
    if power and not wish.scale_to_w:
        yield from trace_faults.total_faults(lines, np.nansum(table[:, power], axis=1))
    if "voltage_pu" in names:
        yield from trace_faults.voltage_faults(lines, table[:, names.index("voltage_pu")])
    if "frequency_hz" in names:
        column = table[:, names.index("frequency_hz")]
        yield from trace_faults.frequency_faults(lines, column, wish.nominal_hz)


def _sizes(
    lines: NDArray[np.int64],
    names: Sequence[str],
    table: Floats,
    power: Sequence[int],
    wish: Wish,
) -> Iterator[Fault]:
    """Yield powers that are too far from the rest of the trace, or from what was said of it.

    Scaling makes a lone row the measure of all, whatever the load is rated.
    """
    columns = table[:, list(power)]
    if not wish.rated_w or wish.scale_to_w:
        yield from trace_faults.lone_faults(lines, [names[i] for i in power], columns)
    total_w = np.nansum(columns, axis=1)
    top_w = wish.scale_to_w or float(np.abs(total_w).max())
    said = {"--rated": wish.rated_w, "the contract": wish.contract_w}
    given = {who: said_w for who, said_w in said.items() if said_w}
    yield from trace_faults.size_faults(lines, total_w, top_w, given)


def _made(
    path: Path,
    names: Sequence[str],
    table: Floats,
    lines: NDArray[np.int64],
    power: Sequence[int],
    empty: NDArray[np.bool_],
    missing: Sequence[str],
    wish: Wish,
) -> TraceFile:
    """Return the trace without the rows in which something is missing; `missing` tells them."""
    good = table[~empty]
    # To the microsecond: a time of day in seconds has no more, and windows are exact.
    t_ns = np.rint(good[:, names.index("t_s")] * 1e6).astype(np.int64) * 1000
    if len(t_ns) < 2:
        raise TraceError(f"{path}: fewer than two rows are left beside its holes")
    if (np.diff(t_ns) <= 0).any():
        raise TraceError(f"{path}: rows are less than a microsecond apart")
    torn = trace_faults.torn(np.diff(t_ns).astype(np.float64))
    left_out = np.diff(np.flatnonzero(~empty)) > 1
    begins = np.flatnonzero(torn | left_out) + 1
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
    if missing:
        notes.append(f"{len(begins) + 1} parts judged for themselves, no window reaches across:")
        notes += missing
    parts = (0, *(int(at) for at in begins), len(t_ns))
    step_ns = int(np.median(np.diff(t_ns)))
    return TraceFile(path, Samples(t_ns, values), lines[~empty], parts, step_ns, tuple(notes))


def _unread(names: Sequence[str], power: Sequence[int], wish: Wish) -> list[str]:
    read = {"t_s", "voltage_pu", "frequency_hz", *(names[i] for i in power)}
    rest = [name for name in names if name not in read]
    if wish.columns:
        rest = [name for name in rest if not name.endswith("_w")]
    return [f"columns that are not read: {', '.join(rest)}"] if rest else []
