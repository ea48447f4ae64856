"""Measured output of a photovoltaic plant from a file: CSV, also gzipped, a row an hour.

The first column `ts` is the end of the hour (ISO 8601 with its zone), `pv_kw_per_kwp` what a plant
gives per rated power, `ghi_w_m2` the irradiance of a horizontal plane. Rows are the hours of one
year, which stands for every year.
"""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from device_emulators.plant.sun import Record

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS: Final = ("ts", "pv_kw_per_kwp", "ghi_w_m2")
_GZIP: Final = b"\x1f\x8b"


class IrradianceError(ValueError):
    """A file of irradiance was refused; the message names the file and what is wrong."""


def read_irradiance(path: Path) -> Record:
    """Return the record in `path`.

    Raises:
        IrradianceError: it cannot be read, a column is missing, or a value is no number.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode()
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise IrradianceError(f"{path}: {error}") from error
    rows = csv.DictReader(text.splitlines())
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise IrradianceError(f"{path}:1: the header should have {', '.join(COLUMNS)}")
    table: list[tuple[float, float, float]] = []
    for row in rows:
        try:
            time_s = datetime.fromisoformat(row["ts"]).timestamp()
            table.append((time_s, float(row["pv_kw_per_kwp"]), float(row["ghi_w_m2"]) / 1000.0))
        except (ValueError, TypeError) as error:
            raise IrradianceError(f"{path}:{rows.line_num}: {error}") from error
    if len(table) < 2:
        raise IrradianceError(f"{path}: two rows at least are needed")
    time_s, output_pu, irradiance_pu = np.array(table).T
    return Record(time_s, output_pu, irradiance_pu)
