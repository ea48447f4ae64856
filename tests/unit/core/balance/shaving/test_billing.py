"""The month or year that is billed, where the site is."""

from __future__ import annotations

import datetime as dt

import pytest

from daemon.core.balance.shaving.billing import period
from daemon.model.quantities import SECOND


def utc_ns(text: str) -> int:
    return round(dt.datetime.fromisoformat(f"{text}+00:00").timestamp()) * SECOND


@pytest.mark.parametrize(
    ("zone", "length", "last", "first"),
    [
        ("UTC", "month", "2026-02-28T23:59:59", "2026-03-01T00:00:00"),
        ("UTC", "month", "2028-02-29T23:59:59", "2028-03-01T00:00:00"),
        ("UTC", "month", "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
        ("Europe/Berlin", "month", "2026-01-31T22:59:59", "2026-01-31T23:00:00"),
        ("Europe/Berlin", "month", "2026-03-31T21:59:59", "2026-03-31T22:00:00"),
        ("Asia/Kolkata", "month", "2026-04-30T18:29:59", "2026-04-30T18:30:00"),
        ("America/New_York", "year", "2027-01-01T04:59:59", "2027-01-01T05:00:00"),
    ],
)
def test_a_period_ends_by_the_calendar_of_the_place(
    zone: str, length: str, last: str, first: str
) -> None:
    begins_ns = utc_ns(first)
    assert length in ("month", "year")
    before = period(utc_ns(last), zone, "month" if length == "month" else "year")
    after = period(begins_ns, zone, "month" if length == "month" else "year")
    assert before.ends_ns == begins_ns
    assert after.number == before.number + 1
    assert after.ends_ns > begins_ns


def test_summer_time_makes_a_month_an_hour_shorter() -> None:
    begun_ns = utc_ns("2026-02-28T23:00:00")
    lasts_ns = period(begun_ns, "Europe/Berlin", "month").ends_ns - begun_ns
    assert lasts_ns == (31 * 24 - 1) * 3600 * SECOND
