"""What is billed: which calendar month or year it is where the site is, and when it ends.

The clock that bills shows UTC (the image's); only the begin of a period is by the calendar and the
clock of the place. The rules of a zone are read from the system's tables when the settings are
checked, and the process keeps them: a scan opens no file.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from annotated_types import Predicate

from daemon.model.quantities import SECOND

UTC: Final = "UTC"


def is_time_zone(name: str) -> bool:
    """Return whether the tables of time zones know this name."""
    try:
        _zone(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def _zone(name: str) -> dt.tzinfo:
    return dt.UTC if name == UTC else ZoneInfo(name)


Zone = Annotated[str, Predicate(is_time_zone)]
Length = Literal["month", "year"]


class Period(NamedTuple):
    """The billing period that runs.

    Attributes:
        number: of two periods of one length the later one has the higher.
        ends_ns: when the next one begins [ns since 1970].
    """

    number: int
    ends_ns: int


def period(utc_ns: int, zone: str, length: Length) -> Period:
    """Return the period that runs at a time [ns since 1970] at a place."""
    here = _zone(zone)
    now = dt.datetime.fromtimestamp(utc_ns // SECOND, here)
    months = 12 * now.year + now.month - 1 if length == "month" else 12 * now.year
    following = months + (1 if length == "month" else 12)
    end = dt.datetime(following // 12, following % 12 + 1, 1, tzinfo=here)
    number = months if length == "month" else now.year
    return Period(number, round(end.timestamp()) * SECOND)
