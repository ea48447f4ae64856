"""Plan a site, say until when it suffices, and draw it."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.growth.assumptions import AI, TRADITIONAL
from daemon.rehearsal.growth.page import document
from daemon.rehearsal.growth.plan import plan_of, worlds_of
from daemon.rehearsal.growth.terminal import show
from daemon.rehearsal.growth.words import View, plain, verdicts
from daemon.runtime.clock import SystemClock
from daemon.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from daemon.rehearsal.growth.plan import Plan

YEARS: Final = (1, 40)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be planned.

    Attributes:
        site: site file or name.
        given: assumptions as written, by name.
        compare: sites beside it.
        begin: the day of today's load, as written; None for this day.
        years: that are looked at.
        everything: all limits on the terminal.
    """

    site: str
    given: Mapping[str, str] = field(default_factory=dict)
    compare: tuple[str, ...] = ()
    begin: str | None = None
    years: int = 10
    everything: bool = False


def plan(wish: Wish, report: Path | None, *, as_json: bool) -> int:
    """Plan a site, print what came of it, and return the exit code of the command.

    Raises:
        SettingsError: a site file was refused.
        OSError: the report cannot be written.
        ValueError: an assumption, a day or a number of years is none; names the valid ones.
    """
    if report is not None and (report.is_dir() or not report.parent.is_dir()):
        raise ValueError(f"{report}: cannot be written: no such folder, or one itself")
    view = _view(wish)
    loaded = load(wish.site)
    made = plan_of(loaded, wish.given)
    others = [_beside(name, wish.given) for name in wish.compare]
    show(made, others, view, everything=wish.everything)
    if report is not None:
        version = importlib.metadata.version("ridethrough")
        report.write_text(document(made, others, view, version), encoding="utf-8")
        print(f"report: {report}", flush=True)
    ok = all(verdict["ok"] for verdict in verdicts(made))
    if as_json:
        compared = [plain(other, view) for other in others]
        print(json.dumps({"ok": ok, **plain(made, view), "compared": compared}), flush=True)
    return int(not ok)


def read_given(pairs: Sequence[str], growths: Mapping[str, str | None]) -> dict[str, str]:
    """Return assumptions by name.

    Args:
        pairs: each `NAME=VALUE`.
        growths: those with an option of their own, None where it is not used.

    Raises:
        ValueError: a pair is none.
    """
    given = {name: text for name, text in growths.items() if text is not None}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise ValueError(f"{pair!r} is no assumption (valid: NAME=VALUE, names: {_names()})")
        given[name.strip()] = value
    return given


def _names() -> str:
    return ", ".join(dict.fromkeys(one.name for one in (*AI, *TRADITIONAL)))


def _beside(name: str, given: Mapping[str, str]) -> Plan:
    """Return the plan of another site, with what is given as far as its world knows it."""
    other = load(name)
    known = {one.name for one in worlds_of(other)[1]}
    return plan_of(other, {key: value for key, value in given.items() if key in known})


def _view(wish: Wish) -> View:
    low, high = YEARS
    if not low <= wish.years <= high:
        raise ValueError(f"{wish.years} years is out of range (valid: {low} to {high})")
    if wish.begin is None:
        return View(datetime.fromtimestamp(SystemClock().utc_ns() // 10**9, UTC).date(), wish.years)
    try:
        begin = date.fromisoformat(wish.begin)
    except ValueError:
        raise ValueError(f"{wish.begin!r} is no day (valid: such as 2027-01-31)") from None
    if not 2000 <= begin.year <= 2200:
        raise ValueError(f"{begin} is absurd (valid: 2000-01-01 to 2200-12-31)")
    return View(begin, wish.years)
