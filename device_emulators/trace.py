"""Load from a file: CSV, also gzipped; measured power, or requests that arrived.

Measured power has the time in the first column and watts in the others, named `..._w`; of it the
shape is taken, its highest sum becomes what the racks are rated for. Requests have the time, the
tokens of the prompt and those of the answer.
"""

from __future__ import annotations

import gzip
import math
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.inference import Inference, Requests
from device_emulators.plant.workload import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from device_emulators.plant.workload import Workload

_GZIP: Final = b"\x1f\x8b"
_GAP: Final = 10.0
"""A step this many times the usual one is a hole in the record."""
_ABSURD_W: Final = 1e11
"""One such value would make everything else of the shape nothing."""
_TOLD: Final = 20
_OF_REQUESTS: Final = ["t_s", "context_tokens", "generated_tokens"]


class TraceError(ValueError):
    """A trace was refused; the message names file and line of each problem."""


def read_load(path: Path) -> Workload:
    """Return the load in `path`, by its header: measured power, or requests to be answered.

    Raises:
        TraceError: it cannot be read, or something in it is wrong; all problems by line.
    """
    first, *_ = _lines(path) or [""]
    return Inference(read_requests(path)) if "context_tokens" in first else read_trace(path)


def read_trace(path: Path) -> Trace:
    """Return the trace in `path`.

    The first line is a header: `t_s`, then one or more columns in W, each named `..._w`.

    Raises:
        TraceError: it cannot be read, a value is missing, no number or negative, time does not
            rise, or rows are missing; all problems by line.
    """
    header = _header(path)
    said = ""
    if header[0] != "t_s" or len(header) < 2:
        said = "the header should be t_s and one or more columns in W"
    elif odd := [name for name in header[1:] if not name.endswith("_w")]:
        said = f"column {odd[0] or 'without a name'}: power is read in W, as in load_w"
    lines, table = _table(path, header, said)
    _refuse(f"{path}:{lines[at]}: {what}" for at, what in _time_problems(table[:, 0]))
    if not table[:, 1:].any():
        raise TraceError(f"{path}: nothing in it consumes anything")
    return Trace.from_columns(table[:, 0], table[:, 1:])


def read_requests(path: Path) -> Requests:
    """Return the requests in `path`, in order of time.

    The first line is a header that begins with `t_s,context_tokens,generated_tokens`; what stands
    in further columns is not read.

    Raises:
        TraceError: it cannot be read, a value is missing, no number or negative, or time goes
            back; all problems by line.
    """
    header = _header(path)[: len(_OF_REQUESTS)]
    said = "" if header == _OF_REQUESTS else f"the header should begin {','.join(_OF_REQUESTS)}"
    lines, table = _table(path, header, said)
    t_s = table[:, 0] - table[0, 0]
    _refuse(
        f"{path}:{lines[at]}: time goes back to {table[at, 0]:g} s"
        for at in np.flatnonzero(np.diff(t_s) < 0.0) + 1
    )
    if not (t_s[-1] > 0.0 and table[:, 1].any() and table[:, 2].any()):
        raise TraceError(f"{path}: nothing in it asks for anything")
    return Requests(t_s, table[:, 1], table[:, 2])


def _header(path: Path) -> list[str]:
    first, *_ = _lines(path) or [""]
    return [name.strip() for name in first.split(",")]


def _table(path: Path, header: list[str], said: str) -> tuple[list[int], NDArray[np.float64]]:
    """Return the numbers below a header and their lines; `said` is what is wrong with it."""
    if said:
        raise TraceError(f"{path}:1: {said}")
    found: list[str] = []
    rows: list[list[float]] = []
    lines: list[int] = []
    whole = len(_header(path))
    for number, line in enumerate(_lines(path)[1:], start=2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) != whole:
            found.append(f"{path}:{number}: {len(cells)} values where the header has {whole}")
            continue
        row, wrong = _row(cells[: len(header)], header)
        found += [f"{path}:{number}: {what}" for what in wrong]
        rows.append(row)
        lines.append(number)
    if not found and len(rows) < 2:
        found.append(f"{path}:1: two rows at least are needed")
    _refuse(found)
    return lines, np.array(rows, dtype=np.float64)


def _refuse(problems: Iterable[str]) -> None:
    """Raise what is wrong, if anything is."""
    found = list(problems)
    if found:
        more = [f"... and {len(found) - _TOLD} more"] if len(found) > _TOLD else []
        raise TraceError("\n".join([*found[:_TOLD], *more]))


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
    values: list[float] = []
    said: list[str] = []
    for name, cell in zip(header, cells, strict=True):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            said.append(f"{name}: {cell.strip() or 'nothing'} is no number")
        elif name.endswith("_w") and value > _ABSURD_W:
            said.append(f"{name}: {cell.strip()} is more than any site has, {_ABSURD_W:g} W")
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
