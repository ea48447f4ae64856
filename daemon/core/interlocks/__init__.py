"""Interlocks: the last word on every switching action, as one table.

A row names what it forbids, for which actions, and says to a person what stands in the way
(`table`). Rows ask the image, never a controller's intention: whoever proposes, an automaton or a
person, meets the same rows. What cannot be read of the device itself, or of the voltages on its
sides, counts as the worst case; a fault flag of a *neighbour* that cannot be read does not forbid,
so that one silent meter does not keep a hall dark. The device's own 25 relay times a live-live
close; a row here only decides whether it may be asked to.

The predicates stand by subject: where faults may stand (`faults`), what a close would join
(`joining`), machines and their neutrals (`machines`), what people hold off by emergency power off,
fire trip or a maintenance tag (`held`), transfer switches (`switchover`), UPS (`ups`), storage that
forms an island (`storage`), who is fed and how much is too much (`supply`), how often is too often
(`wear`); `drawn` is what the drawing of the site says for good, `case` what a row is asked about.
`explained` is the table for people.

Must not know: who wants the action and why, beyond whether it is a person; nor anything of time.

Add here: a row in `table`, its predicate beside those of its subject, its minimal case in
`tests/unit/core/interlocks`. A row that another one covers is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daemon.core.feeding import fed_buses
from daemon.core.interlocks.case import (
    CARRIES_PU,
    CLOSE,
    TRANSFER,
    Case,
    Interlock,
    Verdict,
    carries_though_open,
)
from daemon.core.interlocks.faults import FAULT_TRIPS, fault_behind
from daemon.core.interlocks.table import INTERLOCKS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BY_ACTION",
    "BYPASSABLE",
    "CARRIES_PU",
    "CLOSE",
    "FAULT_TRIPS",
    "INTERLOCKS",
    "TRANSFER",
    "Case",
    "Interlock",
    "Verdict",
    "barred",
    "carries_though_open",
    "check",
    "explained",
    "fault_behind",
    "fed_buses",
]

BYPASSABLE: Final = frozenset(row.name for row in INTERLOCKS if row.bypassable)
"""Rows that a person may set aside where a second one approves."""

BY_ACTION: Final[Mapping[tuple[str, str], tuple[Interlock, ...]]] = {
    (nature, action): tuple(r for r in INTERLOCKS if nature in r.natures and action in r.actions)
    for nature in {n for r in INTERLOCKS for n in r.natures}
    for action in {a for r in INTERLOCKS for a in r.actions}
}
"""The rows that are asked, by nature and action, in their order."""


def check(case: Case) -> Verdict:
    """Return the first row that forbids an action, or a verdict that lets it pass."""
    rows = BY_ACTION.get((case.item.nature, case.wish.action), ())
    for row in rows:
        if row.name in case.bypassed and row.bypassable:
            continue
        if row.forbids(case):
            return Verdict(row.name, row.because)
    return Verdict("", f"passed {len(rows)} interlocks")


def barred(case: Case) -> bool:
    """Return whether a row forbids an action that only a person can lift."""
    rows = BY_ACTION.get((case.item.nature, case.wish.action), ())
    return any(row.person and row.forbids(case) for row in rows)


def explained() -> tuple[dict[str, str], ...]:
    """Return the table for people: name, equipment, actions, what it means and who may lift it."""
    return tuple(
        {
            "name": row.name,
            "equipment": ", ".join(sorted(row.natures)),
            "forbids": ", ".join(sorted(row.actions)),
            "because": row.because,
            "set aside": "by two persons" if row.bypassable else "by nobody",
        }
        for row in INTERLOCKS
    )
