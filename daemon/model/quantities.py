"""Units, signs and the few constants of time that every part agrees on.

**Sign convention (the only one).** Load convention everywhere: power, reactive power, current and
energy are positive when *consumed* by the equipment named. A discharging storage, a running
generator and an exporting utility therefore read negative power at their own terminals; a meter
reads positive when power flows from its bus into what lies behind it (at an intake: import).

**Units.** SI inside, unit last in the name: `voltage_ll_v` (line to line), `voltage_v` (DC pole to
pole), `power_w`, `soc_pu`, `fuel_l`, `detected_at_ns`. kV and MW appear only where people read.
All durations inside the core are integer nanoseconds.
"""

from __future__ import annotations

from typing import Final

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

UNITS: Final[dict[str, str]] = {
    "a": "ampere",
    "c": "degree Celsius",
    "count": "number of occurrences",
    "hz": "hertz",
    "hz_s": "hertz per second",
    "j": "joule",
    "k": "kelvin",
    "l": "litre",
    "lps": "litre per second",
    "ns": "nanosecond",
    "ohm": "ohm",
    "pu": "per unit of rating or nominal",
    "rad": "radian",
    "s": "second",
    "v": "volt",
    "va": "volt-ampere",
    "var": "volt-ampere reactive",
    "w": "watt",
    "w_s": "watt per second",
    "wh": "watt-hour",
}
"""Unit suffixes a field or point name may end in, with their meaning."""

UNIT_SUFFIXES: Final[frozenset[str]] = frozenset(UNITS)


def ns(seconds: float) -> int:
    """Return `seconds` [s] as whole nanoseconds [ns]; the one place where the two meet."""
    return round(seconds * SECOND)


def seconds(duration_ns: int) -> float:
    """Return `duration_ns` [ns] as seconds [s], for people and files."""
    return duration_ns / SECOND
