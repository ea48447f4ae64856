"""Measured load from a file: CSV, also gzipped; time in the first column, watts in the others."""

from __future__ import annotations

import gzip
import math
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.workload import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

_GZIP: Final = b"\x1f\x8b"
_GAP: Final = 10.0
"""A step this many times the usual one is a hole in the record."""
_TOLD: Final = 20


class TraceError(ValueError):
    """A trace was refused; the message names file and line of each problem."""


def read_trace(path: Path) -> Trace:
    """Return the trace in `path`.

    The first line is a header: `t_s`, then one or more columns in W.

    Raises:
        TraceError: it cannot be read, a value is missing, no number or negative, time does not
            rise, or rows are missing; all problems by line.
    """
    found: list[str] = []
    rows: list[list[float]] = []
    lines: list[int] = []
    first, *rest = _lines(path) or [""]
    header = [name.strip() for name in first.split(",")]
    if header[0] != "t_s" or len(header) < 2:
        found.append(f"{path}:1: the header should be t_s and one or more columns in W")
        rest = []
    for number, line in enumerate(rest, start=2):
        if not line.strip():
            continue
        row, said = _row(line.split(","), header)
        found += [f"{path}:{number}: {what}" for what in said]
        if not said:
            rows.append(row)
            lines.append(number)
    if not found and len(rows) < 2:
        found.append(f"{path}:1: two rows at least are needed")
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(header))
    if not found:
        found = [f"{path}:{lines[at]}: {what}" for at, what in _time_problems(table[:, 0])]
    if found:
        more = [f"... and {len(found) - _TOLD} more"] if len(found) > _TOLD else []
        raise TraceError("\n".join([*found[:_TOLD], *more]))
    if not table[:, 1:].any():
        raise TraceError(f"{path}: nothing in it consumes anything")
    return Trace.from_columns(table[:, 0], table[:, 1:])


def _lines(path: Path) -> list[str]:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode().splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise TraceError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path}: is not UTF-8 text") from None


def _row(cells: list[str], header: list[str]) -> tuple[list[float], list[str]]:
    """Return the numbers of a row and what is wrong with it."""
    if len(cells) != len(header):
        return [], [f"{len(cells)} values where the header has {len(header)}"]
    values: list[float] = []
    said: list[str] = []
    for name, cell in zip(header, cells, strict=True):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            said.append(f"{name}: {cell.strip() or 'nothing'} is no number")
        elif value < 0.0:
            said.append(f"{name}: {cell.strip()} is negative")
        values.append(value)
    return values, said


def _time_problems(t_s: NDArray[np.float64]) -> Iterable[tuple[int, str]]:
    """Yield the rows whose time is wrong, and what is wrong with it."""
    steps_s = np.diff(t_s)
    usual_s = float(np.median(steps_s))
    for at, step_s in enumerate(steps_s, start=1):
        if step_s <= 0.0:
            yield at, f"time goes from {t_s[at - 1]:g} s to {t_s[at]:g} s: it must rise"
        elif step_s > _GAP * usual_s > 0.0:
            yield at, f"a gap of {step_s:g} s where rows are {usual_s:g} s apart"
